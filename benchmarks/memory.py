"""Memory of the app over many explanations asked for in a browser: python -m benchmarks.memory [--explanations 500]."""

import argparse

import psutil

from benchmarks.browser import click, opened


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("--explanations", type=int, default=500)
    options, process = parser.parse_args(), psutil.Process()
    with opened() as (page, _):
        for done in range(2, options.explanations + 1, 2):  # a click explains a photo by two networks
            click(page, done // 2)
            if done % 50 == 0:
                print(f"after {done:4d} explanations: {process.memory_info().rss / 2**20:.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
