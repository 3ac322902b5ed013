"""Train FPN and FAL, and compare what their layers explain: python -m train.pyramid --data FOLDER."""

from train.cli import run_command
from train.fal import Procedure, run_procedure


def compare(procedure: Procedure) -> None:
    """Go through the procedure, and print table 1."""
    print((run_procedure(procedure) / "table1.md").read_text(encoding="utf-8"))


def main() -> None:
    """Command line: the options of the procedure."""
    run_command(Procedure, compare)


if __name__ == "__main__":
    main()
