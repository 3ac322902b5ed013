"""python -m benchmarks.tables."""

import argparse

from benchmarks import tables
from benchmarks.tables import attention


def main() -> None:
    argparse.ArgumentParser(description=tables.__doc__.split("\n")[0]).parse_args()
    for file in (*tables.READMES, *tables.CARDS):
        text = file.read_text(encoding="utf-8")
        file.write_text(tables.fill(text), encoding="utf-8", newline="\n")
    attention.write_plots()


if __name__ == "__main__":
    main()
