"""Tables as Markdown."""

from collections.abc import Iterable, Sequence


def format_table(head: Sequence[object], rows: Iterable[Sequence[object]]) -> list[str]:
    """The lines of a table; a vertical bar in a cell does not end it."""
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(str(cell).replace('|', '&#124;') for cell in line)} |" for line in lines]
