"""Keep what a training gave, chosen or not: python -m benchmarks.runs RUN [RUN …] --factor TEXT --verdict TEXT.

Each RUN is the folder of a training, finished or stopped. Its command, what was asked of it, the figures of every epoch
that was validated, and what came of it go to benchmarks/results/runs/NAME.json, from which the log in train/README.md
is made.
"""

import argparse
import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import record
from train.history import select_validated
from train.presets import PRESETS, ClassifierRecipe, StudentRecipe, format_command
from train.recipe import Recipe
from train.run import STATE
from train.state import load_progress


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("--factor", required=True, metavar="TEXT", help="what was changed, and why")
    parser.add_argument("--verdict", required=True, metavar="TEXT", help="what came of it")
    parser.add_argument("--output", type=Path, help="folder (default: benchmarks/results/runs)")
    options = parser.parse_args(arguments)
    folder = options.output or record.RESULTS / "runs"
    for run in options.runs:
        try:
            found = collect(run) | {"factor": options.factor, "verdict": options.verdict}
        except (OSError, ValueError) as error:
            parser.error(f"{run}: {error}")
        file = record.write(str(folder / f"{run.name}.json"), found.pop("history"), found.pop("command"), **found)
        print(f"{file.name}: {describe(json.loads(file.read_text(encoding='utf-8')))}")


def collect(run: Path) -> dict:
    """The command of a training, when it ended, its epochs, and the figures of those that were validated.

    Raises:
        OSError: the folder holds no state of a training.
        ValueError: no epoch was validated.
    """
    progress = load_progress(run / STATE)
    recipe = restore_recipe(progress["settings"])
    if not select_validated(progress["history"]):
        raise ValueError("no epoch was validated yet")
    ended = datetime.datetime.fromtimestamp((run / STATE).stat().st_mtime, datetime.UTC)
    return {
        "date": ended.isoformat(timespec="minutes"),
        "machine": "not recorded",
        "command": format_command(recipe),
        "seed": recipe.seed,
        "epochs": recipe.epochs,
        "history": select_validated(progress["history"]),
    }


def restore_recipe(settings: Mapping) -> Recipe:
    """The recipe of these settings, from the preset that leaves the shortest command."""
    module = (StudentRecipe if "temperatures" in settings else ClassifierRecipe).module
    return min(
        (replace(recipe, **settings) for _, recipe in PRESETS[module].values()),
        key=lambda recipe: len(format_command(recipe)),
    )


def describe(found: Mapping) -> str:
    """The last validated epoch, and its figures on the validation photos."""
    row = found["rows"][-1]
    figures = f"accuracy {row['val_accuracy']:.1f} %, loss {row['val_loss']:.3f}"
    if "val_sim2" in row:
        figures = f"Sim 1 {row['val_accuracy']:.1f} %, Sim 2 {row['val_sim2']:.1f} %, KL {row['val_loss']:.3f}"
    return f"{figures}, epoch {row['epoch']} of {found['epochs']}"


def table(found: Sequence[Mapping]) -> str:
    """A row for what was asked, in the order of time: the command, each seed's figures on the validation photos."""
    together: dict[str, list[Mapping]] = {}
    for each in sorted(found, key=lambda each: each["date"]):
        together.setdefault(each["factor"], []).append(each)
    rows = []
    for factor, trained in together.items():
        trained = sorted(trained, key=lambda each: each["seed"])
        seeds = f" (seeds {', '.join(str(each['seed']) for each in trained)})" if len(trained) > 1 else ""
        figures = "; ".join(describe(each) for each in trained)
        rows.append([factor, f"`{trained[0]['command']}`{seeds}", figures, trained[-1]["verdict"]])
    return record.markdown(["what was asked", "command", "validation photos", "verdict"], rows)


if __name__ == "__main__":
    main()
