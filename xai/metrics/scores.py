"""Maps scored over many photos: each layer's, their combination's, and the controls'."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import torch
from torch import Tensor

from xai.activations import Activations
from xai.checks import check_network
from xai.explanation import Explanation
from xai.layers import COMBINED, plan_layers
from xai.maps import combine_maps, resize_maps, scale_to_unit
from xai.methods import METHODS, method_of
from xai.metrics.controls import ANOTHER, MEAN, pair_photos
from xai.metrics.hiding import Hiding, hide, keep_strongest
from xai.metrics.registry import METRICS, TABLE_1
from xai.metrics.reliability import coherency, complexity
from xai.models import Classifier
from xai.models.classifier import BATCH, evaluating
from xai.modes import without_gradients
from xai.photo import Photo, list_photos
from xai.running import compute_maps
from xai.steps import finish

Step = Callable[[int], object]
CONTROLS = ("constant", "gaussian")  # that table 1 has beside the layers


@dataclass(frozen=True)
class Scores:
    """What was measured of one map of each of N photos; indexing gives those of some photos.

    Attributes:
        before: confidence (N) in each photo's predicted class, in (0, 1].
        after: confidence (N) in the same class when the photo is seen through its map.
        coherency: (N) in [0, 1]; not a number where it was not wanted.
        complexity: (N) in [0, 1].
    """

    before: Tensor
    after: Tensor
    coherency: Tensor
    complexity: Tensor

    def __getitem__(self, photos) -> "Scores":
        return Scores(**{f.name: getattr(self, f.name)[photos] for f in fields(self)})

    def average(self, metric: str) -> float:
        """The figure of one of `TABLE_1`, in percent."""
        return METRICS[metric].scale * METRICS[metric].measure(vars(self)).mean().item()

    def average_drop(self) -> float:
        return self.average("drop")

    def increase(self) -> float:
        return self.average("increase")

    def average_gain(self) -> float:
        return self.average("gain")

    def adcc(self) -> float:
        return self.average("adcc")

    def row(self) -> dict[str, float]:
        """All figures in percent, by name."""
        return {
            **{metric: self.average(metric) for metric in TABLE_1},
            "coherency": 100 * self.coherency.mean().item(),
            "complexity": 100 * self.complexity.mean().item(),
        }


@without_gradients
def score_layers(
    model: Classifier,
    images: Sequence[Photo],
    method: str = "gradcam",
    layers: Sequence[str] | None = None,
    hiding: Hiding = "black",
    share: float | None = None,
    step: Step = lambda done: None,
    companions: bool = False,
    **options,
) -> dict[str, Scores]:
    """Scores of every layer's maps of the predicted classes, of their combination and of the controls, by name.

    Maps are resized to the network's input and scaled to [0, 1] there, as they are shown.

    Args:
        model: from `load_model`.
        images: photos, paths or arrays.
        method: one of `list_methods(model)` that reads features.
        layers: keys of `model.layers`; None are those of `model.explained_layers` that the method suits.
        hiding: `black` in the photo, or the `mean` in the normalised input.
        share: keep only this share of the pixels, those with the largest values, and these in full; None dims every
            pixel by its value.
        step: called after each batch with its number of photos.
        companions: whether each layer and the combination are also scored by two controls of their own,
            `LAYER:another`, the map of the next photo of another class, and `LAYER:mean`, the mean of all photos'
            maps, each scaled to [0, 1].
        options: of the method.

    Raises:
        ValueError: there are no photos, or there is no such method, layer or option, or the method does not suit the
            layers, or the share is not in (0, 1].
    """
    check_network("score_layers", model)
    images, layers = list_photos(images), check_layers(model, method, layers, options)
    if not images:
        raise ValueError("score_layers needs photos, and there are none")
    if share is not None and not 0 < share <= 1:
        raise ValueError(f"the share of the pixels that is kept is in (0, 1], not {share!r}")
    parts: dict[str, list[Scores]] = {}
    kept: dict[str, list[Tensor]] = {}  # each layer's maps (B, 1, S, S)
    with evaluating(model):
        for start in range(0, len(images), BATCH):
            batch = Activations(model, model.preprocess(images[start : start + BATCH]))
            scores, maps = score_batch(batch, method, layers, hiding, share, **options)
            for name, each in scores.items():
                parts.setdefault(name, []).append(each)
            for name, each in maps.items() if companions else ():
                kept.setdefault(name, []).append(each.half().cpu())  # maps of hundreds of photos
            step(len(batch.x))
        found = {name: join_scores(batches) for name, batches in parts.items()}
        if companions:
            maps = {name: torch.cat(each) for name, each in kept.items()}
            found |= score_companions(model, images, maps, hiding, share)
    return found


def check_layers(model: Classifier, method: str, layers: Sequence[str] | None, options: Mapping[str, Any]) -> list[str]:
    """The layers to score: those that are named, or those that the method suits.

    Raises:
        ValueError: the method reads no layers, or does not suit these, or has no such option.
    """
    if method_of(method).needs != "features":
        raise ValueError(f"score_layers compares layers, and {method} explains the photo as a whole: use `evaluate`")
    return [reading.layer for reading in plan_layers(model, method, layers, **options)]


def score_batch(
    batch: Activations, method: str, layers: Sequence[str], hiding: Hiding, share: float | None, **options
) -> tuple[dict[str, Scores], dict[str, Tensor]]:
    """The scores of every layer, the combination and the controls, by name; and the maps of all but the controls."""
    targets = batch.logits().argmax(1)  # B
    maps = compute_scaled_maps(batch, method, targets, layers, **options)

    def explain(name: str, seen: Activations) -> Tensor:
        return compute_scaled_maps(seen, method, targets, layers, only=name, **options)[name]

    scores = {
        name: score_maps(batch, each, targets, hiding, share, partial(explain, name)) for name, each in maps.items()
    }
    for name in CONTROLS:
        if name != "constant" or share is None:  # of a constant map no share of the pixels is the strongest
            control = METHODS[name].run(batch.x, ())[:, None]
            scores[name] = score_maps(batch, control, targets, hiding, share)
    return scores, maps


def score_companions(
    model: Classifier, images: Sequence[Photo], maps: dict[str, Tensor], hiding: Hiding, share: float | None
) -> dict[str, Scores]:
    """The scores of other photos' maps: of each layer's maps (N, 1, S, S), another photo's and the mean of all."""
    targets = torch.from_numpy(model.predict_proba(list(images)).argmax(1))  # N
    others = list(pair_photos(dict(enumerate(targets.tolist()))).values())
    means = {name: each.float().mean(0, keepdim=True) for name, each in maps.items()}  # 1, 1, S, S
    parts: dict[str, list[Scores]] = {}
    for start in range(0, len(images), BATCH):
        part = slice(start, start + BATCH)
        batch = Activations(model, model.preprocess(images[part]))
        for name, each in maps.items():
            raws = {ANOTHER: each[others[part]].float(), MEAN: means[name].expand(len(batch.x), -1, -1, -1)}
            for companion, raw in raws.items():
                scaled = scale_maps(raw[:, 0], batch.x)
                scores = score_maps(batch, scaled, targets[part].to(batch.x.device), hiding, share)
                parts.setdefault(f"{name}:{companion}", []).append(scores)
    return {name: join_scores(batches) for name, batches in parts.items()}


