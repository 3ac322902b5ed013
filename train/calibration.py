"""Measure how far confidences are from hit rates, with and without a temperature: python -m train.calibration --data ….

It writes the calibration error into records and cards of checkpoints that are there already. Training does so itself.
"""

from train.cli import run_command
from train.publish.remeasure import Recalibration, recalibrate


def main() -> None:
    """Command line: the options of the measurement."""
    run_command(Recalibration, recalibrate)


if __name__ == "__main__":
    main()
