"""How the confidence in a class changes when a photo is seen through its map."""

import torch
from torch import Tensor


def drop(before: Tensor, after: Tensor) -> Tensor:
    """The share (N) in [0, 1] of its confidence that the network loses on each photo.

    Formula: `max(0, Y − O) / Y`, Y the confidence (N) in the predicted class of the whole photo and O that in the same
    class of the photo seen through its map, both tensors or arrays with values in (0, 1].
    Paper: Chattopadhay et al., Grad-CAM++, WACV 2018.
    """
    before, after = torch.as_tensor(before), torch.as_tensor(after)
    return (before - after).relu() / before


def increase(before: Tensor, after: Tensor) -> Tensor:
    """1 for each photo (N) on which the network becomes surer, else 0.

    Formula: `1[Y < O]`, Y and O as in `drop`.
    Paper: Chattopadhay et al., Grad-CAM++, WACV 2018.
    """
    return (torch.as_tensor(before) < torch.as_tensor(after)).double()


def gain(before: Tensor, after: Tensor) -> Tensor:
    """The share (N) in [0, 1] of the confidence it lacked that the network gains on each photo.

    Formula: `max(0, O − Y) / (1 − Y)`, Y and O as in `drop`; a photo of confidence 1 can gain nothing.
    Paper: Zhang et al., Opti-CAM: Optimizing saliency maps for interpretability, CVIU 2024 (arXiv 2301.07002).
    """
    before, after = torch.as_tensor(before), torch.as_tensor(after)
    lacking = 1 - before
    return ((after - before).relu() / lacking).where(lacking > 0, 0)


def average_drop(before: Tensor, after: Tensor) -> float:
    """The mean of `drop` over the photos, in percent; lower is better."""
    return 100 * drop(before, after).mean().item()


def increase_in_confidence(before: Tensor, after: Tensor) -> float:
    """The mean of `increase` over the photos, in percent; higher is better."""
    return 100 * increase(before, after).mean().item()


def average_gain(before: Tensor, after: Tensor) -> float:
    """The mean of `gain` over the photos, in percent; higher is better."""
    return 100 * gain(before, after).mean().item()
