"""Photos put to a subject, so that several explanations of them share what was asked and computed."""

import time
from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor

from xai.activations import Activations
from xai.models import Classifier
from xai.modes import without_gradients
from xai.photo import Photo, as_photos, to_photos
from xai.subject import Subject


class Batch:
    """What a subject says of some photos, and what its networks see in them: each computed once, when first wanted.

    Args:
        subject: who is asked.
        photos: PIL images, paths or uint8 arrays (H, W, 3).
        together: layers whose gradients will all be wanted (`Activations`).

    Raises:
        PhotoError: a photo cannot be read; a ValueError.
    """

    def __init__(self, subject: Subject, photos: Sequence[Photo], together: Sequence[str] = ()) -> None:
        self.started = time.perf_counter()
        self.subject, self.photos, self.together = subject, as_photos(photos), together
        self._activations: dict[Classifier, Activations] = {}

    @classmethod
    def of_pixels(cls, subject: Subject, pixels: Tensor) -> "Batch":
        """Pictures that are pixels (B, 3, S, S) in [0, 1] already, S the side that the subject wants."""
        batch = cls(subject, to_photos(pixels))
        batch.pixels = pixels  # as they are, not rounded to 8 bits
        return batch

    def __len__(self) -> int:
        return len(self.photos)

    @cached_property
    def pixels(self) -> Tensor:
        """The photos as pixels (B, 3, S, S) in [0, 1], S the side that the subject wants."""
        return self.subject.pixels(self.photos)

    def activations(self, network: Classifier) -> Activations:
        """One forward pass of a network, which others go on with."""
        if network not in self._activations:
            own = network is self.subject or network.input_size == self.subject.input_size
            x = network.normalize(self.pixels.to(network.device)) if own else network.preprocess(self.photos)
            self._activations[network] = Activations(network, x, self.together)
        return self._activations[network]

    @cached_property
    @without_gradients
    def confidences(self) -> Tensor:
        """What the subject says: confidences (B, K), float32 on the CPU."""
        if isinstance(self.subject, Classifier):
            return compute_confidences(self.activations(self.subject))
        return self.subject.ask(self.pixels).cpu()

    def seconds(self) -> float:
        """Seconds a photo since the batch was made."""
        return (time.perf_counter() - self.started) / len(self.photos)


def compute_confidences(activations: Activations) -> Tensor:
    """A network's confidences (B, K), float32 on the CPU."""
    return torch.softmax(activations.logits().float(), dim=1).cpu()
