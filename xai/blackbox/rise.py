"""RISE: a photo seen through hundreds of random masks, each weighed by what the black box then says."""

from collections.abc import Callable, Generator, Sequence
from math import ceil
from numbers import Real

import torch
from torch import Tensor

from xai.blackbox.blackbox import GREY, BlackBox
from xai.blackbox.chance import depends_on_place, is_rounding
from xai.blackbox.estimate import Estimate, as_map, check_color, check_numbers, nudged, settled_share
from xai.modes import without_gradients
from xai.noise import without_contrast

PLACES = 14  # a side of the grid of pixels at which a mask is remembered, twice as fine as its cells
FEWEST = 100  # masks, before it is judged whether a map has settled


@without_gradients
def rise(
    black_box: BlackBox,
    pixels: Tensor,
    target: int,
    *,
    masks: int = 400,
    cells: int = 7,
    p: float = 0.5,
    seed: int = 0,
    substrate: Sequence[float] = GREY,
    normalised: bool = True,
    until: float | None = None,
    at_once: int | None = None,
) -> Generator[tuple[float, Estimate], None, Estimate]:
    """RISE: random masks, weighed by the confidence in the class when the photo is seen through them; no gradient.

    Formula: `S = Σ_i f_i M_i / Σ_i M_i`, the mean confidence when a pixel is seen, with `f_i = f_c(M_i ⊙ x +
    (1 − M_i) ⊙ b)`, b a colour; as published `S = 1/(N p) Σ_i f_i M_i`, in which a pixel is also bright for being shown
    by more masks than others. `M_i` is a grid of s × s ones (with probability p) and zeros, stretched bilinearly to
    `(s + 1) ⌈S/s⌉` pixels a side and cropped to S at random, all as in the authors' code. The masks depend on S and the
    options alone, and the first n of them not on how many follow.
    Paper: Petsiuk et al., RISE: Randomized Input Sampling for Explanation of Black-box Models, BMVC 2018.

    Pixels (1, 3, S, S) in [0, 1] to an Estimate of the map (S, S), in confidences; yields the share done and that of
    the masks so far. Its standard error is `sqrt(Σ_i M_i² (f_i − S)²) / Σ_i M_i` (the delta method), as published
    the standard deviation of `f_i M_i / p` over √N. It is blank where the answers do not depend on the places shown
    (`depends_on_place`), or are rounding errors, or the photo has no contrast.

    Options:
        masks: N; 4,000 as published for VGG-16, 8,000 for ResNet-50. At most so many, if `until` is given.
        cells: s.
        p: share of a mask that is seen.
        seed: of grids and shifts.
        substrate: b, red, green and blue in [0, 1], what is seen where a mask is 0.
        normalised: by how often each pixel is seen; False is the published form.
        until: stop once a map of as many other masks is expected to have this correlation with it, in [0, 1], but not
            before 100 masks; None asks all.
        at_once: masks a question; None is as many as the black box takes.

    Raises:
        ValueError: an option is no number of its kind: there would be no mask, or none that shows anything, the
            substrate is no colour, or `until` no correlation.
        BlackBoxError: it gave no answer, or none that could be confidences.
    """
    at_once = black_box.at_once if at_once is None else at_once
    check_numbers("RISE", masks=(masks, 1), cells=(cells, 1), p=(p, 0.0), seed=(seed, 0), at_once=(at_once, 1))
    check_color("RISE", substrate)
    if not 0 < p <= 1:
        raise ValueError(f"RISE needs 0 < p ≤ 1, not p={p}")
    if until is not None and not (isinstance(until, Real) and 0 <= until <= 1):
        raise ValueError(f"RISE stops at a correlation in [0, 1], not until={until}")
    side = pixels.shape[-1]
    cell = ceil(side / cells)
    grids, shifts = drawn(masks, cells, p, cell, seed)
    stretch = stretching(cells, (cells + 1) * cell).to(pixels)  # (s + 1) cell, s
    hidden = pixels.new_tensor(substrate)[:, None, None]  # 3, 1, 1

    def look(part: slice) -> tuple[Tensor, Tensor]:
        """Some masks (n, S, S), and the photo seen through them (n, 3, S, S)."""
        seen = cropped(grids[part].to(pixels), shifts[part].to(pixels.device), stretch, side)
        return seen, torch.lerp(hidden, pixels, seen[:, None])

    def ask_again(n: int) -> Tensor:
        return black_box.ask(nudged(look(slice(n))[1]))[:, target]

    sums, at = Sums(side, p), torch.linspace(0, side - 1, min(PLACES, side)).round().long().to(pixels.device)
    known = Known.empty(masks, len(at) ** 2, 1 + pixels.shape[1])
    for start in range(0, masks, at_once):
        seen, photos = look(slice(start, start + at_once))
        told = black_box.ask(photos)[:, target]  # n
        sums.add(told, seen.flatten(1))
        beside = torch.cat([seen.mean((1, 2))[:, None], photos.mean((2, 3), dtype=torch.float64)], dim=1)
        known.put(start, told, seen[:, at][:, :, at].flatten(1), beside)
        so_far = known.first(sums.n)
        estimate = Estimate(
            as_map(sums.map(normalised), side),
            sums.n,
            as_map(sums.error(normalised), side),
            lambda so_far=so_far: so_far.settled(normalised, p),
            lambda so_far=so_far: bool(without_contrast(pixels)) or so_far.is_chance(ask_again),
        )
        if until is not None and sums.n >= FEWEST and estimate.settled() >= until:
            return estimate
        yield estimate.questions / masks, estimate
    return estimate


