"""What an attention branch says itself."""

from torch import Tensor

from xai.activations import Activations
from xai.methods.registry import method
from xai.methods.suitability import needs_a_layer, needs_attention


@method(
    "attention", title="Attention", source="fukui2019", conditions=(needs_a_layer, needs_attention), reads_class=False
)
def attention(batch: Activations, targets: Tensor | None, target_layer: str) -> Tensor:
    """Attention: the map by which a layer's attention branch strengthens its features, whatever the class.

    Formula: `M = sigmoid(BN(conv3×3(a)))`, from the branch's class maps a; the features go on as `(1 + M) ⊙ P`.
    Where the attention weighs the positions instead (`acting="pool"`), the map is the evidence that weighs them.
    Paper: Fukui et al., Attention Branch Network, CVPR 2019.
    """
    return batch.attention(target_layer)[:, 0]  # B, h, w
