"""Half precision where it is faster."""

from typing import Any

import torch


def is_faster_in_half(model: torch.nn.Module, device: torch.device) -> bool:
    """True on GPUs and, unless it has depthwise convolutions, which gain nothing, on CPUs with matrix units (AMX)."""
    if device.type != "cpu":
        return device.type == "cuda"
    groups: list[Any] = [getattr(module, "groups", 1) for module in model.modules()]
    depthwise = any(number > 1 for number in groups)
    return not depthwise and bool(torch.cpu.get_capabilities().get("amx_bf16"))


def in_half_precision(model: torch.nn.Module, device: torch.device) -> torch.autocast:
    """bfloat16 arithmetic where it is faster; else no change."""
    return torch.autocast(device.type, torch.bfloat16, enabled=is_faster_in_half(model, device))
