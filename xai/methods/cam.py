"""Class activation maps: all classes at once from the forward pass alone."""

import torch
from torch import Tensor

from xai.activations import Activations
from xai.models import Classifier


def cam(batch: Activations, targets: Tensor | None, target_layer: str) -> tuple[Tensor, Tensor]:
    """CAM: how much every position of the last feature map speaks for a class.

    Formula: `M_c(x, y) = Σ_k w_k^c A_k(x, y)`; its mean over the positions is the logit less the bias.
    Paper: Zhou et al., Learning Deep Features for Discriminative Localization, CVPR 2016.

    Raises:
        ValueError: the head is not global average pooling and one linear layer, or another layer than the last is
            asked for.
    """
    model = batch.model
    if model.linear_head is None:
        raise ValueError(model.cam_obstacle)
    features = batch.at(target_layer)  # B, C, h, w
    if target_layer != model.last_layer:
        raise ValueError(
            f'CAM reads the last layer, {model.last_layer}; for {target_layer} use Grad-CAM (method="gradcam").'
        )
    logits = batch.logits()  # B, K
    return class_maps(model, features, chosen(logits, targets)), logits


def class_maps(model: Classifier, features: Tensor, targets: Tensor) -> Tensor:
    """The maps (B, h, w) of one class an image, from the last layer's features (B, C, h, w)."""
    weights = model.linear_head.weight[targets]  # B, C
    return torch.einsum("bc,bchw->bhw", weights, features)


def all_class_maps(model: Classifier, features: Tensor) -> Tensor:
    """The maps (B, K, h, w) of all classes, from the last layer's features (B, C, h, w)."""
    return torch.einsum("kc,bchw->bkhw", model.linear_head.weight, features)


def chosen(logits: Tensor, targets: Tensor | None) -> Tensor:
    """The targets (B), or else the predicted classes."""
    return logits.argmax(1) if targets is None else targets
