"""RISE by its own coverage with 400 questions against the published form with 4,000: both games, and seconds.

    python -m benchmarks.rise_questions PHOTOS --model garbage-efficientnet_lite0

4,000 masks a photo are asked about, and both maps come from them: that of the first 400 normalised by how often each
pixel is seen, and the published one of all. Photos are those that `xai.evaluation` takes of a folder, the class is the
one predicted. Deletion goes to grey and to the blurred photo, insertion comes from the blurred photo. A line for every
photo is written to runs/rise-questions-MODEL.jsonl at once, from which a stopped run goes on; at the end all rows,
means and paired 95 % bootstrap intervals go to benchmarks/results/rise-questions-MODEL.json. Seconds are those of each
form alone. With --compiled, which needs a C++ compiler, the network is compiled, and RISE's questions are answered in
bfloat16; the games are played in single precision in any case.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch._inductor.config
from tqdm import tqdm

import xai
from benchmarks import record
from xai.blackbox import from_checkpoint
from xai.blackbox.blackbox import BlackBox
from xai.evaluation.bootstrap import interval, resample_means
from xai.evaluation.subset import choose_photos
from xai.methods.rise import rise
from xai.metrics.games import auc, play
from xai.models import Classifier
from xai.photo import load_photo
from xai.steps import finish

COVERAGE, PUBLISHED = "coverage", "published"
PLAYED = {"deletion": "grey", "deletion:blur": "blur", "insertion": "blur"}  # what pixels go to, or come from
FIGURES = (*PLAYED, "seconds")
RESAMPLES = 10_000


def both_maps(black_box: BlackBox, pixels: torch.Tensor, target: int, few: int, many: int, at_once: int) -> dict:
    """The maps (S, S) of both forms and their seconds; the answers to the few masks are also the first of the many."""
    told, asking = [], 0.0

    def ask(photos: torch.Tensor) -> torch.Tensor:
        nonlocal asking
        started = time.perf_counter()
        told.append(black_box.answer(photos))
        asking += time.perf_counter() - started
        return told[-1]

    def remember(photos: torch.Tensor) -> torch.Tensor:
        known = next(remembered, None)
        return black_box.answer(photos) if known is None else known

    def timed(answer: Callable, **options) -> tuple[torch.Tensor, float]:
        started = time.perf_counter()
        box = BlackBox(answer, black_box.classes, input_size=black_box.input_size, batch_size=at_once)
        return finish(rise(box, pixels, target, **options)).raw, time.perf_counter() - started

    coverage, seconds = timed(ask, masks=few)
    remembered = iter(told)
    published, rest = timed(remember, masks=many, normalised=False)
    return {COVERAGE: (coverage, seconds), PUBLISHED: (published, asking + rest)}


def compiled(model: Classifier, at_once: int) -> tuple[BlackBox, BlackBox]:
    """Who plays, and who answers RISE, faster: the same network in single precision and in bfloat16.

    Questions are filled up to `at_once` pictures, so that the compiler sees one shape.
    """
    torch._inductor.config.freezing = True
    model.compile()
    single = from_checkpoint(model)

    def answer(pixels: torch.Tensor) -> torch.Tensor:
        full = torch.cat([pixels, pixels.new_zeros(at_once - len(pixels), *pixels.shape[1:])])
        return single.answer(full)[: len(pixels)]

    def answer_in_half(pixels: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return answer(pixels)

    about = {"classes": single.classes, "input_size": single.input_size, "batch_size": at_once}
    return BlackBox(answer, **about), BlackBox(answer_in_half, **about)


def measured(plays: BlackBox, answers: BlackBox, photo, few: int, many: int, at_once: int) -> dict[str, dict]:
    """Deletion, insertion and seconds of both forms for a photo."""
    pixels = plays.pixels([photo])
    target = int(plays.ask(pixels).argmax())
    maps = both_maps(answers, pixels, target, few, many, at_once)
    played = play(plays, photo, {name: raw for name, (raw, _) in maps.items()}, target, PLAYED)
    return {
        name: {**{game: float(auc(curves[name])) for game, curves in played.items()}, "seconds": seconds}
        for name, (_, seconds) in maps.items()
    }


def summary(rows: list[dict]) -> list[dict]:
    """Means of both forms, and of their difference with its paired interval, by figure."""
    lines = []
    for figure in FIGURES:
        values = np.array([[row[form][figure] for form in (COVERAGE, PUBLISHED)] for row in rows])  # N, 2
        apart = values[:, :1] - values[:, 1:]
        low, high = interval(resample_means(apart, RESAMPLES, seed=0))[:, 0]
        means = dict(zip((COVERAGE, PUBLISHED), values.mean(0).tolist(), strict=True))
        lines.append({"figure": figure, **means, "difference": float(apart.mean()), "interval": [low, high]})
    return lines


def lines_of(file: Path, settings: dict) -> dict[str, dict]:
    """The photos measured already, by name.

    Raises:
        SystemExit: the file holds a run with other settings.
    """
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings) + "\n", encoding="utf-8")
    text = file.read_text(encoding="utf-8")
    first, *lines = text[: text.rfind("\n")].splitlines()  # after the last line's end is nothing, or half a line
    if json.loads(first) != settings:
        raise SystemExit(f"{file} holds a run with other settings: {first}; remove it to begin anew")
    file.write_text("".join(f"{line}\n" for line in (first, *lines)), encoding="utf-8")
    return {row["photo"]: row for row in map(json.loads, lines)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="of CLASS/PHOTO, or of photos")
    parser.add_argument("--model", default="garbage-efficientnet_lite0", help="a checkpoint's name or folder")
    parser.add_argument("--limit", type=int, default=60, help="photos")
    parser.add_argument("--few", type=int, default=400, help="questions of the form by coverage")
    parser.add_argument("--many", type=int, default=4000, help="questions of the published form, a multiple")
    parser.add_argument("--at-once", type=int, default=40, help="masks a question")
    parser.add_argument("--compiled", action="store_true", help="compile the network, and ask it in bfloat16")
    parser.add_argument("--name", help="of the results; rise-questions-MODEL if not given")
    options = parser.parse_args()

    model = xai.load_model(options.model)
    name = options.name or f"rise-questions-{Path(options.model).name}"
    model.to(memory_format=torch.channels_last)
    boxes = compiled(model, options.at_once) if options.compiled else [from_checkpoint(model)] * 2
    names = choose_photos(options.folder, limit=options.limit)
    settings = {
        "model": Path(options.model).name, "few": options.few, "many": options.many, "at_once": options.at_once,
        "compiled": options.compiled,
    }  # fmt: skip
    file = record.ROOT / "runs" / f"{name}.jsonl"
    known = lines_of(file, settings)
    with file.open("a", encoding="utf-8") as lines:
        for photo in tqdm([n for n in names if n not in known]):
            found = measured(*boxes, load_photo(options.folder / photo), options.few, options.many, options.at_once)
            known[photo] = {"photo": photo, **found}
            lines.write(json.dumps(known[photo]) + "\n")
            lines.flush()
    rows = [known[photo] for photo in names]
    means = summary(rows)
    print(record.write(name, rows, summary=means, **settings))
    for line in means:
        low, high = line["interval"]
        print(f"{line['figure']:14} {line[COVERAGE]:8.3f} {line[PUBLISHED]:8.3f} {line['difference']:+.4f} "
              f"[{low:+.4f}, {high:+.4f}]")  # fmt: skip


if __name__ == "__main__":
    main()
