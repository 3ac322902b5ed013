"""Random views cut from a batch of photos on its device, by numbers that depend on seed, view and photo alone."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

NUMBERS = 11  # random numbers that decide a view
ASPECT, JITTER = 4 / 3, 0.25


def draw_numbers(seed: int, view: int, photos: int) -> Tensor:
    """The numbers (N, 11) in [0, 1) that decide a view of each of N photos; more photos change none of them."""
    return torch.from_numpy(np.random.default_rng((seed, view)).random((photos, NUMBERS), np.float32))


def cut_views(pixels: Tensor, numbers: Tensor, size: int, crop: float, mix: float = 0.0) -> Tensor:
    """Views (B, 3, size, size) in [0, 1] of photos (B, 3, S, S) in [0, 1], by numbers (B, 11) in [0, 1).

    A window of at least the share `crop` of the photo, of any aspect from 3:4 to 4:3, flipped either way half the time;
    brightness, contrast and saturation change by up to a quarter, half the time; and half of the views are blended with
    another view of the batch, which has at most the share `mix`.
    """
    share, aspect, left, top, mirror, flip, jittered, blend, *light = numbers.T  # B each
    share = crop + (1 - crop) * share
    narrowest = max(crop, 1 / ASPECT)  # a longer window of this share would not fit
    ratio = (ASPECT ** (2 * aspect - 1)).clamp(narrowest, 1 / narrowest)
    width, height = ((share * r).sqrt().clamp(max=1) for r in (ratio, 1 / ratio))  # B, of the photo's side
    theta = torch.zeros(len(pixels), 2, 3, device=pixels.device)
    theta[:, 0, 0], theta[:, 0, 2] = width * (1 - 2 * (mirror < 0.5).float()), (2 * left - 1) * (1 - width)
    theta[:, 1, 1], theta[:, 1, 2] = height * (1 - 2 * (flip < 0.5).float()), (2 * top - 1) * (1 - height)
    grid = F.affine_grid(theta, [len(pixels), 3, size, size], align_corners=False)  # B, size, size, 2
    views = F.grid_sample(pixels, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    amounts = [1 + JITTER * (2 * number - 1) * (jittered < 0.5) for number in light]  # B each
    brightness, contrast, saturation = (amount[:, None, None, None] for amount in amounts)
    views = views * brightness
    views = views.mean((1, 2, 3), keepdim=True).lerp(views, contrast)
    views = views.mean(1, keepdim=True).lerp(views, saturation).clamp(0, 1)
    shares = mix * (2 * blend - 1).clamp(min=0)[:, None, None, None]  # B, 1, 1, 1
    return views.lerp(views.roll(1, 0), shares) if mix else views


def resize_views(views: Tensor, size: int) -> Tensor:
    """Views (B, 3, S, S) as (B, 3, size, size), smoothed where they shrink."""
    if views.shape[-1] == size:
        return views
    return F.interpolate(views, size=(size, size), mode="bilinear", antialias=views.shape[-1] > size)
