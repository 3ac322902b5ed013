"""The mosaic test of all methods on all shipped networks: does a class's map lie on that class's photo?

    python -m benchmarks.mosaic --data TRASHNET UCMERCED
    python -m benchmarks.mosaic --show

Writes benchmarks/results/mosaic.json, and what a page says of the layers into each checkpoint's explained.json. A data
set is measured by the networks that know its classes: the garbage networks on the same mosaics in halves, so that they
compare; the pyramids, layer by layer; and the student, which explains its black box beside methods that only ask that.
Methods that run a network hundreds of times get `--slow-mosaics` mosaics; `scorecam` and `mask`, which take minutes a
mosaic, are left out. A stopped run goes on.
"""

import argparse
import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import record
from xai.blackbox import BlackBox, from_checkpoint, load_black_box
from xai.evaluation import Outcome, Settings, evaluate
from xai.evaluation.intervals import Interval, estimate, subtract
from xai.evaluation.lines import Line
from xai.evaluation.plan import ALL_LAYERS
from xai.evaluation.subset import choose_photos
from xai.methods import METHODS
from xai.metrics.registry import MOSAIC, SHARED
from xai.zoo import CHECKPOINTS, EXPLAINED, GARBAGE, PYRAMID, STUDENTS, SUMS, build_skeleton

BLACK_BOX, STUDENT = "garbage-efficientnet_lite0", STUDENTS[0]
FIRST = "garbage-resnet50"  # whom the others are compared with
LEFT_OUT = ("scorecam",)
SLOW = ["scorecam-fast", "smoothgrad"]
QUICK = [name for name, method in METHODS.items() if method.needs == "features" and name not in (*SLOW, *LEFT_OUT)]
BY_STUDENT = ["gradcam", "gradcam++", "layercam", "hirescam", "eigencam"]
ASKING = ["rise", "lime"]
LAYERED = ["gradcam", "gradcam++", "layercam", "eigencam"]
CONTROLS = ["gaussian", "random"]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, nargs="+", metavar="FOLDER", help="of CLASS/PHOTO")
    parser.add_argument("--models", nargs="+", default=[*GARBAGE, *PYRAMID, *STUDENTS], metavar="NAME")
    parser.add_argument("--mosaics", type=int, default=100, help="a network (default: 100)")
    parser.add_argument("--slow-mosaics", type=int, default=10, help="by slow methods (default: 10)")
    parser.add_argument("--limit", type=int, default=180, help="photos they are made of (default: 180)")
    parser.add_argument("--questions", type=int, default=200, help="of RISE and LIME (default: 200)")
    parser.add_argument("--work", type=Path, default=Path("runs/mosaic"), help="folder to go on from")
    parser.add_argument(
        "--output", default="mosaic", help="name below benchmarks/results, or a path that ends in .json"
    )
    parser.add_argument("--checkpoints", type=Path, default=CHECKPOINTS, help="where explained.json goes")
    parser.add_argument("--show", action="store_true", help="only print the table of the file there is")
    options = parser.parse_args(arguments)
    file = record.place(options.output)
    if not options.show:
        if not options.data:
            parser.error("name the data by --data, or --show what was measured")
        try:
            write(options)
        except (ValueError, OSError) as error:
            parser.error(str(error))
    if not file.is_file():
        parser.error(f"there is no file {file}")
    print(table(json.loads(file.read_text(encoding="utf-8"))))


