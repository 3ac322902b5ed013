"""Grad-CAM++: gradients weighed so that several objects of a class show, not only the largest."""

from torch import Tensor

from xai.activations import Activations
from xai.methods.gradcam import weigh_channels
from xai.methods.registry import method
from xai.methods.suitability import DIVIDES


@method("gradcam++", title="Grad-CAM++", source="chattopadhay2018", conditions=DIVIDES)
def gradcam_pp(batch: Activations, targets: Tensor | None, target_layer: str) -> Tensor:
    """Grad-CAM++: Grad-CAM with positive gradients only, weighed by how much of a channel's sum each accounts for.

    Formula: `L^c = ReLU(Σ_k w_k^c A^k)` with `w_k^c = Σ_ij α_ij^kc ReLU(g_ij)`, `g = ∂y^c/∂A^k` and, for the score
    `exp(y^c)`, `α_ij^kc = g² / (2 g² + g³ Σ_lm A^k_lm)`; the factor `exp(y^c)` of all weights is left out.
    Paper: Chattopadhay et al., Grad-CAM++: Generalized Gradient-based Visual Explanations, WACV 2018.
    """
    gradients = batch.gradients(target_layer, targets)  # B, C, h, w
    return weigh_by_alpha(gradients, gradients, batch.at(target_layer))


def weigh_by_alpha(gradients: Tensor, ratio: Tensor, features: Tensor) -> Tensor:
    """The map (B, h, w) from `g` and the ratio of third to second derivatives, which is `g` again without smoothing.

    `α = 1 / (2 + ratio Σ A)` is the fraction of Chattopadhay et al. reduced by the second derivative: it needs no small
    constant against division by zero, which outweighs the second derivatives themselves where gradients are small.
    """
    sums = features.sum(dim=(2, 3), keepdim=True)  # B, C, 1, 1
    positive = gradients.relu()
    weights = (positive / (2 + ratio * sums)).where(positive > 0, 0).sum(dim=(2, 3))  # B, C
    return weigh_channels(weights, features)
