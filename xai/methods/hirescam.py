"""HiResCAM: gradients and features multiplied position by position."""

from torch import Tensor

from xai.activations import Activations
from xai.methods.registry import method


@method("hirescam", title="HiResCAM", source="draelos2020")
def hirescam(batch: Activations, targets: Tensor | None, target_layer: str) -> Tensor:
    """HiResCAM: what every position adds to a class's logit, to first order, gradients not averaged beforehand.

    Formula: `L^c = ReLU(Σ_k ∂y^c/∂A^k ⊙ A^k)`.
    Paper: Draelos and Carin, Use HiResCAM instead of Grad-CAM for Faithful Explanations, 2020 (arXiv 2011.08891).
    """
    return (batch.gradients(target_layer, targets) * batch.at(target_layer)).sum(1).relu()  # B, h, w
