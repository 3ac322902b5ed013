"""In which order an epoch goes through the photos."""

from collections.abc import Sequence

import torch


def order_of(labels: Sequence[int], seed: int, balance: bool = False) -> torch.Tensor:
    """The photos' numbers (N) in random order; balanced, about N numbers with as many of every class.

    Formula: of K classes each has `⌈N/K⌉` places. A class with fewer photos goes through them again, in another order:
    the r-th time, from 0, a photo i is called `i + r N`. Of one with more some are left out, others every epoch.
    """
    generator = torch.Generator().manual_seed(seed)
    if not balance:
        return torch.randperm(len(labels), generator=generator)
    of = torch.as_tensor(labels)
    classes = of.unique()
    places = -(-len(of) // len(classes))
    chosen = []
    for label in classes:
        own, turns = (of == label).nonzero().flatten(), []
        for turn in range(-(-places // len(own))):
            turns.append(own[torch.randperm(len(own), generator=generator)] + turn * len(of))
        chosen.append(torch.cat(turns)[:places])
    chosen = torch.cat(chosen)
    return chosen[torch.randperm(len(chosen), generator=generator)]
