"""What an explanation is worth: measured, with controls beside it.

scores = xai.metrics.score_layers(model, photos, method="gradcam", hiding="black")
scores["layer1"].average_drop(), scores["constant"].average_drop()
"""

from xai.layers import COMBINED
from xai.metrics.confidence import average_drop, average_gain, increase_in_confidence
from xai.metrics.controls import CONTROLS
from xai.metrics.hiding import HIDINGS, hide, strongest
from xai.metrics.reliability import adcc, coherency, complexity
from xai.metrics.scores import Scores, score_layers, seen_through

__all__ = [
    "COMBINED", "CONTROLS", "HIDINGS", "Scores", "adcc", "average_drop", "average_gain", "coherency", "complexity",
    "hide", "increase_in_confidence", "score_layers", "seen_through", "strongest",
]  # fmt: skip
