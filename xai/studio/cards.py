"""Small pieces of HTML that several tabs show."""

from collections.abc import Iterable
from html import escape

from xai.metrics.registry import METRICS
from xai.studio.text import say


def draw_legend(items: Iterable[tuple[str, str]]) -> str:
    """Colours, each with what it stands for."""
    spans = [f'<span><i style="background:{color}"></i>{escape(text)}</span>' for color, text in items]
    return f'<div class="legend">{"".join(spans)}</div>'


def draw_warning(sentence: str) -> str:
    return f'<p class="verdict differs" role="status">{escape(sentence)}</p>'


def draw_progress(sentence: str, done: float) -> str:
    """How much of something is done, as a bar and in words; `done` is in [0, 1]."""
    return f'<p class="progress"><span><i style="width:{done:.0%}"></i></span>{escape(sentence)}</p>'


def draw_cell(text: str, best: bool) -> str:
    """A cell of a table; the best is marked."""
    return f'<td class="better"><b>{text}</b></td>' if best else f"<td>{text}</td>"


def draw_heads(heads: Iterable[str]) -> str:
    """The heads of a table's columns."""
    return "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)


def name_metric(metric: str, lang: str) -> str:
    """A metric's short name, with an arrow to where it is better."""
    return f"{say(lang, f'metric.{metric}')} {METRICS[metric].arrow}"


def draw_row(head: str, cells: str) -> str:
    return f'<tr><th scope="row">{escape(head)}</th>{cells}</tr>'


def draw_table(label: str, rows: str) -> str:
    """A table from rows in HTML; `label` is what a screen reader calls it."""
    return f'<table aria-label="{escape(label)}">{rows}</table>'


def draw_region(classes: str, label: str, content: str) -> str:
    """Content that scrolls sideways where the page is narrow, with the keyboard too."""
    return f'<div class="{classes}" role="region" aria-label="{escape(label)}" tabindex="0">{content}</div>'
