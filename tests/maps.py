"""The maps of all shipped networks, in double precision: python -m tests.maps writes them to tests/maps.npz."""

from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

import xai
from xai import precision
from xai.activations import Activations
from xai.class_evidence import compute_evidence
from xai.methods import METHODS
from xai.models import Classifier
from xai.photo import as_photo
from xai.running import compute_maps
from xai.steps import finish
from xai.zoo import GARBAGE, IMAGENET, PYRAMID, STUDENTS

FILE = Path(__file__).with_name("maps.npz")
EXAMPLES = Path(xai.__file__).parent / "studio" / "examples"
SIDE = 28  # larger maps are averaged down to it
FEW = {"scorecam-fast": {"channels": 4}, "smoothgrad": {"samples": 2}, "smooth-gradcam++": {"samples": 2}}
ASKING = {"rise": {"masks": 12}, "lime": {"samples": 12}, "mask": {"iterations": 2, "disc_step": 80}}
SLOW, WITH_SLOW = ("smoothgrad", "scorecam-fast"), ("garbage-cnn",)
TOO_SLOW = ("scorecam", "ablationcam")  # but at the last layer of a network where Ablation-CAM has a short cut


def small(raw: np.ndarray) -> np.ndarray:
    size = [min(side, SIDE) for side in raw.shape]
    return F.adaptive_avg_pool2d(torch.from_numpy(raw).double()[None], size)[0].numpy()


def maps_of(name: str) -> dict[str, np.ndarray]:
    """Every method's map by one network at its usual layer, by method; of a pyramid some methods' at every layer."""
    model, found = xai.load_model(name, "cpu").double(), {}
    photo = as_photo(EXAMPLES / ("pyramid-airplane-17.jpg" if name in PYRAMID else "garbage-glass-181.jpg"))
    batch = Activations(model, model.preprocess([photo]), together=model.explained_layers)
    for method in (m for m in xai.list_methods(model) if METHODS[m].needs == "features"):
        if (method in TOO_SLOW and METHODS[method].is_slow(model)) or (method in SLOW and name not in WITH_SLOW):
            continue
        for layer in layers_of(model, method):
            options = FEW.get(method, {})
            found[f"{method}@{layer}"] = small(
                finish(compute_maps(batch, METHODS[method], None, layer, **options))[0].numpy()
            )
    found["evidence"] = compute_evidence(photo, batch).maps.mean((1, 2))
    return found


def layers_of(model: Classifier, method: str) -> list[str]:
    """The layers that are explained, or the method's usual one where it suits none of them."""
    suited = [layer for layer in model.explained_layers if not METHODS[method].unsuitable(model, layer)]
    return suited or [METHODS[method].layer(model, None)]


def maps_of_a_black_box() -> dict[str, np.ndarray]:
    """The map of every method that asks, and of those that read a student."""
    photo = EXAMPLES / "garbage-glass-181.jpg"
    black_box = xai.load_black_box("garbage-efficientnet_lite0", "cpu", student="blackbox-student")
    black_box.network.double(), black_box.student.double()
    asked = {m: xai.explain(black_box, photo, m, **options).raw for m, options in ASKING.items()}
    read = {m: xai.explain(black_box, photo, m, reads="student").raw for m in ("gradcam", "distilled")}
    return {name: small(raw) for name, raw in {**asked, **read}.items()}


@torch.no_grad()
def all_maps() -> dict[str, np.ndarray]:
    """Of every network, NETWORK/METHOD, in the same arithmetic on every machine."""
    in_half, precision.is_faster_in_half = precision.is_faster_in_half, lambda model, device: False
    try:
        found = {name: maps_of(name) for name in (*GARBAGE, *PYRAMID, *STUDENTS, IMAGENET)}
        found["black box"] = maps_of_a_black_box()
    finally:
        precision.is_faster_in_half = in_half
    return {f"{name}/{key}": values for name, maps in found.items() for key, values in maps.items()}


if __name__ == "__main__":
    np.savez_compressed(FILE, **all_maps())
    print(f"{FILE}: {FILE.stat().st_size / 1e3:.0f} kB")
