"""Layer-CAM: positions weighed by their own positive gradients."""

from torch import Tensor

from xai.activations import Activations
from xai.methods.registry import method


@method("layercam", title="Layer-CAM", source="jiang2021")
def layercam(batch: Activations, targets: Tensor | None, target_layer: str) -> Tensor:
    """Layer-CAM: every position of every channel weighed by its own gradient, if positive; fine at early layers too.

    Formula: `L^c = ReLU(Σ_k ReLU(∂y^c/∂A^k) ⊙ A^k)`.
    Paper: Jiang et al., LayerCAM: Exploring Hierarchical Class Activation Maps for Localization, TIP 2021.
    """
    return (batch.gradients(target_layer, targets).relu() * batch.at(target_layer)).sum(1).relu()  # B, h, w