def score_maps(
    batch: Activations,
    maps: Tensor,
    targets: Tensor,
    hiding: Hiding = "black",
    share: float | None = None,
    explain: Callable[[Activations], Tensor] | None = None,
    coherent: bool = True,
) -> Scores:
    """The scores of one map of each photo of a batch. Everything that `TABLE_1` shows, anywhere, is measured here.

    Args:
        batch: the photos' forward pass.
        maps: (B, 1, S, S) in [0, 1].
        targets: the explained classes (B).
        hiding: `black` or `mean`, as in `hide`.
        share: keep only this share of the pixels, the strongest; None dims every pixel by its value.
        explain: gives the maps (B, 1, S, S) of the photos seen through their maps, from these photos' forward pass;
            None for maps that are not made of the photo, and so stay as they are.
        coherent: whether coherency is wanted, for which every photo is explained again.
    """
    shown = maps if share is None else keep_strongest(maps, share)
    seen = Activations(batch.model, hide(batch.model, batch.x, shown, hiding))
    agreement = torch.full((len(maps),), torch.nan, dtype=torch.double)
    if coherent:
        agreement = coherency(maps, maps if explain is None else explain(seen)).cpu()
    return Scores(confidence(batch, targets), confidence(seen, targets), agreement, complexity(shown).cpu())


@without_gradients
def see_through(model: Classifier, explanations: Sequence[Explanation], hiding: Hiding = "black") -> Tensor:
    """Confidences (N) in the explained classes when each photo is seen through its explanation's map."""
    check_network("see_through", model)
    if isinstance(explanations, Explanation) or not explanations:
        raise ValueError("see_through needs a list of explanations, of one or more")
    with evaluating(model):
        x = model.preprocess([e.photo for e in explanations])  # N, 3, S, S
        maps = torch.cat([scale_maps(torch.from_numpy(e.raw)[None], x) for e in explanations])  # N, 1, S, S
        targets = torch.tensor([e.target for e in explanations], device=x.device)
        return confidence(Activations(model, hide(model, x, maps, hiding)), targets)


def confidence(batch: Activations, targets: Tensor) -> Tensor:
    """Confidences (B) in the targets, in double precision: in single, those near 1 would be 1."""
    return batch.logits().double().softmax(1).gather(1, targets[:, None])[:, 0].cpu()


def compute_scaled_maps(
    batch: Activations, method: str, targets: Tensor, layers: Sequence[str], only: str | None = None, **options
) -> dict[str, Tensor]:
    """Maps (B, 1, S, S) in [0, 1] of every layer and their combination, or of what is named `only`."""
    wanted = list(layers) if only in (None, COMBINED) else [only]
    batch.together = wanted  # one gradient call for all
    raws = {layer: finish(compute_maps(batch, method_of(method), targets, layer, **options)) for layer in wanted}
    if only in (None, COMBINED):
        raws[COMBINED] = combine_maps(list(raws.values()))
    return {name: scale_maps(raw, batch.x) for name, raw in raws.items()}


def scale_maps(raws: Tensor, x: Tensor) -> Tensor:
    """Raw maps (B, h, w) as maps (B, 1, S, S) in [0, 1] for an input (B, 3, S, S), as they are shown."""
    return scale_to_unit(resize_maps(raws.to(x), x.shape[2:]))[:, None]


def join_scores(batches: Sequence[Scores]) -> Scores:
    return Scores(**{f.name: torch.cat([getattr(batch, f.name) for batch in batches]) for f in fields(Scores)})
