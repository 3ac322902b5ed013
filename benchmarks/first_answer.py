"""Seconds from the click to the answer in a browser: python -m benchmarks.first_answer (starts the app itself)."""

import argparse
import statistics

from benchmarks import record
from benchmarks.browser import click, opened


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--clicks", type=int, default=20)
    parser.add_argument("--output", default="first_answer", help="name of the results file, or a path to a .json")
    options = parser.parse_args()
    with opened() as (page, seconds):
        times = [click(page, i) for i in range(options.clicks)]
    figures = {
        "page open, first example explained": seconds,
        "first click on an example to both heatmaps": times[0],
        "median click": statistics.median(times),
        "slowest click": max(times),
    }
    for what, value in figures.items():
        print(f"{what}: {value:.2f} s")
    rows = [{"what": what, "seconds": round(value, 2)} for what, value in figures.items()]
    record.write(options.output, rows, clicks=options.clicks)


if __name__ == "__main__":
    main()
