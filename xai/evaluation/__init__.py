"""Methods × metrics over many photos, in one pass.

subject = xai.evaluation.Subject(xai.load_black_box("garbage-efficientnet_lite0"), xai.load_model("blackbox-student"))
xai.evaluation.evaluate([subject], ["gradcam", "distilled", "random"], ["deletion", "insertion"], "TRASHNET", "results")
"""

from xai.evaluation.plan import Settings, Subject
from xai.evaluation.run import Outcome, evaluate

__all__ = ["Outcome", "Settings", "Subject", "evaluate"]
