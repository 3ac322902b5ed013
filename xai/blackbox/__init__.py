"""Classifiers known only by what they answer, and what explains them."""

from xai.blackbox.blackbox import BlackBox, BlackBoxError
from xai.blackbox.checkpoint import from_checkpoint
from xai.blackbox.endpoint import from_endpoint
from xai.blackbox.explain import BASELINES, explain_black_box, explain_black_box_steps
from xai.blackbox.function import from_function
from xai.blackbox.load import load_black_box
from xai.blackbox.onnx_file import from_onnx
from xai.blackbox.timm_model import from_timm

__all__ = [
    "BASELINES", "BlackBox", "BlackBoxError", "explain_black_box", "explain_black_box_steps", "from_checkpoint",
    "from_endpoint", "from_function", "from_onnx", "from_timm", "load_black_box",
]  # fmt: skip
