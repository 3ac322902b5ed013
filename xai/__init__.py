"""Explainable image recognition: what a network says, and why.

import xai

model = xai.load_model("garbage-s_se_resnet50")
e = xai.explain(model, "bottle.jpg", method="gradcam")
e.overlay().save("why.png")
"""

from xai import evaluation, metrics
from xai.agreement import Agreement
from xai.blackbox import BlackBox, BlackBoxError, load_black_box
from xai.class_evidence import Evidence, evidence
from xai.explaining import explain
from xai.explanation import Explanation, on_common_scale
from xai.filenames import name_download
from xai.layers import explain_layers
from xai.methods import list_methods
from xai.photo import load_photo
from xai.saving import pack, save_all
from xai.similar import load_index
from xai.version import __version__
from xai.zoo import list_models, load_model

__all__ = [
    "Agreement", "BlackBox", "BlackBoxError", "Evidence", "Explanation", "__version__", "evaluation", "evidence",
    "explain", "explain_layers", "list_methods", "list_models", "load_black_box", "load_index", "load_model",
    "load_photo", "metrics", "name_download", "on_common_scale", "pack", "save_all",
]  # fmt: skip
