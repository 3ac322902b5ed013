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
    return (yield from through_channels(batch, targets, target_layer, batch.at(target_layer).shape[1]))


def scorecam_fast(
    batch: Activations, targets: Tensor | None, target_layer: str, *, channels: int = 40
) -> Generator[float, None, Tensor]:
    """Fast Score-CAM: Score-CAM of the strongest channels alone, which make nearly all of the map.

    Formula: as Score-CAM, over the channels with the largest `Σ_ij |A^k_ij|`; the others count as zero.
    Paper: Wang et al., CVPRW 2020; the choice of channels is ours, measured by `python -m benchmarks.scorecam`.

    Options:
        channels: how many.
    """
    return (yield from through_channels(batch, targets, target_layer, channels))


def through_channels(
    batch: Activations, targets: Tensor | None, target_layer: str, count: int
) -> Generator[float, None, Tensor]:
    """Score-CAM over each photo's `count` strongest channels."""
    features = batch.at(target_layer)  # B, C, h, w
    targets = chosen(batch.logits(), targets)
    strongest = features.abs().sum(dim=(2, 3)).topk(min(count, features.shape[1])).indices  # B, N
    maps = []
    for i, channels in enumerate(strongest):
        scores = features.new_empty(len(channels))  # N
        for share in masked_scores(batch, i, targets[i], features[i, channels], scores):
            yield (i + share) / len(features)
        maps.append(weighted(scores.softmax(0)[None], features[i : i + 1, channels]))
    return torch.cat(maps)


def masked_scores(
    batch: Activations, i: int, target: Tensor, features: Tensor, scores: Tensor
) -> Generator[float, None, None]:
    """Write to `scores` (N) the target's logit of photo i seen through each of some channels (N, h, w)."""
    x = batch.x[i : i + 1]  # 1, 3, S, S
    flat = features.flatten(1)
    heard = flat.amax(1) > flat.amin(1)
    if not heard.all():  # a constant channel's mask is black: they all share one score
        scores[~heard] = batch.model(torch.zeros_like(x))[0, target]
    parts = heard.nonzero()[:, 0].split(AT_ONCE)
    for done, part in enumerate(parts, start=1):
        masks = F.interpolate(features[part, None], size=x.shape[2:], mode="bilinear")  # n, 1, S, S
        low, high = masks.amin((2, 3), keepdim=True), masks.amax((2, 3), keepdim=True)
        with half(batch.model, x.device):
            logits = batch.model(x * ((masks - low) / (high - low)))  # n, K
        scores[part] = logits[:, target].to(scores.dtype)
        yield done / len(parts)
