"""What a black box said, kept, so that nothing is asked twice."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch
from accelerate import Accelerator
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from train.state import whole
from xai.blackbox import BlackBox


class Answers:
    """A black box's confidences in fixed views of photos, asked for once each and kept in a file.

    Args:
        black_box: whom to ask.
        file: where the answers are kept from one run to the next.
        views: K fixed views of each photo; 0 keeps nothing and asks every time.
        photos: N.
        contents: of the photos, in their order; answers to others are not used.
    """

    def __init__(self, black_box: BlackBox, file: Path, views: int, photos: int, contents: Sequence[str] = ()) -> None:
        self.black_box, self.file, self.asked = black_box, file, 0
        self.contents = hashlib.sha256(" ".join(contents).encode()).hexdigest()
        self.kept = torch.full((views, photos, len(black_box.classes)), float("nan"))  # K, N, classes
        if views and file.is_file() and contents_in(file) in (None, self.contents):
            kept = load_file(file)["answers"]
            if kept.shape != self.kept.shape:
                raise ValueError(f"{file} holds answers to other views or photos: give another --out, or delete it")
            self.kept = kept

    def of(self, view: int, photos: Tensor, pixels: Tensor) -> Tensor:
        """Confidences (B, classes) in a view of photos (B), by its pixels (B, 3, S, S) where it was not seen before."""
        if not len(self.kept):
            self.asked += len(pixels)
            return self.black_box.ask(pixels)
        photos = photos.cpu()
        new = self.kept[view, photos].isnan().any(1)  # B
        if new.any():
            self.asked += int(new.sum())
            self.kept[view, photos[new]] = self.black_box.ask(pixels[new.to(pixels.device)]).cpu()
        return self.kept[view, photos].to(pixels.device)

    def save(self, accelerator: Accelerator) -> None:
        """Put together what all processes heard, and write it, whole or not at all."""
        if not len(self.kept):
            return
        if accelerator.num_processes > 1:
            heard = (~self.kept.isnan()).float().to(accelerator.device)
            total = accelerator.reduce(self.kept.nan_to_num().to(accelerator.device))
            self.kept = (total / accelerator.reduce(heard)).cpu()  # 0 / 0: nobody asked yet
        if accelerator.is_main_process:
            with whole(self.file) as part:
                save_file({"answers": self.kept}, part, metadata={"contents": self.contents})


def contents_in(file: Path) -> str | None:
    """Whose contents the answers in a file are to; None where an earlier version did not say."""
    with safe_open(file, "pt") as kept:
        return (kept.metadata() or {}).get("contents")
