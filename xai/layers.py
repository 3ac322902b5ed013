"""Several layers explained from one forward pass and one gradient call, and their combination."""

from collections.abc import Sequence
from dataclasses import replace

import torch

from xai.batch import Batch
from xai.checks import check_names
from xai.explaining import Target, explain_in_batches, find_targets, make_explanation
from xai.explanation import Explanation
from xai.familiar import mark_familiar
from xai.maps import combine_maps
from xai.methods import method_of
from xai.methods.estimate import Estimate
from xai.methods.reading import Reading, check_subject, choose_role, plan_reading
from xai.models import Classifier
from xai.models.classifier import INPUT
from xai.modes import without_gradients
from xai.photo import Photo
from xai.running import run_method
from xai.steps import Steps, finish, rescale
from xai.subject import Subject

COMBINED = "combined"  # a layer's place for what all layers say together


def explain_layers(
    subject: Subject,
    image: Photo | Sequence[Photo],
    method: str = "gradcam",
    target: Target | Sequence[Target] = None,
    layers: Sequence[str] | None = None,
    reads: str | None = None,
    **options,
) -> dict[str, Explanation] | list[dict[str, Explanation]]:
    """Where each layer sees a class, and where all do together, by name; the latter is called `combined`.

    Formula: `L = mean_i u(L_i)`, with `L_i` a layer's map and u its scaling to [0, 1], at the size of the finest;
    a blank layer adds nothing, and where all are blank, `combined` is too. It takes one forward pass and, for a method
    that uses them, one gradient call. A method that explains the photo as a whole has one map alone, called `input`.

    Args:
        subject: as `explain` takes it.
        image: as `explain` takes it; a list gives a list.
        method: one of `list_methods()`.
        target: the class to explain; None is the predicted one.
        layers: of the network that is read; None are those of its `explained_layers` that the method suits.
        reads: as `explain` takes it.
        options: of the method.

    Raises:
        ValueError: as `explain` does.
    """
    readings = plan_layers(subject, method, layers, reads, **options)
    return mark_familiar(finish(explain_layers_steps(subject, image, readings, target)), subject)


@without_gradients
def explain_layers_steps(
    subject: Subject, image: Photo | Sequence[Photo], readings: Sequence[Reading], target: Target | Sequence[Target]
) -> Steps[dict[str, Explanation] | list[dict[str, Explanation]]]:
    """`explain_layers` in steps."""

    def explain_some(batch: Batch, targets: list[Target]) -> Steps[list[dict[str, Explanation]]]:
        return explain_layers_batch(batch, readings, targets)

    together = [reading.layer for reading in readings]
    return (yield from explain_in_batches(explain_some, subject, image, target, together))


def plan_layers(
    subject: Subject, method: str, layers: Sequence[str] | None = None, reads: str | None = None, **options
) -> list[Reading]:
    """What a method reads of each of some layers, by default of all that are usually explained and that it suits.

    Raises:
        ValueError: it suits none of them, or not all that are named.
    """
    check_names("layers", layers or [])
    if "target_layer" in options:
        raise ValueError("several layers are named by `layers`; `target_layer` is of `explain`")
    check_subject(subject)
    if not layers:
        role = choose_role(subject, method_of(method), reads)
        layers = suitable_layers(subject.networks.get(role), method)
    return [plan_reading(subject, method, layer, reads, options) for layer in layers]


@without_gradients
def explain_layers_batch(
    batch: Batch, readings: Sequence[Reading], targets: Sequence[Target]
) -> Steps[list[dict[str, Explanation]]]:
    """`explain_layers_steps` of a batch of photos, which others may have computed something of already."""
    indices, parts, found = find_targets(batch, targets), len(readings), []
    for i, reading in enumerate(readings):
        found.append((yield from rescale(run_method(batch, reading, indices), i / parts, (i + 1) / parts)))
    results = []
    for i, estimates in enumerate(zip(*found, strict=True)):
        pairs = zip(readings, estimates, strict=True)
        layers = [make_explanation(batch, i, reading, estimate, indices) for reading, estimate in pairs]
        if any(reading.layer != INPUT for reading in readings):
            together = replace(readings[0], layer=COMBINED)
            layers.append(make_explanation(batch, i, together, combine_layers(layers), indices))
        results.append({e.target_layer: e for e in layers})
    return results


def combine_layers(layers: Sequence[Explanation]) -> Estimate:
    """The map that layers make together; a blank one's noise, scaled to [0, 1], would weigh as much as the others."""
    raws = [torch.zeros_like(torch.from_numpy(e.raw)) if e.blank else torch.from_numpy(e.raw) for e in layers]
    blank = all(e.blank for e in layers)
    return Estimate(combine_maps([raw[None] for raw in raws])[0], is_blank=lambda: blank)


def suitable_layers(network: Classifier | None, method: str) -> list[str]:
    """The layers of a network to explain that a method suits; the first one's trouble where there are none.

    Of a method that explains the photo as a whole, or usually the pixels, it is `input`.

    Raises:
        ValueError: it suits none.
    """
    found = method_of(method)
    if found.needs != "features" or network is None:
        return [INPUT]
    suitable = [layer for layer in network.explained_layers if found.unsuitable(network, layer) is None]
    if not suitable and found.usual_layer == INPUT:
        return [INPUT]
    if not suitable and (trouble := found.unsuitable(network, network.explained_layers[0])):
        raise trouble
    return suitable
