"""The outcome of the games, as tables."""

from html import escape

import numpy as np
import pandas as pd

from xai.metrics import GAMES, METRICS
from xai.studio.cards import draw_cell, draw_heads, draw_row, draw_table, name_metric
from xai.studio.text import say


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
