"""Several layers explained from one forward pass and one gradient call, and their combination."""

from collections.abc import Generator, Sequence

import torch
from PIL import Image

from xai.activations import Activations
from xai.explaining import Target, check, explanations_of, finish, in_batches, portion, raw_maps, target_indices
from xai.explanation import Explanation
from xai.familiar import marked
from xai.maps import combined
from xai.methods import method_of
from xai.models import Classifier
from xai.modes import without_gradients
from xai.noise import judge
from xai.photo import Photo

COMBINED = "combined"  # a layer's place for what all layers say together


def explain_layers(
    model: Classifier,
    image: Photo | Sequence[Photo],
    method: str = "gradcam",
    target: Target | Sequence[Target] = None,
    layers: Sequence[str] | None = None,
    **options,
) -> dict[str, Explanation] | list[dict[str, Explanation]]:
    """Where each layer sees a class, and where all do together, by name; the latter is called `combined`.

    Formula: `L = mean_i u(L_i)`, with `L_i` a layer's map and u its scaling to [0, 1], at the size of the finest;
    a blank layer adds nothing, and where all are blank, `combined` is too. It takes one forward pass and, for a method
    that uses them, one gradient call.

    Args:
        model: from `load_model`.
        image: as `explain` takes it; a list gives a list.
        method: one of `list_methods()`.
        target: the class to explain; None is the predicted one.
        layers: keys of `model.layers`; None are those of `model.explained_layers` that the method suits.
        options: of the method.

    Raises:
        ValueError: as `explain` does.
    """
    return marked(finish(explain_layers_steps(model, image, method, target, layers, **options)), model)


@without_gradients
def explain_layers_steps(
    model: Classifier,
    image: Photo | Sequence[Photo],
    method: str = "gradcam",
    target: Target | Sequence[Target] = None,
    layers: Sequence[str] | None = None,
    **options,
) -> Generator[float, None, dict[str, Explanation] | list[dict[str, Explanation]]]:
    """`explain_layers` as a generator of the share done, in [0, 1]; closed, it stops."""
    layers = layers or suitable_layers(model, method)

    def explain_some(photos, batch, targets, started):
        return explain_layers_batch(photos, batch, method, targets, layers, started, **options)

    return (yield from in_batches(explain_some, model, image, target, together=layers))


@without_gradients
def explain_layers_batch(
    photos: list[Image.Image],
    batch: Activations,
    method: str,
    targets: list[Target],
    layers: Sequence[str],
    started: float,
    **options,
) -> Generator[float, None, list[dict[str, Explanation]]]:
    """`explain_layers_steps` of photos whose activations are there already; `started` is when their clock began."""
    for layer in layers:
        check(batch.model, method, layer, options)
    indices, raws, blank = target_indices(batch, targets), {}, {}
    for i, layer in enumerate(layers):
        steps = raw_maps(batch, method, indices, layer, **options)
        raws[layer] = yield from portion(steps, i / len(layers), (i + 1) / len(layers))
        steps = judge(raws[layer], batch, method, indices, layer, **options)
        blank[layer] = yield from portion(steps, i / len(layers), (i + 1) / len(layers))
    # A blank layer's noise, scaled to [0, 1], would weigh as much as what other layers see.
    raws[COMBINED] = combined([raws[layer] * ~blank[layer][:, None, None] for layer in layers])
    blank[COMBINED] = torch.stack([blank[layer] for layer in layers]).all(0)
    found = [explanations_of(raws[name], blank[name], photos, batch, method, targets, name, started) for name in raws]
    return [dict(zip(raws, explanations, strict=True)) for explanations in zip(*found, strict=True)]


def suitable_layers(model: Classifier, method: str) -> list[str]:
    """The layers of a model to explain that a method suits; the first one's trouble where there are none.

    Raises:
        ValueError: it suits none.
    """
    troubles = {layer: method_of(method).unsuitable(model, layer) for layer in model.explained_layers}
    found = [layer for layer, trouble in troubles.items() if trouble is None]
    if not found:
        raise next(iter(troubles.values()))
    return found
