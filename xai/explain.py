"""From a photo to its explanation."""

import time
from collections.abc import Sequence

import torch
from torch import Tensor

from xai.explanation import Explanation, to_photo_size, to_unit_range
from xai.methods import METHODS
from xai.models import Classifier
from xai.models.classifier import BATCH, evaluating
from xai.photo import Photo, as_photo

Target = int | str | None


def explain(
    model: Classifier,
    image: Photo | Sequence[Photo],
    method: str = "gradcam",
    target: Target | Sequence[Target] = None,
    target_layer: str | None = None,
) -> Explanation | list[Explanation]:
    """Where in a photo a model sees a class.

    The model is left as it was found: no hook, no gradient, no changed mode, also after an error; threads may share it.

    Args:
        model: from `load_model`.
        image: a PIL image, a path or a uint8 array (H, W, 3); a list of these gives a list, computed in batches.
        method: one of `list_methods()`.
        target: the class to explain, by index or name; None is the predicted one. For a list of images, one for all
            or a list of as many.
        target_layer: a key of `model.layers`; None is the last.

    Raises:
        ValueError: the image cannot be read, or there is no such method, class or layer, or the method does not suit
            the model; one sentence says which.
    """
    if method not in METHODS:
        raise ValueError(f"there is no method {method!r}; choose one of {', '.join(METHODS)}")
    if not isinstance(image, (list, tuple)):
        return explain(model, [image], method, [target], target_layer)[0]
    targets = list(target) if isinstance(target, (list, tuple)) else [target] * len(image)
    if len(targets) != len(image):
        raise ValueError(f"there are {len(image)} images but {len(targets)} targets")
    explanations = []
    with torch.no_grad(), evaluating(model):
        for start in range(0, len(image), BATCH):
            part = slice(start, start + BATCH)
            explanations += explain_batch(model, image[part], method, targets[part], target_layer)
    return explanations


def explain_batch(
    model: Classifier, images: Sequence[Photo], method: str, targets: list[Target], target_layer: str | None
) -> list[Explanation]:
    started = time.perf_counter()
    photos = [as_photo(image) for image in images]
    x = model.preprocess(photos)  # B, 3, S, S
    raws, logits = run(model, x, method, targets, target_layer)  # B, h, w  and  B, K
    confidences = logits.softmax(1).float().cpu().numpy()
    indices = [confidences[i].argmax() if t is None else class_index(model, t) for i, t in enumerate(targets)]
    raws = raws.float().cpu().numpy()
    saliencies = []
    for photo, raw in zip(photos, raws, strict=True):
        resized = to_photo_size(raw, photo.width, photo.height)
        saliencies.append(to_unit_range(resized, resized.min(), resized.max()))
    seconds = (time.perf_counter() - started) / len(photos)
    return [
        Explanation(
            photo=photos[i],
            saliency=saliencies[i],
            raw=raws[i],
            target=int(index),
            label=model.classes[index],
            confidence=float(confidences[i, index]),
            confidences=confidences[i],
            method=method,
            target_layer=target_layer or model.last_layer,
            seconds=seconds,
        )
        for i, index in enumerate(indices)
    ]


def run(
    model: Classifier, x: Tensor, method: str, targets: list[Target], target_layer: str | None
) -> tuple[Tensor, Tensor]:
    """A method's raw maps (B, h, w) and logits (B, K); the targets may mix classes and None."""
    indices = None
    if any(target is not None for target in targets):
        if any(target is None for target in targets):
            predicted = model(x).argmax(1).tolist()
            targets = [p if target is None else target for target, p in zip(targets, predicted, strict=True)]
        indices = torch.tensor([class_index(model, target) for target in targets], device=x.device)
    return METHODS[method](model, x, indices, target_layer)


def class_index(model: Classifier, target: int | str) -> int:
    """The index of a class given by index or name.

    Raises:
        ValueError: the model knows no such class.
    """
    if isinstance(target, str) and target in model.classes:
        return model.classes.index(target)
    if not isinstance(target, str) and 0 <= int(target) < len(model.classes):
        return int(target)
    raise ValueError(f"there is no class {target!r}; choose one of {', '.join(model.classes)}, or an index from 0")
