"""LIME: a linear model of what the subject says, in which superpixels are seen."""

from collections.abc import Callable, Sequence

import torch
from skimage.segmentation import quickshift
from torch import Tensor

from xai.checks import check_color, check_numbers
from xai.methods.chance import depends_on_place, is_rounding
from xai.methods.estimate import Estimate, estimate_correlation, nudge
from xai.methods.registry import method
from xai.modes import without_gradients
from xai.noise import lacks_contrast
from xai.steps import Progress, Steps
from xai.subject import Subject


@method("lime", title="LIME", source="ribeiro2016", needs="answers", pace="minutes", number="samples")
@without_gradients
def lime(
    subject: Subject, pixels: Tensor, target: int,
    *, samples: int = 1000, kernel_width: float = 0.25, alpha: float = 1.0, kernel_size: float = 4,
    max_dist: float = 200, ratio: float = 0.2, substrate: Sequence[float] | None = None, seed: int = 0,
    batch_size: int | None = None,
) -> Steps[Estimate]:  # fmt: skip
    """LIME: superpixels by their weights in a linear model of the confidence in the class; no gradient.

    Formula: `w = argmin Σ_i π_i (f_c(x_i) − w_0 − w·z_i)² + α |w|²`; `z_i` says which superpixels (quickshift's) are
    seen in `x_i`: all in the first sample, in the others each with probability 1/2. The others have their own mean
    colour. `π_i = sqrt(exp(−d_i²/σ²))`, `d_i` the cosine distance of `z_i` from all ones. As `LimeImageExplainer`
    does by default: it first selects 100,000 of the superpixels by another regression, which means all of them.
    Paper: Ribeiro et al., "Why Should I Trust You?": Explaining the Predictions of Any Classifier, KDD 2016.

    Pixels (1, 3, S, S) in [0, 1] to an Estimate of the map (S, S): each pixel has its superpixel's weight. Standard
    errors are those of weighted ridge regression, `H⁻¹ Z' diag(π² r²) Z H⁻¹` with `H = Z' diag(π) Z + α`, r the
    residuals. The map is blank where the answers do not depend on the superpixels seen (`depends_on_place`), or are
    rounding errors, or the photo has no contrast.

    Options:
        samples: how often the subject is asked.
        kernel_width, alpha: σ and α.
        kernel_size, max_dist, ratio: of quickshift; scikit-image's names.
        substrate: red, green and blue in [0, 1] of superpixels that are not seen; None is each one's mean colour.
        seed: of the samples, and of how quickshift breaks ties.
        batch_size: samples a question; None is as many as the subject takes.

    Raises:
        ValueError: an option is no number of its kind, so that there would be no sample; or the substrate is no colour.
        BlackBoxError: it gave no answer, or none that could be confidences.
    """
    batch_size = subject.batch_size if batch_size is None else batch_size
    check_numbers("LIME", samples=(samples, 1), seed=(seed, 0), batch_size=(batch_size, 1), alpha=(alpha, 0.0))
    check_numbers("LIME", kernel_width=(kernel_width, 0.01), kernel_size=(kernel_size, 0.1), max_dist=(max_dist, 0.0))
    if substrate is not None:
        check_color("LIME", substrate)
    segments = find_superpixels(pixels, kernel_size, max_dist, ratio, seed)  # S, S
    covered = Covered(pixels, segments, draw_samples(samples, int(segments.max()) + 1, seed), substrate)
    answers, colours, estimate = [], [], Estimate(torch.zeros(pixels.shape[2:]))  # a map before the first answer

    def ask_again(n: int) -> Tensor:
        return subject.ask(nudge(covered.look(slice(n))))[:, target]

    for start in range(0, samples, batch_size):
        answers.append(subject.ask(photos := covered.look(slice(start, start + batch_size)))[:, target].cpu())
        colours.append(photos.mean((2, 3), dtype=torch.float64).cpu())  # n, 3
        so_far = torch.cat(answers), torch.cat(colours)
        fitted = fit_weights(covered.seen[: len(so_far[0])], so_far[0], kernel_width, alpha)  # d, d
        estimate = covered.estimate(*so_far, fitted, kernel_width, ask_again)
        yield Progress(len(so_far[0]) / samples, estimate)
    return estimate


