"""A classifier known only by its answers."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from xai.checks import check_names, check_network, check_numbers
from xai.models import Classifier
from xai.models.classifier import squeeze_photos
from xai.modes import without_gradients
from xai.names import tell_apart
from xai.photo import Photo, list_photos

BATCH_SIZE = 64  # photos a question
REASON = 200  # letters at most of somebody else's error message
TOLERANCE = 0.02  # by which confidences may miss 0, 1 and, summed, 1: endpoints round


class BlackBoxError(RuntimeError):
    """What a black box answered is no answer, or it did not answer: one sentence says what."""


class BlackBox:
    """Photos in, confidences out. What is inside need not be known; where it is, methods may look there too.

    Args:
        answer: pixels (N, 3, S, S) in [0, 1] on `device` to confidences (N, K): a tensor, an array or lists.
        classes: the names of the K classes; doubles are told apart by a number.
        name: what it is called.
        input_size: S, the side that photos are squeezed to before it is asked, and at which they are perturbed.
        device: where `answer` wants its pixels.
        batch_size: photos a question at most.
        network: the network that answers, where it happens to be no secret.
        student: a network that imitates it, with the same classes in the same order.
        assumed: what neither its maker nor it says, by option, with the value taken.

    Raises:
        ValueError: `input_size` or `batch_size` is no whole number above 0, the classes are no list, or the student
            knows other classes.
    """

    def __init__(
        self,
        answer: Callable[[Tensor], object],
        classes: Sequence[str],
        name: str = "black box",
        input_size: int = 224,
        device: str | torch.device = "cpu",
        batch_size: int = BATCH_SIZE,
        network: Classifier | None = None,
        student: Classifier | None = None,
        assumed: Mapping[str, str] | None = None,
    ) -> None:
        check_names("classes", classes)
        check_numbers(name, input_size=(input_size, 1), batch_size=(batch_size, 1))
        self.answer, self.classes, self.name = answer, tell_apart(classes), name
        self.input_size, self.device, self.batch_size = input_size, torch.device(device), batch_size
        self.network, self.assumed = network, dict(assumed or {})
        self.student: Classifier | None = None
        if student is not None:
            self.learn(student)

    def __repr__(self) -> str:
        return f"<BlackBox {self.name!r}: {len(self.classes)} classes, {self.input_size} pixels{self.assumption}>"

    def learn(self, student: Classifier) -> None:
        """Let a network that imitates this black box speak for it.

        Raises:
            ValueError: it is no network, or knows other classes, or in another order.
        """
        check_network("learn", student)
        if student.classes != self.classes:
            raise ValueError(f"{student.name} knows other classes than {self.name}, so it cannot be its student")
        self.student = student

    @property
    def networks(self) -> dict[str, Classifier]:
        """The networks that can be looked into to explain it: its own as `teacher`, and the `student`."""
        both = {"teacher": self.network, "student": self.student}
        return {role: network for role, network in both.items() if network is not None}

    @property
    def assumption(self) -> str:
        """What was assumed, as the end of a line; nothing where nothing was."""
        options = " ".join(f"{option}={value}" for option, value in self.assumed.items())
        return f"; assumed, as neither it nor its host says it: {options}" if options else ""

    def pixels(self, images: Sequence[Photo]) -> Tensor:
        """Photos of any size to pixels (N, 3, S, S) in [0, 1]; the whole photo is squeezed into the square."""
        return squeeze_photos(images, self.input_size, self.device)

    @without_gradients
    def ask(self, pixels: Tensor) -> Tensor:
        """Pixels (N, 3, S, S) in [0, 1] to confidences (N, K), float32, on the same device.

        Raises:
            BlackBoxError: it gave no answer, or none that could be confidences.
        """
        answers = [check_answer(self.answered(part), len(part), self) for part in pixels.split(self.batch_size)]
        return torch.cat(answers).to(pixels.device)

    def answered(self, pixels: Tensor) -> object:
        try:
            return self.answer(pixels.to(self.device, copy=True))  # whoever answers may normalise in place
        except BlackBoxError:
            raise
        except Exception as error:  # whoever answers raises whatever they like
            reason = " ".join(str(error).split())[:REASON]
            raise BlackBoxError(f"{self.name} gave no answer: {reason or type(error).__name__}") from error

    def predict_proba(self, images: Photo | Sequence[Photo]) -> np.ndarray:
        """Confidences of one photo or a list of photos: float32 (N, K).

        Raises:
            ValueError: an image is none, or cannot be read.
            BlackBoxError: it gave no answer, or none that could be confidences.
        """
        photos = list_photos(images)
        parts = [photos[i : i + self.batch_size] for i in range(0, len(photos), self.batch_size)]
        rows = [self.ask(self.pixels(part)).cpu().numpy() for part in parts]
        return np.concatenate(rows) if rows else np.empty((0, len(self.classes)), np.float32)


def check_answer(answer: object, photos: int, black_box: BlackBox) -> Tensor:
    """Confidences (N, K) as float32, if they are such.

    Raises:
        BlackBoxError: they have another shape, are not finite, or are no probabilities.
    """
    name, k = black_box.name, len(black_box.classes)
    if not k:
        raise BlackBoxError(f"{name} was made without the names of its classes")
    try:
        answer = torch.as_tensor(answer).to(torch.float32, copy=True)  # whoever answers may write there again
    except (TypeError, ValueError, RuntimeError) as error:
        raise BlackBoxError(f"{name} answered with something that is no table of numbers") from error
    if tuple(answer.shape) != (photos, k):
        shape = "×".join(map(str, answer.shape)) or "one number"
        raise BlackBoxError(f"{name} was shown {photos} photos and knows {k} classes, but answered {shape}")
    if not answer.isfinite().all():
        raise BlackBoxError(f"{name} answered with numbers that are not finite")
    if answer.min() < -TOLERANCE or (answer.sum(1) - 1).abs().max() > TOLERANCE:
        raise BlackBoxError(f"{name} answered with numbers that are no confidences: not negative, and 1 in sum")
    return answer
