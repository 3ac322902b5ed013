"""Gradients of noisy copies of a photo, shared by the methods that average over them."""

from collections.abc import Iterator

import torch
from torch import Tensor

from xai.activations import Activations, differentiate, pick_logits
from xai.checks import check_numbers
from xai.methods.suitability import INPUT
from xai.precision import in_half_precision

AT_ONCE = 4  # copies a step: a step is the shortest time in which a visitor can stop it


def compute_noisy_gradients(
    batch: Activations, i: int, targets: Tensor | None, layer: str, samples: int, noise: float, seed: int
) -> Iterator[Tensor]:
    """Gradients (n, C, h, w) of photo i's target logit at a layer, of `samples` noisy copies in all, a few at a time.

    The noise is normal; its standard deviation is `noise` times the range of the photo's values. Every photo meets the
    same noise, whatever else is in the batch. Those at the input, which take a pass through the whole network, are
    computed in half precision where that is faster: its rounding is far below what other noise would change.
    """
    check_numbers("the mean over noisy copies", samples=(samples, 1), noise=(noise, 0.0), seed=(seed, 0))
    model, x = batch.model, batch.x[i : i + 1]  # 1, 3, S, S
    target = (batch.logits().argmax(1) if targets is None else targets)[i]
    generator = torch.Generator().manual_seed(seed)
    for start in range(0, samples, AT_ONCE):
        n = min(AT_ONCE, samples - start)
        normal = torch.randn(n, *x.shape[1:], generator=generator).to(x.device)
        copies = x + noise * (x.max() - x.min()) * normal  # n, 3, S, S
        same = target.repeat(n)
        if layer == INPUT:
            with in_half_precision(model, x.device):
                gradients = differentiate(lambda pixels, same=same: pick_logits(model(pixels), same), copies)
            yield gradients
        else:
            yield Activations(model, copies).gradients(layer, same)
