"""What is known of a network: a table of facts, its confusion matrices and its training curves."""

from functools import cache
from html import escape

import pandas as pd
import torch

from xai.activations import Activations
from xai.models import Classifier
from xai.modes import without_gradients
from xai.studio.cards import draw_heads, draw_region, draw_row, draw_table
from xai.studio.text import say
from xai.zoo import CHECKPOINTS, find_checkpoint, read_json

MANY = 10  # classes from which on the column heads stand upright, to leave room


@cache
def read_records(name: str) -> tuple[dict, list]:
    """The metrics and the training history of a network."""
    folder = find_checkpoint(name)
    return read_json(folder / "metrics.json"), read_json(folder / "history.json")


@cache
def read_protocol(name: str) -> dict | None:
    """The history of the same architecture, trained by the protocol of BaiNa and Joe (2024); None where there is none.

    `history` has a row an epoch, `test_accuracy` is in percent.
    """
    file = CHECKPOINTS / "protocol" / f"{name.removeprefix('garbage-')}.json"
    return read_json(file) if file.is_file() else None


def draw_facts(model: Classifier, metrics: dict, lang: str) -> str:
    """Parameters, input, training, and what was measured on each test set, as a table."""
    rows = [
        (say(lang, "parameters"), f"{metrics['parameters']:,}"),
        (say(lang, "input"), f"{model.input_size} × {model.input_size}"),
        (say(lang, "map_cells"), ", ".join(f"{side}×{side}" for side in count_cells(model))),
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
    body = "".join(draw_row(head, f"<td>{escape(value)}</td>") for head, value in rows)
    return f'<div class="facts"><table>{body}</table></div>'


@cache
@without_gradients
def count_cells(model: Classifier) -> list[int]:
    """Cells a side of the maps of each layer that is explained where none is named."""
    x = torch.zeros(1, 3, model.input_size, model.input_size, device=model.device)
    batch = Activations(model, x)
    return [batch.at(layer).shape[-1] for layer in model.explained_layers]


def draw_confusion(classes: list[str], metrics: dict, lang: str) -> str:
    """One confusion matrix per test set, each cell tinted by its share of the row."""
    tables = []
    for name, splits in metrics["data"].items():
        rows = "<tr><td></td>" + draw_heads(say(lang, f"class.{label}") for label in classes) + "</tr>"
        for label, counts in zip(classes, splits["test"]["confusion"], strict=True):
            if total := sum(counts):
                cells = "".join(f'<td style="background:{tint(n / total)}">{n or "·"}</td>' for n in counts)
                rows += draw_row(say(lang, f"class.{label}"), cells)
        caption = say(lang, "confusion", data=say(lang, f"data.{name}"))
        tables.append(f"<p>{escape(caption)}</p>{draw_table(caption, rows)}")
    kind = "confusion many" if len(classes) > MANY else "confusion"
    return draw_region(kind, say(lang, "matrices"), "".join(tables))


def tint(share: float) -> str:
    """A background from clear to the theme's colour, legible in light and dark."""
    return f"color-mix(in srgb, var(--primary-500) {60 * share:.0f}%, transparent)"


def tabulate_curve(history: list[dict], key: str, lang: str) -> pd.DataFrame:
    """`loss` or `accuracy` over the epochs for training and validation, in long form, as gr.LinePlot takes it."""
    rows = [
        {"epoch": row["epoch"], "value": row[f"{split}_{key}"], "split": say(lang, name)}
        for row in history
        for split, name in (("train", "objective" if key == "loss" else "training"), ("val", "validation"))
    ]
    return pd.DataFrame(rows)
