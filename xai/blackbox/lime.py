"""LIME: a linear model of what the black box says, in which superpixels are seen."""

from collections.abc import Generator, Sequence

import torch
from skimage.segmentation import quickshift
from torch import Tensor

from xai.blackbox.blackbox import BlackBox
from xai.blackbox.chance import depends_on_place, is_rounding
from xai.blackbox.estimate import Estimate, check_color, check_numbers, nudged, settled_share
from xai.modes import without_gradients
from xai.noise import without_contrast


@without_gradients
def lime(
    black_box: BlackBox,
    pixels: Tensor,
    target: int,
    *,
    samples: int = 1000,
    kernel_width: float = 0.25,
    alpha: float = 1.0,
    kernel_size: float = 4,
    max_dist: float = 200,
    ratio: float = 0.2,
    substrate: Sequence[float] | None = None,
    seed: int = 0,
    at_once: int | None = None,
) -> Generator[tuple[float, Estimate], None, Estimate]:
    """LIME: superpixels by their weights in a linear model of the confidence in the class; no gradient.

    Formula: `w = argmin Σ_i π_i (f_c(x_i) − w_0 − w·z_i)² + α |w|²`; `z_i` says which superpixels (quickshift's) are
    seen in `x_i`: all in the first sample, in the others each with probability 1/2. The others have their own mean
    colour. `π_i = sqrt(exp(−d_i²/σ²))`, `d_i` the cosine distance of `z_i` from all ones. As `LimeImageExplainer`
    does by default: it first selects 100,000 of the superpixels by another regression, which means all of them.
    Paper: Ribeiro et al., "Why Should I Trust You?": Explaining the Predictions of Any Classifier, KDD 2016.

    Pixels (1, 3, S, S) in [0, 1] to an Estimate of the map (S, S), every pixel with the weight of its superpixel, in
    confidences; yields the share done and that of the samples so far. The standard errors of the weights are those of
    weighted ridge regression, `H⁻¹ Z' diag(π² r²) Z H⁻¹` with `H = Z' diag(π) Z + α` and r the residuals. The map is
    blank where the answers do not depend on the superpixels seen (`depends_on_place`), or are rounding errors, or the
    photo has no contrast.

    Options:
        samples: how often the black box is asked.
        kernel_width: σ.
        alpha: α.
        kernel_size, max_dist, ratio: of quickshift; scikit-image's names.
        substrate: red, green and blue in [0, 1] of superpixels that are not seen; None is each one's mean colour.
        seed: of the samples, and of how quickshift breaks ties.
        at_once: samples a question; None is as many as the black box takes.

    Raises:
        ValueError: an option is no number of its kind, so that there would be no sample; or the substrate is no colour.
        BlackBoxError: it gave no answer, or none that could be confidences.
    """
    at_once = black_box.at_once if at_once is None else at_once
    check_numbers("LIME", samples=(samples, 1), seed=(seed, 0), at_once=(at_once, 1), alpha=(alpha, 0.0))
    check_numbers("LIME", kernel_width=(kernel_width, 0.01), kernel_size=(kernel_size, 0.1), max_dist=(max_dist, 0.0))
    if substrate is not None:
        check_color("LIME", substrate)
    segments = superpixels(pixels, kernel_size, max_dist, ratio, seed)  # S, S
    hidden = mean_colours(pixels, segments) if substrate is None else pixels.new_tensor(substrate)[:, None, None]
    seen = drawn(samples, int(segments.max()) + 1, seed)  # N, d
    areas = segments.flatten().bincount().double().cpu()  # d

    def look(some: Tensor) -> Tensor:
        """The photo with some superpixels seen (n, d): (n, 3, S, S)."""
        return torch.where(some.to(pixels.device)[:, segments][:, None], pixels, hidden)

    def ask_again(n: int) -> Tensor:
        return black_box.ask(nudged(look(seen[:n])))[:, target]

    answers, colours = [], []
    for some in seen.split(at_once):
        photos = look(some)
        answers.append(black_box.ask(photos)[:, target].cpu())
        colours.append(photos.mean((2, 3), dtype=torch.float64).cpu())  # n, 3
        told = torch.cat(answers)  # n so far
        weights, errors = linear_weights(seen[: len(told)], told, kernel_width, alpha)  # d each

        def is_blank(told: Tensor = told) -> bool:
            z = seen[: len(told)].double()
            beside = torch.cat([z @ (areas / areas.sum())[:, None], torch.cat(colours)[: len(told)]], dim=1)  # n, 4
            if without_contrast(pixels) or is_rounding(told, ask_again):
                return True
            return not depends_on_place(z, told, beside, nearness(z, kernel_width))

        def settled(weights: Tensor = weights, errors: Tensor = errors) -> float:
            share = areas / areas.sum()
            return settled_share(float(share @ (weights - share @ weights).square()), float(share @ errors.square()))

        maps = [values.float()[segments.cpu()] for values in (weights, errors)]  # S, S each
        estimate = Estimate(maps[0], len(told), maps[1], settled, is_blank)
        yield len(told) / samples, estimate
    return estimate


def superpixels(pixels: Tensor, kernel_size: float, max_dist: float, ratio: float, seed: int) -> Tensor:
    """The number, from 0, of the superpixel of every pixel: (S, S), on the device of the pixels (1, 3, S, S)."""
    photo = pixels[0].permute(1, 2, 0).cpu().numpy()  # S, S, 3
    segments = quickshift(photo, ratio=ratio, kernel_size=kernel_size, max_dist=max_dist, rng=seed)
    return torch.from_numpy(segments).to(pixels.device)


def mean_colours(pixels: Tensor, segments: Tensor) -> Tensor:
    """The photo (3, S, S) with every pixel in the mean colour of its superpixel."""
    numbers, colours = segments.flatten(), pixels[0].flatten(1).double()  # thousands of pixels add up in a superpixel
    sums = colours.new_zeros(3, int(numbers.max()) + 1).index_add_(1, numbers, colours)  # 3, d
    return (sums / numbers.bincount()).to(pixels)[:, segments]


def drawn(samples: int, superpixels: int, seed: int) -> Tensor:
    """Which superpixels are seen in which sample, (N, d), for a seed; all in the first."""
    seen = torch.rand(samples, superpixels, generator=torch.Generator().manual_seed(seed)) < 0.5
    seen[0] = True
    return seen


def nearness(z: Tensor, kernel_width: float) -> Tensor:
    """How much each sample counts (N), the more the more superpixels (N, d) are seen."""
    distances = 1 - z.mean(1).sqrt()  # N: the cosine of z and all ones is |z| / sqrt(|z| d)
    return (-(distances / kernel_width).square() / 2).exp()


def linear_weights(seen: Tensor, told: Tensor, kernel_width: float, alpha: float) -> tuple[Tensor, Tensor]:
    """The weights (d) of superpixels and their standard errors (d), from what was seen (N, d) and told (N).

    Ridge regression in float64.
    """
    z, told = seen.double(), told.double()
    near = nearness(z, kernel_width)  # N
    z = z - near @ z / near.sum()  # which is all that an intercept does to the weights
    gram = z.T @ (near[:, None] * z) + alpha * torch.eye(z.shape[1], dtype=z.dtype)  # d, d
    weights = torch.linalg.solve(gram, z.T @ (near * told))
    residuals = told - near @ told / near.sum() - z @ weights  # N
    moved = torch.linalg.solve(gram, z.T * (near * residuals))  # d, N: by how much each sample moves each weight
    return weights, moved.square().sum(1).sqrt()
