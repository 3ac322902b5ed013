"""Measure trained models on photos: python -m train.evaluate --models NAME … --data FOLDER … prints a table."""

from train.cli import run_command
from train.measure.evaluation import Evaluation, evaluate


def print_table(options: Evaluation) -> None:
    """Measure, and print a row for each model, data set and size."""
    rows = evaluate(options)
    print("| model | photos | size | accuracy | calibration error |\n| --- | --- | --- | --- | --- |")
    for row in rows:
        photos = f"{row['photos']} of {row['data']}"
        print(f"| {row['model']} | {photos} | {row['size']} | {row['accuracy']:.2f} % | {row['ece']:.2f} % |")


def main() -> None:
    """Command line: the options of the evaluation."""
    run_command(Evaluation, print_table)


if __name__ == "__main__":
    main()
