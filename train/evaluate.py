"""Measure trained models on photos: python -m train.evaluate --models NAME … --data FOLDER … prints a table."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

import tyro
from accelerate import Accelerator
from torch.utils.data import DataLoader
from tqdm import tqdm

from train.data import Whole, name_of, read
from train.measure import predict, score
from xai.zoo import MODELS, load_model


@dataclass
class Evaluation:
    """Accuracy and expected calibration error of models on a split of each data set."""

    data: list[str]
    """Image folders, or hub:OWNER/NAME."""
    models: list[str] = field(default_factory=lambda: list(MODELS))
    """Names or folders of checkpoints."""
    split: str = "test"
    """train, val or test."""
    sizes: list[int] = field(default_factory=list)
    """Sides of the input to try, where the model's own is not wanted; choose on val."""


def evaluate(evaluation: Evaluation) -> list[dict]:
    """A row for each model, data set and size: `model`, `data`, `size`, and what `train.measure.score` gives."""
    accelerator, rows = Accelerator(), []
    jobs = [(name, source) for name in evaluation.models for source in evaluation.data]
    for name, source in tqdm(jobs, disable=not accelerator.is_main_process):
        model = load_model(name, accelerator.device)
        for size in evaluation.sizes or [model.input_size]:
            photos = Whole(read(source)[evaluation.split], model.classes, size, cache=False)
            loader = accelerator.prepare(DataLoader(photos, batch_size=32, num_workers=1))
            measured = score(*predict(model, loader, accelerator), model.classes)
            rows.append({"model": Path(name).name, "data": name_of(source), "size": size, **measured})
    return rows


def main() -> None:
    try:
        rows = evaluate(tyro.cli(Evaluation))
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    print("| model | photos | size | accuracy | calibration error |\n| --- | --- | --- | --- | --- |")
    for row in rows:
        photos = f"{row['photos']} of {row['data']}"
        print(f"| {row['model']} | {photos} | {row['size']} | {row['accuracy']:.2f} % | {row['ece']:.2f} % |")


if __name__ == "__main__":
    main()
