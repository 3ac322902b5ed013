"""Methods × metrics over many photos, in one pass.

black_box = xai.load_black_box("garbage-efficientnet_lite0", student="blackbox-student")
methods = ["gradcam", "distilled", "random"]
xai.evaluation.evaluate([black_box], methods, ["deletion", "insertion"], "TRASHNET", "results")
"""

from xai.evaluation.plan import Settings
from xai.evaluation.run import Outcome, evaluate

__all__ = ["Outcome", "Settings", "evaluate"]
