"""A run over a folder: it goes on where it stopped, and ends with a table, a plot and the exact settings."""

import hashlib
import json
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TextIO

import numpy
import PIL
import torch
import torchvision
from PIL import Image
from tqdm import tqdm

from xai.evaluation import report
from xai.evaluation.bootstrap import FEW, LEVEL
from xai.evaluation.check import check_plan
from xai.evaluation.companions import KeptMaps, make_companions
from xai.evaluation.lines import Line, make_lines
from xai.evaluation.measure import Tick, measure, measure_given
from xai.evaluation.mosaics import measure_mosaics, plan_mosaics
from xai.evaluation.plan import Row, Settings, plan_rows
from xai.evaluation.subset import choose_photos, find_split
from xai.folders import show
from xai.metrics.controls import pair_photos
from xai.metrics.games import KERNEL_SIDE, KERNEL_SIGMA
from xai.metrics.registry import MOSAIC, SHARED, select_games, select_hiding_metrics, select_photo_metrics
from xai.models import Classifier
from xai.photo import PhotoError, load_photo
from xai.subject import Subject

RECORDS, SETTINGS, SUBSET = "photos.jsonl", "settings.json", "subset.txt"
COMPANION_RECORDS, MOSAIC_RECORDS, MAPS = "companions.jsonl", "mosaics.jsonl", "maps"
MOSAICS_AT_ONCE = 4
Records = dict[tuple[str, str], dict]  # by model and photo or mosaic
BAR = "{percentage:3.0f}%|{bar}| {n:.1f}/{total:.0f} maps [{elapsed}<{remaining}{postfix}]"


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    Attributes:
        lines: of the table.
        failures: photos that could not be read, each with a sentence.
        left_out: methods that do not suit, as `METHOD on MODEL`, each with a sentence.
    """

    lines: list[Line]
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
    stopped goes on, and likewise `mosaics.jsonl` and, of controls made of other photos' maps, `companions.jsonl` with
    the maps in `maps/`; `settings.json`, and `subset.txt` with the photos; and `results.csv`, `results.md` and
    `plot.png`.

    Args:
        subjects: who is asked.
        methods: `NAME[:VARIANT][@LAYER]`, as `plan_rows` reads them.
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
    names = list(dict.fromkeys(choose_photos(folder) if photos is None else photos))
    rows, left_out = {}, {}
    for subject in subjects:
        rows[subject.name], troubles = plan_rows(subject, methods, settings, layers)
        left_out |= {f"{spec} on {subject.name}": str(trouble) for spec, trouble in troubles.items()}
    check_plan(subjects, rows, metrics, settings)
    subjects = [subject for subject in subjects if rows[subject.name]]
    written = describe_run(subjects, rows, metrics, folder, names, settings)
    written = json.loads(json.dumps(written))  # as it will be read: tuples are lists there
    output.mkdir(parents=True, exist_ok=True)
    check_settings(output, written)
    (output / SUBSET).write_text("".join(f"{name}\n" for name in names), encoding="utf-8", errors="surrogateescape")
    run = Run(subjects, rows, list(metrics), folder, names, output, settings)
    records, failures = run.measure_photos()
    measured = [name for name in names if all((subject.name, name) in records for subject in subjects)]
    if not measured:
        raise ValueError(f"none of the {len(names)} photos could be read; the first one: {failures[names[0]]}")
    if run.companions:
        for key, record in run.measure_companions(records, measured).items():
            records[key]["maps"] |= record["maps"]
    mosaics = run.measure_mosaics(records, measured) if MOSAIC in metrics else {}
    lines = make_lines(subjects, rows, metrics, measured, records, mosaics, run.products(measured))
    report.write(output, lines, metrics, written)
    return Outcome(lines, failures, left_out)


@dataclass
class Run:
    """What is to be measured, and where it is written down."""

    subjects: Sequence[Subject]
    rows: Mapping[str, Sequence[Row]]
    metrics: Sequence[str]
    folder: Path
    names: Sequence[str]
    output: Path
    settings: Settings

    def __post_init__(self) -> None:
        self.companions = any(row.companion for rows in self.rows.values() for row in rows)
        self.kept = {}
        if self.companions or SHARED in self.metrics:
            self.kept = {
                subject.name: KeptMaps(self.output / MAPS / str(number), self.names, self.explaining(subject))
                for number, subject in enumerate(self.subjects)
            }

    def explaining(self, subject: Subject) -> list[Row]:
        """The rows that have maps of their own."""
        return [row for row in self.rows[subject.name] if not row.companion]

    def measure_photos(self) -> tuple[Records, dict[str, str]]:
        """Records of all photos, by model and photo, and the photos that cannot be read, each with a sentence."""
        needed = bool(select_photo_metrics(self.metrics)) or bool(self.kept)
        rows = {subject.name: self.explaining(subject) if needed else [] for subject in self.subjects}

        def steps(subject: Subject, photos: list, good: list[str], left: list[int], tick: Tick) -> Iterator[dict]:
            keep = [self.kept[subject.name].keep] if self.kept else []
            mine, metrics = rows[subject.name], select_photo_metrics(self.metrics)
            return measure(subject, mine, metrics, photos, good, left, self.settings, tick, *keep)

        return self.go_on(RECORDS, self.names, {name: max(1, len(mine)) for name, mine in rows.items()}, steps)

    def measure_companions(self, records: Records, measured: Sequence[str]) -> Records:
        """Records of the controls that are made of other photos' maps."""
        rows = {s.name: [row for row in self.rows[s.name] if row.companion] for s in self.subjects}
        partner = {s.name: pair_photos({n: records[s.name, n]["class"] for n in measured}) for s in self.subjects}

        def steps(subject: Subject, photos: list, good: list[str], left: list[int], tick: Tick) -> Iterator[dict]:
            mine, kept, metrics = rows[subject.name], self.kept[subject.name], select_photo_metrics(self.metrics)
            maps = make_companions(mine, kept, good, measured, partner[subject.name])
            return measure_given(subject, mine, metrics, photos, good, left, self.settings, maps, tick)

        found, _ = self.go_on(COMPANION_RECORDS, measured, {name: len(mine) for name, mine in rows.items()}, steps)
        return found

    def measure_mosaics(self, records: Records, measured: Sequence[str]) -> dict[str, list[dict]]:
        """Records of every model's mosaics, in order."""
        answers = {
            s.name: {n: (records[s.name, n]["class"], records[s.name, n]["confidence"]) for n in measured}
            for s in self.subjects
        }
        classes = {s.name: s.classes for s in self.subjects}
        plan = plan_mosaics(answers, classes, self.settings)
        rows = {s.name: self.explaining(s) for s in self.subjects}
        few = self.settings.slow_mosaics
        slow = {name: {mosaic.name for mosaic in mosaics[:few]} for name, mosaics in plan.items()}
        plan = {name: each[:few] if all(row.slow for row in rows[name]) else each for name, each in plan.items()}
        known = read_records(self.output / MOSAIC_RECORDS, "mosaic")
        missing = {name: [m for m in plan[name] if (name, m.name) not in known] for name in plan}
        total = sum(
            not row.slow or mosaic.name in slow[name] for name in plan for mosaic in missing[name] for row in rows[name]
        )
        with (self.output / MOSAIC_RECORDS).open("a", encoding="utf-8") as lines, make_bar(total) as bar:
            for s in self.subjects:
                left = missing[s.name]
                for some in (left[i : i + MOSAICS_AT_ONCE] for i in range(0, len(left), MOSAICS_AT_ONCE)):
                    for record in measure_mosaics(
                        s, rows[s.name], some, slow[s.name], self.folder, self.settings, bar.update
                    ):
                        write_record(lines, record)
                        known[s.name, record["mosaic"]] = record
        return {name: [known[name, mosaic.name] for mosaic in mosaics] for name, mosaics in plan.items()}

    def products(self, measured: Sequence[str]) -> dict[tuple[str, str], numpy.ndarray]:
        """What tells how much each row's maps have in common (N, N), by model and row."""
        if SHARED not in self.metrics or len(measured) < 2:
            return {}
        return {
            (s.name, row.name): self.kept[s.name].products(measured, row.name)
            for s in self.subjects
            for row in self.explaining(s)
            if not row.control
        }

    def go_on(
        self,
        file: str,
        names: Sequence[str],
        maps_a_photo: Mapping[str, int],
        steps: Callable[[Subject, list, list[str], list[int], Tick], Iterator[dict]],
    ) -> tuple[Records, dict[str, str]]:
        """Measure what is missing among a file's records, and add it; all of them, and photos that cannot be read."""
        records = read_records(self.output / file, "photo")
        size = self.settings.batch
        batches = [names[i : i + size] for i in range(0, len(names), size)]
        missing = {s.name: [name for name in names if (s.name, name) not in records] for s in self.subjects}
        batches = [batch for batch in batches if any(set(batch) & set(left) for left in missing.values())]
        total = sum(len(left) * maps_a_photo[model] for model, left in missing.items())
        failures = {}
        with (self.output / file).open("a", encoding="utf-8") as lines, make_bar(total) as bar:
            for good, photos in read_ahead(self.folder, batches, failures):
                for subject in self.subjects:
                    left = [i for i, name in enumerate(good) if (subject.name, name) not in records]
                    for record in steps(subject, photos, good, left, bar.update) if left else ():
                        write_record(lines, record)
                        records[subject.name, record["photo"]] = record
        return records, failures


