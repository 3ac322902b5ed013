"""Memory of the process over many explanations: python -m benchmarks.memory [--explanations 500]."""

import argparse
from itertools import cycle, islice
from pathlib import Path

import psutil

import xai

EXAMPLES = sorted((Path(__file__).parent.parent / "xai/studio/examples").glob("*.jpg"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("--explanations", type=int, default=500)
    parser.add_argument("--model", default="garbage-s_se_resnet50")
    options = parser.parse_args()
    model, process = xai.load_model(options.model), psutil.Process()
    layers = cycle(list(model.layers)[-3:])
    for i, path in enumerate(islice(cycle(EXAMPLES), options.explanations), start=1):
        xai.explain(model, path, target_layer=next(layers)).overlay()
        xai.evidence(model, path).picture()
        if i in (25, 50) or i % 50 == 0:
            print(f"after {i:4d} explanations: {process.memory_info().rss / 2**20:.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
