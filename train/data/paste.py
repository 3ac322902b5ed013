"""Objects cut from a plain board and pasted on photos from life."""

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torchvision.transforms.v2 import functional as F

SMALLEST, LARGEST = 0.05, 0.6  # share of the photo: a smaller or larger region is no object
EDGE = 0.25  # share of the frame an object may touch
PLAIN = 20.0  # levels of 255: the frame's pixels of a plain ground are nearer to their median than this
FEATHER = 1.5  # pixels


def cut_object(photo: Tensor) -> Tensor | None:
    """The mask of one object on a plain ground: float (1, H, W) in [0, 1] with soft edges; None where none is clear.

    The ground's colour is the median of the frame. The object is the largest connected region of pixels that differ
    from it by more than Otsu's threshold, with its holes filled.

    Args:
        photo: uint8 (3, H, W).
    """
    pixels = photo.permute(1, 2, 0).numpy().astype(np.float32)  # H, W, 3
    frame = np.concatenate([pixels[:4].reshape(-1, 3), pixels[-4:].reshape(-1, 3), pixels[:, 0], pixels[:, -1]])
    ground = np.median(frame, axis=0)
    if np.median(np.linalg.norm(frame - ground, axis=1)) > PLAIN:
        return None
    distance = ndimage.gaussian_filter(np.linalg.norm(pixels - ground, axis=2), 2)
    if distance.max() < PLAIN:
        return None
    regions, _ = ndimage.label(distance > find_otsu_threshold(distance))
    mask = ndimage.binary_fill_holes(regions == np.bincount(regions.ravel())[1:].argmax() + 1)
    touched = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]]).mean()
    if not SMALLEST < mask.mean() < LARGEST or touched > EDGE:
        return None
    return torch.from_numpy(ndimage.gaussian_filter(mask.astype(np.float32), FEATHER))[None]


def find_otsu_threshold(values: np.ndarray) -> float:
    """The threshold with the least variance within the two parts of some values (Otsu, 1979)."""
    counts, edges = np.histogram(values, 256)
    centres = (edges[1:] + edges[:-1]) / 2
    below, above = counts.cumsum(), counts[::-1].cumsum()[::-1]
    sums = (counts * centres).cumsum()
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below[:-1] * above[1:] * (sums[:-1] / below[:-1] - (sums[-1] - sums[:-1]) / above[1:]) ** 2
    return float(edges[1:-1][np.nanargmax(between)])


def paste_object(photo: Tensor, mask: Tensor, ground: Tensor) -> Tensor:
    """The object of `photo`, by its mask (1, H, W), on another photo at a random size and place; uint8 (3, H, W)."""
    height, width = ground.shape[1:]
    scale = (0.5 + 0.5 * torch.rand(()).item()) * min(height / mask.shape[1], width / mask.shape[2])
    size = [max(1, int(mask.shape[1] * scale)), max(1, int(mask.shape[2] * scale))]
    photo, mask = F.resize(photo, size, antialias=True), F.resize(mask, size, antialias=True).clamp(0, 1)
    top = torch.randint(0, height - size[0] + 1, ()).item()
    left = torch.randint(0, width - size[1] + 1, ()).item()
    result = ground.float()
    window = result[:, top : top + size[0], left : left + size[1]]
    window += mask * (photo.float() - window)
    return result.round().to(torch.uint8)
