"""A black box's answers, kept so that nothing is asked twice."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch
from accelerate import Accelerator
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from train.state import replace_file
from xai.blackbox import BlackBox


class Answers:
    """A black box's confidences in fixed views of photos, each asked for once and kept in a file.

    Args:
        black_box: whom to ask.
        file: where the answers are kept from one run to the next.
        views: K fixed views of each photo; 0 keeps nothing and asks every time.
        photos: N.
        contents: hashes of the photos, in their order; a file of answers to other photos is not used.

    Raises:
        ValueError: the file holds answers to another number of views or photos.
    """

    def __init__(self, black_box: BlackBox, file: Path, views: int, photos: int, contents: Sequence[str] = ()) -> None:
        self.black_box, self.file, self.questions = black_box, file, 0
        self.contents = hashlib.sha256(" ".join(contents).encode()).hexdigest()
        self.kept = torch.full((views, photos, len(black_box.classes)), float("nan"))  # K, N, classes
        if views and file.is_file() and read_contents(file) in (None, self.contents):
            kept = load_file(file)["answers"]
            if kept.shape != self.kept.shape:
                raise ValueError(f"{file} holds answers to other views or photos: give another --out, or delete it")
            self.kept = kept

    def ask(self, view: int, photos: Tensor, pixels: Tensor) -> Tensor:
        """Confidences (B, classes) in a view of photos (B); the black box is asked where they are not known yet.

        Args:
            view: index of the view.
            photos: indices of the photos.
            pixels: the view of each, (B, 3, S, S) in [0, 1].
        """
        if not len(self.kept):
            self.questions += len(pixels)
            return self.black_box.ask(pixels)
        photos = photos.cpu()
        new = self.kept[view, photos].isnan().any(1)  # B
        if new.any():
            self.questions += int(new.sum())
            self.kept[view, photos[new]] = self.black_box.ask(pixels[new.to(pixels.device)]).cpu()
        return self.kept[view, photos].to(pixels.device)

    def save(self, accelerator: Accelerator) -> None:
        """Gather the answers of all processes, and write them, whole or not at all."""
        if not len(self.kept):
            return
        if accelerator.num_processes > 1:
            known = (~self.kept.isnan()).float().to(accelerator.device)
            total = accelerator.reduce(self.kept.nan_to_num().to(accelerator.device))
            self.kept = (total / accelerator.reduce(known)).cpu()  # 0 / 0: no process asked yet
        if accelerator.is_main_process:
            with replace_file(self.file) as part:
                save_file({"answers": self.kept}, part, metadata={"contents": self.contents})


def read_contents(file: Path) -> str | None:
    """The hash of the contents that a file's answers are to; None where an earlier version did not write it."""
    with safe_open(file, "pt") as kept:
        return (kept.metadata() or {}).get("contents")
