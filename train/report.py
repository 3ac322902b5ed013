"""Table 1 and figures 4 and 5 of the FPN-ABN layered model (FAL), for every class and all."""

import csv
from pathlib import Path
from statistics import stdev
from typing import Any

from PIL import Image

from train.data.splits import Split, open_photo
from train.measure.layer_scores import ALL, SHARE, WAYS, average
from xai.layers import explain_layers
from xai.markdown import format_table
from xai.metrics.controls import COMPANIONS
from xai.metrics.registry import METRICS, TABLE_1
from xai.models import Classifier
from xai.sheet import Tile, contact_sheet

TITLES = {
    "soft": "Each pixel dimmed by the map, %:",
    "strongest": f"Only the strongest {SHARE:.0%} of the pixels kept, %:",
}
PHOTOS = 3  # a class in a figure
SIDE = 160  # pixels


def write_table1(folder: Path, fpn: list[dict], fal: list[dict], names: tuple[str, str], facts: list[str]) -> None:
    """`table1.md` and `table1.csv` from the figures of every seed's FPN and FAL on the test photos."""
    means = [average(figures) for figures in (fpn, fal)]
    spreads = [average(figures, compute_spread) for figures in (fpn, fal)]
    groups = list(means[0]["soft"])
    lines = ["# Table 1", "", *facts, ""]
    for group in groups:
        lines += [f"## {group}", ""]
        for way in WAYS:
            rows = format_layers([m[way][group] for m in means], [s[way][group] for s in spreads], names)
            said = [s for name, m in zip(names, means, strict=True) for s in list_not_better(m[way][group], name)]
            lines += [TITLES[way], "", *rows, "", *said, *[""] * bool(said)]
    (folder / "table1.md").write_text("\n".join(lines), encoding="utf-8")
    with (folder / "table1.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("class", "kept", "map", "network", "metric", "mean", "standard deviation"))
        for way in WAYS:
            for group in groups:
                for name, figures, deviations in zip(names, means, spreads, strict=True):
                    for layer, row in figures[way][group].items():
                        for metric, value in row.items():
                            deviation = deviations[way][group][layer][metric]
                            rows.writerow((group, way, layer, name, metric, round(value, 2), round(deviation, 2)))


def compute_spread(values: list[float]) -> float:
    """The standard deviation over the seeds; 0 of one."""
    return stdev(values) if len(values) > 1 else 0.0


def format_layers(means: list[dict], spreads: list[dict], names: tuple[str, str]) -> list[str]:
    """A Markdown table: a row for each layer, their combination and the controls, the better network in bold."""
    rows = []
    for layer in means[0]:
        cells = []
        for metric in TABLE_1:
            values = [m[layer][metric] for m in means]
            best = METRICS[metric].best(values)
            for value, s in zip(values, (s[layer][metric] for s in spreads), strict=True):
                text = f"{value:.1f} ± {s:.1f}" if s else f"{value:.1f}"
                cells.append(f"**{text}**" if value == best and values[0] != values[1] else text)
        rows.append([layer, *cells])
    heads = [f"{METRICS[metric].label}, {name}" for metric in TABLE_1 for name in names]
    return format_table(["", *heads], rows)


def list_not_better(figures: dict[str, dict[str, float]], network: str) -> list[str]:
    """List items that say which layers do no better, by which metrics, than another photo's map or the mean map."""
    lines = []
    for layer in figures:
        lost = {}
        for companion, title in COMPANIONS.items():
            other = figures.get(f"{layer}:{companion}", {})
            worse = [m for m in TABLE_1 if m in other and not METRICS[m].beats(figures[layer][m], other[m])]
            if worse:
                lost[title] = f"{title} ({', '.join(worse)})"
        if lost:
            lines.append(f"- {network}, {layer}: no better than {' nor than '.join(lost.values())}.")
    return lines


def draw_figures(folder: Path, fpn: Classifier, fal: Classifier, split: Split, method: str) -> None:
    """Figure 4, what each layer of FPN shows, and figure 5, FPN against FAL, for every class and all, as PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    groups = {
        label: [i for i, own in enumerate(split.labels) if own == label][:PHOTOS] for label in sorted(set(split.labels))
    }
    groups[ALL] = [members[0] for members in groups.values()]
    for group, members in groups.items():
        photos = [open_photo(split.photos[i]) for i in members]
        rows = {
            name: [make_tiles(model, photo, method, name) for photo in photos]
            for name, model in (("FPN", fpn), ("FAL", fal))
        }
        contact_sheet(rows["FPN"], SIDE, f"Figure 4: {group}").save(folder / f"figure4-{group}.png")
        pairs = [tiles for pair in zip(rows["FPN"], rows["FAL"], strict=True) for tiles in pair]
        contact_sheet(pairs, SIDE, f"Figure 5: {group}").save(folder / f"figure5-{group}.png")


def make_tiles(model: Classifier, photo: Image.Image, method: str, name: str) -> list[Tile]:
    """The photo with the answer, then every layer's heatmap and the combined one."""
    found: Any = explain_layers(model, photo, method)
    first = next(iter(found.values()))
    tiles = [Tile(e.overlay(), (layer,)) for layer, e in found.items()]
    return [Tile(photo, (f"{name}: {first.label} {first.confidence:.0%}",)), *tiles]