def make_bar(total: int) -> tqdm:
    return tqdm(total=total, bar_format=BAR, disable=not total)


def write_record(lines: TextIO, record: dict) -> None:
    lines.write(json.dumps(record) + "\n")  # in ASCII: a name may be no UTF-8
    lines.flush()


def check_settings(output: Path, written: dict) -> None:
    """Make sure that what is in a folder belongs to this run, and write down its settings.

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


def read_records(file: Path, what: str) -> Records:
    """A file's records, by model and photo or mosaic; a line that was not written to its end is taken out."""
    records, whole = {}, b""
    if file.is_file():
        *lines, _ = file.read_bytes().split(b"\n")  # after the last line's end is nothing, or half a line
        whole = b"".join(line + b"\n" for line in lines)
        records = {(record["model"], record[what]): record for record in map(json.loads, lines)}
    file.write_bytes(whole)
    return records


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


def describe_run(
    subjects: Sequence[Subject],
    rows: dict[str, list[Row]],
    metrics: Sequence[str],
    folder: Path,
    names: Sequence[str],
    settings: Settings,
) -> dict:
    """All that a figure depends on, as it is written beside the figures; `report` is what may change afterwards."""
    games = select_games(metrics, settings.substrates)
    device = subjects[0].device
    threads = f"{device}, {torch.get_num_threads()} threads"
    return {
        "models": {
            s.name: {
                "input": s.input_size,
                "batch_size": s.batch_size,
                "student": s.networks["student"].name if "student" in s.networks else None,
                "weights": {role: hash_weights(network) for role, network in s.networks.items()},
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
        "hiding": {"behind": settings.hiding, "share": settings.share} if select_hiding_metrics(metrics) else None,
        "mosaics": {"number": settings.mosaics, "slow": settings.slow_mosaics, "grid": settings.grid}
        if MOSAIC in metrics
        else None,
        "photos": {
            "folder": show(folder.resolve().name),
            "split": find_split(folder, names),
            "number": len(names),
            "sha256": hashlib.sha256("\n".join(names).encode(errors="surrogateescape")).hexdigest(),
        },
        "batch": settings.batch,
        "seed": settings.seed,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else threads,
        "versions": {
            "python": platform.python_version(),
            **{module.__name__: module.__version__ for module in (torch, torchvision, numpy, PIL)},
        },
        "report": {
            "interval": f"{LEVEL:.0%} intervals, by bootstrap over the photos, of fewer than {FEW} by Student's t",
            "resamples": settings.resamples,
            "reference": settings.reference,
        },
    }


def hash_weights(network: Classifier) -> str:
    """SHA-256 of a network's weights: it may be trained again under the same name."""
    digest = hashlib.sha256()
    for name, weights in network.state_dict().items():
        digest.update(name.encode() + weights.contiguous().cpu().numpy().tobytes())
    return digest.hexdigest()
