"""Pictures that show nothing: plain grounds, gradients, noise of every kind and regular patterns, drawn by chance."""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image

SIDES = (64, 96, 128, 224, 300, 384, 512)  # so that noise is met enlarged and shrunk too
PERIODS = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)  # pixels

Drawing = Callable[[np.random.Generator, int, int], np.ndarray]


def draw_surfaces(count: int, seed: int = 0) -> list[Image.Image]:
    """`count` pictures of all kinds in turn, always the same for the same seed."""
    return [draw_surface(np.random.default_rng([seed, i]), KINDS[i % len(KINDS)]) for i in range(count)]


def draw_surface(rng: np.random.Generator, kind: Drawing) -> Image.Image:
    """A picture of one kind, of any shape, in colour or grey; every third went through a JPEG file."""
    height, width = rng.choice(SIDES, 2)
    levels = np.broadcast_to(kind(rng, height, width), (height, width, 3))
    picture = Image.fromarray(levels.clip(0, 255).round().astype(np.uint8))
    if rng.random() < 1 / 3:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=int(rng.integers(30, 95)))
        picture = Image.open(file).convert("RGB")
    return picture


def draw_color(rng: np.random.Generator) -> np.ndarray:
    """Any colour, black, white or grey: (3)."""
    return rng.uniform(0, 255, 3) if rng.random() < 0.7 else np.full(3, rng.choice([0, 255, rng.uniform(0, 255)]))


def draw_channels(rng: np.random.Generator) -> int:
    """Noise of one channel is grey, of three coloured."""
    return int(rng.choice([1, 3]))


def mix_colors(rng: np.random.Generator, share: np.ndarray) -> np.ndarray:
    """Two colours mixed by shares (H, W) in [0, 1]; black and white, or close to each other, as often as any two."""
    first, second = draw_color(rng), draw_color(rng)
    if rng.random() < 0.3:
        first, second = np.zeros(3), np.full(3, 255.0)
    elif rng.random() < 0.5:
        second = first + rng.normal(0, rng.choice([3, 10, 30]), 3)
    return first + (second - first) * share[..., None]


def measure_positions(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """The distance in pixels of every position from a line of any slope, often upright or level: (H, W)."""
    y, x = np.mgrid[0:height, 0:width]
    angle = rng.choice([0, np.pi / 2, rng.uniform(0, np.pi)])
    return x * np.cos(angle) + y * np.sin(angle)


def draw_wave(rng: np.random.Generator, distance: np.ndarray) -> np.ndarray:
    """Bands in [0, 1] along distances in pixels, hard or soft."""
    swing = np.sin(2 * np.pi * distance / rng.choice(PERIODS) + rng.uniform(0, 2 * np.pi))
    return (1 + (np.sign(swing) if rng.random() < 0.5 else swing)) / 2


def plain(rng, height, width):
    return draw_color(rng)


def grainy(rng, height, width):
    return draw_color(rng) + rng.normal(0, rng.uniform(0.3, 4), (height, width, draw_channels(rng)))


def gradient(rng, height, width):
    slope = measure_positions(rng, height, width)
    return mix_colors(rng, (slope - slope.min()) / np.ptp(slope))


def glow(rng, height, width):
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    return mix_colors(rng, np.hypot(x - rng.random(), y - rng.random()).clip(0, 1))


def uniform(rng, height, width):
    low, high = (0, 255) if rng.random() < 0.5 else np.sort(rng.uniform(0, 255, 2))
    return rng.uniform(low, high, (height, width, draw_channels(rng)))


def normal(rng, height, width):
    return rng.uniform(40, 215) + rng.normal(0, rng.uniform(4, 90), (height, width, draw_channels(rng)))


def salt_and_pepper(rng, height, width):
    chance, share = rng.random((height, width, 1)), rng.uniform(0.01, 0.6)
    return np.where(chance < share / 2, 0, np.where(chance > 1 - share / 2, 255, draw_color(rng)))


def black_or_white(rng, height, width):
    return 255 * (rng.random((height, width, draw_channels(rng))) < rng.uniform(0.2, 0.8))


def blocks(rng, height, width):
    side, k = int(rng.choice([2, 3, 4, 6, 8, 12, 16, 24])), draw_channels(rng)
    small = rng.uniform(0, 255, (max(2, height // side), max(2, width // side), k)).astype(np.uint8)
    how = rng.choice([Image.Resampling.NEAREST, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC])
    picture = Image.fromarray(np.broadcast_to(small, (*small.shape[:2], 3)).copy())
    return np.asarray(picture.resize((width, height), Image.Resampling(how)), float)


def clouds(rng, height, width):
    """Noise whose power falls with a power of the frequency, from nearly white through pink to brown and beyond."""
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None])
    frequency[0, 0] = np.inf
    spectrum = np.fft.fft2(rng.normal(size=(draw_channels(rng), height, width))) / frequency ** rng.uniform(0.1, 1.7)
    noise = np.fft.ifft2(spectrum).real.transpose(1, 2, 0)  # H, W, 1 or 3
    return rng.uniform(70, 185) + noise / noise.std() * rng.uniform(10, 70)


def lines(rng, height, width):
    return rng.uniform(
        0, 255, (height, 1, draw_channels(rng)) if rng.random() < 0.5 else (1, width, draw_channels(rng))
    )


def stripes(rng, height, width):
    return mix_colors(rng, draw_wave(rng, measure_positions(rng, height, width)))


def rings(rng, height, width):
    y, x = np.mgrid[0:height, 0:width]
    return mix_colors(rng, draw_wave(rng, np.hypot(x - width * rng.random(), y - height * rng.random())))


def plaid(rng, height, width):
    return mix_colors(
        rng,
        (draw_wave(rng, measure_positions(rng, height, width)) + draw_wave(rng, measure_positions(rng, height, width)))
        / 2,
    )


def checkers(rng, height, width):
    y, x = np.mgrid[0:height, 0:width] // int(rng.choice([1, 2, 3, 4, 8, 16, 24, 32, 48, 64]))
    return mix_colors(rng, ((x + y) % 2).astype(float))


def dots(rng, height, width):
    pitch = int(rng.choice([6, 8, 12, 16, 24, 32, 48]))
    y, x = np.mgrid[0:height, 0:width] % pitch - pitch / 2
    return mix_colors(rng, (np.hypot(x, y) < pitch * rng.uniform(0.15, 0.45)).astype(float))


KINDS: tuple[Drawing, ...] = (
    plain, grainy, gradient, glow, uniform, normal, salt_and_pepper, black_or_white, blocks, clouds, lines, stripes,
    rings, plaid, checkers, dots,
)  # fmt: skip
