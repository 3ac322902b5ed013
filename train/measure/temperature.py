"""Calibrated confidences: one temperature, fitted on validation photos, that divides the logits."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from train.measure.predict import score
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
def fold_temperature(model: Classifier, temperature: float) -> None:
    """Divide the last linear layer by the temperature: the answers stay, the confidences change."""
    last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    for parameter in last.parameters():
        parameter /= temperature


def measure_folded(logits: Tensor, labels: Tensor, classes: list[str], temperature: float) -> dict:
    """The expected calibration error, %, without (`before`) and with (`after`) a temperature folded into logits (N, K).

    Args:
        logits: (N, K), divided by the temperature already.
        labels: (N).
        classes: the names of the K classes.
        temperature: T.
    """
    before, after = score(logits * temperature, labels, classes), score(logits, labels, classes)
    return {"temperature": round(temperature, 4), "before": before["ece"], "after": after["ece"]}


def measure_unfolded(logits: Tensor, labels: Tensor, classes: list[str], temperature: float) -> dict:
    """The same of logits (N, K) that no temperature divides: `after` is what the error would be."""
    return measure_folded(logits / temperature, labels, classes, temperature)
