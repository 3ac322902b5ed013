"""One forward pass, kept, so that several explanations of a photo share it."""

from collections.abc import Callable

import torch
from torch import Tensor

from xai.models import Classifier

Score = Callable[[Tensor, Tensor], Tensor]  # logits (B, K) and targets (B) to what is explained (B)


def target_logit(logits: Tensor, targets: Tensor) -> Tensor:
    """`y^c`, what nearly every method explains."""
    return logits.gather(1, targets[:, None])[:, 0]


def chosen(logits: Tensor, targets: Tensor | None) -> Tensor:
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
    """

    def __init__(self, model: Classifier, x: Tensor) -> None:
        self.model, self.x = model, x
        self._features: dict[str, Tensor] = {}
        self._gradients: dict[tuple, Tensor] = {}
        self._logits: Tensor | None = None

    def at(self, layer: str) -> Tensor:
        """The features (B, C, h, w) of a layer.

        Raises:
            ValueError: there is no such layer.
        """
        names = list(self.model.layers)
        if layer not in names:
            raise ValueError(f"this model has no layer {layer!r}; choose one of {', '.join(names)}")
        below = [name for name in names[: names.index(layer) + 1] if name in self._features]
        features = self._features[below[-1]] if below else self.x
        start = names.index(below[-1]) + 1 if below else 0
        for name in names[start : names.index(layer) + 1]:
            features = self.model.layers[name](features)
        self._features[layer] = features
        return features

    @property
    def last(self) -> Tensor:
        """The features (B, C, h, w) of the last layer."""
        return self.at(self.model.last_layer)

    def logits(self) -> Tensor:
        """The logits (B, K)."""
        if self._logits is None:
            self._logits = self.model.head(self.last)
        return self._logits

    def gradients(self, layer: str, targets: Tensor | None = None, score: Score = target_logit) -> Tensor:
        """The gradients (B, C, h, w) of a score at a layer's features; targets None are the predicted classes."""
        key = (layer, score, None if targets is None else tuple(targets.tolist()))
        if key not in self._gradients:
            features = self.at(layer)
            if self.model.linear_above(layer):
                mix = gradient(lambda logits: score(logits, chosen(logits, targets)), self.logits())  # B, K
                weights = mix @ self.model.linear_head.weight / features[0, 0].numel()  # B, C: alike at all positions
                self._gradients[key] = weights[:, :, None, None].expand_as(features)
            else:
                self._gradients[key], self._logits = tail_gradients(self.model, features, layer, targets, score)
        return self._gradients[key]


def tail_gradients(
    model: Classifier, features: Tensor, layer: str, targets: Tensor | None, score: Score = target_logit
) -> tuple[Tensor, Tensor]:
    """The gradients (B, C, h, w) of a score at a layer's features (B, C, h, w), and the logits (B, K)."""
    logits = None

    def from_features(leaf: Tensor) -> Tensor:
        nonlocal logits
        logits = model.tail(leaf, layer)
        return score(logits, chosen(logits, targets))

    gradients = gradient(from_features, features)
    return gradients, logits.detach()


@torch.enable_grad()
def gradient(function: Callable[[Tensor], Tensor], at: Tensor) -> Tensor:
    """`∂ Σ function(x) / ∂x`: the graph starts at `x`, so no weight gets a gradient."""
    leaf = at.detach().requires_grad_()
    return torch.autograd.grad(function(leaf).sum(), leaf)[0]