def write(options: argparse.Namespace) -> None:
    """Measure every network on the data set whose classes it knows, and write it all down.

    Raises:
        ValueError: there is no such network, or none knows the classes of a folder.
        OSError: there is no such folder.
    """
    rows, seconds, photos = [], {}, {}
    together = {folder: groups(options.models, folder) for folder in options.data}
    for folder, found in together.items():
        if not found:
            raise ValueError(f"none of {', '.join(options.models)} knows just the classes of {folder}")
    for folder in options.data:
        for models, student, quick, slow, layers in together[folder]:
            subjects = subjects_of(models, student)
            names = choose_photos(folder, limit=options.limit)
            settings = Settings(
                mosaics=options.mosaics,
                slow_mosaics=options.slow_mosaics,
                options={"rise": {"masks": options.questions}, "lime": {"samples": options.questions}},
            )
            work, measured = options.work / (student or models[0]), []
            runs = [("quick", quick, [MOSAIC, SHARED], layers)] + ([("slow", slow, [MOSAIC], ())] if slow else [])
            for pace, methods, metrics, at in runs:
                started = time.perf_counter()
                found = evaluate(subjects, methods, metrics, folder, work / pace, names, at, settings)
                measured += rows_of(found, settings)
                whose = f"{models[0]}, asked" if student and pace == "slow" else student or ", ".join(models)
                taken = (time.perf_counter() - started) / len(models)
                seconds[whose] = round(seconds.get(whose, 0) + taken, 1)
            for row in measured:
                row["explains"] = student if student and row["method"] not in ASKING else row["model"]
            photos[folder.name] = len(names)
            rows += measured
            for model in [student] if student else models:
                explain(options.checkpoints, model, folder, [r for r in measured if r["explains"] == model])
    record.write(
        options.output, rows, chance=25.0, mosaics=options.mosaics, photos=photos, seconds_a_network=seconds,
        left_out=[*LEFT_OUT, "mask"], questions=options.questions,
    )  # fmt: skip


def groups(models: Sequence[str], folder: Path) -> list[tuple[list[str], str, list[str], list[str], list[str]]]:
    """What is measured together on a data set: networks, a student, quick and slow methods, layers."""
    here = {path.name for path in folder.iterdir() if path.is_dir()}
    know = [name for name in models if set(build_skeleton(name).classes) == here]
    garbage = sorted((name for name in know if name in GARBAGE), key=lambda name: name != FIRST)
    pyramids = [name for name in know if name in PYRAMID]
    found = []
    if garbage:
        found.append((garbage, "", [*QUICK, *CONTROLS], SLOW, []))
    if pyramids:
        found.append((pyramids, "", [*LAYERED, *CONTROLS], [], [ALL_LAYERS]))
    if STUDENT in know:
        by = [f"{method}:student" for method in BY_STUDENT]
        found.append(([BLACK_BOX], STUDENT, [*by, "distilled", "distilled:literal", *CONTROLS], ASKING, []))
    return found


def subjects_of(models: Sequence[str], student: str) -> list[BlackBox]:
    if student:
        return [load_black_box(models[0], student=student)]
    return [from_checkpoint(name) for name in models]


def rows_of(outcome: Outcome, settings: Settings) -> list[dict]:
    """Every line's figures, in percent with their intervals, and how the mosaic test differs from the first model's."""
    draws = settings.resamples, settings.seed
    first = {line.row.name: line for line in outcome.lines if line.model == outcome.lines[0].model}
    return [
        {
            "model": line.model,
            "method": line.row.name,
            "layer": line.row.layer,
            MOSAIC: plain(estimate(line, MOSAIC, *draws), len(line.values[MOSAIC])),
            SHARED: plain(estimate(line, SHARED, *draws), line.photos) if SHARED in line.values else None,
            "differs": differs(line, first.get(line.row.name), draws),
        }
        for line in outcome.lines
    ]


def differs(line: Line, other: Line | None, draws: tuple[int, int]) -> dict | None:
    if other is None or other.model == line.model or not line.paired:
        return None
    number = min(line.paired, other.paired)
    return {"from": other.model, **plain(subtract(line, other, MOSAIC, *draws), number)}


def plain(figure: Interval, number: int) -> dict:
    return {key: round(getattr(figure, key), 2) for key in ("mean", "low", "high")} | {"n": number}


