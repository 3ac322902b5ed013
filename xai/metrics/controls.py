"""Maps that know nothing of the photo: what an explanation has to beat."""

import torch
from torch import Tensor


def constant(like: Tensor) -> Tensor:
    """1 everywhere: it hides nothing, so its drop is 0."""
    return torch.ones_like(like)


def gaussian(like: Tensor) -> Tensor:
    """A Gaussian in the middle, of a standard deviation of a quarter of the side: photographers centre their object."""
    side = torch.linspace(-2, 2, like.shape[-1], dtype=like.dtype, device=like.device)
    bell = (-side.square() / 2).exp()  # S
    return (bell[:, None] * bell).expand_as(like)


CONTROLS = {"constant": constant, "gaussian": gaussian}  # from maps (N, 1, S, S), for their shape
