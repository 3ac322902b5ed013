"""Memory of the app over many visitors of each tab in turn, who look at a photo and leave: python -m benchmarks.memory.

The first looks fill what is loaded once, so a tab's levels are those after its first ten visits and after its last.
What a visitor keeps is weighed at the end of the visit.
"""

import argparse

import psutil

from benchmarks import record
from benchmarks.browser import TABS, chromium, served, visiting
from benchmarks.weight import weight_of_visitor

MB = 10**6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--tabs", nargs="+", choices=TABS, default=list(TABS))
    parser.add_argument("--visits", type=int, default=100, help="of each tab")
    parser.add_argument("--every", type=int, default=10, help="visits between two looks")
    parser.add_argument("--output", default="memory", help="name of the results file, or a path that ends in .json")
    options, process = parser.parse_args(), psutil.Process()
    looks, rows = [], []
    with served() as (app, url), chromium() as browser:
        print(f"at the start: {process.memory_info().rss / MB:.0f} MB", flush=True)
        for tab in options.tabs:
            levels, kept = [], 0
            for done in range(1, options.visits + 1):
                with visiting(browser, url, tab, done):
                    newest = next(reversed(app.state_holder.session_data.values()))
                    kept = max(kept, weight_of_visitor(newest))
                if done % options.every == 0:
                    levels.append(process.memory_info().rss / MB)
                    looks.append({"tab": tab, "visits": done, "MB": round(levels[-1])})
                    print(f"{tab}: after {done:4d} visits {levels[-1]:.0f} MB", flush=True)
            row = {"tab": tab, "first": round(levels[0]), "last": round(levels[-1])}
            rows.append(row | {"ratio": round(levels[-1] / levels[0], 3), "visitor": round(kept / MB, 2)})
            print(f"{tab}: {rows[-1]}", flush=True)
    record.write(options.output, rows, visits=options.visits, every=options.every, looks=looks)


if __name__ == "__main__":
    main()
