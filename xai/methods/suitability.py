"""Which method suits which network and layer, known before anything is computed."""

from collections.abc import Callable
from functools import partial

from xai.models import Classifier
from xai.models.classifier import INPUT

SENTENCES = {
    "layerless": "{title} explains the photo as a whole, and no layer such as {layer!r}: leave the layer out.",
    "closed": "{title} needs gradients, and {name} only answers: use those of a student that imitates {name}, or let "
    'RISE (method="rise") or LIME (method="lime") ask it.',
    "reads": "there is no network {reads!r} to read; choose one of {roles}",
    "method": "there is no method {method!r}; choose one of {methods}",
    "layer": "this model has no layer {layer!r}; choose one of {layers}",
    "pixels": "{title} weighs the channels of a layer, and the input has only red, green and blue: use SmoothGrad "
    '(method="smoothgrad"), or one of the layers {layers}.',
    "head": "{title} needs nothing but global average pooling and one linear layer above the last layer, and this "
    'network has more there: use Grad-CAM (method="gradcam") instead.',
    "last": '{title} reads only {last}; for {layer} use Grad-CAM (method="gradcam").',
    "attention": "{title} is what an attention branch says, and {layer} has none: use Grad-CAM "
    '(method="gradcam"){layers}.',
    "blocks": "{title} combines the attention of a network's blocks with Grad-CAM, and these blocks have none: "
    'use a student with CBAM, or Grad-CAM (method="gradcam").',
    "stages": "{title} reads several layers, which its option `stages` names: leave the layer out.",
    "constant": "{title} shows where the gradient is large, and at {layer} it is the same at every position: use "
    'Grad-CAM (method="gradcam"), or {title} at the pixels (target_layer="input").',
    "signed": "{title} divides by sums of features, and those of {layer} may be negative, so that the sums may be near "
    'zero: use Grad-CAM (method="gradcam"), or one of the layers {layers}.',
}


class UnsuitableError(ValueError):
    """Why a method cannot explain a network at a layer: a sentence, and `reason` and `details` to say it in others."""

    def __init__(self, reason: str, **details) -> None:
        self.reason, self.details = reason, details
        super().__init__(SENTENCES[reason].format(**details))

    def __reduce__(self):
        return partial(UnsuitableError, self.reason, **self.details), ()  # it travels to a GPU's worker and back


Condition = Callable[[Classifier, str, str], UnsuitableError | None]  # of a network, a layer and a method's title


def needs_linear_head(model: Classifier, layer: str, title: str) -> UnsuitableError | None:
    if model.linear_weights(layer) is not None:
        return None
    readable = [name for name in model.layers if model.linear_weights(name) is not None]
    if not readable:
        return UnsuitableError("head", title=title)
    return UnsuitableError("last", title=title, last=", ".join(readable), layer=layer)


def needs_non_negative_features(model: Classifier, layer: str, title: str) -> UnsuitableError | None:
    if layer not in model.signed_layers:
        return None
    others = ", ".join(name for name in model.layers if name not in model.signed_layers)
    return UnsuitableError("signed", title=title, layer=layer, layers=others)


def needs_a_varying_gradient(model: Classifier, layer: str, title: str) -> UnsuitableError | None:
    """Below global average pooling and one linear layer every position has the same gradient, whatever the photo."""
    return None if model.linear_weights(layer) is None else UnsuitableError("constant", title=title, layer=layer)


def needs_a_layer(model: Classifier, layer: str, title: str) -> UnsuitableError | None:
    return UnsuitableError("pixels", title=title, layers=", ".join(model.layers)) if layer == INPUT else None


def needs_attention(model: Classifier, layer: str, title: str) -> UnsuitableError | None:
    if layer in model.attended_layers:
        return None
    others = f", or one of the layers {', '.join(model.attended_layers)}" if model.attended_layers else ""
    return UnsuitableError("attention", title=title, layer=layer, layers=others)


def needs_attention_blocks(model: Classifier, layer: str, title: str) -> UnsuitableError | None:
    if not model.attention_blocks:
        return UnsuitableError("blocks", title=title)
    return None if layer == model.last_layer else UnsuitableError("stages", title=title)


DIVIDES = (needs_a_layer, needs_non_negative_features)  # of methods that divide by sums of features
