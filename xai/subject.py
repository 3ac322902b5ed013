"""Whom an explanation is about: anything that can be asked, and perhaps be looked into."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from xai.models import Classifier
from xai.photo import Photo


class Subject(Protocol):
    """Photos in, confidences out: a `Classifier`, which is open, or a `BlackBox`, which may be.

    Attributes:
        name: what it is called.
        classes: the names of its K classes.
        input_size: S, the side of the square that photos are squeezed into before it is asked.
        device: where it computes.
        batch_size: photos a question at most.
        networks: the networks that can be looked into to explain it, by their role: of a classifier `itself`; of a
            black box `teacher`, its own network where it is no secret, and `student`, one that imitates it.
    """

    name: str
    classes: list[str]
    input_size: int

    @property
    def batch_size(self) -> int: ...

    @property
    def device(self) -> torch.device: ...

    @property
    def networks(self) -> dict[str, Classifier]: ...

    def pixels(self, images: Sequence[Photo]) -> Tensor:
        """Photos of any size to pixels (N, 3, S, S) in [0, 1]."""
        ...

    def ask(self, pixels: Tensor) -> Tensor:
        """Pixels (N, 3, S, S) in [0, 1] to confidences (N, K), on the same device."""
        ...

    def predict_proba(self, images: Photo | Sequence[Photo]) -> np.ndarray:
        """Confidences of one photo or a list of photos: float32 (N, K)."""
        ...
