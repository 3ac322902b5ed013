"""Small pieces of HTML and tables: legends, facts about a model, its curves and its confusion matrix."""

from collections.abc import Callable, Iterable
from functools import cache
from html import escape

import numpy as np
import pandas as pd
import torch

from xai.activations import Activations
from xai.agreement import Agreement
from xai.class_evidence import COLORS, Evidence
from xai.metrics import COMBINED, COMPANIONS, CONTROLS, GAMES, METRICS
from xai.metrics.registry import TABLE_1
from xai.models import Classifier
from xai.modes import without_gradients
from xai.studio.text import say

MANY = 10  # classes, whose names stand upright to leave room


def legend(found: Evidence, lang: str) -> str:
    """The classes of an evidence picture with their colours and shares."""
    items = []
    for label, share in found.shares().items():
        if share >= 0.01:
            color = "#{:02x}{:02x}{:02x}".format(*COLORS[found.classes.index(label) % len(COLORS)])
            items.append((color, f"{say(lang, f'class.{label}')} {share:.0%}"))
    return colored(items)


def colored(items: Iterable[tuple[str, str]]) -> str:
    """Colours with what they stand for."""
    spans = [f'<span><i style="background:{color}"></i>{escape(text)}</span>' for color, text in items]
    return f'<div class="legend">{"".join(spans)}</div>'


def facts(model: Classifier, metrics: dict, lang: str) -> str:
    """Parameters, input, training, and what was measured on each test set, as a table."""
    rows = [
        (say(lang, "parameters"), f"{metrics['parameters']:,}"),
        (say(lang, "input"), f"{model.input_size} × {model.input_size}"),
        (say(lang, "map_cells"), ", ".join(f"{side}×{side}" for side in sides_of(model))),
        (say(lang, "epochs"), str(metrics["epochs"])),
    ]
    if teacher := metrics["recipe"].get("teacher"):
        rows.append((say(lang, "teacher"), say(lang, "taught", teacher=say(lang, f"model.{teacher}"))))
    for name, splits in metrics["data"].items():
        data, test = say(lang, f"data.{name}"), splits["test"]
        rows.append((say(lang, "test_accuracy", data=data), f"{test['accuracy']:.1f} %"))
        rows.append((say(lang, "calibration", data=data), f"{test['ece']:.1f} %"))
    for name, splits in metrics.get("similarity", {}).items():
        data, test = say(lang, f"data.{name}"), splits["test"]
        rows += [(say(lang, "sim", n=i + 1, data=data), f"{sim:.1%}") for i, sim in enumerate(test["sim"])]
        rows.append((say(lang, "kl", data=data), f"{test['kl']:.3f} nat"))
    body = "".join(f'<tr><th scope="row">{escape(key)}</th><td>{escape(value)}</td></tr>' for key, value in rows)
    return f'<div class="facts"><table>{body}</table></div>'


@cache
@without_gradients
def sides_of(model: Classifier) -> list[int]:
    """Cells a side of the maps of the layers that are explained where none is named."""
    x = torch.zeros(1, 3, model.input_size, model.input_size, device=model.device)
    batch = Activations(model, x)
    return [batch.at(layer).shape[-1] for layer in model.explained_layers]


def layer_table(figures: list[dict], group: str, names: list[str], lang: str) -> str:
    """Two networks' layers on a class's test photos: a column for each metric and network, the better one marked."""
    count = figures[0]["photos"][group]
    tables = []
    for way in ("soft", "strongest"):
        rows = [f[way][group] for f in figures]
        head = "".join(f'<th scope="colgroup" colspan="2">{escape(heading(m, lang))}</th>' for m in TABLE_1)
        heads = "".join(f'<th scope="col">{escape(name)}</th>' for _ in TABLE_1 for name in names)
        body = ""
        for layer in filter(rows[1].__contains__, rows[0]):
            of, _, companion = layer.partition(":")
            if companion and of != COMBINED:  # ten rows more: said in words below
                continue
            knows_nothing = companion or layer in CONTROLS
            better = {m: None if knows_nothing else METRICS[m].best for m in TABLE_1}
            cells = "".join(compared([row[layer][m] for row in rows], better[m]) for m in TABLE_1)
            body += f'<tr><th scope="row">{escape(say(lang, f"layer.{companion or layer}"))}</th>{cells}</tr>'
        caption = escape(say(lang, f"way.{way}", group=say(lang, f"class.{group}"), count=count))
        head = f"<tr><td></td>{head}</tr><tr><td></td>{heads}</tr>"
        said = "<br>".join(map(escape, no_better(rows, names, lang)))
        tables.append(f'<p>{caption}</p><table aria-label="{caption}">{head}{body}</table><p>{said}</p>')
    region = f'role="region" aria-label="{escape(say(lang, "table_region"))}" tabindex="0"'
    return f'<div class="confusion layers" {region}>{"".join(tables)}</div>'


def heading(metric: str, lang: str) -> str:
    """A metric's short name with an arrow to where it is better."""
    return f"{say(lang, f'metric.{metric}')} {METRICS[metric].arrow}"


