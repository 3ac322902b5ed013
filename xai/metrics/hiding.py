"""Seeing a photo through a map."""

from typing import Literal, get_args

import torch
from torch import Tensor

from xai.models import Classifier

Hiding = Literal["black", "mean"]
HIDINGS = get_args(Hiding)


def hide(model: Classifier, x: Tensor, maps: Tensor, hiding: Hiding = "black") -> Tensor:
    """The network's input (N, 3, S, S) seen through maps (N, 1, S, S) in [0, 1].

    Formula: `L ⊙ x + (1 − L) ⊙ b`. `black` multiplies the photo itself by the map, as Chattopadhay et al. (Grad-CAM++,
    WACV 2018) do: b is what black becomes in normalisation. `mean` multiplies the normalised input, as most libraries
    do: b = 0, the mean colour.

    Raises:
        ValueError: there is no such way of hiding.
    """
    if hiding not in HIDINGS:
        raise ValueError(f"there is no way of hiding {hiding!r}; choose one of {', '.join(HIDINGS)}")
    base = model.normalize(torch.zeros_like(x[:1])) if hiding == "black" else torch.zeros_like(x[:1])  # 1, 3, S, S
    return maps * x + (1 - maps) * base  # exactly x where the map is 1


def keep_strongest(maps: Tensor, share: float) -> Tensor:
    """Maps (N, 1, S, S) with 1 on the share of their pixels with the largest values, 0 on all others.

    So all maps leave as much of the photo, however broad they are. Of equal values the first in reading order count as
    larger.
    """
    flat = maps.flatten(1)
    kept = flat.argsort(dim=1, descending=True, stable=True)[:, : round(share * flat.shape[1])]
    return torch.zeros_like(flat).scatter(1, kept, 1).view_as(maps)
