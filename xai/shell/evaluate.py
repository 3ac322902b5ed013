"""python -m xai evaluate: methods × metrics over a folder, as tables and a plot."""

import argparse
from pathlib import Path

from xai.blackbox import BlackBox, from_checkpoint, load_black_box
from xai.blackbox.blackbox import BATCH_SIZE
from xai.evaluation import Settings, evaluate
from xai.evaluation.plan import ALL_LAYERS, SLOW_MOSAICS
from xai.evaluation.subset import choose_photos
from xai.folders import show
from xai.methods import METHODS
from xai.metrics.games import GAMES, STEP, SUBSTRATES
from xai.metrics.hiding import HIDINGS
from xai.metrics.registry import METRICS, PLAIN, TABLE_1
from xai.shell.parser import add_command

CONTROLS = [name for name, method in METHODS.items() if method.is_control]
EPILOG = f"""
examples:
  python -m xai evaluate --black-box garbage-efficientnet_lite0 --student blackbox-student \\
      --methods gradcam:teacher gradcam:student lime rise mask distilled distilled:literal random gaussian \\
      --metrics deletion insertion --data TRASHNET --limit 60 --output tables-2-and-3
  python -m xai evaluate --model pyramid-fpn pyramid-fal --methods gradcam constant gaussian --layers all \\
      --metrics drop increase gain adcc --data UCMERCED --output table-1
  python -m xai evaluate --model garbage-resnet50 garbage-se_resnet50 --methods gradcam layercam eigencam \\
      --metrics mosaic shared --data TRASHNET --limit 120 --output mosaics

A method is NAME[:VARIANT][@LAYER]. One that looks into a network looks into the black box where that is no secret,
else into the student; `:teacher` and `:student` say which. `distilled:literal` is eq. 9 of Kang et al., 2021, and
`rise:published` RISE as published. Maps that know nothing: {", ".join(CONTROLS)} (a number a pixel),
random:7 (7×7 numbers, enlarged). `another` and `mean` set two controls beside each other row, made of its own
maps: another photo's, and the mean of all.

`mosaic` is the share of each class's map that lies on its own photo, of photos of different classes side by side;
`shared` the share of a method's maps that is the same for every photo. `deletion:blur`, or any GAME:SUBSTRATE, plays a
game on a substrate of its own, so that one table shows several.

DIR gets results.csv, results.md, plot.png, settings.json, subset.txt and photos.jsonl, a line for every photo, like
mosaics.jsonl and companions.jsonl: the same command goes on from there.
"""


