"""Small pieces of HTML and tables: legends, facts about a model, its curves and its confusion matrix."""

from collections.abc import Callable
from functools import cache
from html import escape

import pandas as pd
import torch

from xai.activations import Activations
from xai.evidence import COLORS, Evidence
from xai.metrics import CONTROLS
from xai.models import Classifier
from xai.studio.text import say

METRICS = ("drop", "increase", "gain", "adcc")
MANY = 10  # classes, whose names stand upright to leave room


def legend(found: Evidence, lang: str) -> str:
    """The classes of an evidence picture with their colours and shares."""
    items = []
    for label, share in found.shares().items():
        if share >= 0.01:
            color = "#{:02x}{:02x}{:02x}".format(*COLORS[found.classes.index(label) % len(COLORS)])
            name = escape(say(lang, f"class.{label}"))
            items.append(f'<span><i style="background:{color}"></i>{name} {share:.0%}</span>')
    return f'<div class="legend">{"".join(items)}</div>'


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
    body = "".join(f'<tr><th scope="row">{escape(key)}</th><td>{escape(value)}</td></tr>' for key, value in rows)
    return f'<div class="facts"><table>{body}</table></div>'


@cache
def sides_of(model: Classifier) -> list[int]:
    """Cells a side of the maps of the layers that are explained where none is named."""
    x = torch.zeros(1, 3, model.input_size, model.input_size, device=model.device)
    with torch.no_grad():
        batch = Activations(model, x)
        return [batch.at(layer).shape[-1] for layer in model.explained_layers]


def layer_table(figures: list[dict], group: str, names: list[str], lang: str) -> str:
    """Two networks' layers on a class's test photos: a column for each metric and network, the better one marked."""
    count = figures[0]["photos"][group]
    tables = []
    for way in ("soft", "strongest"):
        rows = [f[way][group] for f in figures]
        head = "".join(f'<th scope="colgroup" colspan="2">{escape(say(lang, f"metric.{m}"))}</th>' for m in METRICS)
        heads = "".join(f'<th scope="col">{escape(name)}</th>' for _ in METRICS for name in names)
        body = ""
        for layer in rows[0]:
            better = {m: None if layer in CONTROLS else min if m == "drop" else max for m in METRICS}
            cells = "".join(compared([row[layer][m] for row in rows], better[m]) for m in METRICS)
            body += f'<tr><th scope="row">{escape(say(lang, f"layer.{layer}"))}</th>{cells}</tr>'
        caption = escape(say(lang, f"way.{way}", group=say(lang, f"class.{group}"), count=count))
        head = f"<tr><td></td>{head}</tr><tr><td></td>{heads}</tr>"
        tables.append(f'<p>{caption}</p><table aria-label="{caption}">{head}{body}</table>')
    region = f'role="region" aria-label="{escape(say(lang, "table_region"))}" tabindex="0"'
    return f'<div class="confusion layers" {region}>{"".join(tables)}</div>'


def compared(values: list[float], better: Callable | None) -> str:
    """Two cells; the better value is marked, unless both read alike."""
    shown = [f"{value:.1f}" for value in values]
    marked = [better is not None and shown[0] != shown[1] and value == better(values) for value in values]
    return "".join(
        f'<td class="better"><b>{text}</b></td>' if mark else f"<td>{text}</td>"
        for text, mark in zip(shown, marked, strict=True)
    )


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