def no_better(rows: list[dict], names: list[str], lang: str) -> list[str]:
    """Of each network, a sentence on the layers whose drop is no less than another photo's map's, or the mean map's."""
    lines = []
    for name, row in zip(names, rows, strict=True):
        for companion in COMPANIONS:
            worse = [
                say(lang, f"layer.{layer}")
                for layer in row
                if f"{layer}:{companion}" in row
                and round(row[layer]["drop"], 1) >= round(row[f"{layer}:{companion}"]["drop"], 1)  # as the table reads
            ]
            if worse:
                lines.append(say(lang, f"no_better.{companion}", network=name, layers=", ".join(worse)))
    return lines


def compared(values: list[float], better: Callable | None) -> str:
    """Two cells; the better value is marked, unless both read alike."""
    shown = [f"{value:.1f}" for value in values]
    marked = [better is not None and shown[0] != shown[1] and value == better(values) for value in values]
    return "".join(cell(text, mark) for text, mark in zip(shown, marked, strict=True))


def verdict(found: Agreement | None, figure: bool, lang: str) -> str:
    """Whether a student may speak for its black box on this photo, and whether there is a figure of it, in words."""
    if found is None:
        return f'<p class="verdict differs">{escape(say(lang, "no_student"))}</p>'
    said = {"teacher": found.teacher[0][0], "student": found.student[0][0]}
    said = {who: say(lang, f"class.{label}") for who, label in said.items()}
    key, more = "differs", say(lang, "divergence", divergence=found.divergence)
    if found.agreed:
        key, more = "agrees", f"{say(lang, 'ranked', agreed=found.agreed, count=len(found.teacher))} {more}"
    if not figure:
        more += " " + say(lang, "no_figure")
    return f'<p class="verdict {key}"><b>{escape(say(lang, key, **said))}</b> {escape(more)}</p>'


def warning(sentence: str) -> str:
    return f'<p class="verdict differs" role="status">{escape(sentence)}</p>'


def progress(sentence: str, done: float) -> str:
    """How far something is, as a bar and in words."""
    return f'<p class="progress"><span><i style="width:{done:.0%}"></i></span>{escape(sentence)}</p>'


def game_curves(curves: dict[str, np.ndarray], names: dict[str, str]) -> pd.DataFrame:
    """A game's curves, by map, in long form, as gr.LinePlot takes it."""
    rows = [
        {"share": k / (len(curve) - 1), "confidence": float(confidence), "map": names[name]}
        for name, curve in curves.items()
        for k, confidence in enumerate(curve)
    ]
    return pd.DataFrame(rows)


def game_table(areas: dict[str, dict[str, float]], names: dict[str, str], caption: str, lang: str) -> str:
    """The areas under the curves, by map and game; the best of each game is marked, were it the control's."""
    shown = {map_: {game: f"{areas[map_][game]:.3f}" for game in GAMES} for map_ in areas}
    best = {game: METRICS[game].best(row[game] for row in shown.values()) for game in GAMES}
    head = "".join(f'<th scope="col">{escape(heading(game, lang))}</th>' for game in GAMES)
    body = ""
    for map_, row in shown.items():
        cells = "".join(cell(text, len(areas) > 1 and text == best[game]) for game, text in row.items())
        body += f'<tr><th scope="row">{escape(names[map_])}</th>{cells}</tr>'
    table = f'<p>{escape(caption)}</p><table aria-label="{escape(say(lang, "auc_region"))}">'
    return f'<div class="confusion games">{table}<tr><td></td>{head}</tr>{body}</table></div>'


def cell(text: str, best: bool) -> str:
    return f'<td class="better"><b>{text}</b></td>' if best else f"<td>{text}</td>"


def confusion(classes: list[str], metrics: dict, lang: str) -> str:
    """One confusion matrix per test set, each cell tinted by its share of the row."""
    tables = []
    for name, splits in metrics["data"].items():
        matrix = splits["test"]["confusion"]
        known = [i for i, row in enumerate(matrix) if sum(row)]
        head = "".join(f'<th scope="col">{escape(say(lang, f"class.{label}"))}</th>' for label in classes)
        body = ""
        for i in known:
            total = sum(matrix[i])
            cells = "".join(f'<td style="background:{tint(n / total)}">{n or "·"}</td>' for n in matrix[i])
            body += f'<tr><th scope="row">{escape(say(lang, f"class.{classes[i]}"))}</th>{cells}</tr>'
        caption = escape(say(lang, "confusion", data=say(lang, f"data.{name}")))
        tables.append(f'<p>{caption}</p><table aria-label="{caption}"><tr><td></td>{head}</tr>{body}</table>')
    region = (
        f'role="region" aria-label="{say(lang, "matrices")}" tabindex="0"'  # scrolls, so the keyboard must reach it
    )
    many = " many" if len(classes) > MANY else ""
    return f'<div class="confusion{many}" {region}>{"".join(tables)}</div>'


def tint(share: float) -> str:
    """A background from clear to the theme's colour, legible in light and dark."""
    return f"color-mix(in srgb, var(--primary-500) {60 * share:.0f}%, transparent)"


def curve(history: list[dict], key: str, lang: str) -> pd.DataFrame:
    """`loss` or `accuracy` over the epochs for training and validation, long form, as gr.LinePlot takes it."""
    rows = [
        {"epoch": row["epoch"], "value": row[f"{split}_{key}"], "split": say(lang, name)}
        for row in history
        for split, name in (("train", "objective" if key == "loss" else "training"), ("val", "validation"))
    ]
    return pd.DataFrame(rows)
