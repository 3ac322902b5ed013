"""What a classifier answers to photos, and how often it is right."""

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torchmetrics.functional.classification import multiclass_calibration_error

from xai.models import Classifier


@torch.no_grad()
def predict(model: Classifier, loader: DataLoader, accelerator: Accelerator | None = None) -> tuple[Tensor, Tensor]:
    """Logits (N, K) and labels (N) of all photos, on the CPU, in float32 whatever the mixed precision.

    Args:
        model: the classifier.
        loader: photos, uint8 (B, 3, S, S), and labels (B).
        accelerator: which prepared the loader; every process then gets all answers. Without it this process is alone.
    """
    model.eval()
    rows = []
    for pixels, labels in loader:
        logits = model(model.normalize(pixels.to(model.device).float() / 255))  # B, K
        rows.append(accelerator.gather_for_metrics((logits, labels)) if accelerator else (logits, labels))
    logits, labels = zip(*rows, strict=True)
    return torch.cat(logits).cpu(), torch.cat(labels).cpu()


def score(logits: Tensor, labels: Tensor, classes: list[str]) -> dict:
    """Loss, accuracy (%), recall (%) per class, confusion matrix and expected calibration error (%, 15 bins).

    Rows of the confusion matrix are the true classes, columns the predicted ones, entries counts. A class without
    photos has the recall None.

    Args:
        logits: (N, K).
        labels: (N).
        classes: the names of the K classes.
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
