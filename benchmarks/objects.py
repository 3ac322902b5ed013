"""Do a network's maps lie on the object? On photos of one object on a plain ground, whose outline is clear."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from torchvision.transforms.v2 import functional as F

import xai
from train.data.paste import cut_object
from xai.explanation import Explanation
from xai.methods import method_of
from xai.metrics.controls import MEAN
from xai.models import Classifier
from xai.photo import load_photo

METHODS = ("gradcam", "gaussian")
ENERGY, POINTING, BOX = "energy inside", "pointing game", "IoU of boxes"
Values = dict[tuple[str, str], np.ndarray]  # in percent, by map and metric: of each photo


def find_objects(photos: Sequence[Path]) -> dict[Path, np.ndarray]:
    """The objects (H, W) of those photos that show one clearly."""
    masks = {path: cut_object(F.pil_to_tensor(load_photo(path))) for path in photos}
    return {path: mask[0].numpy() > 0.5 for path, mask in masks.items() if mask is not None}


def measure_objects(model: Classifier, objects: Mapping[Path, np.ndarray]) -> Values:
    """Of each photo how well Grad-CAM of the predicted class fits the object, beside maps that do not know the photo.

    The mean map is that of all the other photos, each scaled to [0, 1].
    """
    values: Values = {}
    for method in METHODS:
        found = [xai.explain(model, path, method) for path in objects]
        values |= measure_maps(method, found, objects)
        if not method_of(method).is_control:
            values |= measure_maps(f"{method}:{MEAN}", average_others(found), objects)
    return values


def average_others(found: Sequence[Explanation]) -> list[Explanation]:
    """Explanations whose maps are the mean of all the other photos' maps."""
    units = np.stack([e.raw / e.raw.max() if not e.blank else np.zeros_like(e.raw) for e in found])  # N, h, w
    means = (units.sum(0) - units) / (len(units) - 1)  # N, h, w
    return [replace(e, raw=mean, scale=None, blank=False) for e, mean in zip(found, means, strict=True)]


def measure_maps(name: str, found: Sequence[Explanation], objects: Mapping[Path, np.ndarray]) -> Values:
    """All three metrics of maps that have a name."""
    pairs = list(zip(found, objects.values(), strict=True))
    return {(name, metric): 100 * np.array([measure(*pair) for pair in pairs]) for metric, measure in MEASURES.items()}


def measure_energy(e: Explanation, mask: np.ndarray) -> float:
    """The share of the map that lies inside the object.

    Formula: `Σ_{p in object} m(p) / Σ_p m(p)`, m the map in [0, 1].
    Paper: Wang et al., Score-CAM, CVPR Workshops 2020 (there inside a box).
    """
    total = e.saliency.sum()
    return float(e.saliency[mask].sum() / total) if total else float(mask.mean())


def hits_object(e: Explanation, mask: np.ndarray) -> float:
    """Whether the map's maximum lies inside the object, 1 or 0.

    Paper: Zhang et al., Top-down Neural Attention by Excitation Backprop, ECCV 2016.
    """
    return float(mask.flat[e.saliency.argmax()])


def overlap_boxes(e: Explanation, mask: np.ndarray) -> float:
    """How far the map's box (`Explanation.bounding_box`) and the object's cover each other: intersection over union."""
    box = e.bounding_box()
    if box is None:
        return 0.0
    left, top, right, bottom = box
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    own = np.zeros_like(mask)
    own[top:bottom, left:right] = True
    other = np.zeros_like(mask)
    other[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
    return float((own & other).sum() / (own | other).sum())


MEASURES = {ENERGY: measure_energy, POINTING: hits_object, BOX: overlap_boxes}
