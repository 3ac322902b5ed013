"""FPN, the layers it explains badly, FAL with branches there, both compared: python -m train.pyramid --data FOLDER."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean
from typing import Literal

import tyro
from accelerate import Accelerator

from train import report
from train.classifier import same_run, train
from train.data import Split
from train.gather import gather
from train.layers import ALL, average, milliseconds, per_class, score_split, weak_layers
from train.publish import amend
from train.recipe import PRESETS, Recipe
from xai.metrics import HIDINGS
from xai.zoo import SUMS, load_model, read_json


@dataclass
class Procedure:
    """Train FPN, measure what its layers explain, add attention branches where that is weak (FAL), measure again."""

    data: str
    """Image folder, or hub:OWNER/NAME."""
    out: Path = Path("runs/pyramid")
    """Folder for both networks of every seed, and for table 1 and figures 4 and 5 of the FPN-ABN layered model."""
    seeds: list[int] = field(default_factory=lambda: [0])
    """Each trains both networks; the tables give means and standard deviations."""
    attended: list[int] = field(default_factory=list)
    """The layers that get a branch, 1 the finest; by default the two that explain worst."""
    chosen_on: str = "all"
    """The validation photos that choose these layers: all, or those of a class. The text of FAL takes "airplane"."""
    method: str = "gradcam"
    """Explanation method that is measured."""
    maps: Literal["layer", "attended"] = "layer"
    """Of what the explanations are: what the network reads of each layer, or the attended maps below."""
    hiding: Literal[HIDINGS] = "black"
    """What a hidden pixel becomes: black in the photo, or the mean in the normalised input."""
    broken: Literal["refuse", "skip"] = "refuse"
    """What happens where photos are damaged, tiny or huge: nothing is trained, or they are left out."""
    data_changed: Literal["refuse", "accept"] = "refuse"
    """What happens where the photos have changed since it was stopped, before a network ended: it does not go on, or it
    goes on, and what it trained on before is kept out of val and test."""
    recipe: Recipe = field(default_factory=lambda: PRESETS["pyramid"][1])
    """How both networks are trained."""


def run(procedure: Procedure) -> Path:
    """Go through the procedure, or on from where it was stopped; returns the folder with tables and figures.

    Raises:
        ValueError: the recipe or the data cannot work, or the folder holds another recipe's run.
    """
    splits = photos_of(procedure)
    if procedure.chosen_on not in (ALL, *splits["val"].labels):
        labels = ", ".join([ALL, *sorted(set(splits["val"].labels))])
        raise ValueError(f"no validation photo shows {procedure.chosen_on!r}; --chosen-on one of {labels}")
    fpns = [trained(procedure, [], seed) for seed in procedure.seeds]
    weak = average([measured(procedure, fpn, splits, "val") for fpn in fpns])["soft"]
    attended = procedure.attended or weak_layers(weak[procedure.chosen_on])
    fals = [trained(procedure, attended, seed) for seed in procedure.seeds]
    for folder in fals:
        measured(procedure, folder, splits, "val")
    for folder in (*fpns, *fals):
        figures = measured(procedure, folder, splits, "test")
        amend(folder / "checkpoint", {"method": procedure.method, "hiding": procedure.hiding, **figures})
    fpn, fal = (load_model(folders[0] / "checkpoint") for folders in (fpns, fals))
    speed = once(procedure.out / "milliseconds.json", lambda: milliseconds([fpn, fal], splits["test"]))
    names = ("FPN", f"FAL {{{', '.join(map(str, attended))}}}")
    facts = [fact(name, folders, ms) for name, folders, ms in zip(names, (fpns, fals), speed, strict=True)]
    tests = [[measured(procedure, folder, splits, "test") for folder in folders] for folders in (fpns, fals)]
    report.write(procedure.out, *tests, names, facts)
    report.draw(procedure.out / "figures", fpn, fal, splits["test"], procedure.method)
    print(f"table: {procedure.out / 'table1.md'}")
    return procedure.out


def photos_of(procedure: Procedure) -> dict[str, Split]:
    """The photos of all its networks.

    Raises:
        ValueError: they cannot be read or trained on; or they have changed, and that was not accepted, or comes too
            late, since a network has ended.
    """
    out = procedure.out
    out.mkdir(parents=True, exist_ok=True)
    recipe = recipe_of(procedure, out)
    recipe.check()
    if wrong := set(procedure.attended) - {1, 2, 3, 4}:
        raise ValueError(f"--attended names layers from 1 to 4, not {', '.join(map(str, sorted(wrong)))}")
    finished = any(out.glob("*/checkpoint"))
    data = gather(recipe, recipe.data, out, Accelerator(), any(out.glob("*/state.safetensors")), ended=finished)
    (splits,) = (each.splits for each in data.values())
    return splits


def fact(name: str, folders: list[Path], ms: float) -> str:
    """A line on a network: accuracy over the seeds, parameters, speed."""
    records = [read_json(folder / "checkpoint" / "metrics.json") for folder in folders]
    accuracies = [data["test"]["accuracy"] for record in records for data in record["data"].values()]
    seeds = ", ".join(f"{accuracy:.2f}" for accuracy in accuracies)
    return (
        f"{name}: test accuracy {mean(accuracies):.2f} ± {report.spread(accuracies):.2f} % (seeds: {seeds}), "
        f"{records[0]['parameters']:,} parameters, {ms:.1f} ms a photo.  "
    )


def recipe_of(procedure: Procedure, out: Path) -> Recipe:
    """How a network is trained in a folder."""
    own = {"broken": procedure.broken, "data_changed": procedure.data_changed}
    return replace(procedure.recipe, data=[procedure.data], out=out, **own)


def trained(procedure: Procedure, attended: list[int], seed: int) -> Path:
    """The folder of a finished run."""
    name = f"fal-{''.join(map(str, attended))}" if attended else "fpn"
    out = procedure.out / f"{name}-{seed}"
    recipe = replace(recipe_of(procedure, out), seed=seed, attended=attended)
    if (out / "checkpoint" / SUMS).is_file():
        same_run(recipe, out)
        return out
    print(f"{name}, seed {seed}")
    return train(recipe)


def measured(procedure: Procedure, folder: Path, splits: dict, split: str) -> dict:
    """The figures of a run's layers on a split, for every class and all; measured once."""

    def measure() -> dict:
        title, p = f"{folder.name}, {split} photos", procedure
        layers = [f"{p.maps}{i}" for i in (1, 2, 3, 4)]
        scores = score_split(load_model(folder / "checkpoint"), splits[split], p.method, layers, p.hiding, title)
        return per_class(scores, splits[split].labels)

    return once(folder / f"scores-{split}-{procedure.maps}-{procedure.method}-{procedure.hiding}.json", measure)


def once(file: Path, measure: Callable):
    """What a file holds, or else what is measured now, kept in it."""
    if not file.is_file():
        file.write_text(json.dumps(measure(), indent=1) + "\n", encoding="utf-8")
    return read_json(file)


def main() -> None:
    sys.stdout.reconfigure(errors="backslashreplace")  # a terminal may not know the letters of a name
    try:
        print((run(tyro.cli(Procedure)) / "table1.md").read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
