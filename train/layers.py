"""Measure the layers of pyramids that are there already: python -m train.layers --models NAMES --data FOLDER.

It writes what the layers are worth as explanations into metrics.json. `python -m train.pyramid` does so itself.
"""

from train.cli import run_command
from train.publish.remeasure import LayerMeasurement, measure_layers


def main() -> None:
    """Command line: the options of the measurement."""
    run_command(LayerMeasurement, measure_layers)


if __name__ == "__main__":
    main()
