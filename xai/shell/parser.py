"""How a command of `python -m xai` comes into the parser."""

import argparse
from collections.abc import Callable


def add_command(
    commands: argparse._SubParsersAction,
    run: Callable[[argparse.Namespace], int],
    name: str,
    summary: str,
    description: str,
    epilog: str = "",
) -> argparse.ArgumentParser:
    """A parser for the options of a command that `run` runs, whose result is the exit status."""
    raw = argparse.RawDescriptionHelpFormatter if epilog else argparse.HelpFormatter
    parser = commands.add_parser(name, help=summary, description=description, epilog=epilog, formatter_class=raw)
    parser.set_defaults(run=run)
    return parser
