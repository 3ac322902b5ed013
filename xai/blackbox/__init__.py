"""Classifiers known only by what they answer, and what explains them."""

from xai.blackbox.blackbox import BlackBox, BlackBoxError

__all__ = ["BlackBox", "BlackBoxError"]
