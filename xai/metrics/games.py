"""Deletion and insertion: how fast the confidence in a class falls, or rises, as a map's strongest pixels go, or come.

The rules are those of RISE's published evaluation. Pixels are in [0, 1]; grey is ImageNet's mean colour, which is zero
in the normalised pixels of the published code.
"""

import math
from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor
from torch.nn import functional as F

from xai.checks import check_numbers
from xai.explaining import find_class
from xai.explanation import Explanation
from xai.maps import resize_maps
from xai.modes import without_gradients
from xai.photo import GREY, Photo
from xai.steps import Progress, Steps, finish
from xai.subject import Subject

STEP = 224 * 8  # pixels changed from one question to the next, as for the published figures; 224 for single photos
KERNEL_SIDE, KERNEL_SIGMA = 11, 5
PHOTO = "photo"
GAMES = {"deletion": "grey", "insertion": "blur"}  # what pixels are deleted to, or inserted into


def game_of(name: str) -> str:
    """The game of `deletion:blur`: behind a colon stands the substrate, where one game is played on several."""
    return name.partition(":")[0]


@cache
def kernel() -> Tensor:
    """The published blurring kernel (11, 11), of sum 1: a dirac under SciPy's Gaussian filter, so nearly flat."""
    dirac = np.zeros((KERNEL_SIDE, KERNEL_SIDE))
    dirac[KERNEL_SIDE // 2, KERNEL_SIDE // 2] = 1
    return torch.from_numpy(gaussian_filter(dirac, KERNEL_SIGMA)).float()


def grey(pixels: Tensor) -> Tensor:
    return torch.tensor(GREY, device=pixels.device).view(3, 1, 1).expand_as(pixels)


def black(pixels: Tensor) -> Tensor:
    return torch.zeros_like(pixels)


def blur(pixels: Tensor) -> Tensor:
    """Photos (N, 3, S, S) blurred; all beyond their borders counts as grey, so that they fade to it there."""
    weights = kernel().to(pixels.device).expand(3, 1, -1, -1)
    return F.conv2d(pixels - grey(pixels), weights, padding=KERNEL_SIDE // 2, groups=3) + grey(pixels)


SUBSTRATES: dict[str, Callable[[Tensor], Tensor]] = {"grey": grey, "black": black, "blur": blur}


def play(
    subject: Subject,
    image: Photo,
    maps: Mapping[str, Explanation | Tensor | np.ndarray],
    target: int | str | None = None,
    games: Mapping[str, str] = GAMES,
    step: int = STEP,
) -> dict[str, dict[str, np.ndarray]]:
    """The games of one photo by several maps: `play(…)["deletion"]["gradcam"]` is a curve (n + 1).

    Args:
        subject: a classifier or a black box.
        image: a PIL image, a path or an array.
        maps: by name, explanations or raw maps (h, w) of any size.
        target: the class by index or name; None is the one that it predicts.
        games: each game's substrate; `{"deletion": "grey", "deletion:blur": "blur"}` plays one on two.
        step: pixels changed from one question to the next, of S² in all, S the side of the subject's input.

    Raises:
        ValueError: there is no such class, game or substrate, there are no maps, or one is not of two dimensions or not
            finite.
        BlackBoxError: the black box gave no answer.
    """
    return finish(play_steps(subject, image, maps, target, games, step))


@without_gradients
def play_steps(
    subject: Subject,
    image: Photo,
    maps: Mapping[str, Explanation | Tensor | np.ndarray],
    target: int | str | None = None,
    games: Mapping[str, str] = GAMES,
    step: int = STEP,
) -> Steps[dict[str, dict[str, np.ndarray]]]:
    """`play` in steps."""
    check_numbers("play", step=(step, 1))
    for argument, value in {"maps": maps, "games": games}.items():
        if not isinstance(value, Mapping) or not value:
            raise ValueError(f"play needs {argument} by their names, {{name: …}}, one or more, not {value!r:.60}")
    chosen = None if target is None else find_class(subject, target)
    pixels = subject.pixels([image])  # 1, 3, S, S
    ends = ask_endpoints(subject, pixels, games)
    index = int(ends[PHOTO].argmax()) if chosen is None else chosen
    scores = {name: float(confidences[0, index]) for name, confidences in ends.items()}
    raws = [torch.as_tensor(m.raw if isinstance(m, Explanation) else m) for m in maps.values()]
    found = yield from draw_curves_steps(subject, pixels, stack_maps(raws, pixels), index, games, step, scores)
    return {game: dict(zip(maps, curves.numpy(), strict=True)) for game, curves in found.items()}


def deletion(
    subject: Subject, pixels: Tensor, maps: Tensor, target: int, step: int = STEP, substrate: str = "grey"
) -> Tensor:
    """Deletion curves (M, n + 1), the lower the better: pixels go, the most salient first.

    Formula: `f_c(x_k)`, k = 0…n, n = ⌈S²/step⌉, `f_c` the subject's confidence in the class and `x_k` the photo with
    its `k · step` most salient pixels replaced by the substrate's; of equally salient pixels the first in reading order
    goes first. (The published code sorts by an unstable algorithm, which leaves this order open.) Maps are resized to
    S × S bilinearly. The figure of merit is `auc`.
    Paper: Petsiuk et al., RISE: Randomized Input Sampling for Explanation of Black-box Models, BMVC 2018.

    Args:
        subject: a classifier or a black box.
        pixels: one photo (1, 3, S, S) in [0, 1], from `subject.pixels`.
        maps: M maps of it (M, h, w).
        target: index of the class.
        step: pixels changed from one question to the next.
        substrate: one of `SUBSTRATES`.

    Raises:
        ValueError: there is no such substrate, or a map is not finite.
        BlackBoxError: the black box gave no answer.
    """
    return draw_curves(subject, pixels, maps, target, {"deletion": substrate}, step)["deletion"]


def insertion(
    subject: Subject, pixels: Tensor, maps: Tensor, target: int, step: int = STEP, substrate: str = "blur"
) -> Tensor:
    """Insertion curves (M, n + 1), the higher the better: pixels come, the most salient first.

    Formula: as of `deletion`, but `x_k` is the substrate, by default the blurred photo, with the `k · step` most
    salient pixels replaced by the photo's.
    Paper: Petsiuk et al., BMVC 2018.
    """
    return draw_curves(subject, pixels, maps, target, {"insertion": substrate}, step)["insertion"]


def auc(curves: Tensor | np.ndarray) -> Tensor | np.ndarray:
    """The area (…) under curves (…, n + 1), in [0, 1].

    Formula: `(Σ_k a_k − a_0/2 − a_n/2) / n`, the trapezoidal rule; a last step that is shorter weighs as the others.
    Paper: Petsiuk et al., BMVC 2018.
    """
    return (curves.sum(-1) - curves[..., 0] / 2 - curves[..., -1] / 2) / (curves.shape[-1] - 1)


def ask_endpoints(subject: Subject, pixels: Tensor, games: Mapping[str, str] = GAMES) -> dict[str, Tensor]:
    """The subject's confidences (N, K) in what games begin and end with: `photo`, and each substrate by its name.

    Raises:
        ValueError: there is no such game or substrate.
        BlackBoxError: the black box gave no answer.
    """
    for game, substrate in games.items():
        if game_of(game) not in GAMES:
            raise ValueError(f"there is no game {game!r}; choose one of {', '.join(GAMES)}")
        if substrate not in SUBSTRATES:
            raise ValueError(f"there is no substrate {substrate!r}; choose one of {', '.join(SUBSTRATES)}")
    shown = {PHOTO: pixels, **{name: SUBSTRATES[name](pixels) for name in games.values()}}
    answers = subject.ask(torch.cat(list(shown.values())))
    return dict(zip(shown, answers.split(len(pixels)), strict=True))


def draw_curves(
    subject: Subject,
    pixels: Tensor,
    maps: Tensor,
    target: int,
    games: Mapping[str, str] = GAMES,
    step: int = STEP,
    ends: Mapping[str, float] | None = None,
) -> dict[str, Tensor]:
    """For each game the curves (M, n + 1) of one photo (1, 3, S, S) by M maps (M, h, w).

    All curves of a game begin and end alike, with the confidences `ends` by the names of `ask_endpoints`; where they
    are None, the subject is asked for them.
    """
    if ends is None:
        ends = {name: float(row[0, target]) for name, row in ask_endpoints(subject, pixels, games).items()}
    return finish(draw_curves_steps(subject, pixels, maps, target, games, step, ends))


@without_gradients
def draw_curves_steps(
    subject: Subject,
    pixels: Tensor,
    maps: Tensor,
    target: int,
    games: Mapping[str, str],
    step: int,
    ends: Mapping[str, float],
) -> Steps[dict[str, Tensor]]:
    """`draw_curves` in steps."""
    side = pixels.shape[-1]
    steps = math.ceil(side * side / step)
    ranked = rank_pixels(resize_maps(maps.to(pixels), (side, side)))  # M, S, S
    found = {}
    for i, (game, substrate) in enumerate(games.items()):
        ground = SUBSTRATES[substrate](pixels)
        start, end = (pixels, ground) if game_of(game) == "deletion" else (ground, pixels)
        first, last = ends[PHOTO], ends[substrate]
        if game_of(game) == "insertion":
            first, last = last, first
        curve = torch.full((len(maps), steps + 1), first, device=pixels.device)
        curve[:, -1] = last
        inner = torch.cartesian_prod(torch.arange(len(maps)), torch.arange(1, steps)).to(pixels.device)  # questions, 2
        for done in range(0, len(inner), subject.batch_size):
            which, k = inner[done : done + subject.batch_size].unbind(1)
            changed = ranked[which] < (k * step).view(-1, 1, 1)  # questions, S, S
            curve[which, k] = subject.ask(torch.where(changed[:, None], end, start))[:, target]
            yield Progress((i + (done + len(k)) / len(inner)) / len(games))
        found[game] = curve.cpu()
    return found


def rank_pixels(maps: Tensor) -> Tensor:
    """The rank (M, S, S) of every pixel in its map (M, S, S): 0 for the most salient.

    Raises:
        ValueError: a map is not finite.
    """
    if not maps.isfinite().all():
        raise ValueError("a map holds numbers that are not finite: it ranks no pixels")
    order = maps.flatten(1).argsort(dim=1, descending=True, stable=True)  # M, S²
    places = torch.arange(order.shape[1], device=maps.device, dtype=torch.int32).expand(order.shape)
    return torch.empty_like(order, dtype=torch.int32).scatter_(1, order, places).view_as(maps)


def stack_maps(raws: list[Tensor], pixels: Tensor) -> Tensor:
    """Maps (h, w), each of its own size, as (M, S, S), where S is the side of the pixels (1, 3, S, S)."""
    for raw in raws:
        if raw.ndim != 2:
            raise ValueError(f"a map has two dimensions (h, w), not {tuple(raw.shape)}")
    return torch.cat([resize_maps(raw[None].to(pixels), pixels.shape[2:]) for raw in raws])
