"""One forward pass, kept, so that several explanations of a photo share it."""

from torch import Tensor

from xai.models import Classifier


class Activations:
    """The features of a batch at every layer asked for, each computed once, from the nearest known layer below.

    No graph is built and the model holds nothing: what is kept goes with this object.

    Args:
        model: the classifier.
        x: its input (B, 3, S, S), from `model.preprocess`.
    """

    def __init__(self, model: Classifier, x: Tensor) -> None:
        self.model, self.x = model, x
        self.known: dict[str, Tensor] = {}

    def at(self, layer: str) -> Tensor:
        """The features (B, C, h, w) of a layer.

        Raises:
            ValueError: there is no such layer.
        """
        names = list(self.model.layers)
        if layer not in names:
            raise ValueError(f"this model has no layer {layer!r}; choose one of {', '.join(names)}")
        below = [name for name in names[: names.index(layer) + 1] if name in self.known]
        features = self.known[below[-1]] if below else self.x
        start = names.index(below[-1]) + 1 if below else 0
        for name in names[start : names.index(layer) + 1]:
            features = self.model.layers[name](features)
        self.known[layer] = features
        return features

    @property
    def last(self) -> Tensor:
        """The features (B, C, h, w) of the last layer."""
        return self.at(self.model.last_layer)

    def logits(self) -> Tensor:
        """The logits (B, K)."""
        return self.model.head(self.last)