def add_to(commands) -> None:
    summary = "what explanation methods are worth: methods × metrics over a folder"
    description = "Measure explanation methods by metrics over the photos of a folder, in one pass."
    parser = add_command(commands, run, "evaluate", summary, description, EPILOG)
    add = parser.add_argument
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument("--model", nargs="+", metavar="NAME",
        help="networks, as `python -m xai models` lists them, or folders: each explains itself")  # fmt: skip
    asked.add_argument("--black-box", metavar="SPEC",
        help="NAME or FOLDER of a checkpoint, timm:NAME, onnx:FILE or onnx:FILE?mean=0&std=1, or an address http://… "
        "or https://…")  # fmt: skip
    add("--student", metavar="NAME", help="a network that imitates the black box, for methods that look inside one")
    add("--methods", nargs="+", required=True, metavar="METHOD", help="see below")
    defaults = f"default: {' '.join(GAMES)}; of a --model {' '.join(TABLE_1)}"
    add("--metrics", nargs="+", choices=METRICS, metavar="METRIC",
        help=f"of {', '.join(PLAIN)}, see below ({defaults})")  # fmt: skip
    add("--data", type=Path, required=True, metavar="FOLDER",
        help="of CLASS/PHOTO, split by train.txt, val.txt, test.txt that list such paths, or by folders")  # fmt: skip
    add("--output", type=Path, required=True, metavar="DIR", help="the folder for the results; made if it is not there")
    add("--layers", nargs="+", default=[], metavar="LAYER",
        help=f"for methods that look inside and name none; `{ALL_LAYERS}` are those usually explained, and their "
        "combination (default: each method's usual one)")  # fmt: skip
    add("--split", help="the part of the data (default: test where it is split, else all)")
    add("--photos", type=Path, metavar="LIST.txt", help="only the photos that a file lists, such as a subset.txt")
    add("--limit", type=int, metavar="N", help="only N photos, of every class about the same share; the same always")
    add("--seed", type=int, default=0, help="of --limit, random maps and intervals (default: 0)")
    add("--step", type=int, default=STEP, metavar="PIXELS",
        help=f"pixels changed from one question of a game to the next (default: {STEP})")  # fmt: skip
    for game, substrate in GAMES.items():
        add(f"--{game}-substrate", choices=SUBSTRATES, default=substrate, help=f"default: {substrate}")
    add("--hiding", choices=HIDINGS, default="black",
        help="what hides pixels in drop, increase, gain and adcc (default: black)")  # fmt: skip
    add("--share", type=float, help="show only this share of the pixels there, the strongest (default: dim them all)")
    add("--mosaics", type=int, default=50, metavar="N", help="each network is tested on (default: 50)")
    add("--slow-mosaics", type=int, default=SLOW_MOSAICS, metavar="N",
        help=f"of these for slow methods, such as rise (default: {SLOW_MOSAICS})")  # fmt: skip
    add("--grid", type=int, default=2, metavar="N", help="photos a side of a mosaic (default: 2)")
    add("--rise-masks", type=int, metavar="N", help="default: 400, of rise:published 4000")
    add("--rise-cells", type=int, metavar="N", help="a side (default: 7)")
    add("--lime-samples", type=int, metavar="N", help="default: 1000")
    add("--mask-iterations", type=int, metavar="N", help="default: 300")
    add("--batch", type=int, default=8, metavar="N", help="photos that a network explains at once (default: 8)")
    add("--at-once", type=int, default=BATCH_SIZE, metavar="N",
        help=f"photos in a question to the black box (default: {BATCH_SIZE}; a GPU likes 512)")  # fmt: skip
    add("--resamples", type=int, default=2000, metavar="N", help="of the photos, for intervals (default: 2000)")
    add("--reference", metavar="METHOD", help="the row that all others are compared with, photo by photo")
    add("--device", help="cpu, cuda, … (default: a GPU if there is one)")


def run(options: argparse.Namespace) -> int:
    """Measure; 1 where some photos could not be read."""
    names = choose_photos(options.data, options.split, options.photos, options.limit, options.seed)
    given = {
        "rise": {"masks": options.rise_masks, "cells": options.rise_cells},
        "lime": {"samples": options.lime_samples},
        "mask": {"iterations": options.mask_iterations},
    }
    settings = Settings(
        step=options.step,
        substrates={game: getattr(options, f"{game}_substrate") for game in GAMES},
        hiding=options.hiding,
        share=options.share,
        options={name: {k: v for k, v in each.items() if v is not None} for name, each in given.items()},
        mosaics=options.mosaics,
        slow_mosaics=options.slow_mosaics,
        grid=options.grid,
        seed=options.seed,
        batch=options.batch,
        resamples=options.resamples,
        reference=options.reference,
    )
    metrics = options.metrics or list(GAMES if options.black_box else TABLE_1)
    outcome = evaluate(
        load_subjects(options), options.methods, metrics, options.data, options.output, names, options.layers, settings
    )
    print((options.output / "results.md").read_text(encoding="utf-8"))
    for name, trouble in outcome.left_out.items():
        print(f"left out: {show(name)}: {trouble}")
    for name, trouble in outcome.failures.items():
        print(f"not measured: {show(name)}: {trouble}")
    print(f"{len(names) - len(outcome.failures)} of {len(names)} photos measured; all is in {options.output}")
    return 1 if outcome.failures else 0


def load_subjects(options: argparse.Namespace) -> list[BlackBox]:
    """Who is asked.

    Raises:
        ValueError: there is no such model, or a package that it needs.
    """
    if options.student and not options.black_box:
        raise ValueError("--student imitates a --black-box; a --model explains itself")
    try:
        if options.model:
            found = [from_checkpoint(name, options.device) for name in dict.fromkeys(options.model)]
        else:
            found = [load_black_box(options.black_box, options.device, options.student)]
    except ImportError as error:
        raise ValueError(str(error)) from error
    for subject in found:
        subject.batch_size = options.at_once
        if subject.assumed:
            print(f"{subject.name}{subject.assumption}")
    return found
