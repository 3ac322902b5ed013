"""Names, numbers and options as somebody wrote them: in a file's metadata, or behind the `?` of what a host writes."""

import ast
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

UNREADABLE = (ValueError, SyntaxError, RecursionError, MemoryError)


def read_value(text: str) -> Any:
    """JSON, a Python list or dictionary, or else the parts of a text between line breaks, or between commas."""
    text = text.strip()
    try:
        return json.loads(text)
    except UNREADABLE:
        pass
    if text.startswith(("[", "(", "{")):
        try:
            return ast.literal_eval(text)
        except UNREADABLE:
            pass
    return [part.strip() for part in (text.splitlines() if "\n" in text else text.split(","))]


def read_names(text: str) -> list[str]:
    """Names of classes: a list, or a dictionary from or to the indices 0 to K-1.

    Raises:
        ValueError: it is something else.
    """
    value = read_value(text)
    if isinstance(value, str):
        value = [value]
    if isinstance(value, dict):
        if value and all(is_index(index) for index in value.values()):  # names to indices
            value = {index: name for name, index in value.items()}
        by_index = {str(index): name for index, name in value.items()}  # JSON knows no keys but strings
        value = [by_index.get(str(i)) for i in range(len(value))]
    if not isinstance(value, (list, tuple)) or not value or not all(isinstance(name, str) and name for name in value):
        raise ValueError(f"a list of names, or a dictionary of them by index, is needed, not {shorten(text)}")
    return [str(name) for name in value]


def is_index(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def read_numbers(text: str) -> float | list[float]:
    """One number, or a list of them.

    Raises:
        ValueError: it is something else.
    """
    value = read_value(text)
    try:
        return [float(part) for part in value] if isinstance(value, (list, tuple)) else float(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"a number, or a list of numbers, is needed, not {shorten(text)}") from error


def read_whole(text: str) -> int:
    """A whole number.

    Raises:
        ValueError: it is something else.
    """
    try:
        return int(text)
    except ValueError as error:
        raise ValueError(f"a whole number is needed, not {shorten(text)}") from error


def read_yes(text: str) -> bool:
    """`true` or `false`.

    Raises:
        ValueError: it is something else.
    """
    answers = {"true": True, "1": True, "false": False, "0": False}
    if text.lower() not in answers:
        raise ValueError(f"true or false is needed, not {shorten(text)}")
    return answers[text.lower()]


def read_options(query: str, readers: dict[str, Callable[[str], object]]) -> dict[str, object]:
    """Options written as in an address, `mean=0&classes=cat,dog`, each read by its reader.

    Raises:
        ValueError: there is no such option, or it is written differently; one sentence says which.
    """
    options = {}
    for name, values in parse_qs(query, keep_blank_values=True).items():
        if name not in readers:
            raise ValueError(f"there is no option {name!r}; the options are {', '.join(readers)}")
        if len(values) > 1:
            raise ValueError(f"the option {name} is given twice")
        try:
            options[name] = readers[name](values[0])
        except ValueError as error:
            raise ValueError(f"the option {name} is wrong: {error}") from error
    return options


def shorten(text: str) -> str:
    """A text in quotation marks, 80 letters of it at most."""
    return repr(text if len(text) <= 80 else f"{text[:79]}…")
