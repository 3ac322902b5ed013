"""Loss and accuracy over the epochs, as data and as a picture."""

import json
from pathlib import Path

from matplotlib.figure import Figure

PANELS = (("loss", "Loss"), ("accuracy", "Accuracy (%)"))


def write_history(history: list[dict], title: str, folder: Path) -> None:
    """`history.json` and `curves.png` of the epochs that were validated."""
    rows = select_validated(history)
    (folder / "history.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    draw_curves(rows, title, folder / "curves.png")


def select_validated(history: list[dict]) -> list[dict]:
    """The epochs that were validated."""
    return [row for row in history if "val_loss" in row]


def draw_curves(history: list[dict], title: str, path: Path) -> None:
    """Training and validation loss on the left, accuracy on the right, as figures 4 and 5 of BaiNa and Joe (2024)."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    figure.suptitle(title)
    epochs = [row["epoch"] for row in history]
    for axes, (key, label) in zip(figure.subplots(1, 2), PANELS, strict=True):
        training = "training (all terms)" if key == "loss" else "training"
        axes.plot(epochs, [row[f"train_{key}"] for row in history], label=training, color="#0f766e")
        axes.plot(epochs, [row[f"val_{key}"] for row in history], label="validation", color="#c2410c")
        axes.set(xlabel="epoch", ylabel=label)
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(path, dpi=110)
