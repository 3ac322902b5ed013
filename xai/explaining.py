"""From photos to their explanations: one way for every subject, method and number of photos."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from numbers import Integral
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from xai.agreement import Agreement, compare_answers
from xai.batch import Batch, compute_confidences
from xai.explanation import Explanation
from xai.familiar import mark_familiar
from xai.methods.estimate import Estimate
from xai.methods.reading import Reading, plan_reading
from xai.models import Classifier
from xai.models.classifier import BATCH, evaluating
from xai.modes import without_gradients
from xai.photo import Photo, list_photos
from xai.running import run_method
from xai.steps import Steps, convert, finish, rescale
from xai.subject import Subject

NAMED = 30  # classes that an error names at most
Target = int | str | None
Result = TypeVar("Result")


def explain(
    subject: Subject,
    image: Photo | Sequence[Photo],
    method: str = "gradcam",
    target: Target | Sequence[Target] = None,
    target_layer: str | None = None,
    reads: str | None = None,
    **options,
) -> Explanation | list[Explanation]:
    """Where in a photo a network, or a black box, sees a class.

    Networks are left as they were found: no hook, no gradient, no changed mode, also after an error; threads may share
    them.

    Args:
        subject: from `load_model` or `load_black_box`, or made of anything that answers.
        image: a PIL image, a path or a uint8 array (H, W, 3); a list of these gives a list, computed in batches.
        method: one of `list_methods(subject)`, or a variant of one: `distilled:literal`, `rise:published`.
        target: the class to explain, by index or name; None is the one that the subject predicts. For a list of images,
            one for all or a list of as many.
        target_layer: of the network that is read; None is the method's usual one, the last for all but SmoothGrad.
        reads: which network of a black box is read by methods that look into one: `teacher`, its own where it is no
            secret, or `student`; None is the teacher where it can be read, but for `distilled` the
            student where there is one.
        options: of the method, as its docstring names them (`samples=32`).

    Returns:
        Explanations whose class and confidences are the subject's; of a black box with a student also with the
        student's `agreement` on the photo.

    Raises:
        ValueError: the image cannot be read, or there is no such method, option, class, layer or network, or the method
            does not suit it; one sentence says which.
        BlackBoxError: the black box gave no answer, or none that could be confidences.
    """
    reading = plan_reading(subject, method, target_layer, reads, options)
    return mark_familiar(finish(explain_steps(subject, image, reading, target)), subject)


@without_gradients
def explain_steps(
    subject: Subject, image: Photo | Sequence[Photo], reading: Reading, target: Target | Sequence[Target] = None
) -> Steps[Explanation | list[Explanation]]:
    """`explain` in steps; while a single photo is asked about they have the explanation so far, now and then."""

    def explain_some(batch: Batch, targets: list[Target]) -> Steps[list[Explanation]]:
        return explain_batch(batch, reading, targets)

    return (yield from explain_in_batches(explain_some, subject, image, target))


@without_gradients
def explain_batch(batch: Batch, reading: Reading, targets: Sequence[Target]) -> Steps[list[Explanation]]:
    """`explain_steps` of a batch of photos, which others may have computed something of already."""
    indices = find_targets(batch, targets)

    def make_explanations(found: Estimate | list[Estimate]) -> Any:
        if isinstance(found, Estimate):
            return make_explanation(batch, 0, reading, found, indices)
        return [make_explanation(batch, i, reading, estimate, indices) for i, estimate in enumerate(found)]

    return (yield from convert(run_method(batch, reading, indices), make_explanations))


@without_gradients
def explain_in_batches(
    explain_some: Callable[[Batch, list[Target]], Steps[list[Result]]],
    subject: Subject,
    image: Photo | Sequence[Photo],
    target: Target | Sequence[Target],
    together: Sequence[str] = (),
) -> Steps[Result | list[Result]]:
    """One photo's result, or those of a list of photos, from what explains the photos of a batch."""
    single, images = not isinstance(image, (list, tuple)), list_photos(image)
    several = not single and isinstance(target, (list, tuple, np.ndarray))
    targets: list[Any] = list(target) if several else [target] * len(images)
    if len(targets) != len(images):
        raise ValueError(f"there are {len(images)} images but {len(targets)} targets")
    results = []
    with evaluating_all(subject):
        for start in range(0, len(images), BATCH):
            part = slice(start, start + BATCH)
            batch = Batch(subject, images[part], together)
            steps = explain_some(batch, targets[part])
            if single:
                (only,) = yield from steps  # with the results so far
                return only
            results += yield from rescale(steps, start / len(images), (start + len(batch)) / len(images))
    return results


