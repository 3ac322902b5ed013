"""MASK: the smallest, smoothest blur that hides a class, learned by gradient descent through an open network."""

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from xai.activations import differentiate
from xai.methods.chance import is_rounding, make_terms, remove_terms
from xai.methods.estimate import Estimate, nudge
from xai.methods.registry import method
from xai.models import Classifier
from xai.models.classifier import evaluating
from xai.modes import without_gradients
from xai.noise import lacks_contrast
from xai.steps import Progress, Steps

BATCH_SIZE = 4  # photos a step: a step is the shortest time in which a visitor can stop it
PUBLISHED_SIDE = 224  # pixels; radii of discs are given for it
MOVED = 63  # masks moved elsewhere, to compare


@method("mask", title="MASK", source="fong2017", needs="gradients", pace="minutes")
@without_gradients
def mask(
    network: Classifier, pixels: Tensor, target: int,
    *, iterations: int = 300, learning_rate: float = 0.1, betas: tuple[float, float] = (0.9, 0.999), l1: float = 1e-4,
    tv: float = 1e-2, tv_power: float = 3, cell: int = 8, mask_blur: float = 5, photo_blur: float = 10,
    jitter: int = 4, disc_step: float = 5, disc_blur: float = 10, disc_left: float = 0.01, seed: int = 0,
) -> Steps[Estimate]:  # fmt: skip
    """MASK: where blurring the photo, as little and as smoothly as possible, takes the class's confidence away.

    Formula: `S = 1 − U m`, `m = argmin f_c(Um ⊙ x + (1 − Um) ⊙ b) + λ₁ Σ |1 − m| + λ₂ Σ |∇m|^β` over m in [0, 1], by
    Adam. b is the photo blurred; U stretches m to the photo's size by nearest neighbours and blurs it; photo and b are
    stretched by a few pixels and cropped at random at every step. m starts as the smallest disc in the middle, blurred,
    that takes the confidence away. All numbers are those of the authors' Caffe code, which differs from the formula in
    that it blurs 8-bit pictures, b before the photo is shrunk, and descends as if U did not blur.
    Paper: Fong and Vedaldi, Interpretable Explanations of Black Boxes by Meaningful Perturbation, ICCV 2017.

    Pixels (1, 3, S, S) in [0, 1], resized to the network's S, to an Estimate of the map (S, S) in [0, 1], which is
    blank where the mask would hide as much anywhere else (`place_does_not_matter`).

    Options:
        iterations, learning_rate, betas, l1, tv, tv_power: of Adam, and λ₁, λ₂ and β.
        cell, mask_blur, photo_blur: side of a number of m, and standard deviations of the blurs of U and b, in pixels.
        jitter: by how many pixels photo and b are stretched; 0 is not at all.
        disc_step, disc_blur: between the radii of discs, at a side of 224, and the deviation of their blur, in pixels.
        disc_left: share of the confidence, above that through the largest disc, that the first disc may leave.
        seed: of the crops.
    """
    side, seen = network.input_size, Blurred.blur(network, target, pixels, photo_blur)
    stretch = (make_blur(side, mask_blur) @ make_enlargement(side, cell)).to(seen.pixels)  # S, n

    def objective(m: Tensor, view: Blurred) -> Tensor:
        left = view.confidence(apply_to_both(m, stretch)[None]).sum()
        return left + l1 * (1 - m).abs().sum() + tv * measure_variation(m, tv_power)

    with evaluating(network):
        disc, asked = yield from find_disc(seen, disc_step, disc_blur, disc_left)  # S, S
        middles = (torch.arange(stretch.shape[1]) * cell + cell // 2).clamp(max=side - 1)  # n
        m = disc[middles][:, middles]  # n, n
        adam, estimate = torch.optim.Adam([m], learning_rate, betas), Estimate(torch.zeros(side, side))
        for done, view in enumerate(seen.crop(iterations, jitter, seed), start=1):
            m.grad = differentiate(partial(objective, view=view), m)
            adam.step()
            m.clamp_(0, 1)
            kept = apply_to_both(m, stretch)
            raw, is_blank = (1 - kept).clamp(0, 1).cpu(), partial(place_does_not_matter, seen, kept)
            yield Progress(done / iterations, estimate := Estimate(raw, asked + done, is_blank=is_blank))
    return estimate


class Blurred:
    """A network that sees a photo (1, 3, S, S) through masks: where a mask is 0 it sees `hidden` (1, 3, S, S)."""

    def __init__(self, network: Classifier, target: int, pixels: Tensor, hidden: Tensor) -> None:
        self.network, self.target, self.pixels, self.hidden = network, target, pixels, hidden

    @classmethod
    def blur(cls, network: Classifier, target: int, pixels: Tensor, deviation: float) -> "Blurred":
        """A photo, resized to what the network reads, and blurred where it is hidden."""
        side, pixels = network.input_size, pixels.to(network.device)
        if pixels.shape[-1] != side:
            pixels = F.interpolate(pixels, size=side, mode="bilinear", antialias=True)
        return cls(network, target, pixels, apply_to_both(pixels, make_blur(side, deviation).to(pixels)))

    def look(self, masks: Tensor) -> Tensor:
        """The photo (N, 3, S, S) through masks (N, S, S) in [0, 1]."""
        return torch.lerp(self.hidden, self.pixels, masks[:, None])

    def answer(self, photos: Tensor) -> Tensor:
        """The confidence (N) in the class, for photos (N, 3, S, S) in [0, 1]."""
        return self.network(self.network.normalize(photos)).softmax(1)[:, self.target]

    def confidence(self, masks: Tensor) -> Tensor:
        """The confidence (N) in the class when the photo is seen through masks (N, S, S)."""
        return self.answer(self.look(masks))

    def crop(self, number: int, jitter: int, seed: int) -> Iterator["Blurred"]:
        """The same, again and again, with photo and blur stretched by some pixels and cropped at random."""
        side = self.pixels.shape[-1]
        wide = [F.interpolate(p, size=side + jitter, mode="bilinear") for p in (self.pixels, self.hidden)]
        corners = torch.randint(max(jitter, 1), (number, 2), generator=torch.Generator().manual_seed(seed))
        for top, left in corners.tolist():
            crops = (p[:, :, top : top + side, left : left + side] for p in wide)
            yield Blurred(self.network, self.target, *crops)


def find_disc(seen: Blurred, step: float, blur: float, left: float) -> Steps[tuple[Tensor, int]]:
    """The smallest blurred disc (S, S), 0 in the middle, that takes the confidence away, and how often was asked."""
    side = seen.pixels.shape[-1]
    discs = 1 - apply_to_both(draw_discs(side, step), make_blur(side, blur)).to(seen.pixels)  # R, S, S
    confidences = []
    for some in torch.cat([torch.ones_like(discs[:1]), discs]).split(BATCH_SIZE):
        confidences.append(seen.confidence(some))
        yield Progress(0.0)
    return discs[choose_disc(torch.cat(confidences), left)], len(discs) + 1


def place_does_not_matter(seen: Blurred, kept: Tensor) -> bool:
    """Whether the mask (S, S) would hide as much of the class anywhere else, so that it tells of no place.

    The network is asked with the mask, and with 63 copies of it moved around. What the mean colours of the pictures
    predict, by a polynomial of fourth degree, is taken from the answers; if the rest is rounding errors, no place
    differs from another.
    """
    if lacks_contrast(seen.pixels):
        return True
    moves = torch.randint(len(kept), (MOVED, 2), generator=torch.Generator().manual_seed(0)).tolist()
    masks = torch.stack([kept, *(kept.roll(move, (0, 1)) for move in moves)])  # N, S, S

    def ask_again(n: int) -> Tensor:
        return torch.cat([seen.answer(nudge(seen.look(some))) for some in masks[:n].split(BATCH_SIZE)])

    answers, colours = [], []
    for some in masks.split(BATCH_SIZE):
        photos = seen.look(some)
        answers.append(seen.answer(photos))
        colours.append(photos.mean((2, 3), dtype=torch.float64))
    answers, colours = torch.cat(answers).cpu(), torch.cat(colours).cpu()
    return is_rounding(answers, ask_again, remove_terms(make_terms(colours, degree=4), answers.double()))


def make_blur(side: int, deviation: float) -> Tensor:
    """The matrix (S, S) that blurs a row of pixels by a Gaussian, of which what is beyond the border does not count."""
    apart = torch.arange(side, dtype=torch.float64)
    apart = apart[:, None] - apart
    weights = (-(apart / deviation).square() / 2).exp() if deviation else torch.eye(side, dtype=torch.float64)
    return weights / weights.sum(1, keepdim=True)


def make_enlargement(side: int, cell: int) -> Tensor:
    """The matrix (S, n) that gives every pixel the number of the cell it is in."""
    return torch.eye(-(-side // cell), dtype=torch.float64)[torch.arange(side) // cell]


def apply_to_both(maps: Tensor, matrix: Tensor) -> Tensor:
    """A matrix (S, n) applied to rows and columns of maps (…, n, n): (…, S, S)."""
    return matrix @ maps @ matrix.T


def draw_discs(side: int, step: float) -> Tensor:
    """Discs (R, S, S) of ones in the middle, of radius 0, `step`, … to all but the whole photo."""
    apart = torch.arange(side, dtype=torch.float64) - side // 2
    distances = (apart[:, None].square() + apart.square()).sqrt()
    radii = torch.arange(0, 175, step, dtype=torch.float64) * side / PUBLISHED_SIDE
    return (distances <= radii[:, None, None]).double()


def choose_disc(confidences: Tensor, left: float) -> int:
    """The first disc that leaves less than a share of the confidence; confidences without one, then with each (R)."""
    whole, with_disc = confidences[0], confidences[1:]
    shares = (with_disc - with_disc[-1]) / (whole - with_disc[-1])
    below = (shares < left).nonzero()[:, 0].tolist()
    return below[0] if below else len(with_disc) - 1


def measure_variation(m: Tensor, power: float) -> Tensor:
    """`Σ (dx² + dy²)^(β/2)` of differences with the next number of m (n, n), to the right and below."""
    right, below = F.pad(m.diff(dim=1), (0, 1)), F.pad(m.diff(dim=0), (0, 0, 0, 1))
    return (right.square() + below.square()).clamp(min=1e-12).pow(power / 2).sum()
