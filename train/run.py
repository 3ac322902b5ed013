"""A training run: a recipe at work in its folder, begun anew or gone on with."""

from dataclasses import dataclass
from pathlib import Path
from typing import Generic

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from safetensors import SafetensorError

from train.recipe import AnyRecipe, Recipe
from train.state import load_progress

STATE = "state.safetensors"


@dataclass
class Run(Generic[AnyRecipe]):
    """A recipe at work in its folder.

    Attributes:
        recipe: all choices.
        accelerator: the device, the precision, and the other processes.
        begun: something in the folder was trained already.
        ended: all epochs were.
    """

    recipe: AnyRecipe
    accelerator: Accelerator
    begun: bool = False
    ended: bool = False

    @property
    def folder(self) -> Path:
        """Where everything is kept."""
        return self.recipe.folder

    def print(self, text: str) -> None:
        """Print in one process only."""
        self.accelerator.print(text)


def open_run(recipe: AnyRecipe) -> Run[AnyRecipe]:
    """Make a recipe's folder, or find there how far its run came, and seed all randomness.

    Raises:
        ValueError: the recipe cannot work, or the folder holds another recipe's run.
    """
    recipe.check()
    recipe.folder.mkdir(parents=True, exist_ok=True)
    accelerator = Accelerator(mixed_precision=choose_precision(recipe))
    set_seed(recipe.seed_at(0))
    begun = (recipe.folder / STATE).is_file()
    ended = begun and read_progress(recipe)["epoch"] >= recipe.epochs
    return Run(recipe, accelerator, begun, ended)


def read_progress(recipe: Recipe) -> dict:
    """How far the run in a recipe's folder came.

    Raises:
        ValueError: it is of another recipe, or its state is damaged.
    """
    folder = recipe.folder
    try:
        progress = load_progress(folder / STATE)
        began, now = progress["settings"], recipe.settings()
        began = {key: began.get(key, getattr(type(recipe), key, None)) for key in now}  # an option may be new
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{folder / STATE} is damaged: give another --out, or delete {folder}") from error
    other = [f"{key} {began[key]} instead of {now[key]}" for key in now if now[key] != began[key]]
    if other:
        raise ValueError(f"{folder} holds a run with {', '.join(other)}: give another --out, or delete it")
    return progress


def choose_precision(recipe: Recipe) -> str:
    """bf16 where it was measured to be faster: on a GPU, and for ResNets on a CPU with matrix units."""
    if recipe.precision != "auto":
        return recipe.precision
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "no"
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()  # older releases of torch do not have it
    return "bf16" if "resnet" in recipe.model and capabilities.get("amx_tile") else "no"
