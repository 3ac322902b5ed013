"""Classifiers known only by their answers."""

from xai.blackbox.blackbox import BlackBox, BlackBoxError
from xai.blackbox.checkpoint import from_checkpoint
from xai.blackbox.endpoint import from_endpoint
from xai.blackbox.function import from_function
from xai.blackbox.load import load_black_box
from xai.blackbox.onnx_file import from_onnx
from xai.blackbox.timm_model import from_timm

__all__ = [
    "BlackBox", "BlackBoxError", "from_checkpoint", "from_endpoint", "from_function", "from_onnx", "from_timm",
    "load_black_box",
]  # fmt: skip
