"""The order in which an epoch goes through the photos."""

from collections.abc import Sequence

import torch

EPOCH_SEEDS = 1_000_003  # epochs of different seeds share no random stream


def derive_seed(seed: int, epoch: int) -> int:
    """The seed of an epoch, in 32 bits, since NumPy takes no more."""
    return (seed * EPOCH_SEEDS + epoch) % 2**32


def draw_order(labels: Sequence[int] | torch.Tensor, seed: int, balance: bool = False) -> torch.Tensor:
    """The photos' indices (N) in random order; balanced, about N indices with as many of every class.

    Formula: each of K classes has `⌈N/K⌉` places. A class with fewer photos repeats them in another order: the r-th
    repetition of photo i is index `i + r N`. A class with more photos leaves some out, different ones every epoch.
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
