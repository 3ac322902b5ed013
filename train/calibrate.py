"""Honest confidences: one temperature, fitted on validation photos and folded into the last linear layer."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from train.measure import score
from xai.models import Classifier

START = "Expected calibration error"  # how the paragraph in a card begins


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


def folded(logits: Tensor, labels: Tensor, classes: list[str], temperature: float) -> dict:
    """Of logits (N, K) that a temperature divides already: the expected calibration error, %, before and after it."""
    before, after = score(logits * temperature, labels, classes), score(logits, labels, classes)
    return {"temperature": round(temperature, 4), "before": before["ece"], "after": after["ece"]}


def possible(logits: Tensor, labels: Tensor, classes: list[str], temperature: float) -> dict:
    """The same of logits (N, K) that stay as they are: what the error would be after a temperature."""
    return folded(logits / temperature, labels, classes, temperature)


def sentence(data: dict[str, dict], student: bool = False) -> str:
    """What a card says of it, from a record's `data`; nothing where nothing was measured."""
    tests = {name: splits.get("test", {}) for name, splits in data.items()}
    found = {name: test["calibration"] for name, test in tests.items() if "calibration" in test}
    if not found:
        return ""
    temperature = next(iter(found.values()))["temperature"]
    errors = "; ".join(f"{c['before']:.2f} % and {c['after']:.2f} % on {name}" for name, c in found.items())
    text = f"{START} of the test photos without and with the temperature of {temperature:.3f}:\n{errors}."
    if student:
        text += " The temperature was fitted on\nvalidation photos and is not applied: a student is to answer as its"
        text += " black box does."
    return text
