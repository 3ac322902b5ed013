"""Seconds from the click to the answer in a browser: python -m benchmarks.first_answer (starts the app itself)."""

import statistics

from benchmarks.browser import click, opened

CLICKS = 20


def main() -> None:
    with opened() as (page, seconds):
        print(f"page open and first example explained: {seconds:.2f} s")
        times = [click(page, i) for i in range(CLICKS)]
    print(f"click on an example to both heatmaps: first {times[0]:.2f} s, median {statistics.median(times):.2f} s, "
          f"slowest {max(times):.2f} s of {CLICKS}")  # fmt: skip


if __name__ == "__main__":
    main()
