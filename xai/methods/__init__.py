"""The explanation methods, by name.

A method takes a batch's activations, the targets (B) or None for the predicted classes, and a layer. It returns the raw
maps (B, h, w) at the layer's own size and the logits (B, K).
"""

from collections.abc import Callable

from torch import Tensor

from xai.activations import Activations
from xai.methods.cam import cam
from xai.methods.gradcam import gradcam

Method = Callable[[Activations, Tensor | None, str], tuple[Tensor, Tensor]]
METHODS: dict[str, Method] = {"cam": cam, "gradcam": gradcam}


def list_methods() -> list[str]:
    """Names that `explain` takes."""
    return list(METHODS)
