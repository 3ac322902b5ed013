"""Smooth Grad-CAM++: Grad-CAM++ with derivatives averaged over noisy copies of the photo."""

import torch
from torch import Tensor

from xai.activations import Activations
from xai.methods.gradcam_pp import gradcam_pp, weigh_by_alpha
from xai.methods.registry import method
from xai.methods.smoothing import compute_noisy_gradients
from xai.methods.suitability import DIVIDES
from xai.steps import Progress, Steps


@method(
    "smooth-gradcam++",
    title="Smooth Grad-CAM++",
    source="omeiza2019",
    conditions=DIVIDES,
    pace="seconds",
    short_cut=True,
)
def smooth_gradcam_pp(
    batch: Activations, targets: Tensor | None, target_layer: str,
    *, samples: int = 16, noise: float = 0.15, seed: int = 0,
) -> Steps[Tensor]:  # fmt: skip
    """Smooth Grad-CAM++: Grad-CAM++ with first, second and third derivatives averaged over noisy copies of the photo.

    Formula: as Grad-CAM++, with `D_p = (1/n) Σ_i g(x + ε_i)^p`, `α = D_2 / (2 D_2 + D_3 Σ_lm A_lm)` and
    `w = Σ_ij α ReLU(D_1)`; the features `A` are the photo's own. At the last layer of a network with global average
    pooling and one linear layer the gradient does not depend on the photo, so it is Grad-CAM++ exactly.
    Paper: Omeiza et al., Smooth Grad-CAM++, 2019 (arXiv 1908.01224).

    Options:
        samples: n.
        noise: standard deviation of the noise, as a share of the range of the input's values.
        seed: of the noise.
    """
    model, features, photos = batch.model, batch.at(target_layer), len(batch.x)  # B, C, h, w
    if model.linear_weights(target_layer) is not None:
        return gradcam_pp(batch, targets, target_layer)
    maps = []
    for i in range(photos):
        first = second = third = features.new_zeros((), dtype=torch.float64)  # then C, h, w
        done = 0
        for gradients in compute_noisy_gradients(batch, i, targets, target_layer, samples, noise, seed):
            done += len(gradients)
            gradients = gradients.double()  # the cube of a small one is nothing in single precision
            first = first + gradients.sum(0)
            second = second + gradients.square().sum(0)
            third = third + gradients.pow(3).sum(0)
            yield Progress((i + done / samples) / photos)
        ratio = (third / second).where(second > 0, 0)
        first, ratio = (first / samples).to(features.dtype), ratio.to(features.dtype)
        maps.append(weigh_by_alpha(first[None], ratio[None], features[i : i + 1]))
    return torch.cat(maps)
