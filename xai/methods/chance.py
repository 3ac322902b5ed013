"""Whether answers depend on which places of a photo were shown, or only seem to."""

from collections.abc import Callable

import torch
from torch import Tensor

DRAWS = 999  # random orders of the answers
AGAIN = 16  # pictures shown once more
DEGREES = {1: 0, 2: 10, 3: 20}  # of polynomials, with how many pictures there must be for each of their terms at least
SURE, LIKELY = 0.001, 0.05  # how often chance may look like evidence


def depends_on_place(seen: Tensor, answers: Tensor, beside: Tensor, weights: Tensor | None = None) -> bool:
    """Whether answers tell which places were shown, more than by chance and more than how much of the photo was.

    Two permutation tests. The first is of the answers as they are: if they had nothing to do with what was shown, they
    might as well belong to the pictures in any other order. The statistic is `T = Σ_p (Σ_i s_ip r_i)²`, r the answers
    less their mean: the strength of the map; it counts all places together, so that their number and how alike
    neighbours are do not matter. T has to be larger than for each of 999 random orders, as by chance it is once in
    1,000 times. The second is of what is left of answers and of what was seen without what `beside` predicts, by a
    polynomial of up to third degree (Freedman and Lane, *A nonstochastic interpretation of reported significance
    levels*, 1983). Where that is less than half of the answers' variance, they may be a function of the colours alone,
    and the same is asked of the rest; else they are none, and T has to be larger than for 19 of 20 orders.

    Args:
        seen: how much of each of P places each of N pictures showed (N, P).
        answers: confidences (N).
        beside: what is no place, such as mean colours, of each picture (N, Q).
        weights: how much each picture counts (N); None is all the same.
    """
    answers, seen = answers.double().cpu(), seen.double().cpu()
    scale = torch.ones_like(answers) if weights is None else weights.double().cpu().sqrt()
    answers, seen = scale * (answers - answers.mean()), scale[:, None] * seen
    whole = remove_terms(scale[:, None], answers)
    if count_stronger_orders(whole, remove_terms(scale[:, None], seen)) > SURE:
        return False
    known = scale[:, None] * make_terms(beside.double().cpu())  # N, t
    rest = remove_terms(known, answers)
    all_colour = rest.square().sum() < whole.square().sum() / 2
    return count_stronger_orders(rest, remove_terms(known, seen)) <= (SURE if all_colour else LIKELY)


def count_stronger_orders(answers: Tensor, seen: Tensor) -> float:
    """In which share of random orders answers (N) make as strong a map of what was seen (N, P); their own counts."""
    generator = torch.Generator().manual_seed(0)
    orders = torch.rand(DRAWS, len(answers), generator=generator).argsort(1)  # draws, N
    by_chance = (answers[orders] @ seen).square().sum(1)  # draws
    return float(1 + (by_chance >= (answers @ seen).square().sum()).sum()) / (1 + DRAWS)


def make_terms(beside: Tensor, degree: int | None = None) -> Tensor:
    """All terms (N, t) of a polynomial in Q numbers (N, Q): of a degree, or the highest that N pictures suffice for.

    Numbers that differ by rounding alone have no part in it, and equal pictures count as one.
    """
    size = (beside - beside.mean(0)).abs().amax(0)
    beside = ((beside - beside.mean(0)) / size)[:, size > 8 * torch.finfo(torch.float32).eps]
    different = len(beside.unique(dim=0))
    found = [torch.ones(len(beside), 1).to(beside)]
    for order, pictures_each in DEGREES.items() if degree is None else [(i + 1, 0) for i in range(degree)]:
        chosen = torch.combinations(torch.arange(beside.shape[1]), order, with_replacement=True)  # t, order
        new = beside[:, chosen].prod(2)  # N, t
        if different < pictures_each * (sum(each.shape[1] for each in found) + new.shape[1]):
            break
        found.append(new)
    return torch.cat(found, dim=1)


def remove_terms(known: Tensor, values: Tensor) -> Tensor:
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
