"""What channel attention does to a photo: which channels it turns up and down, and what the answer is without."""

from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from xai.activations import Activations
from xai.models import Classifier
from xai.models.attention import SqueezeExcitation
from xai.models.resnet import Bottleneck
from xai.studio.answers import get_model
from xai.studio.examples import GARBAGE_EXAMPLES

SHOWN = 3  # channels turned up, and as many turned down


@dataclass(frozen=True)
class Turned:
    """The channels that the last SE turns up and down the most, compared with its weights' means over other photos.

    Attributes:
        channels: their numbers: turned up, the most first, then turned down, the most last.
        weights: float32 (n,), in [0, 1], for this photo.
        means: float32 (n,), over the other photos.
        features: float32 (n, h, w), what these channels see in the last layer.
        photos: how many other photos there were.
        label: the class that the network would predict if every SE of it weighed as it does on average.
        confidences: float32 (K,), how sure of each class it would then be.
    """

    channels: list[int]
    weights: np.ndarray
    means: np.ndarray
    features: np.ndarray
    photos: int
    label: str
    confidences: np.ndarray


class Recorder(nn.Module):
    """A SqueezeExcitation that writes down its scales (B, C, 1, 1)."""

    def __init__(self, attention: SqueezeExcitation, found: list[Tensor]) -> None:
        super().__init__()
        self.attention, self.found = attention, found

    def forward(self, features: Tensor) -> Tensor:
        scale = self.attention(features)
        self.found.append(scale)
        return scale


class Fixed(nn.Module):
    """Scales (1, C, 1, 1) that are the same for every photo."""

    def __init__(self, scale: Tensor) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, features: Tensor) -> Tensor:
        return self.scale


def find_attention(model: Classifier) -> list[Bottleneck]:
    """The blocks with an SE of their own, in order."""
    blocks = [module for module in model.modules() if isinstance(module, Bottleneck)]
    return [block for block in blocks if isinstance(block.attention, SqueezeExcitation)]


def copy_structure(model: Classifier) -> Classifier:
    """A copy with the same weights, not copies of them: its modules can be replaced while others use the model."""
    shared = [*model.parameters(), *model.buffers()]
    return deepcopy(model, {id(tensor): tensor for tensor in shared})


def read_scales(model: Classifier, x: Tensor) -> list[Tensor]:
    """What every SE of a network scales its channels by, for some inputs (B, 3, S, S): B, C, 1, 1 each."""
    found: list[Tensor] = []
    copy = copy_structure(model)
    for block in find_attention(copy):
        attention: Any = block.attention
        block.attention = Recorder(attention, found)
    copy(x)
    return found


def fix_scales(model: Classifier, scales: list[Tensor]) -> Classifier:
    """A copy, with the same weights, whose every SE gives the same scales (1, C, 1, 1) to every photo."""
    copy = copy_structure(model)
    for block, scale in zip(find_attention(copy), scales, strict=True):
        block.attention = Fixed(scale)
    return copy


@cache
def read_example_scales(name: str) -> tuple[Tensor, list[Tensor]]:
    """The examples as a network's input (N, 3, S, S), and their scales: N, C, 1, 1 each."""
    model = get_model(name)
    x = model.preprocess([*GARBAGE_EXAMPLES])
    return x, read_scales(model, x)


def compare_attention(name: str, batch: Activations) -> Turned | None:
    """What SE does to one photo; the other photos are the examples, without this one where it is one of them.

    Returns:
        None where the network has no SE.
    """
    model = batch.model
    if not find_attention(model):
        return None
    x, scales = read_example_scales(name)
    others = (x != batch.x).flatten(1).any(1)  # N
    means = [scale[others].mean(0, keepdim=True) for scale in scales]  # 1, C, 1, 1 each
    own, mean = read_scales(model, batch.x)[-1].flatten(), means[-1].flatten()  # C
    order = (own - mean).argsort(descending=True)
    chosen = torch.cat([order[:SHOWN], order[-SHOWN:]])  # n
    confidences = fix_scales(model, means)(batch.x)[0].softmax(0)  # K
    return Turned(
        channels=chosen.tolist(),
        weights=own[chosen].float().cpu().numpy(),
        means=mean[chosen].float().cpu().numpy(),
        features=batch.last[0, chosen].float().cpu().numpy(),
        photos=int(others.sum()),
        label=model.classes[int(confidences.argmax())],
        confidences=confidences.float().cpu().numpy(),
    )
