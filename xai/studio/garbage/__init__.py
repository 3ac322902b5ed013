"""The garbage tab: one photo of waste, networks side by side."""

from xai.studio.examples import GARBAGE_EXAMPLES as EXAMPLES
from xai.studio.garbage.page import OPENING_NETWORKS, GarbageTab, build

__all__ = ["EXAMPLES", "OPENING_NETWORKS", "GarbageTab", "build"]
