"""How far confidences are from hit rates, before and after a temperature: python -m train.calibration --data ….

Training measures this itself; the command does it for checkpoints that are there, and writes it into their records and
cards.
"""

import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

import tyro
from accelerate import Accelerator
from torch import Tensor
from torch.utils.data import DataLoader
from tqdm import tqdm

from train.calibrate import START, fit_temperature, folded, possible, sentence
from train.data import Whole, joined, name_of, read
from train.measure import predict
from train.publish import write_sums
from xai.zoo import find_checkpoint, load_model, read_json

WEIGHTS = "The weights are stored"  # how the paragraph before it begins


@dataclass
class Calibration:
    """Measure the calibration error of checkpoints on test photos, and write it into metrics.json and README.md."""

    models: list[str]
    """Names or folders of checkpoints."""
    data: list[str] = field(default_factory=list)
    """Image folders, or hub:OWNER/NAME: the data sets of their records."""


def with_errors(card: str, tested: dict) -> str:
    """A card whose table names these errors of its data sets."""
    for data, splits in tested.items():
        row = re.compile(rf"^(\| {re.escape(data)} \|.*\| )[\d.]+( % \| {splits['test']['photos']} \|)$", re.MULTILINE)
        card = row.sub(rf"\g<1>{splits['test']['ece']:.2f}\g<2>", card)
    return card


def in_card(card: str, text: str) -> str:
    """A card with this paragraph after the one on the weights, in place of a former one."""
    paragraphs = [p for p in card.split("\n\n") if not p.startswith(START)]
    at = next(i for i, p in enumerate(paragraphs) if p.startswith(WEIGHTS))
    return "\n\n".join([*paragraphs[: at + 1], text, *paragraphs[at + 1 :]])


def calibrate(options: Calibration) -> None:
    """Write it for every model.

    Raises:
        ValueError: a record has other figures than these photos give, or the data cannot be read.
    """
    sources = {name_of(source): read(source) for source in options.data}
    for name in tqdm(options.models):
        folder = find_checkpoint(name)
        record = read_json(folder / "metrics.json")
        write(folder, with_calibration(record, name, sources), "temperature" not in record)


def with_calibration(record: dict, name: str, sources: dict[str, dict]) -> dict:
    """A checkpoint's record with the errors of every data set it was tested on."""
    accelerator = Accelerator()
    model = load_model(name, accelerator.device)

    def asked(split) -> tuple[Tensor, Tensor]:
        loader = accelerator.prepare(DataLoader(Whole(split, model.classes, model.input_size, cache=False), 32))
        return predict(model, loader, accelerator)

    if missing := sorted(set(record["data"]) - set(sources)):
        raise ValueError(f"{name} was tested on {', '.join(missing)} too: name these folders in --data")
    if "temperature" in record:
        temperature, measured = record["temperature"], folded
    else:
        temperature = fit_temperature(*asked(joined([sources[data]["val"] for data in record["data"]])))
        measured = possible
    for data, splits in record["data"].items():
        found = measured(*asked(sources[data]["test"]), model.classes, temperature)
        shipped = found["after" if measured is folded else "before"]
        if abs(shipped - splits["test"]["ece"]) > 0.2:
            raise ValueError(f"{name}: the record says {splits['test']['ece']} % of {data}, measured were {shipped} %")
        splits["test"] |= {"ece": shipped, "calibration": found}
    return record


def write(folder: Path, record: dict, student: bool) -> None:
    """Record, card and checksums."""
    card = with_errors((folder / "README.md").read_text(encoding="utf-8"), record["data"])
    card = in_card(card, sentence(record["data"], student))
    for name, text in (("metrics.json", json.dumps(record, indent=1) + "\n"), ("README.md", card)):
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    write_sums(folder)


if __name__ == "__main__":
    try:
        calibrate(tyro.cli(Calibration))
    except (ValueError, OSError) as error:
        sys.exit(str(error))
