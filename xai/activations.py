"""One forward pass, kept, so that several explanations of a photo share it."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from xai.models import Classifier, name_attention
from xai.models.classifier import INPUT
from xai.modes import make_leaf, with_gradients

Score = Callable[[Tensor, Tensor], Tensor]  # logits (B, K) and targets (B) to what is explained (B)


def pick_logits(logits: Tensor, targets: Tensor) -> Tensor:
    """`y^c`, what nearly every method explains."""
    return logits.gather(1, targets[:, None])[:, 0]


def choose_targets(logits: Tensor, targets: Tensor | None) -> Tensor:
    """The targets (B), or else the predicted classes."""
    return logits.argmax(1) if targets is None else targets


class Activations:
    """What a batch makes of a model: features, logits and gradients, each computed once and only when asked for.

    Features come from the nearest known layer below, without a graph. Gradients need one of the layers above alone;
    where those are global average pooling and one linear layer, they need none. The model holds nothing: what is kept
    goes with this object.

    Args:
        model: the classifier.
        x: its input (B, 3, S, S), from `model.preprocess`.
        together: layers whose gradients will all be wanted: the first one asked for brings the others, from one
            gradient call.
    """

    def __init__(self, model: Classifier, x: Tensor, together: Sequence[str] = ()) -> None:
        self.model, self.x, self.together = model, x, list(together)
        self._features: dict[str, Tensor] = {INPUT: x}
        self._gradients: dict[tuple, Tensor] = {}
        self._mixes: dict[tuple, Tensor] = {}  # gradients at the logits
        self._logits: Tensor | None = None

    def at(self, layer: str) -> Tensor:
        """The features (B, C, h, w) of a layer.

        Raises:
            ValueError: there is no such layer.
        """
        if layer not in self.model.layers:
            raise ValueError(f"this model has no layer {layer!r}; choose one of {', '.join(self.model.layers)}")
        if layer not in self._features:
            self.model.advance(self._features, layer)
        return self._features[layer]

    def attention(self, name: str) -> Tensor:
        """The map (B, 1, h, w) of a layer's attention branch, in (0, 1), or what a block's changed (B, 2, h, w)."""
        self.at(self.model.last_layer if name in self.model.attention_blocks else name)
        return self._features[name_attention(name)]

    def beside(self, layers: Sequence[str]) -> dict[str, Tensor]:
        """The features that the logits also depend on, and that stay what they are when some layers' change."""
        return {name: self.at(name) for name in self.model.beside(layers)}

    @property
    def last(self) -> Tensor:
        """The features (B, C, h, w) of the last layer."""
        return self.at(self.model.last_layer)

    def logits(self) -> Tensor:
        """The logits (B, K)."""
        if self._logits is None:
            self._logits = self.model.tail(self.last, self.model.last_layer, self.beside([self.model.last_layer]))
        return self._logits

    def gradients(self, layer: str, targets: Tensor | None = None, score: Score = pick_logits) -> Tensor:
        """The gradients (B, C, h, w) of a score at a layer's features; targets None are the predicted classes."""
        alone = layer not in self.together or self.model.linear_weights(layer) is not None
        return self.joint_gradients([layer] if alone else self.together, targets, score)[layer]

    def joint_gradients(
        self, layers: Sequence[str], targets: Tensor | None = None, score: Score = pick_logits
    ) -> dict[str, Tensor]:
        """The gradients at several layers, by name, from one gradient call at most."""
        asked = (score, None if targets is None else tuple(targets.tolist()))
        missing = [layer for layer in layers if (layer, *asked) not in self._gradients]
        if all(self.model.linear_weights(layer) is not None for layer in missing):
            found = {layer: self._linear_gradients(layer, targets, score) for layer in missing}
        else:
            found = self._graph_gradients(missing, targets, score)
        self._gradients.update({(name, *asked): gradients for name, gradients in found.items()})
        return {layer: self._gradients[layer, *asked] for layer in layers}

    def _linear_gradients(self, layer: str, targets: Tensor | None, score: Score) -> Tensor:
        """Those below global average pooling and one linear layer: alike at all positions."""
        features = self.at(layer)
        asked = (score, None if targets is None else tuple(targets.tolist()))
        if asked not in self._mixes:
            self._mixes[asked] = differentiate(
                lambda logits: score(logits, choose_targets(logits, targets)), self.logits()
            )  # B, K
        weights = self._mixes[asked] @ self.model.read_linear_weights(layer) / features[0, 0].numel()  # B, C
        return weights[:, :, None, None].expand_as(features)

    @with_gradients
    def _graph_gradients(self, layers: list[str], targets: Tensor | None, score: Score) -> dict[str, Tensor]:
        """One gradient call; the graph starts at the lowest layer, or at the lowest of each of several chains."""
        model = self.model
        layers = [name for name in model.layers if name in layers]
        roots = model.roots(layers)
        graph = self.beside(roots) | {name: make_leaf(self.at(name)) for name in roots}
        for name in (*layers, model.last_layer):
            if name not in graph:
                model.advance(graph, name)
        logits = model.conclude(graph)
        self._logits = logits.detach()
        self._features = {name: features.detach() for name, features in graph.items()} | self._features
        found = torch.autograd.grad(
            score(logits, choose_targets(logits, targets)).sum(), [graph[name] for name in layers]
        )
        return dict(zip(layers, found, strict=True))


@with_gradients
def differentiate(function: Callable[[Tensor], Tensor], at: Tensor) -> Tensor:
    """`∂ Σ function(x) / ∂x`: the graph starts at `x`, so no weight gets a gradient."""
    leaf = make_leaf(at)
    return torch.autograd.grad(function(leaf).sum(), leaf)[0]
