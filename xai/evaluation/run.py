"""A run over a folder: it goes on where it stopped, and ends with a table, a plot and the exact settings."""

import hashlib
import json
import platform
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy
import PIL
import torch
import torchvision
from PIL import Image
from tqdm import tqdm

from xai.evaluation import report
from xai.evaluation.bootstrap import LEVEL
from xai.evaluation.check import check
from xai.evaluation.measure import measure
from xai.evaluation.plan import STUDENT, TEACHER, Row, Settings, Subject, rows_of
from xai.evaluation.subset import chosen_photos, split_of
from xai.metrics.games import GAMES, KERNEL_SIDE, KERNEL_SIGMA
from xai.models import Classifier
from xai.photo import PhotoError, load_photo

RECORDS, SETTINGS, SUBSET = "photos.jsonl", "settings.json", "subset.txt"
BAR = "{percentage:3.0f}%|{bar}| {n:.1f}/{total:.0f} maps [{elapsed}<{remaining}{postfix}]"


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    Attributes:
        lines: of the table.
        failures: photos that could not be read, each with a sentence.
        left_out: methods that do not suit, as `METHOD on MODEL`, each with a sentence.
    """

    lines: list[report.Line]
    failures: dict[str, str]
    left_out: dict[str, str]


def evaluate(
    subjects: Sequence[Subject],
    methods: Sequence[str],
    metrics: Sequence[str],
    folder: Path | str,
    output: Path | str,
    photos: Sequence[str] | None = None,
    layers: Sequence[str] = (),
    settings: Settings | None = None,
) -> Outcome:
    """Measure methods by metrics on photos, and write it all down.

    The class explained is always the one that the subject predicts on the whole photo. Networks explain photos in
    batches, from one forward pass for all methods; a black box is asked as many photos at once as it takes. In `output`
    there will be `photos.jsonl`, with a line for every photo as soon as it is measured, from which a run that was
    stopped goes on; `settings.json`, and `subset.txt` with the photos; and `results.csv`, `results.md` and `plot.png`.

    Args:
        subjects: who is asked.
        methods: `NAME[:VARIANT][@LAYER]`, as `rows_of` reads them.
        metrics: names of `METRICS`.
        folder: of the photos.
        output: a folder, made if it is not there.
        photos: their paths below the folder; None is all of its test split, or all where it has none.
        layers: for methods that name none; `all` are those usually explained, and their combination.
        settings: all other choices; None is the default of each.

    Raises:
        ValueError: there is no such method, metric, layer or photo, or `output` holds a run with other settings.
        BlackBoxError: the black box gave no answer.
    """
    folder, output, settings = Path(folder), Path(output), settings or Settings()
    names = list(dict.fromkeys(chosen_photos(folder) if photos is None else photos))
    rows, left_out = {}, {}
    for subject in subjects:
        rows[subject.name], troubles = rows_of(subject, methods, settings, layers)
        left_out |= {f"{spec} on {subject.name}": str(trouble) for spec, trouble in troubles.items()}
    check(subjects, rows, metrics, settings)
    subjects = [subject for subject in subjects if rows[subject.name]]
    written = description(subjects, rows, metrics, folder, names, settings)
    written = json.loads(json.dumps(written))  # as it will be read: tuples are lists there
    output.mkdir(parents=True, exist_ok=True)
    records = begun(output, written)
    (output / SUBSET).write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    failures = go_on(subjects, rows, metrics, folder, names, records, output / RECORDS, settings)
    measured = [name for name in names if all((subject.name, name) in records for subject in subjects)]
    if not measured:
        raise ValueError(f"none of the {len(names)} photos could be read; the first one: {failures[names[0]]}")
    lines = report.lines_of(subjects, rows, metrics, measured, records)
    report.write(output, lines, metrics, written)
    return Outcome(lines, failures, left_out)


def begun(output: Path, written: dict) -> dict[tuple[str, str], dict]:
    """The records there are, by model and photo, once it is sure that they belong to this run.

    Raises:
        ValueError: they were made with other settings.
    """
    file = output / SETTINGS
    if file.is_file():
        before = json.loads(file.read_text(encoding="utf-8"))
        other = [key for key in {**before, **written} if key != "report" and before.get(key) != written.get(key)]
        if other:
            raise ValueError(
                f"{output} holds a run with other settings ({', '.join(other)}; see {file}): "
                "name another folder to begin anew, or the same settings to go on"
            )
    file.write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    records, whole = {}, b""
    if (output / RECORDS).is_file():
        *lines, _ = (output / RECORDS).read_bytes().split(b"\n")  # after the last line's end is nothing, or half a line
        whole = b"".join(line + b"\n" for line in lines)
        records = {(record["model"], record["photo"]): record for record in map(json.loads, lines)}
    (output / RECORDS).write_bytes(whole)
    return records


def go_on(
    subjects: Sequence[Subject],
    rows: dict[str, list[Row]],
    metrics: Sequence[str],
    folder: Path,
    names: Sequence[str],
    records: dict[tuple[str, str], dict],
    file: Path,
    settings: Settings,
) -> dict[str, str]:
    """Measure what is missing among the records, and add it to them and to the file; the photos that cannot be read."""
    batches = [names[i : i + settings.batch] for i in range(0, len(names), settings.batch)]
    missing = {s.name: [name for name in names if (s.name, name) not in records] for s in subjects}
    batches = [batch for batch in batches if any(set(batch) & set(left) for left in missing.values())]
    maps = sum(len(left) * len(rows[model]) for model, left in missing.items())
    failures = {}
    with file.open("a", encoding="utf-8") as lines, tqdm(total=maps, bar_format=BAR, disable=not maps) as bar:
        for good, photos in read_ahead(folder, batches, failures):
            for subject in subjects:
                left = [i for i, name in enumerate(good) if (subject.name, name) not in records]
                if left:
                    steps = measure(subject, rows[subject.name], metrics, photos, good, left, settings, bar.update)
                    for record in steps:
                        lines.write(json.dumps(record, ensure_ascii=False) + "\n")
                        lines.flush()
                        records[subject.name, record["photo"]] = record
    return failures


def read_ahead(
    folder: Path, batches: Sequence[Sequence[str]], failures: dict[str, str]
) -> Iterator[tuple[list[str], list[Image.Image]]]:
    """Batches of names with their photos, the next one read while this one is measured; failures are noted."""

    def read(name: str) -> Image.Image | PhotoError:
        try:
            return load_photo(folder / name)
        except PhotoError as error:
            return error

    with ThreadPoolExecutor(1) as pool:
        coming = [pool.submit(read, name) for batch in batches[:1] for name in batch]
        for batch, following in zip_longest(batches, batches[1:], fillvalue=()):
            answers = {name: future.result() for name, future in zip(batch, coming, strict=True)}
            coming = [pool.submit(read, name) for name in following]
            failures |= {name: str(answer) for name, answer in answers.items() if isinstance(answer, PhotoError)}
            good = {name: answer for name, answer in answers.items() if not isinstance(answer, PhotoError)}
            if good:
                yield list(good), list(good.values())


def description(
    subjects: Sequence[Subject],
    rows: dict[str, list[Row]],
    metrics: Sequence[str],
    folder: Path,
    names: Sequence[str],
    settings: Settings,
) -> dict:
    """All that a figure depends on, as it is written beside the figures; `report` is what may change afterwards."""
    games = {game: settings.substrates[game] for game in metrics if game in GAMES}
    device = subjects[0].black_box.device
    threads = f"{device}, {torch.get_num_threads()} threads"
    return {
        "models": {
            s.name: {
                "input": s.black_box.input_size,
                "at_once": s.black_box.at_once,
                "student": None if s.student is None else s.student_name,
                "weights": {w: fingerprint(s.network(w)) for w in (TEACHER, STUDENT) if s.network(w) is not None},
                "rows": {row.name: {"layer": row.layer, **row.all_options} for row in rows[s.name]},
            }
            for s in subjects
        },
        "class": "the one predicted on the whole photo by the model asked",
        "metrics": list(metrics),
        "games": {
            "substrates": games,
            "step": settings.step,
            "blur": f"the {KERNEL_SIDE}×{KERNEL_SIDE} kernel of RISE's evaluation (a dirac through SciPy's Gaussian "
            f"filter, sigma {KERNEL_SIGMA}), grey beyond the borders",
            "order": "most salient first, of equal pixels the first in reading order; maps resized bilinearly",
            "score": "confidence; AUC by the trapezoidal rule, normalised to 1",
        }
        if games
        else None,
        "hiding": {"behind": settings.hiding, "share": settings.share} if len(games) < len(metrics) else None,
        "photos": {
            "folder": folder.resolve().name,
            "split": split_of(folder, names),
            "number": len(names),
            "sha256": hashlib.sha256("\n".join(names).encode()).hexdigest(),
        },
        "batch": settings.batch,
        "seed": settings.seed,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else threads,
        "versions": {
            "python": platform.python_version(),
            **{module.__name__: module.__version__ for module in (torch, torchvision, numpy, PIL)},
        },
        "report": {
            "interval": f"{LEVEL:.0%} intervals, by percentile bootstrap over the photos",
            "resamples": settings.resamples,
            "reference": settings.reference,
        },
    }


def fingerprint(network: Classifier) -> str:
    """SHA-256 of a network's weights: it may be trained again under the same name."""
    digest = hashlib.sha256()
    for name, weights in network.state_dict().items():
        digest.update(name.encode() + weights.contiguous().cpu().numpy().tobytes())
    return digest.hexdigest()
