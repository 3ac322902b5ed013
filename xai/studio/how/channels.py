"""A class's logit taken apart: what single channels of the last layer add to it, and what all the others do."""

from dataclasses import dataclass

import numpy as np
import torch

from xai.activations import Activations
from xai.methods.cam import compute_all_class_maps

SHOWN = 9


@dataclass(frozen=True)
class Parts:
    """The parts of a class's CAM: `CAM = Σ_k weights_k features_k + rest`, and its mean plus the bias is the logit.

    Attributes:
        channels: the numbers of the channels, the one that counts most first.
        total: how many channels the layer has.
        features: float32 (n, h, w), what each of these channels sees where.
        weights: float32 (n,), the channels' weights for the class.
        rest: float32 (h, w), the sum of all other channels times their weights.
        bias: what the class gets whatever the photo.
        others: float32 (K - 1,), the logits of the other classes, which do not depend on these weights.
    """

    channels: list[int]
    total: int
    features: np.ndarray
    weights: np.ndarray
    rest: np.ndarray
    bias: float
    others: np.ndarray


def take_apart(batch: Activations, target: int, shown: int = SHOWN) -> Parts:
    """The parts of one photo's logit of a class, by the channels that add or take the most: those of the largest
    `|w_k mean(A_k)|`.

    Raises:
        ValueError: more than global average pooling and one linear layer is above the last layer.
    """
    layer, features = batch.model.last_layer, batch.last[0]  # C, h, w
    weights = batch.model.read_linear_weights(layer)[target]  # C
    chosen = (weights * features.mean((1, 2))).abs().topk(min(shown, len(weights))).indices  # n
    strongest = torch.einsum("c,chw->hw", weights[chosen], features[chosen])
    rest = compute_all_class_maps(batch, layer)[0, target] - strongest  # h, w
    head, logits = batch.model.linear_head, batch.logits()[0]  # K
    return Parts(
        channels=chosen.tolist(),
        total=len(weights),
        features=features[chosen].float().cpu().numpy(),
        weights=weights[chosen].float().cpu().numpy(),
        rest=rest.float().cpu().numpy(),
        bias=float(head.bias[target]) if head is not None and head.bias is not None else 0.0,
        others=torch.cat([logits[:target], logits[target + 1 :]]).float().cpu().numpy(),
    )
