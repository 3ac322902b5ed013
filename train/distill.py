"""Distil a black box: python -m train.distill {paper,paper-fine,quick} --teacher BLACK_BOX --data FOLDER [FOLDER …]."""

from train.cli import run_command
from train.presets import STUDENT_PRESETS
from train.tasks.imitation import distill


def main() -> None:
    """Command line: a preset, then any option of the recipe."""
    run_command(STUDENT_PRESETS, distill, (ValueError, OSError, RuntimeError))  # what a black box raises


if __name__ == "__main__":
    main()
