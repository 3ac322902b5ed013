"""From a photo to its explanation."""

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from numbers import Integral
from typing import Protocol, TypeVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from xai.activations import Activations
from xai.agreement import agreement
from xai.explanation import Explanation
from xai.familiar import marked
from xai.methods import method_of
from xai.models import Classifier
from xai.models.classifier import BATCH, evaluating
from xai.modes import without_gradients
from xai.noise import judge
from xai.photo import Photo, as_photos

Target = int | str | None


class Asked(Protocol):
    """Whoever can be asked, as a `BlackBox` can."""

    classes: list[str]

    def predict_proba(self, images: Sequence[Photo]) -> np.ndarray: ...


Result = TypeVar("Result")


def explain(
    model: Classifier,
    image: Photo | Sequence[Photo],
    method: str = "gradcam",
    target: Target | Sequence[Target] = None,
    target_layer: str | None = None,
    black_box: Asked | None = None,
    **options,
) -> Explanation | list[Explanation]:
    """Where in a photo a model sees a class.

    The model is left as it was found: no hook, no gradient, no changed mode, also after an error; threads may share it.

    Args:
        model: from `load_model`.
        image: a PIL image, a path or a uint8 array (H, W, 3); a list of these gives a list, computed in batches.
        method: one of `list_methods()`.
        target: the class to explain, by index or name; None is the predicted one. For a list of images, one for all
            or a list of as many.
        target_layer: a key of `model.layers`; None is the method's usual one, the last for all but SmoothGrad.
        black_box: the one that the model imitates, with the same classes: it is asked about the photos too, and how far
            both agree comes with the explanation, as its `agreement`.
        options: of the method, as its docstring names them (`samples=32`).

    Raises:
        ValueError: the image cannot be read, or there is no such method, option, class or layer, or the method does
            not suit the model, or the black box knows other classes; one sentence says which.
        BlackBoxError: the black box gave no answer.
    """
    if black_box is not None and black_box.classes != model.classes:
        raise ValueError("the black box and the model that imitates it must know the same classes, in the same order")
    found = marked(finish(explain_steps(model, image, method, target, target_layer, **options)), model)
    if black_box is None:
        return found
    several = found if isinstance(found, list) else [found]
    teacher = black_box.predict_proba([e.photo for e in several])
    agreed = [
        replace(e, agreement=agreement(row, e.confidences, model.classes))
        for e, row in zip(several, teacher, strict=True)
    ]
    return agreed if isinstance(found, list) else agreed[0]


@without_gradients
def explain_steps(
    model: Classifier,
    image: Photo | Sequence[Photo],
    method: str = "gradcam",
    target: Target | Sequence[Target] = None,
    target_layer: str | None = None,
    **options,
) -> Generator[float, None, Explanation | list[Explanation]]:
    """`explain` as a generator of the share done, in [0, 1], that returns the explanation; closed, it stops."""
    check(model, method, target_layer, options)

    def explain_some(photos, batch, targets, started):
        return explain_batch(photos, batch, method, targets, target_layer, started, **options)

    return (yield from in_batches(explain_some, model, image, target))


@without_gradients
def in_batches(
    explain_some: Callable[..., Generator[float, None, list[Result]]],
    model: Classifier,
    image: Photo | Sequence[Photo],
    target: Target | Sequence[Target],
    together: Sequence[str] = (),
) -> Generator[float, None, Result | list[Result]]:
    """One photo's result, or those of a list of photos, from steps that take photos, activations, targets and start."""
    if not isinstance(image, (list, tuple)):
        return (yield from in_batches(explain_some, model, [image], [target], together))[0]
    targets = list(target) if isinstance(target, (list, tuple, np.ndarray)) else [target] * len(image)
    if len(targets) != len(image):
        raise ValueError(f"there are {len(image)} images but {len(targets)} targets")
    results = []
    with evaluating(model):
        for start in range(0, len(image), BATCH):
            part = slice(start, start + BATCH)
            started = time.perf_counter()
            photos = as_photos(image[part])
            batch = Activations(model, model.preprocess(photos), together)
            steps = explain_some(photos, batch, targets[part], started)
            results += yield from portion(steps, start / len(image), (start + len(photos)) / len(image))
    return results


