"""The explanation methods, each in a file of its own; importing it here enters it in `METHODS`."""

from xai.methods import (  # noqa: I001  # in the order in which menus and lists have them
    cam,
    gradcam,
    gradcam_pp,
    smooth_gradcam_pp,
    xgradcam,
    hirescam,
    layercam,
    finercam,
    eigencam,
    attention,
    distilled,
    ablationcam,
    scorecam,
    smoothgrad,
    rise,
    lime,
    mask,
    controls,
)
from xai.methods.reading import list_methods
from xai.methods.registry import METHODS, Method, method, method_of
from xai.methods.suitability import UnsuitableError

__all__ = [
    "METHODS", "Method", "UnsuitableError", "ablationcam", "attention", "cam", "controls", "distilled", "eigencam",
    "finercam", "gradcam", "gradcam_pp", "hirescam", "layercam", "lime", "list_methods", "mask", "method", "method_of",
    "rise", "scorecam", "smooth_gradcam_pp", "smoothgrad", "xgradcam",
]  # fmt: skip
