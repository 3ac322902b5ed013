"""Honest confidences: one temperature, fitted on validation photos and folded into the last linear layer."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xai.models import Classifier


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """The T that minimises the cross-entropy of `logits / T`, from logits (N, K) and labels (N).

    Paper: Guo et al., On Calibration of Modern Neural Networks, ICML 2017.
    """
    log_t = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([log_t], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(logits.double() / log_t.exp(), labels)
        loss.backward()
        return loss

    optimizer.step(closure)
    return float(log_t.exp().detach())


@torch.no_grad()
def fold(model: Classifier, temperature: float) -> None:
    """Divide the last linear layer by the temperature: the answers stay, the confidences change."""
    last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    for parameter in last.parameters():
        parameter /= temperature
