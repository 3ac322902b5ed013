"""The black-box tab: what a black box says, how far its student agrees, and where both may be looking."""

from xai.studio.blackbox.page import BlackBoxTab, build

__all__ = ["BlackBoxTab", "build"]
