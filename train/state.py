"""The whole state of a training run as tensors and JSON, written whole or not at all; nothing in it is pickled."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn
from torch.optim import Optimizer


@contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """A place to write a file, which then replaces `path`: whole or not at all."""
    part = path.with_suffix(".part")
    yield part
    os.replace(part, path)


def save_weights(model: nn.Module, path: Path) -> None:
    """Write a network's weights."""
    tensors = {key: tensor.contiguous().cpu() for key, tensor in model.state_dict().items()}
    with replace_file(path) as part:
        save_file(tensors, part)


def save_state(path: Path, module: nn.Module, optimizer: Optimizer, progress: dict) -> None:
    """Write weights, the optimiser's moments and `progress` (anything JSON holds) to one file."""
    tensors = {f"module.{key}": tensor for key, tensor in module.state_dict().items()}
    for index, slots in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{slot}": torch.as_tensor(value) for slot, value in slots.items()}
    tensors = {key: tensor.detach().contiguous().cpu() for key, tensor in tensors.items()}
    with replace_file(path) as part:
        save_file(tensors, part, metadata={"progress": json.dumps(progress)})


def load_progress(path: Path) -> dict:
    """The `progress` that `save_state` wrote."""
    with safe_open(path, "pt") as file:
        return json.loads(file.metadata()["progress"])


def load_state(path: Path, module: nn.Module, optimizer: Optimizer) -> dict:
    """Put back what `save_state` wrote; returns its `progress`."""
    with safe_open(path, "pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    module.load_state_dict({key.removeprefix("module."): t for key, t in tensors.items() if key.startswith("module.")})
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    slots: dict[int, dict] = {}
    for key, tensor in tensors.items():
        if key.startswith("optimizer."):
            _, index, slot = key.split(".")
            parameter = parameters[int(index)]
            if tensor.shape == parameter.shape:  # fused optimisers want a moment laid out as its parameter is
                tensor = torch.empty_like(parameter, requires_grad=False).copy_(tensor)
            slots.setdefault(int(index), {})[slot] = tensor
    optimizer.load_state_dict({"state": slots, "param_groups": optimizer.state_dict()["param_groups"]})
    return load_progress(path)
