"""What the black-box tab says in HTML and tables: the verdict on a student, and the outcome of the games."""

from html import escape

import numpy as np
import pandas as pd

from xai.methods.reading import SOURCES
from xai.metrics import GAMES, METRICS
from xai.studio.blackbox.answers import BlackBoxSide
from xai.studio.blackbox.names import name_class
from xai.studio.cards import draw_cell, draw_heads, draw_row, draw_table, name_metric
from xai.studio.text import say


def draw_verdict(side: BlackBoxSide, lang: str) -> str:
    """Whether a student may speak for its black box on this photo; without a student, whether the box is open."""
    found = side.agreement
    if found is None:
        key, sentence = ("differs", "closed") if side.single is None else ("agrees", "open")
        return f'<p class="verdict {key}">{escape(say(lang, f"alone.{sentence}"))}</p>'
    first = {"teacher": found.teacher[0][0], "student": found.student[0][0]}
    first = {who: name_class(label, side.classes, lang) for who, label in first.items()}
    more = [say(lang, "divergence", divergence=found.divergence)]
    if found.agreed:
        more.insert(0, say(lang, "ranked", agreed=found.agreed, count=len(found.teacher)))
    elif side.single is None or side.single.source == SOURCES["student"]:
        more.insert(0, say(lang, "not_reasons"))
    if side.explained is None:
        more.append(say(lang, "no_figure"))
    key = "agrees" if found.agreed else "differs"
    return f'<p class="verdict {key}"><b>{escape(say(lang, key, **first))}</b> {escape(" ".join(more))}</p>'


def tabulate_game(curves: dict[str, np.ndarray], names: dict[str, str]) -> pd.DataFrame:
    """A game's curves, by map, in long form, as gr.LinePlot takes it."""
    rows = [
        {"share": k / (len(curve) - 1), "confidence": float(confidence), "map": names[name]}
        for name, curve in curves.items()
        for k, confidence in enumerate(curve)
    ]
    return pd.DataFrame(rows)


def draw_areas(areas: dict[str, dict[str, float]], names: dict[str, str], caption: str, lang: str) -> str:
    """The areas under the curves, by map and game; the best of each game is marked, even if it is the control's."""
    texts = {name: {game: f"{areas[name][game]:.3f}" for game in GAMES} for name in areas}
    best = {game: METRICS[game].best(row[game] for row in texts.values()) for game in GAMES}
    rows = f"<tr><td></td>{draw_heads(name_metric(game, lang) for game in GAMES)}</tr>"
    for name, row in texts.items():
        cells = "".join(draw_cell(text, len(areas) > 1 and text == best[game]) for game, text in row.items())
        rows += draw_row(names[name], cells)
    table = draw_table(say(lang, "auc_region"), rows)
    return f'<div class="confusion games"><p>{escape(caption)}</p>{table}</div>'
