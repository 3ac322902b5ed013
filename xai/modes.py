"""Whether PyTorch keeps a graph: decorators that hold in whatever mode the caller is.

A tensor that is made in `torch.inference_mode()` can be in no graph ever after, be it a photo's, a network's weights or
one that is kept for later. So what is called in that mode leaves it. Generators are in the mode only while they run.
"""

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

Function = TypeVar("Function", bound=Callable)


def without_gradients(function: Function) -> Function:
    """As `torch.no_grad()`, outside of inference mode."""
    return torch.inference_mode(False)(torch.no_grad()(function))


def with_gradients(function: Function) -> Function:
    """As `torch.enable_grad()`, outside of inference mode."""
    return torch.inference_mode(False)(torch.enable_grad()(function))


def make_leaf(tensor: Tensor) -> Tensor:
    """Where a graph may start: the same values, also of a tensor that was made in inference mode."""
    return (tensor.clone() if tensor.is_inference() else tensor.detach()).requires_grad_()
