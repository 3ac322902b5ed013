"""What a student's attention and gradients say together of the black box it imitates."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from xai.activations import Activations
from xai.maps import resize_maps, scale_to_unit
from xai.methods.gradcam import weigh_channels
from xai.methods.registry import method
from xai.methods.suitability import needs_a_layer, needs_attention_blocks

Operator = Literal["product", "sum"]
Sign = Literal["signed", "negated", "absolute"]
ALL_BLOCKS = tuple(range(1, 17))
ALL_STAGES = (1, 2, 3, 4)
LITERAL: dict[str, Any] = {  # eq. 9 of Kang et al. (2021), as printed
    "blocks": ALL_BLOCKS,
    "stages": (2, 3, 4),
    "operator": "product",
    "sign": "signed",
    "scaled": False,
    "unit": False,
    "softmax": True,
}
SCALED = {**LITERAL, "unit": True}  # the same, with either part brought to [0, 1] before they are multiplied


@method(
    "distilled",
    title="Distilled",
    source="kang2021",
    conditions=(needs_a_layer, needs_attention_blocks),
    of_student=True,
    variants={"literal": LITERAL},
)
def distilled(
    batch: Activations,
    targets: Tensor | None,
    target_layer: str,
    *,
    blocks: Sequence[int] = (1, 2, 3, 4, 5, 6, 7),
    stages: Sequence[int] = (4,),
    operator: Operator = "product",
    sign: Sign = "absolute",
    scaled: bool = False,
    unit: bool = True,
    softmax: bool = False,
) -> Tensor:
    """Distilled: attention of a student's blocks and Grad-CAM of its stages, to explain the black box it imitates.

    Formula: by default `u(MATT) ⊗ u(ML^c)`, `MATT = Σ_k ATT_k` over blocks 1 to 7 with `ATT_k = |F_o − F_i|`, and
    `ML^c = L^c_4`, which is our own variant. Eq. 9 of Kang et al. is `MAL^c = softmax(MATT ⊗ ML^c)`, with
    `ATT_k = F_o − F_i` of all blocks, and `ML^c = Σ_l L^c_l` of stages 2 to 4: `distilled:literal`. `F_i` and `F_o` are
    what the attention of block k gets and gives, and `ATT_k` is averaged over the channels; `L^c_l` is the Grad-CAM of
    stage l. All maps are resized to the input; u is the scaling to [0, 1], the softmax runs over the pixels. One
    forward pass and one gradient call give all of it. The defaults were found on validation photos, as train/README.md
    tells.
    Paper: Kang et al., Visual Explanation of Black-box Models Using Layer-wise Class Activation Maps from Approximating
    Neural Networks, 2021.

    Returns the raw maps (B, S, S), S the side of the input: with `unit` in [0, 1] as a product, in [0, 2] as a sum;
    without it in any range; with the softmax each sums to 1. Where Grad-CAM finds nothing for the class, a product is 0
    everywhere.

    Options:
        blocks: which of the 16 attention maps enter, each once, from 1, the finest first; none leaves `ML^c` alone.
        stages: which of stages 1 to 4 enter by their Grad-CAM, each once; none leaves `MATT` alone.
        operator: `product` of the two, or their `sum`.
        sign: of `ATT_k`: `absolute`, or `signed`, negative where a positive feature was held back, or `negated`.
        scaled: scale each map to [0, 1] before it is added to the others of its part.
        unit: scale `MATT` and `ML^c` to [0, 1] before they are put together; eq. 9 as printed does not.
        softmax: as in eq. 9; it keeps the order of the pixels, up to rounding, but leaves them little contrast.

    Raises:
        ValueError: there is no such block, stage, operator or sign, one is named twice, or there is nothing to combine.
    """
    check_parts("blocks", blocks, ALL_BLOCKS)
    check_parts("stages", stages, ALL_STAGES)
    if not len(blocks) and not len(stages):
        raise ValueError("blocks and stages are both empty: choose at least one")
    for option, value, choices in (("operator", operator, get_args(Operator)), ("sign", sign, get_args(Sign))):
        if value not in choices:
            raise ValueError(f"{option} must be one of {', '.join(choices)}, not {value!r}")
    attention, evidence = compute_parts(batch, targets, blocks, stages, sign)
    maps = combine_parts(attention, evidence, operator, scaled, unit)
    return soften(maps) if softmax else maps


def check_parts(option: str, chosen: Sequence[int], there: Sequence[int]) -> None:
    """Refuse what is no list of blocks or stages that there are, each once.

    Raises:
        ValueError: it is none.
    """
    known = isinstance(chosen, Sequence) and all(isinstance(each, Integral) and each in there for each in chosen)
    if not known or len(set(chosen)) < len(chosen):
        raise ValueError(
            f"{option} must be a list of numbers from {there[0]} to {there[-1]}, each once, not {chosen!r}"
        )


def soften(maps: Tensor) -> Tensor:
    """The softmax of maps (B, S, S) over their pixels."""
    return maps.flatten(1).softmax(1).view_as(maps)


def combine_parts(
    attention: Sequence[Tensor], evidence: Sequence[Tensor], operator: Operator, scaled: bool, unit: bool = True
) -> Tensor:
    """The map (B, S, S) that maps (B, S, S) of attention and of Grad-CAM make together; without the one, the other."""
    both = [add_maps(maps, scaled) for maps in (attention, evidence) if len(maps)]
    both = [scale_to_unit(part) for part in both] if unit else both
    return torch.stack(both).prod(0) if operator == "product" else torch.stack(both).sum(0)


def compute_parts(
    batch: Activations, targets: Tensor | None, blocks: Sequence[int], stages: Sequence[int], sign: Sign = "signed"
) -> tuple[list[Tensor], list[Tensor]]:
    """The maps (B, S, S) of some blocks' attention and of some stages' Grad-CAM, at the input's size."""
    size, names = batch.x.shape[2:], [f"layer{stage}" for stage in stages]
    gradients = batch.joint_gradients(names, targets)
    evidence = [resize_maps(weigh_channels(g.mean(dim=(2, 3)), batch.at(name)), size) for name, g in gradients.items()]
    changes = [batch.attention(batch.model.attention_blocks[block - 1]) for block in blocks]  # B, 2, h, w each
    signs = {"signed": lambda c: c[:, 0], "negated": lambda c: -c[:, 0], "absolute": lambda c: c[:, 1]}
    return [resize_maps(signs[sign](change), size) for change in changes], evidence


def add_maps(maps: Sequence[Tensor], scaled: bool) -> Tensor:
    """The sum (B, S, S) of maps, each scaled to [0, 1] first or not."""
    return torch.stack([scale_to_unit(m) if scaled else m for m in maps]).sum(0)
