"""Ablation-CAM: channels weighed by what is lost without them."""

import torch
from torch import Tensor

from xai.activations import Activations, choose_targets
from xai.methods.gradcam import weigh_channels
from xai.methods.registry import method
from xai.steps import Progress, Steps

AT_ONCE = 32


@method("ablationcam", title="Ablation-CAM", source="desai2020", pace="minutes", short_cut=True)
def ablationcam(batch: Activations, targets: Tensor | None, target_layer: str) -> Steps[Tensor]:
    """Ablation-CAM: channels weighed by how far the logit falls when they are set to zero; no gradient.

    Formula: `L^c = ReLU(Σ_k w_k A^k)` with `w_k = (y^c − y^c_k) / |y^c|`, `y^c_k` the logit without channel k
    (Desai and Ramaswamy divide by `y^c`, which turns the map round where the logit is negative). Only the layers above
    are run again; at the last layer of a network with global average pooling and one linear layer,
    `y^c − y^c_k = w_k^c mean(A^k)`.
    Paper: Desai and Ramaswamy, Ablation-CAM: Visual Explanations via Gradient-free Localization, WACV 2020.
    """
    model, features = batch.model, batch.at(target_layer)  # B, C, h, w
    targets = choose_targets(batch.logits(), targets)
    scores = batch.logits().gather(1, targets[:, None])  # B, 1
    if (weights := model.linear_weights(target_layer)) is not None:
        drops = weights[targets] * features.mean(dim=(2, 3))  # B, C
        return weigh_channels(drops / scores.abs(), features)
    drops = features.new_zeros(features.shape[:2])  # B, C
    for i, target in enumerate(targets):
        beside = {name: others[i : i + 1] for name, others in batch.beside([target_layer]).items()}
        heard = features[i].flatten(1).any(1).nonzero()[:, 0]  # a silent channel takes nothing with it
        for channels in heard.split(AT_ONCE):
            without = features[i].repeat(len(channels), 1, 1, 1)  # n, C, h, w
            without[torch.arange(len(channels)), channels] = 0
            drops[i, channels] = scores[i] - model.tail(without, target_layer, beside)[:, target]
            yield Progress((i + (int(channels[-1]) + 1) / features.shape[1]) / len(features))
    return weigh_channels(drops / scores.abs(), features)
