"""The pyramid tab: one aerial photo, and where each layer of some feature pyramids looked."""

from xai.studio.examples import PYRAMID_EXAMPLES as EXAMPLES
from xai.studio.pyramid.page import PyramidTab, build

__all__ = ["EXAMPLES", "PyramidTab", "build"]
