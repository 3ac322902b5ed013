"""The optimiser and its learning rate."""

import math

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from train.recipe import Recipe


def make_optimizer(recipe: Recipe, module: nn.Module) -> Optimizer:
    """The recipe's optimiser; weight decay is for matrices and kernels only, not for biases and normalisation."""
    decayed = [p for p in module.parameters() if p.ndim > 1]
    free = [p for p in module.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": free, "weight_decay": 0.0}]
    if recipe.optimizer == "sgd":
        return SGD(groups, recipe.lr, momentum=0.9, fused=True)
    return {"adam": Adam, "adamw": AdamW}[recipe.optimizer](groups, recipe.lr, fused=True)


def get_learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """A linear rise over the warm-up, then half a cosine down to 0, or a tenth at each milestone.

    Args:
        recipe: highest rate, warm-up, milestones and epochs.
        step: from 0.
        steps: in all epochs.
    """
    warmup = round(recipe.warmup * steps)
    if step < warmup:
        return recipe.lr * (step + 1) / warmup
    if recipe.milestones:
        return recipe.lr * 0.1 ** sum(step * recipe.epochs >= milestone * steps for milestone in recipe.milestones)
    return recipe.lr * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup))) / 2
