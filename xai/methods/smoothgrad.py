"""SmoothGrad: the gradient at the pixels, averaged over noisy copies of the photo."""

import torch
from torch import Tensor

from xai.activations import Activations
from xai.methods.registry import method
from xai.methods.smoothing import compute_noisy_gradients
from xai.methods.suitability import INPUT, needs_a_varying_gradient
from xai.steps import Progress, Steps


@method(
    "smoothgrad",
    title="SmoothGrad",
    source="smilkov2017",
    conditions=(needs_a_varying_gradient,),
    pace="seconds",
    usual_layer=INPUT,
)
def smoothgrad(
    batch: Activations, targets: Tensor | None, target_layer: str,
    *, samples: int = 16, noise: float = 0.15, seed: int = 0,
) -> Steps[Tensor]:  # fmt: skip
    """SmoothGrad: which pixels a class's logit is sensitive to; or, for a layer, which of its positions.

    Formula: `M = Σ_k |(1/n) Σ_i ∂y^c(x + ε_i)/∂A^k|` with `A` the input `x`, or a layer's features, and
    `ε_i ~ N(0, σ²)`, `σ = noise (max x − min x)`; values above the 99th percentile are clipped, as by the authors.
    At the input every sample costs a forward and a backward pass through the whole network.
    Paper: Smilkov et al., SmoothGrad: removing noise by adding noise, 2017 (arXiv 1706.03825).

    Options:
        samples: n.
        noise: standard deviation of the noise, as a share of the range of the input's values.
        seed: of the noise.
    """
    maps, photos = [], len(batch.x)
    for i in range(photos):
        total, done = batch.x.new_zeros(()), 0  # then C, h, w
        for gradients in compute_noisy_gradients(batch, i, targets, target_layer, samples, noise, seed):
            total, done = total + gradients.sum(0), done + len(gradients)
            yield Progress((i + done / samples) / photos)
        sensitivity = (total / samples).abs().sum(0)  # h, w
        maps.append(sensitivity.clamp(max=sensitivity.flatten().quantile(0.99)))
    return torch.stack(maps)
