"""The explanation methods, by name, and which of them suit which network."""

import inspect
import re
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from xai.methods import (  # modules: a function of the same name would hide its module
    ablationcam,
    attention,
    cam,
    distilled,
    eigencam,
    finercam,
    gradcam,
    gradcam_pp,
    hirescam,
    layercam,
    scorecam,
    smooth_gradcam_pp,
    smoothgrad,
    xgradcam,
)
from xai.methods.suitability import (
    INPUT,
    UnsuitableError,
    needs_a_layer,
    needs_a_varying_gradient,
    needs_attention,
    needs_attention_blocks,
    needs_linear_head,
    needs_non_negative_features,
)
from xai.models import Classifier

Maps = Tensor | Generator[float, None, Tensor]
Need = Callable[[Classifier, str, str], UnsuitableError | None]


@dataclass(frozen=True)
class Method:
    """A method and what is known of it before it runs.

    Attributes:
        title: as it is written in the literature.
        run: takes a batch's activations, the targets (B) or None for the predicted classes, and a layer; returns the
            raw maps (B, h, w) at the layer's own size. A slow one is a generator of the share done, in [0, 1], that
            returns them; closed, it stops.
        needs: what it asks of network and layer.
        slow: it runs the network, or what is above the layer, many times: for `seconds` or `minutes` on a CPU.
        short_cut: but not at the last layer of a network with global average pooling and one linear layer.
        class_specific: the map depends on the class.
        usual_layer: the layer where none is named; None is the network's last.
    """

    title: str
    run: Callable[..., Maps]
    needs: tuple[Need, ...] = (needs_a_layer,)
    slow: Literal["", "seconds", "minutes"] = ""
    short_cut: bool = False
    class_specific: bool = True
    usual_layer: str | None = None

    @property
    def summary(self) -> str:
        """The first line of its docstring, without the name."""
        return inspect.getdoc(self.run).splitlines()[0].partition(": ")[2]

    @property
    def paper(self) -> str:
        return re.search(r"Paper: (.+?)(?:\n\n|$)", inspect.getdoc(self.run), re.DOTALL)[1].replace("\n", " ")

    @property
    def options(self) -> list[str]:
        """What can be set of it."""
        parameters = inspect.signature(self.run).parameters.values()
        return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]

    def layer(self, model: Classifier, target_layer: str | None) -> str:
        return target_layer or self.usual_layer or model.last_layer

    def unsuitable(self, model: Classifier, target_layer: str | None = None) -> UnsuitableError | None:
        """Why it cannot explain this network at this layer; None where it can."""
        layer = self.layer(model, target_layer)
        if layer != INPUT and layer not in model.layers:
            return UnsuitableError("layer", layer=layer, layers=", ".join(model.layers))
        return next(filter(None, (need(model, layer, self.title) for need in self.needs)), None)

    def is_slow(self, model: Classifier, target_layer: str | None = None) -> bool:
        quick = self.short_cut and model.linear_weights(self.layer(model, target_layer)) is not None
        return bool(self.slow) and not quick


DIVIDES = (needs_a_layer, needs_non_negative_features)
METHODS = {
    "cam": Method("CAM", cam.cam, (needs_a_layer, needs_linear_head)),
    "gradcam": Method("Grad-CAM", gradcam.gradcam),
    "gradcam++": Method("Grad-CAM++", gradcam_pp.gradcam_pp, DIVIDES),
    "smooth-gradcam++": Method(
        "Smooth Grad-CAM++", smooth_gradcam_pp.smooth_gradcam_pp, DIVIDES, slow="seconds", short_cut=True
    ),
    "xgradcam": Method("XGrad-CAM", xgradcam.xgradcam, DIVIDES),
    "hirescam": Method("HiResCAM", hirescam.hirescam),
    "layercam": Method("Layer-CAM", layercam.layercam),
    "finercam": Method("Finer-CAM", finercam.finercam),
    "eigencam": Method("Eigen-CAM", eigencam.eigencam, class_specific=False),
    "eigengradcam": Method("Eigen-Grad-CAM", eigencam.eigengradcam),
    "attention": Method("Attention", attention.attention, (needs_a_layer, needs_attention), class_specific=False),
    "distilled": Method("Distilled", distilled.distilled, (needs_a_layer, needs_attention_blocks)),
    "ablationcam": Method("Ablation-CAM", ablationcam.ablationcam, slow="minutes", short_cut=True),
    "scorecam-fast": Method("Fast Score-CAM", scorecam.scorecam_fast, slow="seconds"),
    "scorecam": Method("Score-CAM", scorecam.scorecam, slow="minutes"),
    "smoothgrad": Method(
        "SmoothGrad", smoothgrad.smoothgrad, (needs_a_varying_gradient,), slow="seconds", usual_layer=INPUT
    ),
}


def list_methods(model: Classifier | None = None, target_layer: str | None = None) -> list[str]:
    """Names that `explain` takes: all, or those that suit a network at a layer (None: each method's usual one)."""
    return [name for name, m in METHODS.items() if model is None or m.unsuitable(model, target_layer) is None]


def method_of(name: str) -> Method:
    """A method by name.

    Raises:
        ValueError: there is none of this name.
    """
    if name not in METHODS:
        raise UnsuitableError("method", method=name, methods=", ".join(METHODS))
    return METHODS[name]