class Sums:
    """What masks and answers add up to at each of S² pixels.

    Answers are counted from the first question's mean on, so that rounding stays small beside what they differ by.
    """

    def __init__(self, side: int, p: float) -> None:
        self.p, self.n, self.base = p, 0, None
        self.side = side

    def add(self, answers: Tensor, seen: Tensor) -> None:
        """Answers (n) to masks (n, S²)."""
        if self.base is None:
            self.base = answers.mean()
            self.once = answers.new_zeros(2, self.side**2)  # Σ M, Σ g M, with g the answer less the base
            self.twice = answers.new_zeros(3, self.side**2)  # Σ M², Σ g M², Σ g² M²
        above = answers - self.base
        powers = torch.stack([torch.ones_like(above), above, above.square()])  # 3, n
        self.once += powers[:2] @ seen
        self.twice += powers @ seen.square()
        self.n += len(answers)

    def map(self, normalised: bool) -> Tensor:
        """The map (S²); where nothing was seen, the mean confidence."""
        shown, weighed = self.once
        if normalised:
            return self.base + self.ratio()
        return (weighed + self.base * shown) / (self.n * self.p)

    def ratio(self) -> Tensor:
        shown, weighed = self.once
        return (weighed / shown).where(shown > 0, 0)

    def error(self, normalised: bool) -> Tensor:
        """The standard error (S²) of each value."""
        shown, weighed = self.once
        squares, linear, quadratic = self.twice
        if normalised:
            mean = self.ratio()
            apart = (quadratic - 2 * mean * linear + mean.square() * squares).clamp(min=0)
            return (apart.sqrt() / shown).where(shown > 0, 0)
        squared = quadratic + 2 * self.base * linear + self.base.square() * squares  # Σ f² M²
        mean = (weighed + self.base * shown) / self.n
        return (squared / self.n - mean.square()).clamp(min=0).sqrt() / (self.p * self.n**0.5)


class Known:
    """Answers (N), the masks' values at P places (N, P), and what of each picture is no place (N, Q).

    Room for all is taken at once: small tensors kept beside large ones that come and go would scatter the memory.
    """

    def __init__(self, answers: Tensor, places: Tensor, beside: Tensor) -> None:
        self.columns = answers, places, beside

    @classmethod
    def empty(cls, masks: int, places: int, beside: int) -> "Known":
        return cls(torch.empty(masks), torch.empty(masks, places), torch.empty(masks, beside, dtype=torch.float64))

    def put(self, start: int, *rows: Tensor) -> None:
        for column, values in zip(self.columns, rows, strict=True):
            column[start : start + len(values)] = values

    def first(self, n: int) -> "Known":
        return Known(*(column[:n] for column in self.columns))

    def settled(self, normalised: bool, p: float) -> float:
        """How far a map of other masks would agree, from how each mask moved this one at the places."""
        answers, places = (column.double() for column in self.columns[:2])
        if normalised:
            shown = places.sum(0).clamp(min=torch.finfo(places.dtype).tiny)
            values = answers @ places / shown
            moved = places * (answers[:, None] - values) / shown  # N, P
        else:
            weighed = places * answers[:, None] / p  # N, P
            values = weighed.mean(0)
            moved = (weighed - values) / len(answers)
        moved = moved - moved.mean(1, keepdim=True)  # what is added to the whole map does not change its pattern
        return settled_share(float(values.var(correction=0)), float(moved.square().sum(0).mean()))

    def is_chance(self, ask_again: Callable[[int], Tensor]) -> bool:
        answers, places, beside = self.columns
        return is_rounding(answers, ask_again) or not depends_on_place(places, answers, beside)


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
