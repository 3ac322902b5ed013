"""What an explanation is worth: measured, with controls beside it.

scores = xai.metrics.score_layers(model, photos, method="gradcam", hiding="black")
scores["layer1"].average_drop(), scores["constant"].average_drop()
xai.metrics.mosaic_test(model, four_photos_of_four_classes)
curves = xai.metrics.play(black_box, photo, {"gradcam": explanation})["deletion"]
"""

from xai.layers import COMBINED
from xai.metrics.confidence import average_drop, average_gain, increase_in_confidence
from xai.metrics.controls import COMPANIONS
from xai.metrics.explained import read_explained
from xai.metrics.games import GAMES, auc, deletion, insertion, play
from xai.metrics.hiding import HIDINGS, hide, keep_strongest
from xai.metrics.mosaic import join_photos, mosaic_test, own_share
from xai.metrics.registry import METRICS, Metric
from xai.metrics.reliability import adcc, coherency, complexity
from xai.metrics.scores import Scores, score_layers, score_maps, see_through
from xai.metrics.shared import nearly_the_same, sameness

__all__ = [
    "COMBINED",
    "COMPANIONS",
    "GAMES",
    "HIDINGS",
    "METRICS",
    "Metric",
    "Scores",
    "adcc",
    "auc",
    "average_drop",
    "average_gain",
    "coherency",
    "complexity",
    "deletion",
    "hide",
    "increase_in_confidence",
    "insertion",
    "join_photos",
    "keep_strongest",
    "mosaic_test",
    "nearly_the_same",
    "own_share",
    "play",
    "read_explained",
    "sameness",
    "score_layers",
    "score_maps",
    "see_through",
]  # fmt: skip
