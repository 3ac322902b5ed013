"""The live camera: what it shows is answered frame by frame, as fast as the machine allows."""

from xai.studio.live.panel import Live

__all__ = ["Live"]
