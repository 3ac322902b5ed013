"""What all commands have in common: options are parsed, and a user's mistake ends in one sentence."""

import sys
from collections.abc import Callable
from io import TextIOWrapper
from typing import Any

import tyro

from train.recipe import Presets


def run_command(
    options: type | Presets, command: Callable, mistakes: tuple[type[Exception], ...] = (ValueError, OSError)
) -> None:
    """Parse the command line and run a command.

    Args:
        options: a dataclass of options, or presets that options change.
        command: takes the dataclass.
        mistakes: errors whose sentence is for the user.
    """
    parse: Callable[..., Any] = tyro.extras.overridable_config_cli if isinstance(options, dict) else tyro.cli
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal may not know the letters of a name
    try:
        command(parse(options))
    except mistakes as error:
        sys.exit(str(error))
