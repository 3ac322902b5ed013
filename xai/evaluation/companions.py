"""Controls made of other photos' maps by the same method and layer: another photo's, and the mean of all."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from xai.evaluation.plan import Row
from xai.maps import scale_to_unit
from xai.metrics.controls import ANOTHER
from xai.metrics.shared import inner_products


class KeptMaps:
    """A folder with the raw maps (h, w) of every photo, by row, beside the records, so that a stopped run can go on.

    Args:
        folder: is made if it does not exist.
        names: of all photos of the run, in order.
        rows: whose maps are kept.
    """

    def __init__(self, folder: Path, names: Sequence[str], rows: Sequence[Row]) -> None:
        self.folder, self.rows = folder, [row.name for row in rows]
        self.numbers = {name: number for number, name in enumerate(names)}
        self.means: dict[str, Tensor] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, name: str, maps: Mapping[str, Tensor]) -> None:
        """Write the maps of a photo into its file."""
        arrays: dict[str, Any] = {
            f"row{self.rows.index(row)}": maps[row].float().cpu().numpy() for row in maps if row in self.rows
        }
        np.savez_compressed(self.file(name), **arrays)

    def file(self, name: str) -> Path:
        return self.folder / f"{self.numbers[name]:06d}.npz"

    def of(self, name: str, row: str) -> Tensor:
        """A photo's raw map (h, w)."""
        with np.load(self.file(name)) as arrays:
            return torch.from_numpy(arrays[f"row{self.rows.index(row)}"])

    def all(self, names: Sequence[str], row: str) -> Tensor:
        """The raw maps (N, h, w) of some photos."""
        return torch.stack([self.of(name, row) for name in names])

    def mean(self, names: Sequence[str], row: str) -> Tensor:
        """The mean (h, w) of their maps, each scaled to [0, 1]."""
        if row not in self.means:
            self.means[row] = scale_to_unit(self.all(names, row)).mean(0)
        return self.means[row]

    def products(self, names: Sequence[str], row: str) -> np.ndarray:
        """The inner products (N, N) of these photos' maps, from which `sameness` follows."""
        return inner_products(self.all(names, row))


def make_companions(
    rows: Sequence[Row], kept: KeptMaps, photos: Sequence[str], measured: Sequence[str], partner: Mapping[str, str]
) -> dict[str, Tensor]:
    """The raw maps (B, h, w) of each companion row, by name, for some of the photos.

    Args:
        rows: the companions.
        kept: the maps that they are made of.
        photos: the photos (B).
        measured: all photos of the run, whose mean map is needed.
        partner: for each photo the one whose map is another photo's map.
    """
    return {
        row.name: kept.all([partner[name] for name in photos], row.of)
        if row.companion == ANOTHER
        else kept.mean(measured, row.of).expand(len(photos), -1, -1)
        for row in rows
    }
