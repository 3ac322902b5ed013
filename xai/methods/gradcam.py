"""Grad-CAM: without a backward pass where the mathematics allows it, else with a graph that starts at the layer."""

import torch
from torch import Tensor

from xai.activations import Activations
from xai.methods.cam import chosen, class_maps
from xai.models import Classifier


def gradcam(batch: Activations, targets: Tensor | None, target_layer: str) -> tuple[Tensor, Tensor]:
    """Grad-CAM: the positions of a layer's features whose growth would raise a class's logit.

    Formula: `L^c = ReLU(Σ_k a_k^c A^k)` with `a_k^c = (1/hw) Σ_ij ∂y^c/∂A^k_ij`. At the last layer of a network with
    global average pooling and one linear layer, `∂y^c/∂A^k_ij = w_k^c/hw` everywhere, so `L^c = ReLU(CAM)/hw`.
    Paper: Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks, ICCV 2017.
    """
    model, features = batch.model, batch.at(target_layer)  # B, C, h, w
    if target_layer == model.last_layer and model.linear_head is not None:
        logits = batch.logits()  # B, K
        maps = class_maps(model, features, chosen(logits, targets))  # B, h, w
        return maps.relu() / features[0, 0].numel(), logits
    gradients, logits = layer_gradients(model, features, targets, target_layer)
    weights = gradients.mean(dim=(2, 3))  # B, C
    return torch.einsum("bc,bchw->bhw", weights, features).relu(), logits


def layer_gradients(
    model: Classifier, features: Tensor, targets: Tensor | None, target_layer: str
) -> tuple[Tensor, Tensor]:
    """The gradients (B, C, h, w) of the targets' logits at a layer's features (B, C, h, w), and the logits (B, K)."""
    features = features.detach().requires_grad_()
    with torch.enable_grad():
        logits = model.tail(features, target_layer)
        scores = logits.gather(1, chosen(logits, targets)[:, None]).sum()
    (gradients,) = torch.autograd.grad(scores, features)
    return gradients, logits.detach()
