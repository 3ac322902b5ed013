"""Loss and accuracy over the epochs, as a picture."""

from pathlib import Path

from matplotlib.figure import Figure

PANELS = (("loss", "Loss"), ("accuracy", "Accuracy (%)"))


def draw(history: list[dict], title: str, path: Path) -> None:
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
