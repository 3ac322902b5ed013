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
    """Fast Score-CAM: Score-CAM that looks through some channels and infers from them what the others would say.

    Formula: as Score-CAM, but only the channels with the largest `Σ_ij |A^k_ij|`, and as many spread evenly over the
    rest, get their score from the network; that of any other is a ridge regression on its mask averaged to 3×3.
    Paper: Wang et al., CVPRW 2020; the short cut is ours, measured by `python -m benchmarks.scorecam`.

    Options:
        channels: how many the network is asked about.
    """
    return (yield from through_channels(batch, targets, target_layer, channels))


def through_channels(
    batch: Activations, targets: Tensor | None, target_layer: str, count: int
) -> Generator[float, None, Tensor]:
    """Score-CAM with `count` channels' scores from the network and the others' inferred."""
    features = batch.at(target_layer)  # B, C, h, w
    targets = chosen(batch.logits(), targets)
    scores = features.new_empty(features.shape[:2])  # B, C
    for i, strength in enumerate(features.abs().sum(dim=(2, 3))):
        known = telling(strength, count)  # N
        told = features.new_empty(len(known))  # N
        for share in masked_scores(batch, i, targets[i], features[i, known], told):
            yield (i + share) / len(features)
        scores[i] = inferred(features[i], known, told)
    return weighted(scores.softmax(1), features)


def telling(strength: Tensor, count: int) -> Tensor:
    """Which channels (N) to ask about, from their strengths (C): the strongest, and as many from all over the rest."""
    order = strength.argsort(descending=True)
    order = order[: int((strength > 0).sum())] if count < len(order) else order
    if count >= len(order):
        return order
    strongest, rest = order[: count // 2], order[count // 2 :]
    places = torch.linspace(0, len(rest) - 1, count - count // 2, device=rest.device).long()
    return torch.cat([strongest, rest[places]])


def inferred(features: Tensor, known: Tensor, told: Tensor) -> Tensor:
    """All channels' scores (C) from the features (C, h, w) and the scores told (N) of the channels known (N)."""
    if len(known) == len(features):
        return features.new_empty(len(features)).scatter(0, known, told)
    flat = features.flatten(1)
    low, high = flat.amin(1)[:, None, None], flat.amax(1)[:, None, None]
    masks = ((features - low) / (high - low)).where(high > low, 0)  # C, h, w
    coarse = F.adaptive_avg_pool2d(masks, 3).flatten(1)  # C, 9
    mean, std = coarse[known].mean(0), coarse[known].std(0).clamp(min=1e-6)
    predictors = (coarse - mean) / std  # C, 9
    gram = predictors[known].T @ predictors[known] + torch.eye(9).to(predictors)  # 9, 9
    slopes = torch.linalg.solve(gram, predictors[known].T @ (told - told.mean()))  # 9
    scores = (told.mean() + predictors @ slopes).clamp(max=told.max())  # C: no guess outdoes what was seen
    return scores.scatter(0, known, told)


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
