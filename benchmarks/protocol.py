"""Keep what the trainings by source 1's protocol gave: python -m benchmarks.protocol RUN [RUN …].

Each RUN is the folder of a finished `python -m train.classifier paper…` run. Its curves and figures go to
checkpoints/protocol/MODEL.json (…-constant.json for a constant learning rate, …-seedN.json for another seed), where
the page and the README's table read them.
"""

import argparse
import datetime
import json
from pathlib import Path

from benchmarks.record import ROOT, commit
from benchmarks.timing import machine
from train.presets import ClassifierRecipe, format_command

FOLDER = ROOT / "checkpoints" / "protocol"


def collect(run: Path) -> dict:
    """What a finished run gave: command, test accuracy, and loss and accuracy of every epoch.

    Raises:
        OSError: the run is not finished, so it has no checkpoint.
    """
    metrics = json.loads((run / "checkpoint" / "metrics.json").read_text(encoding="utf-8"))
    history = json.loads((run / "history.json").read_text(encoding="utf-8"))
    recipe = ClassifierRecipe(**metrics["recipe"])
    (data,) = metrics["data"].values()
    return {
        "model": recipe.model,
        "seed": recipe.seed,
        "constant": recipe.milestones == [recipe.epochs],
        "command": format_command(recipe),
        "machine": machine(),
        "commit": commit(),
        "date": datetime.date.today().isoformat(),
        "test_photos": data["test"]["photos"],
        "test_accuracy": data["test"]["accuracy"],
        "kept_epoch": max(history, key=lambda row: (row["val_accuracy"], row["epoch"]))["epoch"],
        "last_train_accuracy": history[-1]["train_accuracy"],
        "history": history,
    }


def file_name(found: dict) -> str:
    """The file of a run: its model, and what differs from the plain protocol."""
    return found["model"] + "-constant" * found["constant"] + (f"-seed{found['seed']}" if found["seed"] else "")


def main() -> None:
    """Command line: the folders of finished runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("--output", type=Path, default=FOLDER)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    for run in options.runs:
        found = collect(run)
        file = options.output / f"{file_name(found)}.json"
        file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(f"{file.name}: {found['test_accuracy']} % of {found['test_photos']} test photos")


if __name__ == "__main__":
    main()
