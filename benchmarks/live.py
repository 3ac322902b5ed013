"""How fast and how late the live camera's answers are: python -m benchmarks.live (starts the app itself)."""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks import record
from benchmarks.browser import chromium, served
from tests import camera
from xai.studio.examples import GARBAGE_EXAMPLES
from xai.zoo import GARBAGE


def measure(page, network: str, seconds: float) -> dict:
    """What a page with a running camera shows of a network within some seconds."""
    page.locator("#live .live-network").select_option(network)
    page.wait_for_timeout(1000)
    page.evaluate("window.answers.length = 0")
    page.wait_for_timeout(1000 * seconds)
    times, late, _ = camera.read_answers(page)
    return {
        "network": network,
        "answers a second": round((len(times) - 1) / (times[-1] - times[0]), 1),
        "median delay (s)": round(float(np.median(late)), 3),
        "95 % are at most so late (s)": round(float(np.quantile(late, 0.95)), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--networks", nargs="+", default=list(GARBAGE), choices=GARBAGE)
    parser.add_argument("--seconds", type=float, default=10, help="how long each network is watched")
    parser.add_argument("--output", default="live", help="name of the results file, or a path to a .json")
    options = parser.parse_args()
    with TemporaryDirectory() as folder, served() as (_, url):
        film = camera.make_film(Path(folder) / "film.y4m", GARBAGE_EXAMPLES[:4])
        with chromium(*camera.make_flags(film)) as browser:
            page = browser.new_page()
            page.goto(url)
            page.wait_for_selector("#stage .picture")  # the first photo is explained
            camera.start(page)
            rows = [measure(page, network, options.seconds) for network in options.networks]
    for row in rows:
        print(*(f"{what}: {value}" for what, value in row.items()), sep=", ")
    record.write(options.output, rows, seconds=options.seconds)


if __name__ == "__main__":
    main()
