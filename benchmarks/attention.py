"""Does attention help to explain? Networks with it against those without, of several seeds, on the same test photos.

    python -m benchmarks.attention --data UCMERCED --runs runs/attention --plain fpn --output attention-pyramids
    python -m benchmarks.attention --data TRASHNET --plain none --output attention-garbage --networks \
        none-0=garbage-resnet50 se-0=garbage-se_resnet50 shared_se-0=garbage-s_se_resnet50

RUNS holds a training's folder for every network, called NAME-SEED: fpn-0, fal-0, fpn-1 … Others are named one by one,
NAME-SEED=CHECKPOINT. Each is compared with the plain one of its seed: accuracy and the mosaic test. Of pyramids, layer
by layer: drop, increase, gain and ADCC, each pixel dimmed by the map; drop and increase with only the strongest 20 % of
the pixels kept; and the same of another photo's map and of the mean map. Of pyramids with branches, on the validation
photos: do their answers change where attention says nothing of the photo? Of other networks: do Grad-CAM's maps lie on
the object, on photos where its outline is clear?

A difference is the mean over seeds and photos, with a 95 % interval over other seeds and other photos. Writes
benchmarks/results/OUTPUT.json. A stopped run goes on.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from scipy.stats import t
from torch import Tensor
from torch.nn import functional as F

import xai
from benchmarks import record
from benchmarks.accuracy import find_right
from benchmarks.objects import Values, find_objects, measure_objects
from xai.blackbox import from_checkpoint
from xai.evaluation import Outcome, Settings, evaluate
from xai.evaluation.intervals import estimate
from xai.evaluation.lines import Line
from xai.evaluation.plan import ALL_LAYERS
from xai.folders import list_splits
from xai.metrics.controls import ANOTHER, MEAN
from xai.metrics.registry import MOSAIC, SHARED
from xai.models import Classifier
from xai.models.classifier import INPUT, name_attention
from xai.models.pyramid import Pyramid, name_attended
from xai.modes import without_gradients

WAYS: dict[str, tuple[float | None, list[str]]] = {
    "soft": (None, ["drop", "increase", "gain", "adcc"]),
    "strongest": (0.2, ["drop", "increase"]),
}
MOSAICS_ALONE: dict[str, tuple[float | None, list[str]]] = {"mosaics": (None, [])}
ACCURACY = "accuracy"
AT_ONCE = 16


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="of CLASS/PHOTO")
    parser.add_argument("--runs", type=Path, metavar="FOLDER", help="of trainings, NAME-SEED")
    parser.add_argument("--networks", nargs="+", default=[], metavar="NAME-SEED=CHECKPOINT", help="others")
    parser.add_argument("--plain", default="fpn", metavar="NAME", help="without attention (default: fpn)")
    parser.add_argument("--mosaics", type=int, default=150, help="the same for all networks (default: 150)")
    parser.add_argument("--limit", type=int, help="test photos at most")
    parser.add_argument("--work", type=Path, default=Path("runs/attention-measured"), help="folder to go on from")
    parser.add_argument("--output", default="attention-pyramids", help="name below benchmarks/results, or a .json path")
    parser.add_argument("--show", action="store_true", help="only print the table of the file there is")
    options = parser.parse_args(arguments)
    file = record.place(options.output)
    if not options.show:
        if not options.data or not (options.runs or options.networks):
            parser.error("name the data by --data, the networks by --runs or --networks, or --show what was measured")
        try:
            write(options)
        except (ValueError, OSError) as error:
            parser.error(str(error))
    print(table(json.loads(file.read_text(encoding="utf-8"))))


def write(options: argparse.Namespace) -> None:
    """Measure all networks and write down how those with attention differ.

    Raises:
        ValueError: there is no plain network of a seed, or none at all.
        OSError: a checkpoint cannot be read.
    """
    models = {name: xai.load_model(place, "cpu") for name, place in find_networks(options).items()}
    pyramids = all(isinstance(model, Pyramid) for model in models.values())
    splits = list_splits(options.data)
    photos, validation = splits["test"][: options.limit], splits.get("val", [])[: options.limit]
    values: dict[str, Values] = {name: {("", ACCURACY): 100.0 * find_right(models[name], photos)} for name in models}
    same: dict[str, dict[str, float]] = {name: {} for name in models}
    for way, (share, metrics) in (WAYS if pyramids else MOSAICS_ALONE).items():
        names = [path.relative_to(options.data).as_posix() for path in photos]
        for line in measure(models, options, way, share, metrics, names).lines:
            values[line.model] |= read_values(line, way, metrics)
            if SHARED in line.values:
                same[line.model][line.row.name] = rounded(estimate(line, SHARED, 1, 0).mean)
    objects = {} if pyramids else find_objects(photos)
    for name, model in models.items() if len(objects) > 1 else ():  # the mean map is that of the others
        values[name] |= measure_objects(model, objects)
    attending = {name: model for name, model in models.items() if model.attended_layers and validation}
    effects = {name: measure_effect(model, validation) for name, model in attending.items()}
    rows = compare(values, options.plain)
    record.write(
        options.output, rows, data=options.data.name, plain=options.plain, photos=len(photos),
        validation_photos=len(validation), objects=len(objects), networks=list(models), effects=effects, same=same,
    )  # fmt: skip


def find_networks(options: argparse.Namespace) -> dict[str, str | Path]:
    """The checkpoint of every finished training, or named one by one, by NAME-SEED; the plain ones first.

    Raises:
        ValueError: a seed has no plain network, or there is nothing to compare.
    """
    runs = sorted(options.runs.glob("*-*/checkpoint")) if options.runs else []
    found: dict[str, str | Path] = {path.parent.name: path for path in runs}
    for each in options.networks:
        name, _, place = each.partition("=")
        if "-" not in name or not place:
            raise ValueError(f"--networks wants NAME-SEED=CHECKPOINT, not {each}")
        found[name] = place
    if lonely := [name for name in found if f"{options.plain}-{seed_of(name)}" not in found]:
        raise ValueError(f"there is no {options.plain} of the seed of {', '.join(lonely)}")
    if all(variant_of(name) == options.plain for name in found):
        raise ValueError(f"there is no finished training of another network than {options.plain}")
    return {name: found[name] for name in sorted(found, key=lambda name: (variant_of(name) != options.plain, name))}


def variant_of(name: str) -> str:
    return name.rsplit("-", 1)[0]


def seed_of(name: str) -> str:
    return name.rsplit("-", 1)[1]


def measure(
    models: Mapping[str, Classifier], options: argparse.Namespace, way: str, share: float | None,
    metrics: Sequence[str], photos: Sequence[str],
) -> Outcome:  # fmt: skip
    """Grad-CAM, its companions and a Gaussian, of all networks on the same photos and mosaics; of pyramids each layer.

    Args:
        models: by name.
        options: the command's.
        way: name of the folder to go on from.
        share: of the pixels that the metrics leave; None dims each pixel by the map.
        metrics: of single photos; the mosaic test and what is the same for all photos are measured beside the soft way.
        photos: names of the test photos.
    """
    others = [MOSAIC, SHARED] if share is None else []
    settings = Settings(share=share, mosaics=2 * options.mosaics)  # half of them are the same for all
    subjects = [from_checkpoint(model, name=name) for name, model in models.items()]
    methods = ["gradcam", "gaussian", *([ANOTHER, MEAN] if metrics else [])]
    layers = [ALL_LAYERS] if isinstance(next(iter(models.values())), Pyramid) else []
    return evaluate(subjects, methods, [*metrics, *others], options.data, options.work / way, photos, layers, settings)


def read_values(line: Line, way: str, metrics: Sequence[str]) -> Values:
    """What a line of the table holds, by map and metric; of mosaics only those that all networks got."""
    values: Values = {(line.row.name, f"{metric}, {way}"): line.values[metric] for metric in metrics}
    if MOSAIC in line.values:
        values[line.row.name, MOSAIC] = line.values[MOSAIC][: line.paired]
    return values


def compare(values: Mapping[str, Values], plain: str) -> list[dict]:
    """Of every variant, map and metric: each seed's figure, and by how much it exceeds the plain network's."""
    seeds: dict[str, list[str]] = {}
    for name in values:
        seeds.setdefault(variant_of(name), []).append(seed_of(name))
    rows = []
    for variant, own in seeds.items():
        for key in values[f"{variant}-{own[0]}"]:
            found = [values[f"{variant}-{seed}"][key] for seed in own]
            row = {
                "network": variant,
                "map": key[0],
                "metric": key[1],
                "seeds": [rounded(each.mean()) for each in found],
            }
            if variant != plain:
                row["less plain"] = subtract(values, variant, plain, key, own)
                others = (name for name in seeds if name not in (variant, plain) and set(own) <= set(seeds[name]))
                row["less others"] = {
                    other: subtract(values, variant, other, key, own)
                    for other in others
                    if key in values[f"{other}-{own[0]}"]
                }
            rows.append(row)
    return rows


def subtract(
    values: Mapping[str, Values], variant: str, other: str, key: tuple[str, str], seeds: Sequence[str]
) -> dict:
    """By how much a variant's figure exceeds another's of the same seeds."""
    pairs = [values[f"{variant}-{seed}"][key] - values[f"{other}-{seed}"][key] for seed in seeds]
    return estimate_difference(np.stack(pairs))


def estimate_difference(differences: np.ndarray) -> dict:
    """The mean of differences (seeds, photos), each seed's, and a 95 % interval over other seeds and other photos.

    Formula: `mean ± t · √(V_s + V_p)`, `V_s` the variance of the seeds' means over their number, `V_p` that of the
    photos' means over theirs. The quantile t is Student's, its degrees of freedom Satterthwaite's, as seeds are few.
    Of one seed it is the interval over photos alone.
    Paper: Satterthwaite, An approximate distribution of estimates of variance components, Biometrics 1946.
    """
    seeds, photos = differences.shape
    mean, by_photo = differences.mean(), differences.mean(0)  # photos
    of_photos = by_photo.var(ddof=1) / photos if photos > 1 else 0.0
    of_seeds = differences.mean(1).var(ddof=1) / seeds if seeds > 1 else 0.0
    spread = of_seeds**2 / max(seeds - 1, 1) + of_photos**2 / max(photos - 1, 1)
    freedom = (of_seeds + of_photos) ** 2 / spread if spread else np.inf
    reach = (of_seeds + of_photos) ** 0.5 * t.ppf(0.975, freedom)
    return {
        "mean": rounded(mean), "low": rounded(mean - reach), "high": rounded(mean + reach),
        "seeds": [rounded(each) for each in differences.mean(1)], "n": photos,
    }  # fmt: skip


@without_gradients
def measure_effect(model: Classifier, photos: Sequence[Path]) -> dict[str, float]:
    """How far a pyramid's answers move (mean KL, nats) where its attention knows nothing of the photo.

    `own_mean`: each map M is replaced by its mean over the positions; `common`: by the mean of M over all photos.
    """
    assert isinstance(model, Pyramid)
    parts = [model.preprocess(photos[i : i + AT_ONCE]) for i in range(0, len(photos), AT_ONCE)]
    maps = [read_attention(model, x) for x in parts]  # by layer, B, 1, h, w each
    common = {layer: torch.cat([part[layer] for part in maps]).mean(0, keepdim=True) for layer in model.attended_layers}
    moved: dict[str, list[Tensor]] = {"own_mean": [], "common": []}
    for x, own in zip(parts, maps, strict=True):
        answers = answer_with(model, x, own)
        flat = {layer: m.mean((2, 3), keepdim=True).expand_as(m) for layer, m in own.items()}
        for how, replaced in (("own_mean", flat), ("common", {k: m.expand_as(own[k]) for k, m in common.items()})):
            other = answer_with(model, x, replaced)
            moved[how].append(F.kl_div(other, answers, reduction="none", log_target=True).sum(1))
    return {how: float(f"{torch.cat(each).mean().item():.3g}") for how, each in moved.items()}


def read_attention(model: Pyramid, x: Tensor) -> dict[str, Tensor]:
    """The attention maps (B, 1, h, w) by layer."""
    known = {INPUT: x}
    for layer in model.attended_layers:
        model.advance(known, layer)
    return {layer: known[name_attention(layer)] for layer in model.attended_layers}


def answer_with(model: Pyramid, x: Tensor, attention: Mapping[str, Tensor]) -> Tensor:
    """The log-confidences (B, K) with these attention maps instead of the network's own."""
    known = {name_attention(layer): m for layer, m in attention.items()}
    for layer, features in model.feature_pyramid(x).items():
        attends = layer in attention
        known[name_attended(layer)] = model.attend(features, attention[layer]) if attends else features
    return model.conclude(known).double().log_softmax(1)


def rounded(value: float) -> float:
    return round(float(value), 2)


def table(found: dict) -> str:
    """The file as Markdown: each seed's figures, and what differs from the plain network."""
    lines = [
        f"{found['photos']} test photos of {found['data']}; in brackets 95 % intervals over seeds and photos.", "",
        f"| network | map | metric | of each seed | less {found['plain']} | of each seed |", "| --- " * 6 + "|",
    ]  # fmt: skip
    for row in found["rows"]:
        less = row.get("less plain")
        cells = [row["network"], row["map"], row["metric"], " ".join(f"{each:.1f}" for each in row["seeds"])]
        cells.append(f"{less['mean']:+.1f} [{less['low']:+.1f}, {less['high']:+.1f}]" if less else "")
        cells.append(" ".join(f"{each:+.1f}" for each in less["seeds"]) if less else "")
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "| network | KL, own mean of M | KL, common M |", "| --- | --- | --- |"]
    lines += [f"| {name} | {each['own_mean']} | {each['common']} |" for name, each in found["effects"].items()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