def make_explanation(batch: Batch, i: int, reading: Reading, estimate: Estimate, indices: Tensor | None) -> Explanation:
    """The i-th photo's map with all that is known of it."""
    subject, confidences = batch.subject, batch.confidences[i].numpy()  # K
    index = int(confidences.argmax()) if indices is None else int(indices[i])
    raw = estimate.raw.float().cpu().numpy()  # h, w
    return Explanation(
        photo=batch.photos[i],
        raw=raw,
        target=index,
        label=subject.classes[index],
        confidence=float(confidences[index]),
        confidences=confidences,
        method=reading.method.name,
        target_layer=reading.layer,
        seconds=batch.seconds(),
        source=reading.source,
        agreement=measure_agreement(batch, i),
        blank=bool(raw.min() == raw.max()) or estimate.is_blank(),
        questions=estimate.questions,
        error=None if estimate.error is None else estimate.error.float().numpy(),
        settled=estimate.settled(),
        subject=subject.name,
        classes=tuple(subject.classes),
        options={**reading.method.defaults, **reading.options},
    )


def measure_agreement(batch: Batch, i: int) -> Agreement | None:
    """How far the student of a black box agrees with it on the i-th photo; None where there is none."""
    student = batch.subject.networks.get("student")
    if student is None:
        return None
    said = compute_confidences(batch.activations(student))[i].numpy()  # K
    return compare_answers(batch.confidences[i].numpy(), said, batch.subject.classes)


@contextmanager
def evaluating_all(subject: Subject) -> Iterator[None]:
    """Evaluation mode for all networks of a subject."""
    with ExitStack() as stack:
        for network in subject.networks.values():
            stack.enter_context(evaluating(network))
        yield


def find_targets(batch: Batch, targets: Sequence[Target]) -> Tensor | None:
    """The targets as indices (B); None where a network is to explain what it predicts, which it finds by itself.

    Raises:
        ValueError: the subject knows no such class.
    """
    found = [None if target is None else find_class(batch.subject, target) for target in targets]
    if isinstance(batch.subject, Classifier) and not any(index is not None for index in found):
        return None
    if None in found:
        predicted = batch.confidences.argmax(1).tolist()
        found = [p if index is None else index for index, p in zip(found, predicted, strict=True)]
    return torch.tensor(found, device=batch.subject.device)


def find_class(subject: Subject, target: int | str) -> int:
    """The index of a class given by index or name.

    Raises:
        ValueError: the subject knows no such class.
    """
    if isinstance(target, str) and target in subject.classes:
        return subject.classes.index(target)
    if isinstance(target, Integral) and not isinstance(target, bool) and 0 <= target < len(subject.classes):
        return int(target)
    index = "" if isinstance(target, str) else f", or an index from 0 to {len(subject.classes) - 1}"
    raise ValueError(f"there is no class {target!r}; choose one of {list_some(subject.classes, str(target))}{index}")


def list_some(classes: Sequence[str], wanted: str) -> str:
    """The names of all classes; of many only some, those that contain what was wanted if any do."""
    if len(classes) <= NAMED:
        return ", ".join(classes)
    alike = [c for c in classes if wanted.casefold() in c.casefold()] or classes
    return f"{', '.join(alike[:NAMED])}, or another of the {len(classes):,}"
