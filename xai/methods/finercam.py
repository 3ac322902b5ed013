"""Finer-CAM: what tells a class from those it is most easily taken for."""

from torch import Tensor

from xai.activations import Activations, pick_logits
from xai.methods.gradcam import weigh_channels
from xai.methods.registry import method

REFERENCES = 3


@method("finercam", title="Finer-CAM", source="zhang2025")
def finercam(batch: Activations, targets: Tensor | None, target_layer: str) -> Tensor:
    """Finer-CAM: Grad-CAM of how far a class is ahead of its three nearest rivals: why glass, and not plastic.

    Formula: Grad-CAM with `y^c − Σ_d p^d y^d / Σ_d p^d` for `y^c`, over the three classes `d` that the model is surest
    of besides `c`; their confidences `p^d` count as constants.
    Paper: Zhang et al., Finer-CAM: Spotting the Difference Reveals Finer Details for Visual Explanation, CVPR 2025.
    """
    gradients = batch.gradients(target_layer, targets, measure_lead)  # B, C, h, w
    return weigh_channels(gradients.mean(dim=(2, 3)), batch.at(target_layer))


def measure_lead(logits: Tensor, targets: Tensor) -> Tensor:
    """How far the targets' logits are ahead of their nearest rivals': (B) from logits (B, K) and targets (B)."""
    others = logits.detach().scatter(1, targets[:, None], float("-inf"))  # B, K
    nearest = others.topk(min(REFERENCES, logits.shape[1] - 1)).indices  # B, R
    rivals = logits.gather(1, nearest)  # B, R
    confidences = rivals.detach().softmax(1)  # B, R
    return pick_logits(logits, targets) - (confidences * rivals).sum(1)
