"""Tables of a results file as it is."""

from collections.abc import Callable
from types import ModuleType

from benchmarks.record import markdown, origin, read


def by_module(name: str, module: ModuleType) -> Callable[[], str]:
    """A table that a benchmark makes itself of its results file."""

    def make() -> str:
        found = read(name)
        return f"{module.table(found).strip()}\n{origin(found)}" if found else ""

    return make


def by_rows(name: str) -> Callable[[], str]:
    """A table of a results file's rows as they are."""

    def make() -> str:
        found = read(name)
        if not found or not found["rows"]:
            return ""
        head = list(dict.fromkeys(key for row in found["rows"] for key in row))
        rows = [[cell(row.get(key, "")) for key in head] for row in found["rows"]]
        return markdown([key.replace("_", " ") for key in head], rows) + origin(found)

    return make


def cell(value) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(cell, value)) + "]"
    return "" if value is None else str(value)
