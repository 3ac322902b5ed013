"""Grad-CAM: channels weighed by their mean gradients."""

import torch
from torch import Tensor

from xai.activations import Activations
from xai.methods.registry import method


@method("gradcam", title="Grad-CAM", source="selvaraju2017")
def gradcam(batch: Activations, targets: Tensor | None, target_layer: str) -> Tensor:
    """Grad-CAM: the positions of a layer's features whose growth would raise a class's logit.

    Formula: `L^c = ReLU(Σ_k a_k^c A^k)` with `a_k^c = (1/hw) Σ_ij ∂y^c/∂A^k_ij`. At the last layer of a network with
    global average pooling and one linear layer, `∂y^c/∂A^k_ij = w_k^c/hw` everywhere, so `L^c = ReLU(CAM)/hw`.
    Paper: Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks, ICCV 2017.
    """
    return weigh_channels(batch.gradients(target_layer, targets).mean(dim=(2, 3)), batch.at(target_layer))


def weigh_channels(weights: Tensor, features: Tensor) -> Tensor:
    """`ReLU(Σ_k w_k A^k)` (B, h, w) from weights (B, C) and features (B, C, h, w)."""
    return torch.einsum("bc,bchw->bhw", weights, features).relu()
