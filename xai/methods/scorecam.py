"""Score-CAM: channels weighed by what the network says of the photo seen through them."""

from collections.abc import Generator

import torch
from torch import Tensor
from torch.nn import functional as F

from xai.activations import Activations, chosen
from xai.methods.gradcam import weighted
from xai.precision import half

AT_ONCE = 8  # masked photos in memory


def scorecam(batch: Activations, targets: Tensor | None, target_layer: str) -> Generator[float, None, Tensor]:
    """Score-CAM: channels weighed by the class's logit when the photo is seen through them; no gradient.

    Formula: `L^c = ReLU(Σ_k a_k A^k)` with `a = softmax_k(y^c(x ⊙ H_k))` and `H_k` the channel `A^k`, resized
    bilinearly to the input's size and scaled to [0, 1]. A silent channel adds nothing but its part of the softmax.
    Paper: Wang et al., Score-CAM: Score-Weighted Visual Explanations for Convolutional Neural Networks, CVPRW 2020.
    """
    features = batch.at(target_layer)  # B, C, h, w
    targets = chosen(batch.logits(), targets)
    scores = features.new_empty(features.shape[:2])  # B, C
    for i in range(len(features)):
        channels = torch.arange(features.shape[1], device=features.device)
        for share in masked_scores(batch, i, targets[i], features[i], channels, scores[i]):
            yield (i + share) / len(features)
    return weighted(scores.softmax(1), features)


def masked_scores(
    batch: Activations, i: int, target: Tensor, features: Tensor, channels: Tensor, scores: Tensor
) -> Generator[float, None, None]:
    """Write to `scores` (C) the target's logit of photo i seen through some channels of its features (C, h, w)."""
    x = batch.x[i : i + 1]  # 1, 3, S, S
    flat = features.flatten(1)
    heard = (flat.amax(1) > flat.amin(1))[channels]
    silent, heard = channels[~heard], channels[heard]
    if len(silent):  # a constant channel's mask is black: they all share one score
        scores[silent] = batch.model(torch.zeros_like(x))[0, target]
    for done, part in enumerate(heard.split(AT_ONCE), start=1):
        masks = F.interpolate(features[part, None], size=x.shape[2:], mode="bilinear")  # n, 1, S, S
        low, high = masks.amin((2, 3), keepdim=True), masks.amax((2, 3), keepdim=True)
        with half(batch.model, x.device):
            logits = batch.model(x * ((masks - low) / (high - low)))  # n, K
        scores[part] = logits[:, target].to(scores.dtype)
        yield min(1, done * AT_ONCE / len(heard))


def scorecam_fast(batch, targets, target_layer):
    """Score-CAM, fast: TODO.

    Paper: x
    """
    yield 0
