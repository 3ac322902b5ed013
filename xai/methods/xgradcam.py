"""XGrad-CAM: gradients averaged where the features are."""

from torch import Tensor

from xai.activations import Activations
from xai.methods.gradcam import weigh_channels
from xai.methods.registry import method
from xai.methods.suitability import DIVIDES


@method("xgradcam", title="XGrad-CAM", source="fu2020", conditions=DIVIDES)
def xgradcam(batch: Activations, targets: Tensor | None, target_layer: str) -> Tensor:
    """XGrad-CAM: Grad-CAM with every channel's gradient averaged by its features, so that the parts add up best.

    Formula: `L^c = ReLU(Σ_k a_k^c A^k)` with `a_k^c = Σ_ij (A^k_ij / Σ_lm A^k_lm) ∂y^c/∂A^k_ij`, 0 if silent.
    Paper: Fu et al., Axiom-based Grad-CAM: Towards Accurate Visualization and Explanation of CNNs, BMVC 2020.
    """
    features = batch.at(target_layer)  # B, C, h, w
    sums = features.sum(dim=(2, 3))  # B, C
    products = (batch.gradients(target_layer, targets) * features).sum(dim=(2, 3))  # B, C
    return weigh_channels((products / sums).where(sums > 0, 0), features)
