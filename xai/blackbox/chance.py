"""Whether answers depend on which places of a photo were shown, or only seem to."""

from collections.abc import Callable

import torch
from torch import Tensor

DRAWS = 999  # random orders of the answers
AGAIN = 16  # pictures shown once more
DEGREES = {1: 0, 2: 10, 3: 20}  # of polynomials, with how many answers there must be for each of their terms at least


def depends_on_place(seen: Tensor, answers: Tensor, beside: Tensor, weights: Tensor | None = None) -> bool:
    """Whether answers tell which places were shown, more than by chance and more than how much of the photo was.

    A permutation test (Freedman and Lane, *A nonstochastic interpretation of reported significance levels*, 1983): what
    the mean colour and the amount of what was shown predict, by a polynomial of up to third degree in `beside`, is
    taken from the answers and from what was seen. If what is left of the answers has nothing to do with the places, it
    may as well belong to the pictures in any other order. The statistic is `T = Σ_p (Σ_i s_ip r_i)²`, the strength of
    the map that is left; it counts all places together, so that their number and how alike neighbours are do not
    matter. Answers depend on places where T is larger than for each of 999 random orders: by chance once in 1,000.

    Args:
        seen: how much of each of P places each of N pictures showed (N, P).
        answers: confidences (N).
        beside: what is no place, such as mean colours, of each picture (N, Q).
        weights: how much each picture counts (N); None is all the same.
    """
    answers, seen = answers.double().cpu(), seen.double().cpu()
    if answers.amax() == answers.amin():
        return False
    scale = torch.ones_like(answers) if weights is None else weights.double().cpu().sqrt()
    known = scale[:, None] * terms(beside.double().cpu())  # N, t
    rest, places = without(known, scale * answers), without(known, scale[:, None] * seen)
    if rest.norm() <= torch.finfo(torch.float32).eps * (scale * answers).norm():  # that is how exact the answers are
        return False
    generator = torch.Generator().manual_seed(0)
    orders = torch.rand(DRAWS, len(answers), generator=generator).argsort(1)  # draws, N
    by_chance = (rest[orders] @ places).square().sum(1)  # draws
    return bool((rest @ places).square().sum() > by_chance.max())


def terms(beside: Tensor, degree: int | None = None) -> Tensor:
    """All terms (N, t) of a polynomial in Q numbers (N, Q): of a degree, or the highest that N answers suffice for."""
    beside = beside - beside.mean(0)
    size = beside.abs().amax(0)
    beside = (beside / size)[:, size > 0]
    found = [torch.ones(len(beside), 1).to(beside)]
    for order, answers_each in DEGREES.items() if degree is None else dict.fromkeys(range(1, degree + 1), 0).items():
        chosen = torch.combinations(torch.arange(beside.shape[1]), order, with_replacement=True)  # t, order
        found.append(beside[:, chosen].prod(2))  # N, t
        if len(beside) < answers_each * sum(each.shape[1] for each in found):
            found.pop()
            break
    return torch.cat(found, dim=1)


def without(known: Tensor, values: Tensor) -> Tensor:
    """What terms (N, t) leave unexplained of values (N) or (N, P), by least squares."""
    found = torch.linalg.svd(known, full_matrices=False)
    basis = found.U[:, found.S / found.S[0] > 1e-10]  # N, t: terms that say the same count once
    return values - basis @ (basis.T @ values)


def is_rounding(answers: Tensor, ask_again: Callable[[int], Tensor], rest: Tensor | None = None) -> bool:
    """Whether answers (N), or what is left of them (N), differ no more than rounding in the black box makes them.

    Only where they differ by less than √ε of the largest answer, ε the distance of 1 from the next float, the first 16
    pictures are shown again, each pixel changed by about that distance: `ask_again(16)` gives their answers. What
    changes is rounding, and at least half of ε; where the standard deviation is no more than three times that, it
    explains what differs.
    """
    answers = answers.float()
    eps, largest = torch.finfo(answers.dtype).eps, answers.abs().amax().double()
    rest = (answers if rest is None else rest).double()
    spread = rest.amax() - rest.amin()
    if spread <= eps * largest or spread > eps**0.5 * largest:
        return bool(spread <= eps * largest)
    again = ask_again(min(AGAIN, len(answers))).to(answers)
    changed = (again - answers[: len(again)]).double().square().mean() / 2  # each of the two answers has its own
    return bool(rest.var(correction=0) <= 9 * torch.maximum(changed, (eps * largest / 2).square()))
