"""Class activation maps: all classes at once from the forward pass alone."""

import torch
from torch import Tensor

from xai.activations import Activations, choose_targets
from xai.methods.registry import method
from xai.methods.suitability import needs_a_layer, needs_linear_head


@method("cam", title="CAM", source="zhou2016", conditions=(needs_a_layer, needs_linear_head))
def cam(batch: Activations, targets: Tensor | None, target_layer: str) -> Tensor:
    """CAM: how much every position of a layer's features speaks for a class.

    Formula: `M_c(x, y) = Σ_k w_k^c A_k(x, y)`; its mean over the positions is the logit less the bias.
    Paper: Zhou et al., Learning Deep Features for Discriminative Localization, CVPR 2016.
    """
    features = batch.at(target_layer)  # B, C, h, w
    weights = batch.model.read_linear_weights(target_layer)[choose_targets(batch.logits(), targets)]  # B, C
    return torch.einsum("bc,bchw->bhw", weights, features)


def compute_all_class_maps(batch: Activations, layer: str) -> Tensor:
    """The maps (B, K, h, w) of all classes at a layer below global average pooling and one linear layer."""
    return torch.einsum("kc,bchw->bkhw", batch.model.read_linear_weights(layer), batch.at(layer))
