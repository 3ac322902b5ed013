"""Maps scored over many photos: each layer's, their combination's, and the controls'."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from xai.activations import Activations
from xai.explanation import Explanation
from xai.layers import COMBINED, suitable_layers
from xai.maps import combined, resized, unit_range
from xai.methods import METHODS, method_of
from xai.metrics.confidence import average_drop, average_gain, increase_in_confidence
from xai.metrics.controls import ANOTHER, MEAN, partners
from xai.metrics.hiding import Hiding, hide, strongest
from xai.metrics.reliability import adcc, coherency, complexity
from xai.models import Classifier
from xai.models.classifier import BATCH, evaluating
from xai.modes import without_gradients
from xai.photo import Photo
from xai.running import compute_maps
from xai.steps import finish

Step = Callable[[int], None]
CONTROLS = ("constant", "gaussian")  # that table 1 has beside the layers


@dataclass(frozen=True)
class Scores:
    """What one kind of map is worth on N photos; a subset of them by indexing.

    Attributes:
        before: confidence (N) in each photo's predicted class, in (0, 1].
        after: confidence (N) in the same class when the photo is seen through its map.
        coherency: (N) in [0, 1].
        complexity: (N) in [0, 1].
    """

    before: Tensor
    after: Tensor
    coherency: Tensor
    complexity: Tensor

    def __getitem__(self, photos) -> "Scores":
        return Scores(**{f.name: getattr(self, f.name)[photos] for f in fields(self)})

    def average_drop(self) -> float:
        return average_drop(self.before, self.after)

    def increase(self) -> float:
        return increase_in_confidence(self.before, self.after)

    def average_gain(self) -> float:
        return average_gain(self.before, self.after)

    def adcc(self) -> float:
        """ADCC in percent: the mean over the photos."""
        drop = (self.before - self.after).relu() / self.before
        return 100 * adcc(drop, self.coherency, self.complexity).mean().item()

    def row(self) -> dict[str, float]:
        """All figures in percent, by name."""
        return {
            "drop": self.average_drop(),
            "increase": self.increase(),
            "gain": self.average_gain(),
            "adcc": self.adcc(),
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
        method: one of `list_methods()`.
        layers: keys of `model.layers`; None are those of `model.explained_layers` that the method suits.
        hiding: `black` in the photo, or the `mean` in the normalised input.
        share: keep only this share of the pixels, those with the largest values, and these in full; None dims every
            pixel by its value.
        step: told the number of photos after each batch.
        companions: with each layer and the combination also, as `LAYER:another` and `LAYER:mean`, another photo's map
            (the next one's of another class), and the mean of all photos' maps, each scaled to [0, 1].
        options: of the method.
    """
    layers = list(layers or suitable_layers(model, method))
    parts: dict[str, list[Scores]] = {}
    kept: dict[str, list[Tensor]] = {}  # each layer's maps (B, 1, S, S)
    with evaluating(model):
        for start in range(0, len(images), BATCH):
            batch = Activations(model, model.preprocess(images[start : start + BATCH]), layers)
            targets = batch.logits().argmax(1)  # B
            before = confidence(batch, targets)
            maps = scaled_maps(batch, method, targets, layers, **options)
            for name, each in maps.items() if companions else ():
                kept.setdefault(name, []).append(each.half().cpu())  # maps of hundreds of photos
            maps |= {name: METHODS[name].run(batch.x, ())[:, None] for name in CONTROLS}
            for name, each in maps.items():
                if name == "constant" and share is not None:
                    continue  # which of equal pixels to keep?
                shown = each if share is None else strongest(each, share)
                inner = Activations(model, hide(model, batch.x, shown, hiding), layers if name == COMBINED else ())
                again = each if name in CONTROLS else scaled_maps(inner, method, targets, layers, name, **options)[name]
                scores = Scores(before, confidence(inner, targets), coherency(each, again), complexity(shown))
                parts.setdefault(name, []).append(scores)
            step(len(before))
        found = {name: joined(batches) for name, batches in parts.items()}
        if companions:
            maps = {name: torch.cat(each) for name, each in kept.items()}
            found |= score_companions(model, images, maps, hiding, share)
    return found


def score_companions(
    model: Classifier, images: Sequence[Photo], maps: dict[str, Tensor], hiding: Hiding, share: float | None
) -> dict[str, Scores]:
    """Scores of other photos' maps: of each layer's (N, 1, S, S), another photo's and their mean."""
    targets = torch.from_numpy(model.predict_proba(list(images)).argmax(1))  # N
    partner = list(partners(dict(enumerate(targets.tolist()))).values())
    parts: dict[str, list[Scores]] = {}
    means = {name: each.float().mean(0, keepdim=True) for name, each in maps.items()}
    for start in range(0, len(images), BATCH):
        part = slice(start, start + BATCH)
        batch = Activations(model, model.preprocess(images[part]))
        its_targets, size = targets[part].to(batch.x.device), batch.x.shape[2:]
        before = confidence(batch, its_targets)
        for name, each in maps.items():
            others = {ANOTHER: each[partner[part]].float(), MEAN: means[name].expand(len(before), -1, -1, -1)}
            for companion, raw in others.items():
                scaled = unit_range(resized(raw[:, 0].to(batch.x), size))[:, None]
                shown = scaled if share is None else strongest(scaled, share)
                inner = Activations(model, hide(model, batch.x, shown, hiding))
                scores = Scores(before, confidence(inner, its_targets), coherency(scaled, scaled), complexity(shown))
                parts.setdefault(f"{name}:{companion}", []).append(scores)
    return {name: joined(batches) for name, batches in parts.items()}


@without_gradients
def seen_through(model: Classifier, explanations: Sequence[Explanation], hiding: Hiding = "black") -> Tensor:
    """Confidences (N) in the explained classes when each photo is seen through its explanation's map."""
    with evaluating(model):
        x = model.preprocess([e.photo for e in explanations])  # N, 3, S, S
        raws = [torch.from_numpy(e.raw).to(x)[None] for e in explanations]  # 1, h, w each
        maps = torch.stack([unit_range(resized(raw, x.shape[2:])) for raw in raws])  # N, 1, S, S
        targets = torch.tensor([e.target for e in explanations], device=x.device)
        return confidence(Activations(model, hide(model, x, maps, hiding)), targets)


def confidence(batch: Activations, targets: Tensor) -> Tensor:
    """Confidences (B) in the targets, in double precision: in single, those near 1 would be 1."""
    return batch.logits().double().softmax(1).gather(1, targets[:, None])[:, 0].cpu()


def scaled_maps(
    batch: Activations, method: str, targets: Tensor, layers: list[str], only: str | None = None, **options
) -> dict[str, Tensor]:
    """Maps (B, 1, S, S) in [0, 1] of every layer and their combination, or of what is named `only`."""
    wanted = layers if only in (None, COMBINED) else [only]
    raws = {layer: finish(compute_maps(batch, method_of(method), targets, layer, **options)) for layer in wanted}
    if only in (None, COMBINED):
        raws[COMBINED] = combined(list(raws.values()))
    return {name: unit_range(resized(raw, batch.x.shape[2:]))[:, None] for name, raw in raws.items()}


def joined(batches: list[Scores]) -> Scores:
    return Scores(**{f.name: torch.cat([getattr(batch, f.name) for batch in batches]) for f in fields(Scores)})
