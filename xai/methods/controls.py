"""Controls: maps that know nothing of the photo, so that an explanation has to beat them."""

from collections.abc import Sequence

import torch
from torch import Tensor

from xai.checks import check_numbers
from xai.maps import resize_maps
from xai.methods.registry import method


@method("constant", title="Constant", needs="nothing", reads_class=False)
def constant(pixels: Tensor, seeds: Sequence[int]) -> Tensor:
    """Constant: a control, 1 everywhere; it hides nothing, so that nothing is lost by it."""
    return torch.ones_like(pixels[:, 0])  # B, S, S


@method("gaussian", title="Gaussian", needs="nothing", reads_class=False)
def gaussian(pixels: Tensor, seeds: Sequence[int]) -> Tensor:
    """Gaussian: a control, a bell in the middle, since photographers put the object there.

    Formula: `exp(−(x² + y²) / 2)`, x and y from −2 to 2: the standard deviation is a quarter of the side.
    """
    side = torch.linspace(-2, 2, pixels.shape[-1], dtype=pixels.dtype, device=pixels.device)
    bell = (-side.square() / 2).exp()  # S
    return (bell[:, None] * bell).expand_as(pixels[:, 0])  # B, S, S


@method("random", title="Random", needs="nothing", reads_class=False, variants={"7": {"cells": 7}})
def random(pixels: Tensor, seeds: Sequence[int], *, cells: int | None = None) -> Tensor:
    """Random: a control, numbers uniform in [0, 1), drawn for each photo.

    The same photo gets the same numbers on every machine. Grain matters: single pixels taken out all over a photo are a
    texture that no network has seen.

    Options:
        cells: numbers a side, enlarged bilinearly as a layer's map is; None is one for each pixel.
    """
    side = pixels.shape[-1] if cells is None else cells
    check_numbers("Random", cells=(side, 1))
    grids = [torch.rand(side, side, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    return resize_maps(torch.stack(grids), pixels.shape[2:]).to(pixels)  # B, S, S
