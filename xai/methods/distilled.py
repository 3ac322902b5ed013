"""What a student's attention and gradients say together of the black box it imitates."""

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from xai.activations import Activations
from xai.maps import resized, unit_range
from xai.methods.gradcam import weighted

Operator = Literal["product", "sum"]
Sign = Literal["signed", "negated", "absolute"]
ALL_BLOCKS = tuple(range(1, 17))
LITERAL = {
    "blocks": ALL_BLOCKS,
    "stages": (2, 3, 4),
    "operator": "product",
    "sign": "signed",
    "scaled": False,
    "softmax": True,
}


def distilled(
    batch: Activations,
    targets: Tensor | None,
    target_layer: str,
    *,
    blocks: Sequence[int] = ALL_BLOCKS,
    stages: Sequence[int] = (2, 3),
    operator: Operator = "sum",
    sign: Sign = "negated",
    scaled: bool = False,
    softmax: bool = False,
) -> Tensor:
    """Distilled: attention of a student's blocks and Grad-CAM of its stages, to explain the black box it imitates.

    Formula: `MAL^c = u(−MATT) + u(ML^c)`, in the paper `softmax(u(MATT) ⊗ u(ML^c))`, with `MATT = Σ_k ATT_k`, `ATT_k =
    F_o − F_i` what the attention of block k changed, averaged over the channels, and `ML^c = Σ_l L^c_l`, `L^c_l` the
    Grad-CAM of stage l; all resized to the input, u the scaling to [0, 1], the softmax over the pixels. One forward
    pass and one gradient call give all of it. The defaults come from `python -m train.combine`, on validation photos;
    `xai.methods.distilled.LITERAL` has the paper's options.
    Paper: black-box explanation by knowledge distillation (the third of the papers this studio is built on).

    Options:
        blocks: which of the 16 attention maps enter, from 1, the finest first; none leaves `ML^c` alone.
        stages: which of stages 1 to 4 enter by their Grad-CAM; none leaves `MATT` alone.
        operator: `product` of the two, or their `sum`.
        sign: of `ATT_k`: `signed` is negative where a positive feature was held back; `negated`, or `absolute`.
        scaled: scale each map to [0, 1] before it is added to others.
        softmax: as in the paper; it changes no order among the pixels, but leaves them next to no contrast.
    """
    attention, evidence = parts(batch, targets, blocks, stages, sign)
    maps = joined(attention, evidence, operator, scaled)
    return maps.flatten(1).softmax(1).view_as(maps) if softmax else maps


def joined(attention: Sequence[Tensor], evidence: Sequence[Tensor], operator: Operator, scaled: bool) -> Tensor:
    """The map (B, S, S) that maps (B, S, S) of attention and of Grad-CAM make together; without the one, the other."""
    both = [unit_range(total(maps, scaled)) for maps in (attention, evidence) if len(maps)]
    return math.prod(both) if operator == "product" else sum(both)


def parts(
    batch: Activations, targets: Tensor | None, blocks: Sequence[int], stages: Sequence[int], sign: Sign = "signed"
) -> tuple[list[Tensor], list[Tensor]]:
    """The maps (B, S, S) of some blocks' attention and of some stages' Grad-CAM, at the input's size."""
    size, names = batch.x.shape[2:], [f"layer{stage}" for stage in stages]
    gradients = batch.joint_gradients(names, targets)
    evidence = [resized(weighted(g.mean(dim=(2, 3)), batch.at(name)), size) for name, g in gradients.items()]
    changes = [batch.attention(batch.model.attention_blocks[block - 1]) for block in blocks]  # B, 2, h, w each
    signs = {"signed": lambda c: c[:, 0], "negated": lambda c: -c[:, 0], "absolute": lambda c: c[:, 1]}
    return [resized(signs[sign](change), size) for change in changes], evidence


def total(maps: Sequence[Tensor], scaled: bool) -> Tensor:
    """The sum (B, S, S) of maps, each scaled to [0, 1] first or not."""
    return torch.stack([unit_range(m) if scaled else m for m in maps]).sum(0)
