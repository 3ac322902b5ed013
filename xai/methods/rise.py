"""RISE: a photo seen through hundreds of random masks, each weighed by what the subject then says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from numbers import Real

import torch
from torch import Tensor

from xai.checks import check_color, check_numbers
from xai.methods.chance import depends_on_place, is_rounding
from xai.methods.estimate import Estimate, estimate_correlation, nudge
from xai.methods.registry import method
from xai.modes import without_gradients
from xai.noise import lacks_contrast
from xai.photo import GREY
from xai.steps import Progress, Steps
from xai.subject import Subject

PUBLISHED = {"normalised": False, "masks": 4000}  # as published, for VGG-16
PLACES = 14  # a side of the grid of pixels at which a mask is remembered, twice as fine as its cells
FEWEST = 100  # masks, before it is judged whether a map has settled


@method(
    "rise",
    title="RISE",
    source="petsiuk2018",
    needs="answers",
    pace="seconds",
    number="masks",
    variants={"published": PUBLISHED},
)
@without_gradients
def rise(
    subject: Subject, pixels: Tensor, target: int,
    *, masks: int = 400, cells: int = 7, p: float = 0.5, seed: int = 0, substrate: Sequence[float] = GREY,
    normalised: bool = True, until: float | None = None, batch_size: int | None = None,
) -> Steps[Estimate]:  # fmt: skip
    """RISE: random masks, weighed by the confidence in the class when the photo is seen through them; no gradient.

    Formula: `S = Σ_i f_i M_i / Σ_i M_i`, the mean confidence when a pixel is seen, with `f_i = f_c(M_i ⊙ x +
    (1 − M_i) ⊙ b)`, b a colour; as published `S = 1/(N p) Σ_i f_i M_i`, in which a pixel is also bright for being shown
    by more masks than others. `M_i` is a grid of s × s ones (with probability p) and zeros, stretched bilinearly to
    `(s + 1) ⌈S/s⌉` pixels a side and cropped to S at random, all as in the authors' code. The masks depend on S and the
    options alone, and the first n of them not on how many follow.
    Paper: Petsiuk et al., RISE: Randomized Input Sampling for Explanation of Black-box Models, BMVC 2018.

    Pixels (1, 3, S, S) in [0, 1] to an Estimate of the map (S, S), in confidences. Its standard error is
    `sqrt(Σ_i M_i² (f_i − S)²) / Σ_i M_i` (the delta method), as published the standard deviation of `f_i M_i / p` over
    √N. It is blank where the answers do not depend on the places shown (`depends_on_place`), or are rounding errors, or
    the photo has no contrast.

    Options:
        masks: N; 4,000 as published for VGG-16, 8,000 for ResNet-50. At most so many, if `until` is given.
        cells: s.
        p: share of a mask that is seen.
        seed: of grids and shifts.
        substrate: b, red, green and blue in [0, 1], what is seen where a mask is 0.
        normalised: by how often each pixel is seen; False is the published form.
        until: stop once a map of as many other masks is expected to have this correlation with it, in [0, 1], but not
            before 100 masks; None asks all.
        batch_size: masks a question; None is as many as the subject takes.

    Raises:
        ValueError: an option is no number of its kind: there would be no mask, or none that shows anything, the
            substrate is no colour, or `until` no correlation.
        BlackBoxError: it gave no answer, or none that could be confidences.
    """
    batch_size = subject.batch_size if batch_size is None else batch_size
    check_numbers("RISE", masks=(masks, 1), cells=(cells, 1), p=(p, 0.0), seed=(seed, 0), batch_size=(batch_size, 1))
    check_color("RISE", substrate)
    check_shares(p, until)
    masked = Masked(pixels, *draw_masks(masks, cells, p, seed, pixels.shape[-1]), pixels.new_tensor(substrate))
    record, estimate = Record(masked, normalised, p), Estimate(torch.zeros(pixels.shape[2:]))
    for start in range(0, masks, batch_size):
        part = slice(start, start + batch_size)
        seen, photos = masked.look(part)
        record.add(part, subject.ask(photos)[:, target], seen, photos)
        estimate = record.estimate(lambda n: subject.ask(nudge(masked.look(slice(n))[1]))[:, target])
        asked = record.sums.n
        if until is not None and asked >= FEWEST and record.settled(asked) >= until:
            return estimate
        yield Progress(asked / masks, estimate)
    return estimate


def check_shares(p: float, until: float | None) -> None:
    """Refuse a share of nothing, and what is no correlation.

    Raises:
        ValueError: p is not in (0, 1], or `until` not in [0, 1].
    """
    if not 0 < p <= 1:
        raise ValueError(f"RISE needs 0 < p ≤ 1, not p={p}")
    if until is not None and not (isinstance(until, Real) and 0 <= until <= 1):
        raise ValueError(f"RISE stops at a correlation in [0, 1], not until={until}")


def draw_masks(masks: int, cells: int, p: float, seed: int, side: int) -> tuple[Tensor, Tensor]:
    """Grids (N, s, s), where a cell is True with probability p, and shifts (N, 2) by less than a cell, for a seed."""
    chances = torch.rand(masks, cells * cells + 2, generator=torch.Generator().manual_seed(seed))  # a row for a mask
    return chances[:, :-2].view(masks, cells, cells) < p, (chances[:, -2:] * ceil(side / cells)).to(torch.int16)


@dataclass(frozen=True)
class Masked:
    """A photo (1, 3, S, S) seen through masks: grids (N, s, s), shifts (N, 2), and the colour (3) that hides."""

    pixels: Tensor
    grids: Tensor
    shifts: Tensor
    substrate: Tensor

    def __len__(self) -> int:
        return len(self.grids)

    @cached_property
    def stretch(self) -> Tensor:
        """The matrix ((s + 1) ⌈S/s⌉, s) that stretches a row of cells to pixels."""
        side, cells = self.pixels.shape[-1], self.grids.shape[-1]
        return make_stretch(cells, (cells + 1) * ceil(side / cells)).to(self.pixels)

    def look(self, part: slice) -> tuple[Tensor, Tensor]:
        """Some of the masks (n, S, S), and the photo seen through each (n, 3, S, S)."""
        grids, shifts = self.grids[part].to(self.pixels), self.shifts[part].to(self.pixels.device)
        seen = crop_masks(grids, shifts, self.stretch, self.pixels.shape[-1])
        return seen, torch.lerp(self.substrate[:, None, None], self.pixels, seen[:, None])


class Record:
    """All that the answers tell of the photo: the map they add up to, and what its error is judged by.

    Of every mask, its values at P places (N, P) and what of the picture is no place (N, Q) are kept beside its answer
    (N). Room for all of them is taken at once: small tensors kept beside large ones that come and go would scatter the
    memory.
    """

    def __init__(self, masked: Masked, normalised: bool, p: float) -> None:
        self.pixels, self.normalised, self.p = masked.pixels, normalised, p
        self.side = self.pixels.shape[-1]
        self.at = torch.linspace(0, self.side - 1, min(PLACES, self.side)).round().long().to(self.pixels.device)
        self.sums = Sums(self.side, p)
        self.answers, self.places = torch.empty(len(masked)), torch.empty(len(masked), len(self.at) ** 2)
        self.no_places = torch.empty(len(masked), 1 + self.pixels.shape[1], dtype=torch.float64)

    def add(self, part: slice, answers: Tensor, seen: Tensor, photos: Tensor) -> None:
        """Answers (n) to a photo (n, 3, S, S) seen through some masks (n, S, S)."""
        self.sums.add(answers, seen.flatten(1))
        self.answers[part], self.places[part] = answers, seen[:, self.at][:, :, self.at].flatten(1)
        means = photos.mean((2, 3), dtype=torch.float64)  # n, 3
        self.no_places[part] = torch.cat([seen.mean((1, 2))[:, None], means], dim=1)

    def estimate(self, ask_again: Callable[[int], Tensor]) -> Estimate:
        """The map so far; `ask_again(n)` asks once more about the first n masks, with pixels changed by rounding."""
        n = self.sums.n

        def is_blank() -> bool:
            if bool(lacks_contrast(self.pixels)) or is_rounding(self.answers[:n], ask_again):
                return True
            return not depends_on_place(self.places[:n], self.answers[:n], self.no_places[:n])

        raw, error = (
            values.view(self.side, self.side).float().cpu()
            for values in (self.sums.map(self.normalised), self.sums.error(self.normalised))
        )
        return Estimate(raw, n, error, lambda: self.settled(n), is_blank)

    def settled(self, n: int) -> float:
        """How far a map of n other masks would agree, from how each mask moved this one at the places."""
        answers, places = self.answers[:n].double(), self.places[:n].double()
        if self.normalised:
            shown = places.sum(0).clamp(min=torch.finfo(places.dtype).tiny)
            values = answers @ places / shown
            moved = places * (answers[:, None] - values) / shown  # n, P
        else:
            weighed = places * answers[:, None] / self.p  # n, P
            values = weighed.mean(0)
            moved = (weighed - values) / len(answers)
        moved = moved - moved.mean(1, keepdim=True)  # what is added to the whole map does not change its pattern
        return estimate_correlation(float(values.var(correction=0)), float(moved.square().sum(0).mean()))


class Sums:
    """What masks and answers add up to at each of S² pixels.

    Answers are counted from the first question's mean on, so that rounding stays small beside what they differ by.
    """

    def __init__(self, side: int, p: float) -> None:
        self.p, self.n, self.side = p, 0, side
        self.base = torch.zeros(())

    def add(self, answers: Tensor, seen: Tensor) -> None:
        """Answers (n) to masks (n, S²)."""
        if self.n == 0:
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


def make_stretch(cells: int, side: int) -> Tensor:
    """The matrix (side, s) that stretches a row of cells to pixels bilinearly, the centres of outer cells mirrored.

    `resize(…, order=1, mode="reflect", anti_aliasing=False)` of scikit-image is this matrix, from both sides.
    """
    places = (torch.arange(side, dtype=torch.float64) + 0.5) * cells / side - 0.5  # of pixels, in cells
    low, last = places.floor(), cells - 1
    nearest = torch.stack([low, low + 1]).long()  # 2, side
    nearest = last - (last - nearest.abs()).abs()
    unit = torch.eye(cells, dtype=torch.float64)
    return torch.lerp(unit[nearest[0]], unit[nearest[1]], (places - low)[:, None])


def crop_masks(grids: Tensor, shifts: Tensor, stretch: Tensor, side: int) -> Tensor:
    """Masks (n, S, S) in [0, 1] from grids (n, s, s) and the shifts (n, 2) of the square that is cut out."""
    window = torch.arange(side, device=shifts.device)
    rows, columns = stretch[shifts.mT.long()[:, :, None] + window]  # n, S, s each
    return rows @ grids @ columns.mT