class Covered:
    """A photo of which some superpixels are seen, and the others have a colour.

    Args:
        pixels: the photo (1, 3, S, S) in [0, 1].
        segments: the number of the superpixel of every pixel (S, S).
        seen: which superpixels are seen in which sample (N, d).
        substrate: red, green and blue of superpixels that are not seen; None is each one's mean colour.
    """

    def __init__(self, pixels: Tensor, segments: Tensor, seen: Tensor, substrate: Sequence[float] | None) -> None:
        self.pixels, self.segments, self.seen = pixels, segments, seen
        areas = segments.flatten().bincount().double().cpu()  # d
        self.shares = areas / areas.sum()
        self.hidden = (
            paint_mean_colours(pixels, segments) if substrate is None else pixels.new_tensor(substrate)[:, None, None]
        )

    def look(self, part: slice) -> Tensor:
        """Some of the samples as photos (n, 3, S, S)."""
        return torch.where(self.seen[part].to(self.pixels.device)[:, self.segments][:, None], self.pixels, self.hidden)

    def estimate(
        self,
        answers: Tensor,
        colours: Tensor,
        fitted: tuple[Tensor, Tensor],
        kernel_width: float,
        ask_again: Callable[[int], Tensor],
    ) -> Estimate:
        """The map that the weights of superpixels and their errors (d each) make.

        Args:
            answers: to the samples so far (n).
            colours: their mean colours (n, 3).
            fitted: weights and their standard errors.
            kernel_width: σ.
            ask_again: asks once more about the first n samples, with pixels changed by rounding.
        """
        weights, errors = fitted

        def is_blank() -> bool:
            if lacks_contrast(self.pixels) or is_rounding(answers, ask_again):
                return True
            z = self.seen[: len(answers)].double()
            no_places = torch.cat([z @ self.shares[:, None], colours], dim=1)  # n, 4
            return not depends_on_place(z, answers, no_places, weigh_samples(z, kernel_width))

        def settled() -> float:
            variance = float(self.shares @ (weights - self.shares @ weights).square())
            return estimate_correlation(variance, float(self.shares @ errors.square()))

        raw, error = (values.float()[self.segments.cpu()] for values in fitted)  # S, S each
        return Estimate(raw, len(answers), error, settled, is_blank)


def find_superpixels(pixels: Tensor, kernel_size: float, max_dist: float, ratio: float, seed: int) -> Tensor:
    """The number, from 0, of the superpixel of every pixel: (S, S), on the device of the pixels (1, 3, S, S)."""
    photo = pixels[0].permute(1, 2, 0).cpu().numpy()  # S, S, 3
    segments = quickshift(photo, ratio=ratio, kernel_size=kernel_size, max_dist=max_dist, rng=seed)
    return torch.from_numpy(segments).to(pixels.device)


def paint_mean_colours(pixels: Tensor, segments: Tensor) -> Tensor:
    """The photo (3, S, S) with every pixel in the mean colour of its superpixel."""
    numbers, colours = segments.flatten(), pixels[0].flatten(1).double()  # thousands of pixels add up in a superpixel
    sums = colours.new_zeros(3, int(numbers.max()) + 1).index_add_(1, numbers, colours)  # 3, d
    return (sums / numbers.bincount()).to(pixels)[:, segments]


def draw_samples(samples: int, superpixels: int, seed: int) -> Tensor:
    """Which superpixels are seen in which sample, (N, d), for a seed; all in the first."""
    seen = torch.rand(samples, superpixels, generator=torch.Generator().manual_seed(seed)) < 0.5
    seen[0] = True
    return seen


def weigh_samples(z: Tensor, kernel_width: float) -> Tensor:
    """How much each sample counts (N), the more the more superpixels (N, d) are seen."""
    distances = 1 - z.mean(1).sqrt()  # N: the cosine of z and all ones is |z| / sqrt(|z| d)
    return (-(distances / kernel_width).square() / 2).exp()


def fit_weights(seen: Tensor, answers: Tensor, kernel_width: float, alpha: float) -> tuple[Tensor, Tensor]:
    """The weights (d) of superpixels and their standard errors (d), from what was seen (N, d) and answered (N).

    Ridge regression in float64.
    """
    z, answers = seen.double(), answers.double()
    near = weigh_samples(z, kernel_width)  # N
    z = z - near @ z / near.sum()  # which is all that an intercept does to the weights
    gram = z.T @ (near[:, None] * z) + alpha * torch.eye(z.shape[1], dtype=z.dtype)  # d, d
    weights = torch.linalg.solve(gram, z.T @ (near * answers))
    residuals = answers - near @ answers / near.sum() - z @ weights  # N
    moved = torch.linalg.solve(gram, z.T * (near * residuals))  # d, N: by how much each sample moves each weight
    return weights, moved.square().sum(1).sqrt()
