"""Which maps are no more than noise: of a photo that shows nothing, or of rounded sums."""

from copy import deepcopy

import torch
from torch import Tensor

from xai.activations import Activations

LEVELS = 255  # steps between black and white in a photo of 8 bits
ROUNDING = 1.0  # levels: what rounding to 8 bits and a JPEG's coefficients leave of a plain colour, root mean square
OUTLIERS = 6.0  # levels: no pixel of 64 million lies so far off by noise of one level


def lacks_contrast(pixels: Tensor) -> Tensor:
    """Which photos (B) are one plain colour, but for noise as 8 bits and JPEG make it, so that no place can tell.

    Formula: `sqrt(mean_ij d_ij²) ≤ 1` and `max_ij |d_ij| ≤ 6` in every colour, `d = 255 (pixels − their mean colour)`.

    Pixels (B, 3, S, S) in [0, 1].
    """
    apart = LEVELS * (pixels - pixels.mean((2, 3), keepdim=True)).abs()  # B, 3, S, S
    small = (apart.square().mean((2, 3)) <= ROUNDING**2) & (apart.amax((2, 3)) <= OUTLIERS)  # B, 3
    return small.all(1)


def may_be_rounding(values: Tensor, batch: Activations) -> Tensor:
    """Which maps (B, …) vary so little that it may be rounding: bool (B).

    Formula: `max L − min L ≤ √ε max(max |L|, max_k |y^k| / n)`, with n the number of values, ε the distance of 1 from
    the next float: n positions whose values add up to a logit have about its n-th part each.
    """
    flat = values.flatten(1)
    parts = batch.logits().abs().amax(1) / values[0].numel()
    return varies_little(flat, torch.maximum(flat.abs().amax(1), parts))


def varies_little(flat: Tensor, scale: Tensor) -> Tensor:
    """Which rows of values (B, n) vary by no more than √ε of the size (B) of what they were computed from."""
    return flat.amax(1) - flat.amin(1) <= torch.finfo(flat.dtype).eps ** 0.5 * scale


def to_double(batch: Activations, which: Tensor) -> Activations:
    """Some photos of a batch, to be computed in float64 by a copy of the model."""
    return Activations(deepcopy(batch.model).double(), batch.x[which].double())


def is_drowned(values: Tensor, precise: Tensor) -> Tensor:
    """Whether the difference of values (B, …, h, w) from precise ones varies over the positions as much as these do."""
    rounding, signal = (m - m.mean((-2, -1), keepdim=True) for m in (values - precise, precise))
    return rounding.flatten(1).square().sum(1) >= signal.flatten(1).square().sum(1)