@without_gradients
def explain_batch(
    photos: list[Image.Image],
    batch: Activations,
    method: str,
    targets: list[Target],
    target_layer: str | None = None,
    started: float | None = None,
    **options,
) -> Generator[float, None, list[Explanation]]:
    """`explain_steps` of photos whose activations are there already; `started` is when their clock began."""
    started = started or time.perf_counter()
    check(batch.model, method, target_layer, options)
    layer = method_of(method).layer(batch.model, target_layer)
    indices = target_indices(batch, targets)
    raws = yield from raw_maps(batch, method, indices, layer, **options)
    blank = yield from judge(raws, batch, method, indices, layer, **options)
    return explanations_of(raws, blank, photos, batch, method, targets, layer, started)


def raw_maps(
    batch: Activations, method: str, targets: Tensor | None, layer: str, **options
) -> Generator[float, None, Tensor]:
    """A method's unscaled maps (B, h, w), whether it is slow and tells of its progress or not."""
    raws = method_of(method).run(batch, targets, layer, **options)
    return (yield from raws) if isinstance(raws, Generator) else raws


def explanations_of(
    raws: Tensor,
    blank: Tensor,
    photos: list[Image.Image],
    batch: Activations,
    method: str,
    targets: list[Target],
    layer: str,
    started: float,
) -> list[Explanation]:
    """Raw maps (B, h, w), and which of them are blank (B), with all that is known of them."""
    model, blank = batch.model, blank.tolist()
    raws = raws.float().cpu().numpy()  # B, h, w
    confidences = batch.logits().float().softmax(1).cpu().numpy()  # B, K
    indices = [confidences[i].argmax() if t is None else class_index(model, t) for i, t in enumerate(targets)]
    seconds = (time.perf_counter() - started) / len(photos)
    return [
        Explanation(
            photo=photos[i],
            raw=raws[i],
            target=int(index),
            label=model.classes[index],
            confidence=float(confidences[i, index]),
            confidences=confidences[i],
            method=method,
            target_layer=layer,
            seconds=seconds,
            blank=blank[i],
        )
        for i, index in enumerate(indices)
    ]


def check(model: Classifier, method: str, target_layer: str | None, options: dict) -> None:
    """Refuse, before anything is computed, what cannot be explained.

    Raises:
        ValueError: there is no such method, option or layer, or the method does not suit the model.
    """
    if trouble := method_of(method).unsuitable(model, target_layer):
        raise trouble
    check_options(method, method_of(method).options, options)


def check_options(method: str, known: Sequence[str], options: dict) -> None:
    """Refuse options that a method has not.

    Raises:
        ValueError: there is one.
    """
    for option in options:
        if option not in known:
            raise ValueError(f"{method} has no option {option!r}; it has {', '.join(known) or 'none'}")


def portion(steps: Generator[float, None, Result], low: float, high: float) -> Generator[float, None, Result]:
    """Steps as a part, from `low` to `high`, of a longer way."""
    while True:
        try:
            done = next(steps)
        except StopIteration as end:
            return end.value
        yield low + (high - low) * done


def finish(steps: Generator[float, None, Result]) -> Result:
    """What steps return, once they are through."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def target_indices(batch: Activations, targets: list[Target]) -> Tensor | None:
    """The targets as indices (B); None where every one is the predicted class, which a method finds by itself."""
    if all(target is None for target in targets):
        return None
    if any(target is None for target in targets):
        predicted = batch.logits().argmax(1).tolist()
        targets = [p if target is None else target for target, p in zip(targets, predicted, strict=True)]
    return torch.tensor([class_index(batch.model, target) for target in targets], device=batch.x.device)


def class_index(model: Classifier, target: int | str) -> int:
    """The index of a class given by index or name.

    Raises:
        ValueError: the model knows no such class.
    """
    if isinstance(target, str) and target in model.classes:
        return model.classes.index(target)
    if isinstance(target, Integral) and 0 <= target < len(model.classes):
        return int(target)
    raise ValueError(f"there is no class {target!r}; choose one of {', '.join(model.classes)}, or an index from 0")
