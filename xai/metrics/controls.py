"""Maps that know nothing of the photo: what an explanation has to beat."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from xai.maps import resized


def constant(like: Tensor) -> Tensor:
    """1 everywhere: it hides nothing, so its drop is 0."""
    return torch.ones_like(like)


def gaussian(like: Tensor) -> Tensor:
    """A Gaussian in the middle, of a standard deviation of a quarter of the side: photographers centre their object."""
    side = torch.linspace(-2, 2, like.shape[-1], dtype=like.dtype, device=like.device)
    bell = (-side.square() / 2).exp()  # S
    return (bell[:, None] * bell).expand_as(like)


def random(like: Tensor, seeds: Sequence[int], cells: int | None = None) -> Tensor:
    """Numbers uniform in [0, 1) for maps (N, 1, S, S), one of each seed; for that the same on all devices.

    Every pixel has its own, or each of `cells` × `cells`, enlarged bilinearly as a layer's map is. Grain matters:
    single pixels taken out all over a photo are a texture that no network has seen.
    """
    side = cells or like.shape[-1]
    grids = [torch.rand(side, side, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    return resized(torch.stack(grids), like.shape[2:])[:, None].to(like)


CONTROLS = {"constant": constant, "gaussian": gaussian}  # from maps (N, 1, S, S), for their shape alone
ANOTHER, MEAN = "another", "mean"
COMPANIONS = {  # made of other photos' maps by the same method and layer: they know photos, but not this one
    ANOTHER: "another photo's map",
    MEAN: "the mean of the maps",
}


def partners(classes: Mapping[str, str]) -> dict[str, str]:
    """The photo whose map each photo is given as another one's, by name: the next one of another class.

    After the last comes the first; where all are of one class it is the next one, and where there is but one, itself.

    Args:
        classes: which each photo is explained as, in the order of the photos.
    """
    names = list(classes)
    found = {}
    for i, name in enumerate(names):
        following = names[i + 1 :] + names[:i] or [name]
        found[name] = next((other for other in following if classes[other] != classes[name]), following[0])
    return found
