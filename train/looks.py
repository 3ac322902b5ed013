"""Write what training photos look like: python -m train.looks --data … --out FILE.

Training writes such a file into its checkpoint itself; this one is for several networks of the same photos.
"""

from train.cli import run_command
from train.publish.familiarity import Looks, write_looks


def main() -> None:
    """Command line: the options of the file."""
    run_command(Looks, lambda options: print(write_looks(options)))


if __name__ == "__main__":
    main()
