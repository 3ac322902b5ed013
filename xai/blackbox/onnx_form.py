"""In which form an ONNX file reads photos: the order of the axes, how many photos, of which size and type."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from xai.blackbox.onnx_colours import Colours, to_grey

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

DTYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
}
LAYOUTS = ("nchw", "nhwc")
LARGEST = 4096  # pixels a side; a few larger photos would fill the memory


@dataclass(frozen=True)
class Form:
    """How a file reads photos.

    Attributes:
        input: the name of its input.
        dtype: of its numbers; uint8 takes colours as bytes, 0 to 255.
        layout: the order of photos, channels, height and width.
        channels: 3, or 1 for grey photos.
        height, width: in pixels; None where the file takes any.
        batch: photos a question; None where the file takes any number.
        alone: it reads one photo without an axis for photos.
    """

    input: str
    dtype: type
    layout: str
    channels: int
    height: int | None
    width: int | None
    batch: int | None
    alone: bool

    @property
    def input_size(self) -> int:
        """S, from which photos are squeezed to the height and width."""
        return max(self.size)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width.

        Raises:
            ValueError: they are not settled.
        """
        if self.height is None or self.width is None:
            raise ValueError(f"it is not settled of what size {self.input} is")
        return self.height, self.width

    def fill(self, pixels: Tensor, colours: Colours | None) -> np.ndarray:
        """Pixels (N, 3, S, S) in [0, 1] to what the file reads; without colours as bytes."""
        pixels = pixels.cpu()
        if pixels.shape[2:] != self.size:
            pixels = F.interpolate(pixels, size=self.size, mode="bilinear", antialias=True)
        x = to_grey(pixels) if self.channels == 1 else pixels  # N, C, H, W
        x = (x * 255).round().clamp(0, 255).to(torch.uint8) if colours is None else colours.apply(x)
        if self.layout == "nhwc":
            x = x.permute(0, 2, 3, 1)  # N, H, W, C
        return np.ascontiguousarray(x.numpy()).astype(self.dtype, copy=False)


def list_forms(session: "InferenceSession", name: str, layout: str | None) -> list[Form]:
    """The forms that a file's input may have, the likeliest first; they differ in nothing but the layout.

    Raises:
        ValueError: it reads no photos, or not in this layout.
    """
    inputs = session.get_inputs()
    reads = ", ".join(f"{i.type.removeprefix('tensor(').removesuffix(')')} {format_shape(i.shape)}" for i in inputs)
    if len(inputs) != 1:
        raise ValueError(f"{name} must read photos alone, but has {len(inputs)} inputs: {reads}")
    if inputs[0].type not in DTYPES:
        raise ValueError(f"{name} must read photos as float, float16, double or uint8, but reads {reads}")
    shape = [size if isinstance(size, int) and size > 0 else None for size in inputs[0].shape]
    alone = len(shape) == 3
    shape = [1, *shape] if alone else shape or [None] * 4  # no shape at all: it says nothing of it
    axes = {"nchw": (1, 2, 3), "nhwc": (3, 1, 2)} if len(shape) == 4 else {}
    sizes = {each: [shape[axis] for axis in order] for each, order in axes.items()}  # C, H, W
    found: list[str] = []
    for channels in (3, 1) if alone else (3, 1, None):
        if found := [each for each, (c, _, _) in sizes.items() if c == channels]:
            break
    if layout is not None:  # who names it knows it better than a guess
        found = [each for each in axes if each == layout and sizes[each][0] in (1, 3, None)]
        channels = sizes[layout][0] if found else None
    if not found:
        wanted = (
            f"{layout.upper()} with 1 or 3 channels" if layout else "N×3×H×W or N×H×W×3, or grey N×1×H×W or N×H×W×1"
        )
        raise ValueError(f"{name} must read photos, {wanted}, but reads {reads}")
    dtype = DTYPES[inputs[0].type]
    forms = []
    for each in found:
        _, height, width = sizes[each]
        forms.append(Form(inputs[0].name, dtype, each, channels or 3, height, width, shape[0], alone))
    return forms


def settle_size(
    form: Form, name: str, given: int | None, said: Sequence[int] | None, usual: int, assumed: dict[str, str]
) -> Form:
    """A form with height and width: its own, else the given, else what the metadata says, else the usual one, which is
    entered in `assumed`.

    Raises:
        ValueError: the file reads photos of another size, or the size is too large.
    """
    fixed = [side for side in (form.height, form.width) if side is not None]
    if given is not None and any(side != given for side in fixed):
        size = f"{fixed[0]} pixels a side" if len(set(fixed)) == 1 else f"{form.height}×{form.width} pixels"
        raise ValueError(f"{name} reads photos of {size}, not {given}")
    sides = [*fixed, *([] if given is None else [given]), *(said or [])]
    if max(sides, default=0) > LARGEST:
        raise ValueError(f"{name} would read photos of {max(sides)} pixels a side; {LARGEST} are the most")
    if len(fixed) == 2:
        return form
    if given is None and not fixed and said is not None:
        return replace(form, height=said[0], width=said[1])
    side = given
    if side is None:
        side = fixed[0] if fixed else usual
        assumed["input_size"] = str(side)
    return replace(form, height=form.height or side, width=form.width or side)


def format_shape(sizes: Sequence[object]) -> str:
    """Sizes with × between them."""
    return "×".join(map(str, sizes)) or "of no known shape"
