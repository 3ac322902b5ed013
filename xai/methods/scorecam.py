"""Score-CAM: channels weighed by what the network says of the photo seen through them."""

import torch
from torch import Tensor
from torch.nn import functional as F

from xai.activations import Activations, choose_targets
from xai.methods.gradcam import weigh_channels
from xai.methods.registry import method
from xai.precision import in_half_precision
from xai.steps import Progress, Steps, rescale

AT_ONCE = 8  # masked photos in memory
REACH = 0.3  # root mean square difference of two masks, in [0, 1], at which what is said of one tells of the other
NOISE = 0.05  # share of the scores' variance that masks alike do not share


@method("scorecam-fast", title="Fast Score-CAM", source="wang2020", pace="seconds")
def scorecam_fast(
    batch: Activations, targets: Tensor | None, target_layer: str, *, channels: int = 40
) -> Steps[Tensor]:
    """Fast Score-CAM: Score-CAM that looks through some channels and infers from them what the others would say.

    Formula: as Score-CAM, but only some channels get their score from the network. That of any other is the mean of a
    Gaussian process over the masks `H_k` with the kernel `exp(−mean_ij (H_k − H_l)² / 2 · 0.3²)` and a noise of 0.05
    times its variance, but no more than the largest score that the network gave. Asked about next is always the channel
    with the largest `v_k ‖A^k − mean_ij A^k_ij‖`: its variance by that process, given what was asked before, times what
    it can change of the map.
    Paper: Wang et al., CVPRW 2020; the short cut is ours, measured by `python -m benchmarks.scorecam`.

    Options:
        channels: how many the network is asked about.
    """
    return (yield from look_through_channels(batch, targets, target_layer, channels))


@method("scorecam", title="Score-CAM", source="wang2020", pace="minutes")
def scorecam(batch: Activations, targets: Tensor | None, target_layer: str) -> Steps[Tensor]:
    """Score-CAM: channels weighed by the class's logit when the photo is seen through them; no gradient.

    Formula: `L^c = ReLU(Σ_k a_k A^k)` with `a = softmax_k(y^c(x ⊙ H_k))` and `H_k` the channel `A^k`, resized
    bilinearly to the input's size and scaled to [0, 1]. A silent channel adds nothing but its part of the softmax.
    Paper: Wang et al., Score-CAM: Score-Weighted Visual Explanations for Convolutional Neural Networks, CVPRW 2020.
    """
    return (yield from look_through_channels(batch, targets, target_layer, batch.at(target_layer).shape[1]))


def look_through_channels(batch: Activations, targets: Tensor | None, target_layer: str, count: int) -> Steps[Tensor]:
    """Score-CAM with `count` channels' scores from the network and the others' inferred."""
    features = batch.at(target_layer)  # B, C, h, w
    targets = choose_targets(batch.logits(), targets)
    scores = features.new_empty(features.shape[:2])  # B, C
    for i, channels in enumerate(features):
        known = choose_channels(channels, count)  # N
        steps = score_masked(batch, i, targets[i], channels[known])
        answers = yield from rescale(steps, i / len(features), (i + 1) / len(features))  # N
        scores[i] = infer_scores(channels, known, answers)
    return weigh_channels(scores.softmax(1), features)


def choose_channels(features: Tensor, count: int) -> Tensor:
    """Which channels (N) of the features (C, h, w) to ask about: those whose scores are least known and matter most."""
    if count >= len(features):
        return torch.arange(len(features), device=features.device)
    masks = scale_masks(features)  # C, hw
    deviation = (features - features.mean((1, 2), keepdim=True)).square().sum((1, 2)).sqrt()  # C
    variance = torch.ones_like(deviation)  # C, of the scores, given those of the channels taken
    taken, gains = [], masks.new_empty(count, len(masks))
    for j in range(min(count, max(1, int((deviation > 0).sum())))):
        k = int((variance * deviation).argmax())
        covariance = compare_masks(masks, masks[k : k + 1])[:, 0] - gains[:j].T @ gains[:j, k]  # C
        gains[j] = covariance / (variance[k] + NOISE).sqrt()
        variance = (variance - gains[j].square()).clamp(min=0)
        deviation[k] = -1  # it is not asked twice
        taken.append(k)
    return torch.tensor(taken, device=features.device, dtype=torch.long)


def infer_scores(features: Tensor, known: Tensor, answers: Tensor) -> Tensor:
    """All channels' scores (C) from the features (C, h, w) and the answers (N) for the channels known (N)."""
    if len(known) == len(features):
        return features.new_empty(len(features)).scatter(0, known, answers)
    masks = scale_masks(features)  # C, hw
    alike = compare_masks(masks, masks[known])  # C, N
    mean = answers.mean()
    slopes = torch.linalg.solve(alike[known] + NOISE * torch.eye(len(known)).to(alike), answers - mean)  # N
    scores = (mean + alike @ slopes).clamp(max=answers.max())  # C: no guess outdoes what was seen
    return scores.scatter(0, known, answers)


def scale_masks(features: Tensor) -> Tensor:
    """Each channel of features (C, h, w) scaled to [0, 1] (C, hw); a constant one is black."""
    flat = features.flatten(1)
    low, high = flat.amin(1, keepdim=True), flat.amax(1, keepdim=True)
    return ((flat - low) / (high - low)).where(high > low, 0)


def compare_masks(a: Tensor, b: Tensor) -> Tensor:
    """How much masks (A, hw) and (B, hw) say the same, in (0, 1]: (A, B)."""
    distances = torch.cdist(a, b).square() / a.shape[1]  # A, B
    return (-distances / (2 * REACH**2)).exp()


def score_masked(batch: Activations, i: int, target: Tensor, features: Tensor) -> Steps[Tensor]:
    """The target's logit (N) when photo i is seen through each of some channels (N, h, w)."""
    x, scores = batch.x[i : i + 1], features.new_empty(len(features))  # 1, 3, S, S and N
    flat = features.flatten(1)
    heard = flat.amax(1) > flat.amin(1)
    if not heard.all():  # a constant channel's mask is black: they all share one score
        scores[~heard] = batch.model(torch.zeros_like(x))[0, target]
    parts = heard.nonzero()[:, 0].split(AT_ONCE) if heard.any() else ()
    for done, part in enumerate(parts, start=1):
        masks = F.interpolate(features[part, None], size=x.shape[2:], mode="bilinear")  # n, 1, S, S
        low, high = masks.amin((2, 3), keepdim=True), masks.amax((2, 3), keepdim=True)
        with in_half_precision(batch.model, x.device):
            logits = batch.model(x * ((masks - low) / (high - low)))  # n, K
        scores[part] = logits[:, target].to(scores.dtype)
        yield Progress(done / len(parts))
    return scores
