"""Deletion and insertion: how fast a subject loses, or wins, a class when a map says which pixels go, or come, first.

The rules are those of RISE's published evaluation. Pixels are in [0, 1]; grey is ImageNet's mean colour, which in
normalised pixels, where the published code works, is zero.
"""

import math
from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor
from torch.nn import functional as F

from xai.explanation import Explanation
from xai.maps import resized
from xai.modes import without_gradients
from xai.photo import GREY, Photo
from xai.steps import Progress, Steps, finish
from xai.subject import Subject

STEP = 224 * 8  # pixels changed from one question to the next, as for the published figures; 224 for single photos
KERNEL_SIDE, KERNEL_SIGMA = 11, 5
PHOTO = "photo"
GAMES = {"deletion": "grey", "insertion": "blur"}  # every game's substrate: what pixels go to, or come from


def game_of(name: str) -> str:
    """The game that `deletion:blur` names: what stands behind the colon tells games on several substrates apart."""
    return name.partition(":")[0]


@cache
def kernel() -> Tensor:
    """The published blurring kernel (11, 11): a dirac in the eyes of SciPy's filter, so nearly flat, its sum 1."""
    dirac = np.zeros((KERNEL_SIDE, KERNEL_SIDE))
    dirac[KERNEL_SIDE // 2, KERNEL_SIDE // 2] = 1
    return torch.from_numpy(gaussian_filter(dirac, KERNEL_SIGMA)).float()


def grey(pixels: Tensor) -> Tensor:
    return torch.tensor(GREY, device=pixels.device).view(3, 1, 1).expand_as(pixels)


def black(pixels: Tensor) -> Tensor:
    return torch.zeros_like(pixels)


def blurred(pixels: Tensor) -> Tensor:
    """Photos (N, 3, S, S) blurred; beyond their borders all is grey, so that these fade to it."""
    weights = kernel().to(pixels.device).expand(3, 1, -1, -1)
    return F.conv2d(pixels - grey(pixels), weights, padding=KERNEL_SIDE // 2, groups=3) + grey(pixels)


SUBSTRATES: dict[str, Callable[[Tensor], Tensor]] = {"grey": grey, "black": black, "blur": blurred}


def play(
    subject: Subject,
    image: Photo,
    maps: Mapping[str, Explanation | Tensor | np.ndarray],
    target: int | None = None,
    games: Mapping[str, str] = GAMES,
    step: int = STEP,
) -> dict[str, dict[str, np.ndarray]]:
    """The games of one photo by several maps: `play(…)["deletion"]["gradcam"]` is a curve (n + 1).

    Args:
        subject: who is asked.
        image: a PIL image, a path or an array.
        maps: by name, explanations or raw maps (h, w) of any size.
        target: index of the class; None is the one that it predicts.
        games: each game's substrate; `{"deletion": "grey", "deletion:blur": "blur"}` plays one on two.
        step: pixels changed from one question to the next, of the S² that the subject sees.

    Raises:
        ValueError: there is no such game or substrate, or a map is not finite.
        BlackBoxError: the black box gave no answer.
    """
    return finish(play_steps(subject, image, maps, target, games, step))


@without_gradients
def play_steps(
    subject: Subject,
    image: Photo,
    maps: Mapping[str, Explanation | Tensor | np.ndarray],
    target: int | None = None,
    games: Mapping[str, str] = GAMES,
    step: int = STEP,
) -> Steps[dict[str, dict[str, np.ndarray]]]:
    """`play` in steps."""
    pixels = subject.pixels([image])  # 1, 3, S, S
    ends = endpoints(subject, pixels, games)
    target = int(ends[PHOTO].argmax()) if target is None else target
    scores = {name: float(confidences[0, target]) for name, confidences in ends.items()}
    raws = [torch.as_tensor(m.raw if isinstance(m, Explanation) else m) for m in maps.values()]
    found = yield from curves_steps(subject, pixels, stacked(raws, pixels), target, games, step, scores)
    return {game: dict(zip(maps, curves.numpy(), strict=True)) for game, curves in found.items()}


def deletion(
    subject: Subject, pixels: Tensor, maps: Tensor, target: int, step: int = STEP, substrate: str = "grey"
) -> Tensor:
    """Deletion curves (M, n + 1), the lower the better: pixels go, the most salient first.

    Formula: `f_c(x_k)`, k = 0…n, n = ⌈S²/step⌉, `f_c` the subject's confidence in the class and `x_k` the photo with
    its `k · step` most salient pixels replaced by the substrate's; of equally salient pixels the first in reading order
    goes first. (The published code sorts by an unstable algorithm, so that it leaves this order open.) Maps are resized
    to S × S bilinearly. The figure of merit is `auc`.
    Paper: Petsiuk et al., RISE: Randomized Input Sampling for Explanation of Black-box Models, BMVC 2018.

    Args:
        subject: who is asked.
        pixels: one photo (1, 3, S, S) in [0, 1], from `subject.pixels`.
        maps: M maps of it (M, h, w).
        target: index of the class.
        step: pixels changed from one question to the next.
        substrate: one of `SUBSTRATES`.

    Raises:
        ValueError: there is no such substrate, or a map is not finite.
        BlackBoxError: the black box gave no answer.
    """
    return curves(subject, pixels, maps, target, {"deletion": substrate}, step)["deletion"]


def insertion(
    subject: Subject, pixels: Tensor, maps: Tensor, target: int, step: int = STEP, substrate: str = "blur"
) -> Tensor:
    """Insertion curves (M, n + 1), the higher the better: pixels come, the most salient first.

    Formula: as of `deletion`, but `x_k` is the substrate, by default the blurred photo, with the `k · step` most
    salient pixels replaced by the photo's.
    Paper: Petsiuk et al., BMVC 2018.
    """
    return curves(subject, pixels, maps, target, {"insertion": substrate}, step)["insertion"]


def auc(curves: Tensor | np.ndarray) -> Tensor | np.ndarray:
    """The area (…) under curves (…, n + 1), in [0, 1].

    Formula: `(Σ_k a_k − a_0/2 − a_n/2) / n`, the trapezoidal rule; a last step that is shorter weighs as the others.
    Paper: Petsiuk et al., BMVC 2018.
    """
    return (curves.sum(-1) - curves[..., 0] / 2 - curves[..., -1] / 2) / (curves.shape[-1] - 1)


def endpoints(subject: Subject, pixels: Tensor, games: Mapping[str, str] = GAMES) -> dict[str, Tensor]:
    """Confidences (N, K) in what the games of photos (N, 3, S, S) begin and end with: `photo`, and each substrate.

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


def curves(
    subject: Subject,
    pixels: Tensor,
    maps: Tensor,
    target: int,
    games: Mapping[str, str] = GAMES,
    step: int = STEP,
    ends: Mapping[str, float] | None = None,
) -> dict[str, Tensor]:
    """The curves (M, n + 1) of one photo (1, 3, S, S) by M maps (M, h, w), by game.

    All share the confidences at the endpoints: `ends`, by the names that `endpoints` gives, or else they are asked for.
    """
    if ends is None:
        ends = {name: float(row[0, target]) for name, row in endpoints(subject, pixels, games).items()}
    return finish(curves_steps(subject, pixels, maps, target, games, step, ends))


@without_gradients
def curves_steps(
    subject: Subject,
    pixels: Tensor,
    maps: Tensor,
    target: int,
    games: Mapping[str, str],
    step: int,
    ends: Mapping[str, float],
) -> Steps[dict[str, Tensor]]:
    """`curves` in steps."""
    side = pixels.shape[-1]
    steps = math.ceil(side * side / step)
    ranked = ranks(resized(maps.to(pixels), (side, side)))  # M, S, S
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


def ranks(maps: Tensor) -> Tensor:
    """The place (M, S, S) of every pixel among those of its map (M, S, S), the most salient first, from 0.

    Raises:
        ValueError: a map is not finite.
    """
    if not maps.isfinite().all():
        raise ValueError("a map holds numbers that are not finite: it ranks no pixels")
    order = maps.flatten(1).argsort(dim=1, descending=True, stable=True)  # M, S²
    places = torch.arange(order.shape[1], device=maps.device, dtype=torch.int32).expand(order.shape)
    return torch.empty_like(order, dtype=torch.int32).scatter_(1, order, places).view_as(maps)


def stacked(raws: list[Tensor], pixels: Tensor) -> Tensor:
    """Maps (h, w), each of its own size, as (M, S, S), where S is the side of the pixels (1, 3, S, S)."""
    return torch.cat([resized(raw[None].to(pixels), pixels.shape[2:]) for raw in raws])
