"""Figures for checkpoints that are there already: their calibration error, and what the layers of pyramids are worth.

Training measures and writes both itself.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from accelerate import Accelerator
from torch import Tensor
from torch.utils.data import DataLoader
from tqdm import tqdm

from train.data.datasets import WholePhotos
from train.data.sources import name_source, read_splits
from train.data.splits import Split, join_splits
from train.measure.layer_scores import average_by_class, score_split
from train.measure.predict import predict
from train.measure.temperature import fit_temperature, measure_folded, measure_unfolded
from train.publish.cards import CALIBRATION, WEIGHTS, describe_calibration
from train.publish.checkpoint import format_json, record_layers, write_texts
from xai.metrics.hiding import Hiding
from xai.models import Pyramid
from xai.zoo import find_checkpoint, load_model, read_json

TOLERATED = 0.2  # %, between the error in a record and the one measured


@dataclass
class Recalibration:
    """Measure the calibration error of checkpoints on test photos, and write it into metrics.json and README.md."""

    models: list[str]
    """Names or folders of checkpoints."""
    data: list[str] = field(default_factory=list)
    """Image folders, or hub:OWNER/NAME: the data sets of their records."""


@dataclass
class LayerMeasurement:
    """Measure on test photos what the layers of pyramids are worth, and write it into their metrics.json."""

    models: list[str]
    """Names or folders of checkpoints."""
    data: str
    """An image folder, or hub:OWNER/NAME."""
    method: str = "gradcam"
    """How a layer is explained."""
    hiding: Hiding = "black"
    """What pixels become where the map is dark."""


def recalibrate(options: Recalibration) -> None:
    """Write the calibration error into the record and the card of every model.

    Raises:
        ValueError: a record has other figures than these photos give, or the data cannot be read.
    """
    sources = {name_source(source): read_splits(source) for source in options.data}
    for name in tqdm(options.models):
        folder = find_checkpoint(name)
        record = read_json(folder / "metrics.json")
        student = "temperature" not in record
        update_checkpoint(folder, measure_calibration(record, name, sources), student)


def measure_calibration(record: dict, name: str, sources: dict[str, dict[str, Split]]) -> dict:
    """A checkpoint's record with the errors of every data set it was tested on.

    Args:
        record: `metrics.json`; it is changed.
        name: of the checkpoint.
        sources: the splits of the data sets by name.

    Raises:
        ValueError: a data set is missing, or the error is not the record's.
    """
    accelerator = Accelerator()
    model = load_model(name, accelerator.device)

    def answer(split: Split) -> tuple[Tensor, Tensor]:
        photos = WholePhotos(split, model.classes, model.input_size, cache=False)
        return predict(model, accelerator.prepare(DataLoader(photos, 32)), accelerator)

    if missing := sorted(set(record["data"]) - set(sources)):
        raise ValueError(f"{name} was tested on {', '.join(missing)} too: name these folders in --data")
    if "temperature" in record:
        temperature, measure, shipped = record["temperature"], measure_folded, "after"
    else:
        temperature = fit_temperature(*answer(join_splits([sources[data]["val"] for data in record["data"]])))
        measure, shipped = measure_unfolded, "before"
    for data, splits in record["data"].items():
        found = measure(*answer(sources[data]["test"]), model.classes, temperature)
        ece = found[shipped]
        if abs(ece - splits["test"]["ece"]) > TOLERATED:
            raise ValueError(f"{name}: the record says {splits['test']['ece']} % of {data}, measured were {ece} %")
        splits["test"] |= {"ece": ece, "calibration": found}
    return record


def update_checkpoint(folder: Path, record: dict, student: bool) -> None:
    """Write record, card and checksums."""
    card = update_table((folder / "README.md").read_text(encoding="utf-8"), record["data"])
    card = insert_calibration(card, describe_calibration(record["data"], student))
    write_texts(folder, {"metrics.json": format_json(record), "README.md": card})


def update_table(card: str, data: dict) -> str:
    """A card whose table names the errors in a record's `data`."""
    for name, splits in data.items():
        row = re.compile(rf"^(\| {re.escape(name)} \|.*\| )[\d.]+( % \| {splits['test']['photos']} \|)$", re.MULTILINE)
        card = row.sub(rf"\g<1>{splits['test']['ece']:.2f}\g<2>", card)
    return card


def insert_calibration(card: str, text: str) -> str:
    """A card with this paragraph after the one on the weights, in place of a former one."""
    paragraphs = [p for p in card.split("\n\n") if not p.startswith(CALIBRATION)]
    at = next(i for i, p in enumerate(paragraphs) if p.startswith(WEIGHTS))
    return "\n\n".join([*paragraphs[: at + 1], text, *paragraphs[at + 1 :]])


def measure_layers(options: LayerMeasurement) -> None:
    """Write the figures of its layers into the record of every model.

    Raises:
        ValueError: a network is no pyramid or knows other classes, a method does not suit a layer, or the data cannot
            be read.
    """
    if not options.models:
        raise ValueError("--models must name a checkpoint")
    split = read_splits(options.data)["test"]
    for name in options.models:
        model, folder = load_model(name), find_checkpoint(name)
        if not isinstance(model, Pyramid):
            raise ValueError(f"{name} is no pyramid")
        if not split.photos or set(split.labels) - set(model.classes):
            raise ValueError(f"{options.data} has no test photos of the classes that {name} knows alone")
        scores = score_split(model, split, options.method, list(model.explained_layers), options.hiding, name)
        figures = average_by_class(scores, split.labels)
        record_layers(folder, {"method": options.method, "hiding": options.hiding, **figures})
