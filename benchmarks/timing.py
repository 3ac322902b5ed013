"""Contenders in turn in one process, so that all meet the same state of the machine."""

import gc
import statistics
import threading
import time
from collections.abc import Callable

import psutil
import torch


def in_turn(runs: dict[str, Callable], rounds: int, warmup: int = 2) -> dict[str, list[float]]:
    """Milliseconds of every contender in every round; in each round every one runs once."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for round_ in range(warmup + rounds):
        for name, run in runs.items():
            started = time.perf_counter()
            run()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            if round_ >= warmup:
                times[name].append(1000 * (time.perf_counter() - started))
    return times


def median(row: list[float]) -> float:
    return statistics.median(row)


def with_peak(run: Callable) -> tuple[object, float, float]:
    """What a function returns, its seconds, and how many MiB the process grew meanwhile at most."""
    gc.collect()
    process, done, peak = psutil.Process(), threading.Event(), [0]
    before = process.memory_info().rss

    def watch() -> None:
        while not done.wait(0.02):
            peak[0] = max(peak[0], process.memory_info().rss - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.perf_counter()
    try:
        result = run()
    finally:
        seconds = time.perf_counter() - started
        done.set()
        watcher.join()
    return result, seconds, peak[0] / 2**20


def machine() -> str:
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    matrix_units = "with" if torch.cpu.get_capabilities().get("amx_bf16") else "without"
    return f"torch {torch.__version__}, {device}, {torch.get_num_threads()} threads, {matrix_units} AMX"
