"""What a training prints at its end: what came of it, where it lies, and how to see it on the page."""

import re
from pathlib import Path

from xai.blackbox.hosted import VARIABLE
from xai.folders import show


def format_end(folder: Path, measured: dict[str, str], teacher: str = "") -> str:
    """The closing lines.

    Args:
        folder: the run's folder.
        measured: of each data set's test photos, what was measured.
        teacher: the black box a student imitates.
    """
    checkpoint = show(folder / "checkpoint")
    place = f"{teacher}>{checkpoint}" if teacher else checkpoint
    lines = [f"test photos of {name}: {text}" for name, text in measured.items()]
    title = re.sub("[=;>]", "-", show(folder.resolve().name))
    lines += [
        f"checkpoint: {checkpoint}",
        f'on the page, tab "Black box": {VARIABLE}="{title}={place}" python app.py',
    ]
    return "\n".join(lines)


def format_pause(folder: Path, epoch: int, epochs: int) -> str:
    """What is printed where there is more to do."""
    if epoch < epochs:
        return f"stopped after epoch {epoch} of {epochs}; the same command goes on. All is in {show(folder)}"
    return f"all {epochs} epochs are over; --test measures and writes the checkpoint. All is in {show(folder)}"
