"""RISE: a photo seen through thousands of random masks, each weighed by what the black box then says."""

from collections.abc import Generator, Sequence
from math import ceil

import torch
from torch import Tensor

from xai.blackbox.blackbox import GREY, BlackBox


@torch.no_grad()
def rise(
    black_box: BlackBox,
    pixels: Tensor,
    target: int,
    *,
    masks: int = 4000,
    cells: int = 7,
    p: float = 0.5,
    seed: int = 0,
    substrate: Sequence[float] = GREY,
    at_once: int | None = None,
) -> Generator[tuple[float, Tensor], None, Tensor]:
    """RISE: random masks, weighed by the confidence in the class when the photo is seen through them; no gradient.

    Formula: `S = 1/(N p) Σ_i f_c(M_i ⊙ x + (1 − M_i) ⊙ b) M_i`, b a colour; `M_i` is a grid of s × s ones (with
    probability p) and zeros, stretched bilinearly to `(s + 1) ⌈S/s⌉` pixels a side and cropped to S at random, all as
    in the authors' code. The masks depend on S and the options alone, and the first n of them not on how many follow.
    Paper: Petsiuk et al., RISE: Randomized Input Sampling for Explanation of Black-box Models, BMVC 2018.

    Pixels (1, 3, S, S) in [0, 1] to the map (S, S), in confidences; yields the share done and the map of the masks so
    far. Only grids and shifts are kept, 53 bytes a mask: masks live as long as the question they are part of.

    Options:
        masks: N; 4,000 in the paper for VGG-16, 8,000 for ResNet-50.
        cells: s.
        p: share of a mask that is seen.
        seed: of grids and shifts.
        substrate: b, red, green and blue in [0, 1], what is seen where a mask is 0.
        at_once: masks a question; None is as many as the black box takes.

    Raises:
        ValueError: there would be no mask, or none that shows anything.
        BlackBoxError: it gave no answer, or none that could be confidences.
    """
    if masks < 1 or cells < 1 or not 0 < p <= 1:
        raise ValueError(f"RISE needs a mask, a cell and 0 < p ≤ 1, not masks={masks}, cells={cells}, p={p}")
    side, at_once = pixels.shape[-1], at_once or black_box.at_once
    cell = ceil(side / cells)
    grids, shifts = drawn(masks, cells, p, cell, seed)
    stretch = stretching(cells, (cells + 1) * cell).to(pixels)  # (s + 1) cell, s
    hidden = pixels.new_tensor(substrate)[:, None, None]  # 3, 1, 1
    total, done = pixels.new_zeros(side * side), 0
    for some_grids, some_shifts in zip(grids.split(at_once), shifts.split(at_once), strict=True):
        seen = cropped(some_grids.to(pixels), some_shifts.to(pixels.device), stretch, side)  # n, S, S
        photos = torch.lerp(hidden, pixels, seen[:, None])  # n, 3, S, S
        total += black_box.ask(photos)[:, target] @ seen.flatten(1)
        done += len(seen)
        raw = (total / (done * p)).view(side, side).cpu()
        yield done / masks, raw
    return raw


def drawn(masks: int, cells: int, p: float, cell: int, seed: int) -> tuple[Tensor, Tensor]:
    """Grids (N, s, s), where a cell is True with probability p, and shifts (N, 2) from 0 to `cell - 1`, for a seed."""
    chances = torch.rand(masks, cells * cells + 2, generator=torch.Generator().manual_seed(seed))  # a row for a mask
    return chances[:, :-2].view(masks, cells, cells) < p, (chances[:, -2:] * cell).to(torch.int16)


def stretching(cells: int, side: int) -> Tensor:
    """The matrix (side, s) that stretches a row of cells to pixels bilinearly, the centres of outer cells mirrored.

    `resize(…, order=1, mode="reflect", anti_aliasing=False)` of scikit-image is this matrix, from both sides.
    """
    places = (torch.arange(side, dtype=torch.float64) + 0.5) * cells / side - 0.5  # of pixels, in cells
    low, last = places.floor(), cells - 1
    nearest = torch.stack([low, low + 1]).long()  # 2, side
    nearest = last - (last - nearest.abs()).abs()
    unit = torch.eye(cells, dtype=torch.float64)
    return torch.lerp(unit[nearest[0]], unit[nearest[1]], (places - low)[:, None])


def cropped(grids: Tensor, shifts: Tensor, stretch: Tensor, side: int) -> Tensor:
    """Masks (n, S, S) in [0, 1] from grids (n, s, s) and the shifts (n, 2) of the square that is cut out."""
    window = torch.arange(side, device=shifts.device)
    rows, columns = stretch[shifts.mT.long()[:, :, None] + window]  # n, S, s each
    return rows @ grids @ columns.mT