def explain(checkpoints: Path, model: str, folder: Path, rows: Sequence[dict]) -> None:
    """Write what Grad-CAM's rows say of a network's layers beside its weights, and into its list of checksums."""
    chosen = {row["layer"]: row for row in rows if row["method"].split("@")[0].split(":")[0] == "gradcam"}
    layers = {
        layer: {
            SHARED: round(row[SHARED]["mean"] / 100, 3),
            MOSAIC: round(row[MOSAIC]["mean"] / 100, 3),
            "chance": 0.25,
        }
        for layer, row in chosen.items()
    }
    found = {"method": "gradcam", "data": folder.name, "layers": layers}
    target = checkpoints / model
    target.mkdir(parents=True, exist_ok=True)
    text = json.dumps(found, indent=1) + "\n"
    (target / EXPLAINED).write_text(text, encoding="utf-8", newline="\n")
    sums = target / SUMS
    lines = sums.read_text(encoding="utf-8").splitlines() if sums.is_file() else []
    kept = [line for line in lines if not line.endswith(f"  {EXPLAINED}")]
    kept.append(f"{hashlib.sha256(text.encode()).hexdigest()}  {EXPLAINED}")
    sums.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8", newline="\n")


def table(found: dict) -> str:
    """The file as Markdown: a row a method, a column a network; how networks differ; and what maps share."""
    rows = found["rows"]
    few = [row for row in rows if row[MOSAIC]["n"] < found["mosaics"]]
    names = ", ".join(dict.fromkeys(f"`{method_of(row)}`" for row in few))
    only = f", of {names} only {min(row[MOSAIC]['n'] for row in few)}, as they take long" if few else ""
    intervals = f"in brackets 95 % intervals over {found['mosaics']} mosaics{only}"
    asked = f"RISE and LIME ask {found['questions']} questions."
    lines = [f"Percent, chance is {found['chance']:g}; {intervals}. {asked}", ""]
    for pyramids in (False, True):
        lines += [*across([row for row in rows if row["explains"].startswith("pyramid") == pyramids], MOSAIC), ""]
    if left_out := found.get("left_out"):
        lines += [f"Left out, as they take minutes a mosaic: {', '.join(f'`{name}`' for name in left_out)}.", ""]
    shared = [row for row in rows if row[SHARED] and method_of(row).startswith("gradcam") and "++" not in row["method"]]
    if shared:
        lines += ["Of Grad-CAM's maps this much is the same for every photo, in percent of their variance:", ""]
        lines += ["| network | map | the same for every photo |", "| --- | --- | --- |"]
        lines += [f"| `{row['explains']}` | `{method_of(row)}` | {text(row[SHARED])} |" for row in shared] + [""]
    apart = [row for row in rows if row["differs"] and row["method"].split("@")[0] == "gradcam"]
    if apart:
        lines += ["Grad-CAM of two networks on the same mosaics, in percentage points:", ""]
        lines += ["| network | map | less | difference | mosaics |", "| --- | --- | --- | --- | --- |"]
        lines += [
            f"| `{row['model']}` | `{row['method']}` | `{row['differs']['from']}` | {text(row['differs'])} "
            f"| {row['differs']['n']} |"
            for row in apart
        ]
    return "\n".join(lines).strip()


def across(rows: Sequence[dict], key: str) -> list[str]:
    """A figure of each method (a row) and network (a column); empty where a method was not tried."""
    networks = list(dict.fromkeys(row["explains"] for row in rows))
    methods = list(dict.fromkeys(method_of(row) for row in rows))
    found = {(method_of(row), row["explains"]): text(row[key]) for row in rows}
    lines = [f"| method | {' | '.join(f'`{name}`' for name in networks)} |", "| --- " * (len(networks) + 1) + "|"]
    return lines + [
        f"| `{method}` | {' | '.join(found.get((method, name), '') for name in networks)} |" for method in methods
    ]


def method_of(row: dict) -> str:
    """A row's method, without whose gradients it reads, which the column says."""
    return row["method"].removesuffix(":student").removesuffix(":teacher")


def text(figure: dict) -> str:
    return f"{figure['mean']:.1f} [{figure['low']:.1f}, {figure['high']:.1f}]"


if __name__ == "__main__":
    main()
