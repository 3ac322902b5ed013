"""Measuring a batch of photos: every row's map of each, scored, and played with."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isnan

from PIL import Image
from torch import Tensor

from xai.activations import Activations
from xai.evaluation.maps import compute_row_maps, draw_control_maps, explain_rows, look_at, read_clock
from xai.evaluation.plan import Row, Settings
from xai.metrics.games import PHOTO, ask_endpoints, draw_curves, stack_maps
from xai.metrics.registry import METRICS, SEEN, select_games
from xai.metrics.scores import Scores, scale_maps, score_maps
from xai.models import Classifier
from xai.models.classifier import evaluating
from xai.modes import without_gradients
from xai.steps import finish
from xai.subject import Subject

DIGITS = 6  # of a curve's confidences
Tick = Callable[[float], object]
Keep = Callable[[str, Mapping[str, Tensor]], None]


@without_gradients
def measure(
    subject: Subject,
    rows: Sequence[Row],
    metrics: Sequence[str],
    photos: Sequence[Image.Image],
    names: Sequence[str],
    missing: Sequence[int],
    settings: Settings,
    tick: Tick = lambda maps: None,
    keep: Keep = lambda name, maps: None,
) -> Iterator[dict]:
    """The record of each missing photo, one after the other, as `photos.jsonl` holds it.

    Args:
        subject: a classifier or a black box.
        rows: the methods, without the controls that are made of other photos' maps.
        metrics: names of `METRICS`.
        photos: a whole batch (B), so that networks see the same batches when a stopped run goes on.
        names: of the photos.
        missing: indices of the photos that are not yet measured.
        settings: of the run.
        tick: called after each step with the number of maps that it finished, or the share of one.
        keep: called with the name and the raw maps (h, w) of each photo, by row, before its record is yielded.
    """
    parts = {part for metric in metrics for part in METRICS[metric].parts}
    games = select_games(metrics, settings.substrates)
    pixels = subject.pixels(photos)  # B, 3, S, S
    ends = ask_endpoints(subject, pixels, games)  # B, K each
    targets = ends[PHOTO].argmax(1)  # B
    looking = parts.issuperset(SEEN)
    maps, seconds, own = shared_maps(subject, rows, photos, pixels, targets, looking)
    maps |= {
        row.name: draw_control_maps(row, pixels, names, settings.seed) for row in rows if row.control
    }  # B, h, w each
    shared = [row for row in rows if row.name in maps]
    seen = score_rows(own, shared, maps, targets, "coherency" in parts, settings) if own is not None else {}
    for i in missing:
        one, target = slice(i, i + 1), int(targets[i])
        raws = {name: raw[i] for name, raw in maps.items()}
        found = {name: {"seconds": seconds.get(name)} | record_scores(seen.get(name), i) for name in maps}
        for row in rows:
            if row.asks:
                started = read_clock(subject.device)
                raws[row.name] = ask_about(subject, row, pixels[one], target, tick)
                found[row.name] = {"seconds": read_clock(subject.device) - started}
                if own is not None:
                    alone, its_map = Activations(own.model, own.x[one]), {row.name: raws[row.name][None]}
                    through = score_rows(alone, [row], its_map, targets[one], False, settings)
                    found[row.name] |= record_scores(through[row.name], 0)
        add_curves(found, raws, subject, pixels[one], ends, i, target, games, settings)
        keep(names[i], raws)
        tick(len(shared))
        answer = {"class": subject.classes[target], "confidence": float(ends[PHOTO][i, target])}
        yield {"photo": names[i], "model": subject.name, **answer, "maps": found}


@without_gradients
def measure_given(
    subject: Subject,
    rows: Sequence[Row],
    metrics: Sequence[str],
    photos: Sequence[Image.Image],
    names: Sequence[str],
    missing: Sequence[int],
    settings: Settings,
    maps: Mapping[str, Tensor],
    tick: Tick = lambda maps: None,
) -> Iterator[dict]:
    """As `measure`, of given raw maps (B, h, w) by row: controls that are made of other photos' maps.

    They count as coherent, as other controls do: they stay the same when the photo is seen through them.
    """
    parts = {part for metric in metrics for part in METRICS[metric].parts}
    games = select_games(metrics, settings.substrates)
    pixels = subject.pixels(photos)  # B, 3, S, S
    ends = ask_endpoints(subject, pixels, games)  # B, K each
    targets, seen = ends[PHOTO].argmax(1), {}  # B
    network = own_network(subject)
    if parts.issuperset(SEEN) and network is not None:
        with evaluating(network):
            batch = look_at(network, network.normalize(pixels), ())
            seen = score_rows(batch, rows, maps, targets, "coherency" in parts, settings)
    for i in missing:
        found = {row.name: record_scores(seen.get(row.name), i) for row in rows}
        raws = {name: raw[i] for name, raw in maps.items()}
        add_curves(found, raws, subject, pixels[i : i + 1], ends, i, int(targets[i]), games, settings)
        tick(len(rows))
        yield {"photo": names[i], "model": subject.name, "maps": found}


def add_curves(
    found: dict[str, dict],
    raws: Mapping[str, Tensor],
    subject: Subject,
    pixels: Tensor,
    ends: Mapping[str, Tensor],
    i: int,
    target: int,
    games: Mapping[str, str],
    settings: Settings,
) -> None:
    """Play the games of the i-th photo (1, 3, S, S) by its raw maps (h, w), and add each map's curves to its record."""
    if not games or not raws:
        return
    at_ends = {name: float(confidences[i, target]) for name, confidences in ends.items()}
    ranked = stack_maps(list(raws.values()), pixels)  # M, S, S
    played = draw_curves(subject, pixels, ranked, target, games, settings.step, at_ends)
    for game, mine in played.items():
        for name, curve in zip(raws, mine.tolist(), strict=True):
            found[name][game] = [round(value, DIGITS) for value in curve]


