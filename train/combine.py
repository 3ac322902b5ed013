"""Find a student's maps that explain its black box best: python -m train.combine --black-box NAME --data FOLDER."""

import json

from train.cli import run_command
from train.measure.map_search import Search, format_found, search_maps


def print_best(options: Search) -> None:
    """Search, and print the best combination and the table."""
    found = search_maps(options)
    print(json.dumps(found["shown"]["the best"]), format_found(found), sep="\n")


def main() -> None:
    """Command line: the options of the search."""
    run_command(Search, print_best, (ValueError, OSError, RuntimeError))  # what a black box raises


if __name__ == "__main__":
    main()
