"""Any method on a batch of photos: its maps, each with what is known of its error."""

import zlib
from collections.abc import Callable, Generator

from torch import Tensor

from xai.activations import Activations, choose_targets
from xai.batch import Batch
from xai.methods import Method
from xai.methods.estimate import Estimate
from xai.methods.reading import Reading
from xai.noise import is_drowned, lacks_contrast, may_be_rounding, to_double
from xai.steps import Progress, Steps, rescale


def run_method(batch: Batch, reading: Reading, targets: Tensor | None) -> Steps[list[Estimate]]:
    """The maps of all photos of a batch, of targets (B) or, where None, of the classes that the subject predicts.

    While a single photo is asked about, the result so far is an Estimate.
    """
    return (yield from RUNNERS[reading.method.needs](batch, reading, targets))


def read_features(batch: Batch, reading: Reading, targets: Tensor | None) -> Steps[list[Estimate]]:
    """All photos at once, from one forward pass."""
    method = reading.method
    if reading.network is None:
        raise ValueError(f"{method.title} reads a network, and there is none to read")
    activations = batch.activations(reading.network)
    targets = None if targets is None else targets.to(activations.x.device)
    raws = yield from compute_maps(activations, method, targets, reading.layer, **reading.options)
    blank = yield from find_blank(raws, activations, reading, targets)
    return [Estimate(raw, is_blank=lambda i=i: bool(blank[i])) for i, raw in enumerate(raws)]


def ask_photo_by_photo(batch: Batch, reading: Reading, targets: Tensor | None) -> Steps[list[Estimate]]:
    """Photo after photo: each takes questions of its own, to the subject or to the network that is read."""
    found, asked = [], reading.network or batch.subject
    targets = batch.confidences.argmax(1) if targets is None else targets
    for i, target in enumerate(targets.tolist()):
        steps = reading.method.run(asked, batch.pixels[i : i + 1], target, **reading.options)
        if len(batch) == 1:
            return [(yield from steps)]
        found.append((yield from rescale(steps, i / len(batch), (i + 1) / len(batch))))
    return found


def draw_controls(batch: Batch, reading: Reading, targets: Tensor | None) -> Steps[list[Estimate]]:
    """Maps that know nothing of the photos; what is drawn by chance depends on a photo's contents alone."""
    yield Progress(0.0)
    seeds = [zlib.crc32(photo.tobytes()) for photo in batch.photos]
    raws = reading.method.run(batch.pixels, seeds, **reading.options)  # B, S, S
    return [Estimate(raw) for raw in raws]


RUNNERS: dict[str, Callable[..., Steps[list[Estimate]]]] = {
    "features": read_features,
    "gradients": ask_photo_by_photo,
    "answers": ask_photo_by_photo,
    "nothing": draw_controls,
}


def compute_maps(
    activations: Activations, method: Method, targets: Tensor | None, layer: str, **options
) -> Steps[Tensor]:
    """The unscaled maps (B, h, w) by a method that reads features, whether it is slow or not."""
    raws = method.run(activations, targets, layer, **options)
    return (yield from raws) if isinstance(raws, Generator) else raws


def find_blank(raws: Tensor, activations: Activations, reading: Reading, targets: Tensor | None) -> Steps[Tensor]:
    """Which of a method's maps (B, h, w) cannot be told from noise: bool (B).

    These are the maps of photos without contrast, those that are the same everywhere or no numbers (0 / 0, say), and
    those that are rounding errors. A map may be the latter where its range is small (`may_be_rounding`). Only then
    it is computed once more, in float64, and the difference is what rounding did to it: where the variance of this
    difference over the positions reaches that of the second map, rounding says as much as the photo.
    """
    network, flat = activations.model, raws.flatten(1)
    blank = flat.amax(1).eq(flat.amin(1)) | ~flat.isfinite().all(1)
    blank |= lacks_contrast(network.std * activations.x + network.mean)
    doubtful = (may_be_rounding(raws, activations) & ~blank).nonzero()[:, 0]
    if len(doubtful):
        again, its_targets = to_double(activations, doubtful), choose_targets(activations.logits(), targets)[doubtful]
        steps = compute_maps(again, reading.method, its_targets, reading.layer, **reading.options)
        precise = yield from rescale(steps, 1, 1)  # all the rest is done already
        blank[doubtful] = is_drowned(raws[doubtful].double(), precise.double())
    return blank
