"""Tables and plots of the study: does attention help to explain?"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.record import markdown, origin, read
from xai.metrics.registry import METRICS, MOSAIC
from xai.zoo import CHECKPOINTS

NAMES = {
    "fpn": "FPN",
    "source": "FAL as in source 3",
    "losses": "branches without attention",
    "acting": "attention that acts",
    "stopped": "attention that acts, losses stopped",
    "none": "no attention",
    "se": "SE",
    "shared_se": "shared SE",
}
LAYERS = {**{f"gradcam@layer{i}": f"Layer {i}" for i in (1, 2, 3, 4)}, "gradcam@combined": "all together"}
SEEN = ("drop, soft", "increase, soft", "gain, soft", "adcc, soft", "drop, strongest", "increase, strongest")
ON_OBJECTS = ("energy inside", "pointing game", "IoU of boxes")
PLOTS = {
    "attention-pyramids": CHECKPOINTS / "pyramid-fal/attention.png",
    "attention-garbage": CHECKPOINTS / "garbage-se_resnet50/attention.png",
}
LEAST_SPAN = 8  # points that an axis covers at least
COLORS = ("#44403c", "#0f766e", "#c2410c", "#4338ca", "#be123c")
Key = tuple[str, str, str]  # network, map, metric


def by_key(found: Mapping) -> dict[Key, dict]:
    return {(row["network"], row["map"], row["metric"]): row for row in found["rows"]}


def list_networks(found: Mapping) -> list[str]:
    """In the order of `NAMES`, the plain one first, then others."""
    order = list(dict.fromkeys([*NAMES, *(row["network"] for row in found["rows"])]))
    return sorted({row["network"] for row in found["rows"]}, key=order.index)


def list_figures(found: Mapping) -> dict[tuple[str, str], str]:
    """Map and metric of what the networks are compared by, with a title."""
    layers = LAYERS if any(row["map"] in LAYERS for row in found["rows"]) else {"gradcam": ""}
    figures = {("", "accuracy"): "accuracy"}
    figures |= {(name, MOSAIC): f"mosaic test {title}".strip() for name, title in layers.items()}
    measured = {row["metric"] for row in found["rows"]}
    return figures | {("gradcam", metric): metric for metric in ON_OBJECTS if metric in measured}


def compared(name: str) -> Callable[[], str]:
    """The plain network's figures, and by how much each of the others exceeds them."""

    def make() -> str:
        found = read(name)
        if not found:
            return ""
        rows, (plain, *others) = by_key(found), list_networks(found)
        lines = []
        for (shown, metric), title in list_figures(found).items():
            cells = [title, show_seeds(rows[plain, shown, metric]["seeds"])]
            if any(key[2] in ON_OBJECTS for key in rows):
                beside = [rows.get((plain, control, metric)) for control in (f"{shown}:mean", "gaussian")]
                cells += [show_seeds(row["seeds"]) if row and shown else "" for row in beside]
            lines.append(cells + [show_difference(rows[other, shown, metric]["less plain"]) for other in others])
        extra = ["the mean map", "a Gaussian"] if len(lines[0]) > 2 + len(others) else []
        head = ["", NAMES.get(plain, plain), *extra]
        head += [f"{NAMES.get(other, other)} minus {NAMES.get(plain, plain)}" for other in others]
        seeds = len(rows[plain, "", "accuracy"]["seeds"])
        trained = f"{seeds} trainings of each network, " if seeds > 1 else ""
        over = "seeds and photos" if seeds > 1 else "photos, or mosaics"
        clear = f", {found['objects']} of them with a clear object" if found["objects"] else ""
        said = f"Percent; {trained}{found['photos']} test photos{clear}. In brackets 95 % intervals over {over}."
        return f"{markdown(head, lines)}\n{said}\n{origin(found)}"

    return make


def show_seeds(seeds: Sequence[float]) -> str:
    return f"{sum(seeds) / len(seeds):.1f}"


def show_difference(found: Mapping) -> str:
    return "{mean:+.1f} [{low:+.1f}, {high:+.1f}]".format(**found).replace("-", "−")


def seen_through_maps() -> str:
    """Of every network and layer what is left of its confidence: of its map, another photo's map, the mean map."""
    found = read("attention-pyramids")
    if not found:
        return ""
    rows, networks, lines = by_key(found), list_networks(found), []
    for name, title in LAYERS.items():
        for network in networks:
            cells = []
            for metric in SEEN:
                own = rows[network, name, metric]
                less = own.get("less plain")
                mark = " *" if less and (less["low"] > 0 or less["high"] < 0) else ""
                beside = [rows[network, f"{name}:{control}", metric] for control in ("another", "mean")]
                cells.append(" / ".join(show_seeds(row["seeds"]) for row in (own, *beside)) + mark)
            lines.append([title, NAMES.get(network, network), *cells])
    head = ["", "network", *map(name_seen, SEEN)]
    said = "Percent: of the photo's own map / of another photo's map / of the mean map. * differs from FPN, its 95 % "
    return f"{markdown(head, lines)}\n{said}interval over seeds and photos without zero.\n{origin(found)}"


def name_seen(metric: str) -> str:
    """The heading of a way of seeing a photo through its map."""
    name, way = metric.split(", ")
    short = {"drop": "drop", "increase": "increase", "gain": "gain", "adcc": "ADCC"}[name]
    strongest = ", strongest 20 %" if way == "strongest" else ""
    return f"{short} {METRICS[name].arrow}{strongest}"


def effects() -> str:
    """How far answers move where attention knows nothing of the photo."""
    found = read("attention-pyramids")
    if not found:
        return ""
    lines = []
    for network in list_networks(found):
        own = [each for name, each in found["effects"].items() if name.rsplit("-", 1)[0] == network]
        if own:
            lines.append(
                [NAMES.get(network, network), *(", ".join(f"{each[how]:.2g}" for each in own) for how in own[0])]
            )
    head = ["", "M replaced by its own mean", "M replaced by its mean over all photos"]
    said = f"Mean KL in nats, of each seed; {found['validation_photos']} validation photos."
    return f"{markdown(head, lines)}\n{said}\n{origin(found)}"


def draw(name: str) -> Figure:
    """A panel for each figure, a column for each network, a dot for each seed."""
    found = read(name)
    assert found
    rows, networks, figures = by_key(found), list_networks(found), list_figures(found)
    picture = Figure(figsize=(1.75 * len(figures), 4.4), layout="constrained")
    for axes, ((shown, metric), title) in zip(picture.subplots(1, len(figures)), figures.items(), strict=True):
        for place, network in enumerate(networks):
            seeds = rows[network, shown, metric]["seeds"]
            axes.plot([place] * len(seeds), seeds, "o", color=COLORS[place % len(COLORS)], markersize=6, alpha=0.75)
        low, high = axes.get_ylim()
        span = max(high - low, LEAST_SPAN)  # so that a tenth of a point looks small
        top = min((low + high + span) / 2, 100)
        axes.set_ylim(top - span, top)
        axes.set_title(title.replace("mosaic test ", "mosaic test\n") + ", %", fontsize=9)
        axes.set_xticks(
            range(len(networks)), [NAMES.get(network, network) for network in networks], rotation=60, ha="right"
        )
        axes.set_xlim(-0.6, len(networks) - 0.4)
        axes.tick_params(labelsize=8)
        axes.grid(axis="y", alpha=0.3)
    return picture


def write_plots(places: Mapping[str, Path] = PLOTS) -> None:
    """Draw what was measured."""
    for name, file in places.items():
        if read(name):
            draw(name).savefig(file, dpi=110)
