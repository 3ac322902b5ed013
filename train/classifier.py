"""Train a classifier: python -m train.classifier {paper,life,…} --model NAME --data FOLDER [FOLDER …]."""

from train.cli import run_command
from train.presets import CLASSIFIER_PRESETS
from train.tasks.supervised import train_classifier


def main() -> None:
    """Command line: a preset, then any option of the recipe."""
    run_command(CLASSIFIER_PRESETS, train_classifier)


if __name__ == "__main__":
    main()
