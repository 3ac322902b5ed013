"""Class activation maps: all classes at once from the forward pass alone."""

import torch
from torch import Tensor

from xai.activations import Activations, chosen
from xai.models import Classifier


def cam(batch: Activations, targets: Tensor | None, target_layer: str) -> Tensor:
    """CAM: how much every position of the last feature map speaks for a class.

    Formula: `M_c(x, y) = Σ_k w_k^c A_k(x, y)`; its mean over the positions is the logit less the bias.
    Paper: Zhou et al., Learning Deep Features for Discriminative Localization, CVPR 2016.
    """
    features = batch.at(target_layer)  # B, C, h, w
    weights = batch.model.linear_head.weight[chosen(batch.logits(), targets)]  # B, C
    return torch.einsum("bc,bchw->bhw", weights, features)


def all_class_maps(model: Classifier, features: Tensor) -> Tensor:
    """The maps (B, K, h, w) of all classes, from the last layer's features (B, C, h, w)."""
    return torch.einsum("kc,bchw->bkhw", model.linear_head.weight, features)
