"""Memory of the app over many explanations asked for in a browser: python -m benchmarks.memory [--explanations 500]."""

import argparse

import psutil

from benchmarks import record
from benchmarks.browser import click, opened


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("--explanations", type=int, default=500)
    parser.add_argument("--every", type=int, default=50, help="explanations between two looks")
    parser.add_argument("--output", default="memory", help="name of the results file, or a path that ends in .json")
    options, process, rows = parser.parse_args(), psutil.Process(), []
    with opened() as (page, _):
        for done in range(2, options.explanations + 1, 2):  # a click explains a photo by two networks
            click(page, done // 2)
            if done % options.every == 0:
                rows.append({"explanations": done, "MiB": round(process.memory_info().rss / 2**20)})
                print(f"after {done:4d} explanations: {rows[-1]['MiB']} MiB", flush=True)
    record.write(options.output, rows)


if __name__ == "__main__":
    main()
