"""A checkpoint of ours as a black box."""

from contextlib import nullcontext
from os import PathLike

import torch
from torch import Tensor

from xai.blackbox.blackbox import BlackBox
from xai.models import Classifier
from xai.models.classifier import evaluating
from xai.precision import in_half_precision
from xai.zoo import load_model


def from_checkpoint(
    model: str | PathLike | Classifier,
    device: str | torch.device | None = None,
    half_precision: bool = False,
    name: str | None = None,
) -> BlackBox:
    """One of our classifiers, asked for nothing but its confidences; `network` is the classifier itself.

    Formula: `softmax(model(normalize(pixels)))`, in [0, 1], what `model.predict_proba` says.

    Args:
        model: a name or the folder of a checkpoint, as `load_model` takes it, or a classifier in memory.
        device: where to compute; None takes a GPU if there is one. A classifier in memory stays where it is.
        half_precision: compute in bfloat16 where that is faster, which changes confidences in the third digit.
        name: what it is called; None takes the checkpoint's.

    Raises:
        ValueError: there is no model of this name.
        OSError: a file of the checkpoint is missing, truncated or altered.
    """
    if not isinstance(model, Classifier):
        model = load_model(model, device)

    def answer(pixels: Tensor) -> Tensor:
        with evaluating(model), in_half_precision(model, model.device) if half_precision else nullcontext():
            logits = model(model.normalize(pixels))  # N, K
        return logits.float().softmax(1)

    return BlackBox(
        answer, model.classes, name or model.name, model.input_size, model.device, model.batch_size, network=model
    )
