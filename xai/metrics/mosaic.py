"""The mosaic test: of several photos side by side, does a class's map lie on the photo of that class?"""

from collections.abc import Sequence
from math import isqrt

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as F

from xai.batch import Batch
from xai.explaining import evaluating_all
from xai.maps import resize_maps
from xai.methods.reading import plan_reading
from xai.modes import without_gradients
from xai.photo import Photo, as_photo, list_photos
from xai.running import run_method
from xai.steps import finish
from xai.subject import Subject


@without_gradients
def mosaic_test(
    subject: Subject, photos: Sequence[Photo], method: str = "gradcam", target_layer: str | None = None, **options
) -> list[float]:
    """Of each photo of a mosaic, the share of its class's map that lies on it.

    Formula: `own_share` of the maps of the classes that the subject gives to the photos one by one.
    Paper: Böhle et al., Convolutional Dynamic Alignment Networks for Interpretable Classifications, CVPR 2021
    (GridPG); Arias-Duart et al., Focus! Rating XAI Methods and Finding Biases, 2022.

    Args:
        subject: as `explain` takes it.
        photos: 4, 9, … of different classes, in reading order.
        method: one of `list_methods(subject)`.
        target_layer: of the network that is read; None is the method's usual one.
        options: of the method.

    Returns:
        A share in [0, 1] for each photo; their mean is exactly one over their number where the map is the same for all
        classes.

    Raises:
        ValueError: their number is not that of a square, or two are of one class to the network, or the method does
            not suit.
    """
    photos = list_photos(photos)
    grid = grid_of(len(photos))
    reading = plan_reading(subject, method, target_layer, options=options)
    targets = torch.from_numpy(subject.predict_proba(photos).argmax(1)).to(subject.device)  # n²
    if len(targets.unique()) < len(photos):
        raise ValueError("to this network two of the photos are of one class: their maps cannot be told apart")
    with evaluating_all(subject):
        batch = Batch.of_pixels(subject, join_photos(photos, subject.input_size, subject.device)[None])
        maps = [finish(run_method(batch, reading, target[None]))[0].raw for target in targets]  # h, w each
    return own_share(torch.stack(maps), subject.input_size, grid).tolist()


def join_photos(photos: Sequence[Photo], side: int, device: torch.device | str = "cpu") -> Tensor:
    """Photos of any size, in reading order, as pixels (3, S, S) in [0, 1] of one picture; each squeezed into its cell.

    The mosaic has the size that the network was trained with, so that each photo has half (a third, …) of the side.
    (GridPG joins photos of full size to a picture that is twice as large, which fixed inputs do not allow.)

    Raises:
        ValueError: their number is not that of a square.
    """
    grid = grid_of(len(photos))
    edges = edges_of(side, grid)
    picture = torch.empty(3, side, side)
    for i, photo in enumerate(map(as_photo, photos)):
        cell = cell_of(i, edges, grid)
        shape = [part.stop - part.start for part in cell]
        pixels = F.resize(F.pil_to_tensor(photo), shape, antialias=True)  # 3, h, w
        picture[(slice(None), *cell)] = F.to_dtype(pixels, torch.float32, scale=True)
    return picture.to(device)


def own_share(maps: Tensor, side: int, grid: int = 2) -> Tensor:
    """The share (n²) of each map (n², h, w) that lies in its own cell of an n × n mosaic; the i-th map's is the i-th.

    Formula: `Σ_{p in cell i} m_i(p) / Σ_p m_i(p)`, `m = ReLU(M) − min ReLU(M)`, M a map at the mosaic's size S × S. So
    of signed maps the positive part counts, as in GridPG; what a map adds everywhere alike says nothing of where, and
    is not counted, as it is not painted. A map without any such part counts as chance, `1/n²`: it points nowhere.
    Paper: Böhle et al., Convolutional Dynamic Alignment Networks for Interpretable Classifications, CVPR 2021.
    """
    positive = resize_maps(maps, (side, side)).double().relu()  # n², S, S
    positive = positive - positive.amin((1, 2), keepdim=True)
    edges = edges_of(side, grid)
    own = torch.stack([positive[(i, *cell_of(i, edges, grid))].sum() for i in range(grid * grid)])
    total = positive.sum((1, 2))
    return (own / total).where(total > 0, 1 / grid**2).cpu()


def grid_of(photos: int) -> int:
    """How many photos a side a mosaic of so many has.

    Raises:
        ValueError: they make no square of two a side or more.
    """
    grid = isqrt(photos)
    if grid < 2 or grid * grid != photos:
        raise ValueError(f"a mosaic is of 4, 9, 16, … photos, not of {photos}")
    return grid


def edges_of(side: int, grid: int) -> list[int]:
    """The pixels where the cells of a side begin, and where the last one ends."""
    return [round(i * side / grid) for i in range(grid + 1)]


def cell_of(i: int, edges: Sequence[int], grid: int) -> tuple[slice, slice]:
    """Rows and columns of the i-th cell, in reading order."""
    row, column = divmod(i, grid)
    return slice(edges[row], edges[row + 1]), slice(edges[column], edges[column + 1])
