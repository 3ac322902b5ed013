"""How a class's confidence changes when only what a map shows of the photo is left."""

from torch import Tensor


def average_drop(before: Tensor, after: Tensor) -> float:
    """Average drop in percent, lower is better: how much of its confidence the network loses.

    Formula: `100/N Σ max(0, Y_i − O_i) / Y_i` with `Y_i` the confidence in the photo's predicted class (N) and `O_i`
    that in the same class when the photo is seen through its map (N), both in (0, 1].
    Paper: Chattopadhay et al., Grad-CAM++, WACV 2018.
    """
    return 100 * ((before - after).relu() / before).mean().item()


def increase_in_confidence(before: Tensor, after: Tensor) -> float:
    """Increase in confidence in percent, higher is better: of how many photos the network becomes surer.

    Formula: `100/N Σ 1[Y_i < O_i]`.
    Paper: Chattopadhay et al., Grad-CAM++, WACV 2018.
    """
    return 100 * (before < after).double().mean().item()


def average_gain(before: Tensor, after: Tensor) -> float:
    """Average gain in percent, higher is better: how much of the confidence it lacked the network gains.

    Formula: `100/N Σ max(0, O_i − Y_i) / (1 − Y_i)`; a photo of confidence 1 can gain nothing.
    Paper: Zhang et al., Opti-CAM: Optimizing saliency maps for interpretability, CVIU 2024 (arXiv 2301.07002).
    """
    lacking = 1 - before
    return 100 * ((after - before).relu() / lacking).where(lacking > 0, 0).mean().item()
