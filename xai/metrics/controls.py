"""Controls: maps that an explanation of a photo has to beat, as they are made without looking at it."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from xai.maps import resized


def constant(like: Tensor) -> Tensor:
    """Maps of 1 everywhere: they hide nothing, so that their drop is 0."""
    return torch.ones_like(like)


def gaussian(like: Tensor) -> Tensor:
    """A Gaussian in the middle, its standard deviation a quarter of the side: photographers centre their object."""
    side = torch.linspace(-2, 2, like.shape[-1], dtype=like.dtype, device=like.device)
    bell = (-side.square() / 2).exp()  # S
    return (bell[:, None] * bell).expand_as(like)


def random(like: Tensor, seeds: Sequence[int], cells: int | None = None) -> Tensor:
    """Random maps (N, 1, S, S), uniform in [0, 1): a seed gives the same map on every device.

    Every pixel has its own value, or each of `cells` × `cells` cells, enlarged bilinearly as a layer's map is. The size
    of the grain matters: single pixels hidden all over a photo make a texture that no network has seen.
    """
    side = cells or like.shape[-1]
    grids = [torch.rand(side, side, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    return resized(torch.stack(grids), like.shape[2:])[:, None].to(like)


CONTROLS = {"constant": constant, "gaussian": gaussian}  # from maps (N, 1, S, S), for their shape alone
ANOTHER, MEAN = "another", "mean"
COMPANIONS = {  # controls made of the maps of other photos, by the same method and layer
    ANOTHER: "another photo's map",
    MEAN: "the mean of the maps",
}


def pair_photos(classes: Mapping[str, str]) -> dict[str, str]:
    """For each photo the one whose map stands in for its own: the next of another class, by name.

    After the last photo comes the first. Where all are of one class it is simply the next one, and a single photo's is
    its own.

    Args:
        classes: the explained class of each photo, in the order of the photos.
    """
    names = list(classes)
    found = {}
    for i, name in enumerate(names):
        following = names[i + 1 :] + names[:i] or [name]
        found[name] = next((other for other in following if classes[other] != classes[name]), following[0])
    return found
