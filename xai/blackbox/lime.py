"""LIME: a linear model of what the black box says, in which superpixels are seen."""

from collections.abc import Generator, Sequence

import torch
from skimage.segmentation import quickshift
from torch import Tensor

from xai.blackbox.blackbox import BlackBox


@torch.no_grad()
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
) -> Generator[tuple[float, Tensor], None, Tensor]:
    """LIME: superpixels by their weights in a linear model of the confidence in the class; no gradient.

    Formula: `w = argmin Σ_i π_i (f_c(x_i) − w_0 − w·z_i)² + α |w|²`; `z_i` says which superpixels (quickshift's) are
    seen in `x_i`: all in the first sample, in the others each with probability 1/2. The others have their own mean
    colour. `π_i = sqrt(exp(−d_i²/σ²))`, `d_i` the cosine distance of `z_i` from all ones. As `LimeImageExplainer`
    does by default: it first selects 100,000 of the superpixels by another regression, which means all of them.
    Paper: Ribeiro et al., "Why Should I Trust You?": Explaining the Predictions of Any Classifier, KDD 2016.

    Pixels (1, 3, S, S) in [0, 1] to the map (S, S), every pixel with the weight of its superpixel, in confidences;
    yields the share done and the map of the samples so far.

    Options:
        samples: how often the black box is asked.
        kernel_width: σ.
        alpha: α.
        kernel_size, max_dist, ratio: of quickshift; scikit-image's names.
        substrate: red, green and blue in [0, 1] of superpixels that are not seen; None is each one's mean colour.
        seed: of the samples, and of how quickshift breaks ties.
        at_once: samples a question; None is as many as the black box takes.

    Raises:
        ValueError: there would be no sample.
        BlackBoxError: it gave no answer, or none that could be confidences.
    """
    if samples < 1:
        raise ValueError(f"LIME needs a sample, not samples={samples}")
    segments = superpixels(pixels, kernel_size, max_dist, ratio, seed)  # S, S
    hidden = mean_colours(pixels, segments) if substrate is None else pixels.new_tensor(substrate)[:, None, None]
    seen = drawn(samples, int(segments.max()) + 1, seed)  # N, d
    answers = []
    for some in seen.split(at_once or black_box.at_once):
        shown = some.to(pixels.device)[:, segments][:, None]  # n, 1, S, S
        answers.append(black_box.ask(torch.where(shown, pixels, hidden))[:, target].cpu())
        told = torch.cat(answers)  # n so far
        weights = linear_weights(seen[: len(told)], told, kernel_width, alpha)  # d
        raw = weights.float()[segments.cpu()]
        yield len(told) / samples, raw
    return raw


def superpixels(pixels: Tensor, kernel_size: float, max_dist: float, ratio: float, seed: int) -> Tensor:
    """The number, from 0, of the superpixel of every pixel: (S, S), on the device of the pixels (1, 3, S, S)."""
    photo = pixels[0].permute(1, 2, 0).cpu().numpy()  # S, S, 3
    segments = quickshift(photo, ratio=ratio, kernel_size=kernel_size, max_dist=max_dist, rng=seed)
    return torch.from_numpy(segments).to(pixels.device)


def mean_colours(pixels: Tensor, segments: Tensor) -> Tensor:
    """The photo (3, S, S) with every pixel in the mean colour of its superpixel."""
    numbers = segments.flatten()
    sums = pixels.new_zeros(3, int(numbers.max()) + 1).index_add_(1, numbers, pixels[0].flatten(1))  # 3, d
    return (sums / numbers.bincount())[:, segments]


def drawn(samples: int, superpixels: int, seed: int) -> Tensor:
    """Which superpixels are seen in which sample, (N, d), for a seed; all in the first."""
    seen = torch.rand(samples, superpixels, generator=torch.Generator().manual_seed(seed)) < 0.5
    seen[0] = True
    return seen


def linear_weights(seen: Tensor, told: Tensor, kernel_width: float, alpha: float) -> Tensor:
    """The weights (d) of superpixels, from what was seen (N, d) and told (N): ridge regression in float64."""
    z = seen.double()
    distances = 1 - z.mean(1).sqrt()  # N: the cosine of z and all ones is |z| / sqrt(|z| d)
    near = (-(distances / kernel_width).square() / 2).exp()  # N
    z = z - near @ z / near.sum()  # which is all that an intercept does to the weights
    gram = z.T @ (near[:, None] * z) + alpha * torch.eye(z.shape[1], dtype=z.dtype)  # d, d
    return torch.linalg.solve(gram, z.T @ (near * told.double()))
