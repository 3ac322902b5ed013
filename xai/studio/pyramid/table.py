"""What networks' layers are worth as explanations on test photos: the networks side by side, as a table."""

from collections.abc import Callable, Iterator, Sequence
from html import escape

from xai.methods import METHODS
from xai.metrics import COMBINED, COMPANIONS, METRICS
from xai.metrics.registry import TABLE_1
from xai.studio.cards import draw_cell, draw_heads, draw_region, draw_row, draw_table, name_metric
from xai.studio.text import say

WAYS = ("soft", "strongest")  # how photos are hidden behind maps


def draw_layers(figures: Sequence[dict], group: str, names: Sequence[str], lang: str) -> str:
    """Networks' layers on a class's test photos: a column for each metric and network, the best network marked.

    Args:
        figures: of each network, what was measured: `photos` by group, and by way and group the metrics of each layer.
        group: a class, or "all".
        names: the networks' names.
        lang: the language.
    """
    count = figures[0]["photos"][group]
    tables = []
    for way in WAYS:
        networks = [each[way][group] for each in figures]
        caption = say(lang, f"way.{way}", group=say(lang, f"class.{group}"), count=count)
        rows = draw_head(names, lang) + "".join(draw_layer_rows(networks, lang))
        remarks = "<br>".join(map(escape, list_idle_layers(networks, names, lang)))
        tables.append(f"<p>{escape(caption)}</p>{draw_table(caption, rows)}<p>{remarks}</p>")
    return draw_region("confusion layers", say(lang, "table_region"), "".join(tables))


def draw_head(names: Sequence[str], lang: str) -> str:
    """Two rows: the metrics, and below each the networks."""
    span = f'<th scope="colgroup" colspan="{len(names)}">'
    metrics = "".join(f"{span}{escape(name_metric(metric, lang))}</th>" for metric in TABLE_1)
    networks = draw_heads(name for _ in TABLE_1 for name in names)
    return f"<tr><td></td>{metrics}</tr><tr><td></td>{networks}</tr>"


def draw_layer_rows(networks: Sequence[dict], lang: str) -> Iterator[str]:
    """A row for each layer, and for each map that does not know the photo, that all networks have."""
    for layer in networks[0]:
        of, _, companion = layer.partition(":")
        if not all(layer in network for network in networks):
            continue
        if companion and of != COMBINED:  # there would be ten rows more: `list_idle_layers` says it in words
            continue
        control = companion or layer in METHODS
        cells = "".join(
            mark_best([network[layer][metric] for network in networks], None if control else METRICS[metric].best)
            for metric in TABLE_1
        )
        yield draw_row(say(lang, f"layer.{companion or layer}"), cells)


def list_idle_layers(networks: Sequence[dict], names: Sequence[str], lang: str) -> list[str]:
    """Of each network, a sentence on the layers whose maps owe nothing to the photo by their drop.

    That is where another photo's map, or the mean of all photos' maps, has no larger drop, as far as the table shows.
    """
    sentences = []
    for name, layers in zip(names, networks, strict=True):
        for companion in COMPANIONS:
            idle = [
                say(lang, f"layer.{layer}")
                for layer in layers
                if f"{layer}:{companion}" in layers
                and round(layers[layer]["drop"], 1) >= round(layers[f"{layer}:{companion}"]["drop"], 1)
            ]
            if idle:
                sentences.append(say(lang, f"no_better.{companion}", network=name, layers=", ".join(idle)))
    return sentences


def mark_best(values: Sequence[float], pick: Callable | None) -> str:
    """A cell for each value; the one that `pick` takes is marked, unless it is None or all values read alike."""
    texts = [f"{value:.1f}" for value in values]
    best = pick(values) if pick and len(set(texts)) > 1 else None
    return "".join(draw_cell(text, value == best) for text, value in zip(texts, values, strict=True))
