"""How a photo becomes a map, step by step, and whether the map is right: a section of the page for the curious."""

from xai.studio.how.page import HowParts

__all__ = ["HowParts"]
