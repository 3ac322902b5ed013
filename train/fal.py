"""The procedure of FAL: train FPN, find the layers it explains badly, train FAL with branches there, compare both."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean
from typing import Literal

from accelerate import Accelerator

from train import report
from train.data.prepare import prepare_data
from train.data.splits import Split
from train.measure.layer_scores import (
    ALL,
    average,
    average_by_class,
    find_weak_layers,
    score_split,
    time_models,
)
from train.presets import CLASSIFIER_PRESETS, ClassifierRecipe
from train.publish.checkpoint import record_layers
from train.run import STATE, Run, choose_precision, read_progress
from train.tasks.supervised import train_classifier
from xai.metrics.hiding import Hiding
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
    hiding: Hiding = "black"
    """What a hidden pixel becomes: black in the photo, or the mean in the normalised input."""
    broken: Literal["refuse", "skip"] = "refuse"
    """What happens where photos are damaged, tiny or huge: nothing is trained, or they are left out."""
    data_changed: Literal["refuse", "accept"] = "refuse"
    """What happens where the photos have changed since it was stopped, before a network ended: it does not go on, or it
    goes on, and what it trained on before is kept out of val and test."""
    recipe: ClassifierRecipe = field(default_factory=lambda: CLASSIFIER_PRESETS["pyramid"][1])
    """How both networks are trained."""

    def recipe_in(self, folder: Path) -> ClassifierRecipe:
        """How a network is trained in a folder."""
        own = {"broken": self.broken, "data_changed": self.data_changed}
        return replace(self.recipe, data=[self.data], out=folder, **own)


def run_procedure(procedure: Procedure) -> Path:
    """Go through the procedure, or on from where it was stopped; returns the folder with tables and figures.

    Raises:
        ValueError: the recipe or the data cannot work, or the folder holds another recipe's run.
    """
    splits = read_photos(procedure)
    if procedure.chosen_on not in (ALL, *splits["val"].labels):
        labels = ", ".join([ALL, *sorted(set(splits["val"].labels))])
        raise ValueError(f"no validation photo shows {procedure.chosen_on!r}; --chosen-on one of {labels}")
    fpns = [train_network(procedure, [], seed) for seed in procedure.seeds]
    weak = average([measure_network(procedure, fpn, splits, "val") for fpn in fpns])["soft"]
    attended = procedure.attended or find_weak_layers(weak[procedure.chosen_on])
    fals = [train_network(procedure, attended, seed) for seed in procedure.seeds]
    for folder in fals:
        measure_network(procedure, folder, splits, "val")
    for folder in (*fpns, *fals):
        figures = measure_network(procedure, folder, splits, "test")
        record_layers(folder / "checkpoint", {"method": procedure.method, "hiding": procedure.hiding, **figures})
    fpn, fal = (load_model(folders[0] / "checkpoint") for folders in (fpns, fals))
    speed = measure_once(procedure.out / "milliseconds.json", lambda: time_models([fpn, fal], splits["test"]))
    names = ("FPN", f"FAL {{{', '.join(map(str, attended))}}}")
    facts = [describe_network(name, runs, ms) for name, runs, ms in zip(names, (fpns, fals), speed, strict=True)]
    before, after = (
        [measure_network(procedure, folder, splits, "test") for folder in folders] for folders in (fpns, fals)
    )
    report.write_table1(procedure.out, before, after, names, facts)
    report.draw_figures(procedure.out / "figures", fpn, fal, splits["test"], procedure.method)
    print(f"table: {procedure.out / 'table1.md'}")
    return procedure.out


def read_photos(procedure: Procedure) -> dict[str, Split]:
    """The photos of all its networks.

    Raises:
        ValueError: they cannot be read or trained on; or they have changed, and that was not accepted, or comes too
            late, since a network has ended.
    """
    out = procedure.out
    out.mkdir(parents=True, exist_ok=True)
    recipe = procedure.recipe_in(out)
    recipe.check()
    if wrong := set(procedure.attended) - {1, 2, 3, 4}:
        raise ValueError(f"--attended names layers from 1 to 4, not {', '.join(map(str, sorted(wrong)))}")
    accelerator = Accelerator(mixed_precision=choose_precision(recipe))  # as that of its networks: a process has one
    run = Run(recipe, accelerator, begun=any(out.glob(f"*/{STATE}")), ended=any(out.glob("*/checkpoint")))
    (splits,) = (each.splits for each in prepare_data(run, recipe.data).values())
    return splits


def train_network(procedure: Procedure, attended: list[int], seed: int) -> Path:
    """Train FPN, or FAL with branches on the attended layers, unless that is done; returns the run's folder."""
    name = f"fal-{''.join(map(str, attended))}" if attended else "fpn"
    folder = procedure.out / f"{name}-{seed}"
    recipe = replace(procedure.recipe_in(folder), seed=seed, attended=attended)
    if (folder / "checkpoint" / SUMS).is_file():
        read_progress(recipe)  # refuses another recipe's run
        return folder
    print(f"{name}, seed {seed}")
    return train_classifier(recipe)


def measure_network(procedure: Procedure, folder: Path, splits: dict[str, Split], split: str) -> dict:
    """The figures of a run's layers on a split, for every class and all; measured once."""

    def measure() -> dict:
        title, p = f"{folder.name}, {split} photos", procedure
        layers = [f"{p.maps}{i}" for i in (1, 2, 3, 4)]
        scores = score_split(load_model(folder / "checkpoint"), splits[split], p.method, layers, p.hiding, title)
        return average_by_class(scores, splits[split].labels)

    name = f"scores-{split}-{procedure.maps}-{procedure.method}-{procedure.hiding}.json"
    return measure_once(folder / name, measure)


def measure_once(file: Path, measure: Callable):
    """What a file holds, or else what is measured now, kept in it."""
    if not file.is_file():
        file.write_text(json.dumps(measure(), indent=1) + "\n", encoding="utf-8")
    return read_json(file)


def describe_network(name: str, folders: list[Path], ms: float) -> str:
    """A line on a network: accuracy over the seeds, parameters, milliseconds a photo."""
    records = [read_json(folder / "checkpoint" / "metrics.json") for folder in folders]
    accuracies = [data["test"]["accuracy"] for record in records for data in record["data"].values()]
    seeds = ", ".join(f"{accuracy:.2f}" for accuracy in accuracies)
    return (
        f"{name}: test accuracy {mean(accuracies):.2f} ± {report.compute_spread(accuracies):.2f} % (seeds: {seeds}), "
        f"{records[0]['parameters']:,} parameters, {ms:.1f} ms a photo.  "
    )
