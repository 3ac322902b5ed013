"""RISE: ours against a literal implementation of the published code, in turn in one process.

    python -m benchmarks.rise --masks 200 --half          (needs: pip install -e ".[bench]")

The shipped ResNet-50 and an example photo, the predicted class, the published form, the same grids and shifts for both.
The published code makes all masks first, by scikit-image, keeps them and the masked photos in memory, and asks about
100 at once in single precision. Masks do not depend on the photo, so its milliseconds a mask are without their making,
which has its own column; ours makes them anew for every photo. Times are medians of the rounds; memory is how much the
process grew at most in one more run, the masks included. With --half our black box answers in bfloat16 where that is
faster. At last ours alone, over 8,000 masks with --many, for its memory.
"""

import argparse
import time

import numpy as np
import torch
from scipy.stats import spearmanr
from skimage.transform import resize

import xai
from benchmarks import record
from benchmarks.timing import in_turn, machine, median, with_peak
from xai.blackbox import BlackBox, from_checkpoint
from xai.methods.rise import draw_masks, rise
from xai.models import Classifier
from xai.steps import finish
from xai.studio.garbage import EXAMPLES

CELLS, P = 7, 0.5
AT_ONCE = 100  # the published code's


def published_masks(grids: np.ndarray, shifts: np.ndarray, side: int) -> torch.Tensor:
    """All masks (N, 1, S, S), one after the other."""
    cell = np.ceil(side / CELLS)
    up_size = (CELLS + 1) * cell, (CELLS + 1) * cell
    masks = np.empty((len(grids), side, side))
    for i, (x, y) in enumerate(shifts):
        up = resize(grids[i].astype("float32"), up_size, order=1, mode="reflect", anti_aliasing=False)
        masks[i] = up[x : x + side, y : y + side]
    return torch.from_numpy(masks[:, None]).float()


@torch.no_grad()
def published_map(model: Classifier, x: torch.Tensor, masks: torch.Tensor, target: int) -> np.ndarray:
    """The map (S, S) of a network's input (1, 3, S, S): masks multiply the normalised pixels."""
    masks = masks.to(x.device)
    stack = masks * x
    confidences = torch.cat([model(stack[i : i + AT_ONCE]).softmax(1) for i in range(0, len(stack), AT_ONCE)])
    maps = confidences.T @ masks.flatten(1) / len(masks) / P
    return maps[target].view(x.shape[2:]).numpy(force=True)


def ours(black_box: BlackBox, pixels: torch.Tensor, masks: int, target: int, at_once: int) -> np.ndarray:
    options = {"masks": masks, "cells": CELLS, "p": P, "batch_size": at_once}
    return finish(rise(black_box, pixels, target, normalised=False, **options)).raw.numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="garbage-resnet50")
    parser.add_argument("--masks", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--at-once", type=int, default=16, help="masks a question of ours")
    parser.add_argument("--half", action="store_true", help="ours in bfloat16 too, where that is faster")
    parser.add_argument("--many", action="store_true", help="8,000 masks, for the memory: minutes")
    parser.add_argument("--output", default="rise", help="name of the results file, or a path that ends in .json")
    options = parser.parse_args()

    model = xai.load_model(options.model)
    boxes = {"xai": from_checkpoint(model)}
    if options.half:
        boxes["xai, half"] = from_checkpoint(model, half_precision=True)
    pixels = boxes["xai"].pixels([EXAMPLES[0]])
    x, side = model.normalize(pixels), pixels.shape[-1]
    target = int(boxes["xai"].ask(pixels).argmax())
    grids, shifts = (a.numpy() for a in draw_masks(options.masks, CELLS, P, 0, side))
    started = time.perf_counter()
    masks = published_masks(grids, shifts, side)
    making = 1000 * (time.perf_counter() - started) / options.masks

    runs = {"published": lambda: published_map(model, x, masks, target)}
    for name, black_box in boxes.items():
        runs[name] = lambda black_box=black_box: ours(black_box, pixels, options.masks, target, options.at_once)
    times = {name: median(row) / options.masks for name, row in in_turn(runs, options.rounds, warmup=1).items()}
    runs["published"] = lambda: published_map(model, x, published_masks(grids, shifts, side), target)

    print(f"{machine()}, {options.model}, {options.masks} masks, {options.rounds} rounds\n")
    print("| | ms a mask | and making it | times faster | rank correlation | largest difference | MiB |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    expected, _, memory = with_peak(runs["published"])
    print(f"| published | {times['published']:.2f} | {making:.2f} | | | | {memory:.0f} |", flush=True)
    row = {"code": "published", "ms a mask": round(times["published"], 2), "and making it": round(making, 2)}
    rows = [row | {"MiB": round(memory)}]
    for name in boxes:
        found, _, memory = with_peak(runs[name])
        rank = float(spearmanr(expected, found, axis=None)[0])
        alike = f"{rank:.5f} | {np.abs(expected - found).max():.1e}"
        faster = times["published"] / times[name]
        print(f"| {name} | {times[name]:.2f} | | {faster:.2f} | {alike} | {memory:.0f} |", flush=True)
        row = {"code": name, "ms a mask": round(times[name], 2), "times faster": round(faster, 2)}
        rows.append(row | {"rank correlation": round(rank, 5), "MiB": round(memory)})
    if options.many:
        name, black_box = list(boxes.items())[-1]
        _, seconds, memory = with_peak(lambda: ours(black_box, pixels, 8000, target, options.at_once))
        print(f"\n8,000 masks, {name}: {seconds:.0f} s, {memory:.0f} MiB")
        rows.append({"code": f"{name}, 8,000 masks", "ms a mask": round(seconds / 8, 2), "MiB": round(memory)})
    record.write(options.output, rows, model=options.model, masks=options.masks, rounds=options.rounds)


if __name__ == "__main__":
    main()
