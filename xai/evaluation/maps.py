"""The maps of a batch of photos, by every method that looks into a network, from one forward pass."""

import time
from collections.abc import Collection, Sequence
from copy import copy

import torch
from torch import Tensor

from xai.activations import Activations
from xai.evaluation.plan import Row
from xai.evaluation.subset import draw_lot
from xai.layers import COMBINED, suitable_layers
from xai.maps import combine_maps
from xai.models import Classifier
from xai.running import compute_maps
from xai.steps import finish


def look_at(network: Classifier, x: Tensor, layers: Collection[str]) -> Activations:
    """A forward pass that keeps some layers; they come in order, so that none is computed twice."""
    batch = Activations(network, x)
    for layer in network.layers:
        if layer in layers:
            batch.at(layer)
    batch.logits()
    return batch


def explain_rows(batch: Activations, rows: Sequence[Row], targets: Tensor) -> dict[str, tuple[Tensor, float]]:
    """Each row's raw maps (B, h, w), and the seconds its method took beside the forward pass."""
    groups: dict[tuple, list[Row]] = {}
    for row in rows:
        groups.setdefault((row.method.name, str(row.options)), []).append(row)
    found = {}
    for group in groups.values():
        mine = copy(batch)  # the same forward pass, but gradients of its own: its clock shall count them
        mine._gradients, mine._mixes = {}, {}
        started = read_clock(batch.x.device)
        raws = compute_row_maps(mine, group, targets)
        seconds = (read_clock(batch.x.device) - started) / len(group)
        found |= {row.name: (raws[row.layer], seconds) for row in group}
    return found


def compute_row_maps(batch: Activations, rows: Sequence[Row], targets: Tensor) -> dict[str, Tensor]:
    """Raw maps (B, h, w) by one method at several layers, by layer: one gradient call is all they cost."""
    method, options = rows[0].method, rows[0].options
    layers = list_layers(batch.model, rows)
    batch.together = [layer for layer in layers if layer in batch.model.layers]
    raws = {layer: finish(compute_maps(batch, method, targets, layer, **options)) for layer in layers}
    if any(row.layer == COMBINED for row in rows):
        raws[COMBINED] = combine_maps([raws[layer] for layer in suitable_layers(batch.model, method.name)])
    return raws


def list_layers(network: Classifier, rows: Sequence[Row]) -> list[str]:
    """The layers whose maps some rows of one method need."""
    layers = [row.layer for row in rows if row.layer != COMBINED]
    if any(row.layer == COMBINED for row in rows):
        layers += suitable_layers(network, rows[0].method.name)
    return list(dict.fromkeys(layers))


def draw_control_maps(row: Row, pixels: Tensor, names: Sequence[str], seed: int) -> Tensor:
    """Maps (N, S, S) that know nothing of photos (N, 3, S, S); what is random depends on the photos' names."""
    return row.method.run(pixels, [draw_lot(name, seed) for name in names], **row.options)


def read_clock(device: torch.device) -> float:
    """Seconds on a clock, once all that a GPU was told is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
