"""The numbers that an ONNX file wants for the colours of a photo."""

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import torch
from torch import Tensor

from xai.blackbox.onnx_metadata import Metadata
from xai.photo import GREY

IMAGENET_STD = (0.229, 0.224, 0.225)
LUMA = (0.299, 0.587, 0.114)  # of red, green and blue: ITU-R BT.601


@dataclass(frozen=True)
class Colours:
    """`x = (scale · pixels − mean) / std`, each of the C channels by its own numbers."""

    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def apply(self, pixels: Tensor) -> Tensor:
        """Pixels (N, C, H, W) in [0, 1] to the file's numbers (N, C, H, W)."""
        mean, std = (torch.tensor(values, dtype=torch.float32).view(-1, 1, 1) for values in (self.mean, self.std))
        return (self.scale * pixels - mean) / std


def settle_colours(
    channels: int, mean: object, std: object, scale: object, metadata: Metadata, assumed: dict[str, str]
) -> Colours:
    """What is given, else what the metadata says, else what most files want, which is entered in `assumed`.

    Raises:
        ValueError: these are no such numbers.
    """
    scale_known = scale is not None or metadata.scale is not None
    plain = channels == 1 or scale_known  # who names the scale describes colours as they are
    settled: dict[str, Any] = {}
    for name, given, usual in (
        ("scale", scale, 1),
        ("mean", mean, 0 if plain else GREY),
        ("std", std, 1 if plain else IMAGENET_STD),
    ):
        value = getattr(metadata, name) if given is None else given
        source = f"the metadata of {metadata.name} is wrong: " if given is None else ""
        if value is None:
            value, assumed[name] = usual, written(usual)
        try:
            settled[name] = check_scale(value) if name == "scale" else numbers_each(name, value, channels)
        except ValueError as error:
            raise ValueError(f"{source}{error}") from error
    found = Colours(**settled)
    if min(found.std) <= 0:
        raise ValueError(f"std must be above 0, not {written(found.std)}")
    if "scale" in assumed and max(*found.mean, *found.std) > 1:
        raise ValueError(
            f"mean {written(found.mean)} and std {written(found.std)} are not those of colours from 0 to 1: "
            "say `scale=255` where they are of colours from 0 to 255, or `scale=1`"
        )
    return found


def numbers_each(name: str, value: object, channels: int) -> tuple[float, ...]:
    """A number for each channel.

    Raises:
        ValueError: it is neither one number nor one for each channel.
    """
    try:
        numbers = np.asarray(value)
    except (TypeError, ValueError):
        numbers = np.empty(0)
    if numbers.dtype.kind not in "iuf" or numbers.shape not in ((), (channels,)) or not np.isfinite(numbers).all():
        each = f", or {channels} for red, green and blue" if channels > 1 else ""
        raise ValueError(f"{name} must be one number{each}, not {value!r}")
    return tuple(np.broadcast_to(numbers, channels).tolist())


def check_scale(value: object) -> float:
    """What white is.

    Raises:
        ValueError: it cannot be that.
    """
    if isinstance(value, bool) or not isinstance(value, Real) or value < 1 or not value < np.inf:
        raise ValueError(f"scale must be what white is for the file, 1 or 255 for most, not {value!r}")
    return float(value)


def written(value: float | tuple[float, ...]) -> str:
    """Numbers as a host writes them."""
    return ",".join(f"{number:g}" for number in (value if isinstance(value, tuple) else (value,)))


def to_grey(pixels: Tensor) -> Tensor:
    """Pixels (N, 3, H, W) to their luma (N, 1, H, W)."""
    return (pixels * pixels.new_tensor(LUMA)[:, None, None]).sum(1, keepdim=True)
