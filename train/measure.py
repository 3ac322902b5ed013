"""What a classifier is worth on a split."""

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torchmetrics.functional.classification import multiclass_calibration_error


@torch.no_grad()
def predict(model: nn.Module, loader: DataLoader, accelerator: Accelerator) -> tuple[Tensor, Tensor]:
    """Logits (N, K) and labels (N) of all photos, on the CPU in float32, in every process."""
    model.eval()
    rows = []
    normalize = accelerator.unwrap_model(model).normalize
    for pixels, labels in loader:
        logits = model(
            normalize(pixels.float() / 255)
        )  # never in mixed precision: the shipped model computes like this
        rows.append(accelerator.gather_for_metrics((logits, labels)))
    logits, labels = zip(*rows, strict=True)
    return torch.cat(logits).cpu(), torch.cat(labels).cpu()


def score(logits: Tensor, labels: Tensor, classes: list[str]) -> dict:
    """Loss, accuracy (%), recall (%) per class, confusion matrix and expected calibration error (%, 15 bins).

    Rows of the confusion matrix are the true classes, columns the predicted ones, entries counts. A class without
    photos has the recall None.
    """
    k = len(classes)
    predicted = logits.argmax(1)
    confusion = torch.bincount(labels * k + predicted, minlength=k * k).view(k, k)  # true, predicted
    totals = confusion.sum(1)
    return {
        "photos": len(labels),
        "loss": round(F.cross_entropy(logits, labels).item(), 4),
        "accuracy": round(100 * (predicted == labels).double().mean().item(), 2),
        "recall": {
            name: round(100 * confusion[i, i].item() / totals[i].item(), 2) if totals[i] else None
            for i, name in enumerate(classes)
        },
        "ece": round(100 * multiclass_calibration_error(logits.softmax(1), labels, k, n_bins=15).item(), 2),
        "confusion": confusion.tolist(),
    }
