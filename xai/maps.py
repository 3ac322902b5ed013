"""Batches of maps as tensors: their size, their range, their combination."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F


def resize_maps(maps: Tensor, size: Sequence[int]) -> Tensor:
    """Maps (N, h, w) to another size, bilinearly, cell centres aligned."""
    return F.interpolate(maps[:, None], size=tuple(size), mode="bilinear")[:, 0]


def scale_to_unit(maps: Tensor) -> Tensor:
    """Maps (N, h, w) to [0, 1], each by its own least and largest value; all zero where these are equal."""
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return ((maps - low) / (high - low)).where(high > low, 0)


def combine_maps(layers: Sequence[Tensor]) -> Tensor:
    """The maps (N, H, W) that several layers' maps (N, h, w) make together, at the size of the finest.

    Formula: `mean_i u(L_i)`, u the scaling to [0, 1]: the coarse layers say which region, the fine ones where its
    boundary runs.
    """
    finest = max((maps.shape[1:] for maps in layers), key=lambda size: size[0] * size[1])
    return torch.stack([scale_to_unit(resize_maps(maps, finest)) for maps in layers]).mean(0)