def record_scores(scores: Scores | None, i: int) -> dict[str, float]:
    """The i-th photo's scores as its record holds them, without those that were not measured."""
    measured = {} if scores is None else {part: values[i].item() for part, values in vars(scores).items()}
    return {part: value for part, value in measured.items() if not isnan(value)}


def shared_maps(
    subject: Subject, rows: Sequence[Row], photos: Sequence[Image.Image], pixels: Tensor, targets: Tensor, looking: bool
) -> tuple[dict[str, Tensor], dict[str, float], Activations | None]:
    """Raw maps (B, h, w) of rows that look into a network, seconds a map, and the teacher's forward pass if `looking`.

    Each method's seconds hold the whole forward pass, whoever shares it.
    """
    maps, seconds, own = {}, {}, None
    for role, network in subject.networks.items():
        inside = [row for row in rows if row.looks_inside and row.role == role]
        wanted = looking and network is own_network(subject)
        if inside or wanted:
            with evaluating(network):
                alike = network.input_size == subject.input_size
                x = network.normalize(pixels) if alike else network.preprocess(photos)
                started = read_clock(x.device)
                batch = look_at(network, x, network.layers if inside else ())
                forward = read_clock(x.device) - started
                for name, (raws, taken) in explain_rows(batch, inside, targets.to(x.device)).items():
                    maps[name], seconds[name] = raws, (forward + taken) / len(photos)
            own = batch if wanted else own
    return maps, seconds, own


def own_network(subject: Subject) -> Classifier | None:
    """The network that answers, where it is no secret."""
    return next((network for role, network in subject.networks.items() if role != "student"), None)


def ask_about(subject: Subject, row: Row, pixels: Tensor, target: int, tick: Tick) -> Tensor:
    """The raw map (S, S) of one photo (1, 3, S, S), by a method that asks many questions."""
    who = subject.networks[row.role] if row.role else subject
    return finish(row.method.run(who, pixels.to(who.device), target, **row.options), tick).raw


def score_rows(
    batch: Activations,
    rows: Sequence[Row],
    maps: Mapping[str, Tensor],
    targets: Tensor,
    coherent: bool,
    settings: Settings,
) -> dict[str, Scores]:
    """The scores of each row's raw maps (B, h, w) on the photos of a batch, with coherency if it is wanted."""
    found = {}
    with evaluating(batch.model):
        for row in rows:

            def explain(seen: Activations, row: Row = row) -> Tensor:
                return scale_maps(compute_row_maps(seen, [row], targets)[row.layer], seen.x)

            shown = maps[row.name][:, None] if row.control else scale_maps(maps[row.name], batch.x)  # B, 1, S, S
            again = explain if row.looks_inside else None
            found[row.name] = score_maps(batch, shown, targets, settings.hiding, settings.share, again, coherent)
    return found
