"""Named augmentations: each makes uint8 views (3, size, size) of uint8 photos (3, H, W)."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.transforms import v2

from xai.maps import scale_to_unit


def build_paper(size: int, crop: float) -> v2.Transform:
    """Resizing and flips, as BaiNa and Joe (2024) have; and a crop of 8/9 of the side, whatever `crop` is."""
    side = round(size * 9 / 8)
    return v2.Compose([
        v2.Resize((side, side), antialias=True),
        v2.RandomCrop(size),
        v2.RandomHorizontalFlip(),
        v2.RandomVerticalFlip(),
    ])  # fmt: skip


def build_life(size: int, crop: float) -> v2.Transform:
    """What differs between a plain board and a kitchen: scale, framing, perspective, light and colour."""
    return v2.Compose([
        v2.RandomResizedCrop(size, scale=(crop, 1), ratio=(0.6, 1.67), antialias=True),
        v2.RandomHorizontalFlip(),
        v2.RandomVerticalFlip(),
        v2.RandomApply([v2.RandomPerspective(0.4, p=1)], p=0.25),
        v2.RandomApply([v2.ColorJitter(0.4, 0.4, 0.4, 0.05)], p=0.8),
        v2.RandomGrayscale(0.05),
    ])  # fmt: skip


def build_gentle(size: int, crop: float) -> v2.Transform:
    """A weaker `life`, for networks from scratch: they fit such views in fewer epochs."""
    return v2.Compose([
        v2.RandomResizedCrop(size, scale=(crop, 1), antialias=True),
        v2.RandomHorizontalFlip(),
        v2.RandomVerticalFlip(),
        v2.RandomApply([v2.RandomPerspective(0.3, p=1)], p=0.1),
        v2.RandomApply([v2.ColorJitter(0.25, 0.25, 0.25, 0.02)], p=0.5),
    ])  # fmt: skip


def build_aerial_whole(size: int, crop: float) -> v2.Transform:
    """What differs between two flights: height, heading and light."""
    return v2.Compose([
        v2.RandomResizedCrop(size, scale=(crop, 1), ratio=(0.8, 1.25), antialias=True),
        v2.RandomHorizontalFlip(),
        v2.RandomVerticalFlip(),
        v2.RandomApply([v2.RandomRotation((90, 90))]),
        v2.RandomApply([v2.ColorJitter(0.3, 0.3)], p=0.5),
    ])  # fmt: skip


def build_aerial(size: int, crop: float) -> v2.Transform:
    """The same, and half of the views are hidden in part."""
    return v2.Compose([build_aerial_whole(size, crop), v2.RandomApply([HideParts()], p=0.5)])


class HideParts(nn.Module):
    """Multiply a view by a random map, or blacken all but the map's strongest pixels.

    Explanations are scored by a network's answers to photos with parts hidden. A network that never saw such photos is
    confused by the black areas themselves.
    Paper: Hooker et al., A Benchmark for Interpretability Methods in Deep Neural Networks, NeurIPS 2019 (for why).
    """

    def forward(self, pixels: Tensor) -> Tensor:
        """uint8 (3, H, W) to the same."""
        side, soft, share = int(torch.randint(3, 9, ())), torch.rand(()) < 0.5, 0.15 + 0.7 * torch.rand(())
        grid = F.interpolate(torch.rand(1, 1, side, side), size=pixels.shape[1:], mode="bilinear")[0]  # 1, H, W
        mask = scale_to_unit(grid) if soft else grid >= grid.flatten().quantile(1 - share)
        return (pixels * mask).to(pixels.dtype)


Augmentation = Literal["paper", "life", "gentle", "aerial", "aerial-whole"]
AUGMENTATIONS = {
    "paper": build_paper, "life": build_life, "gentle": build_gentle, "aerial": build_aerial,
    "aerial-whole": build_aerial_whole,
}  # fmt: skip
