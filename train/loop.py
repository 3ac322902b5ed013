"""The training loop: every task goes through its epochs here, to their end, or on from where it was stopped."""

import time
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import set_seed
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.optim import Optimizer
from tqdm import tqdm

from train.history import write_history
from train.optimizer import get_learning_rate, make_optimizer
from train.publish.messages import format_pause
from train.run import STATE, Run
from train.state import load_state, save_state, save_weights
from train.tasks.task import Task

KEPT = "kept.safetensors"  # the weights that are measured and published


def train_task(run: Run, task: Task) -> Path:
    """Train to the end of the recipe, or to where it is to stop; returns the folder with all results."""
    recipe, accelerator = run.recipe, run.accelerator
    optimizer = make_optimizer(recipe, task.module)
    progress = resume(run, task, optimizer)
    module, optimizer = accelerator.prepare(task.module, optimizer)
    if recipe.compiled:
        module.compile(dynamic=False)  # with sizes left open it takes longer to compile than to train

    end = min(recipe.epochs, recipe.stop_after or recipe.epochs)
    for epoch in range(progress["epoch"], end):
        started = time.perf_counter()
        row: dict[str, Any] = {"epoch": epoch + 1, "size": recipe.size_at(epoch)}
        row |= train_epoch(run, task, module, optimizer, epoch)
        due = (epoch + 1) % task.validate_every == 0 or epoch + 1 == end
        if due:
            row |= task.validate()
        row["seconds"] = round(time.perf_counter() - started, 1)
        progress["history"].append(row)
        progress["epoch"] = epoch + 1
        if due:
            save(run, task, optimizer, progress)

    if progress["epoch"] < recipe.epochs or not recipe.test:
        run.print(format_pause(run.folder, progress["epoch"], recipe.epochs))
    else:
        task.model.load_state_dict(load_file(run.folder / KEPT))
        task.finish(progress["history"])
    return run.folder


def resume(run: Run, task: Task, optimizer: Optimizer) -> dict:
    """Put back the weights and the optimiser of a run that was begun; returns its progress, or that of a new run."""
    if not run.begun:
        return {"epoch": 0, "best": -1.0, "history": [], "settings": run.recipe.settings()}
    progress = load_state(run.folder / STATE, task.module, optimizer)
    run.print(f"going on after epoch {progress['epoch']} of {run.recipe.epochs}")
    if run.accelerator.is_main_process:  # a run killed after its state was saved lacks the history's last row
        write_history(progress["history"], run.recipe.model, run.folder)
    return progress


def train_epoch(run: Run, task: Task, module: nn.Module, optimizer: Optimizer, epoch: int) -> dict:
    """One pass over the photos; returns `train_loss` and `train_accuracy` (%) on the views.

    Args:
        run: the run.
        task: gives the batches.
        module: the task's module, as accelerate wrapped it.
        optimizer: of its weights.
        epoch: from 0.
    """
    recipe, accelerator, meter = run.recipe, run.accelerator, Meter()
    module.train()
    set_seed(recipe.seed_at(epoch))
    steps, batches = task.load_batches(epoch)
    quiet = not accelerator.is_local_main_process
    with tqdm(total=steps, desc=f"epoch {epoch + 1}/{recipe.epochs}", leave=False, disable=quiet) as bar:
        for step, (inputs, targets) in enumerate(batches):
            for group in optimizer.param_groups:
                group["lr"] = get_learning_rate(recipe, epoch * steps + step, recipe.epochs * steps)
            with accelerator.autocast():
                loss, logits = module(*inputs)  # scalar; B, K
            accelerator.backward(loss)
            optimizer.step()
            optimizer.zero_grad()
            meter.add(loss, (logits.argmax(1) == targets).sum(), len(targets))
            if bar.update():  # true where the bar was drawn, at most ten times a second
                loss_sum, hits, views = meter.read()
                bar.set_postfix(loss=f"{loss_sum / views:.3f}", accuracy=f"{hits / views:.1%}", refresh=False)
    totals = torch.tensor(meter.read(), device=accelerator.device)
    loss_sum, hits, views = accelerator.reduce(totals).tolist()
    return {"train_loss": round(loss_sum / views, 4), "train_accuracy": round(100 * hits / views, 2)}


class Meter:
    """Sums over the views of an epoch. What is added stays on the device until it is read: no step waits for it."""

    def __init__(self) -> None:
        self.loss_sum, self.hits, self.views = 0.0, 0.0, 0.0
        self.added: list[tuple[Tensor, Tensor, int]] = []

    def add(self, loss: Tensor, hits: Tensor, views: int) -> None:
        """Mean loss and right answers of a batch of views."""
        self.added.append((loss.detach(), hits, views))

    def read(self) -> tuple[float, float, float]:
        """Sum of the losses, right answers and views so far."""
        for loss, hits, views in self.added:
            self.loss_sum += loss.item() * views
            self.hits += hits.item()
            self.views += views
        self.added.clear()
        return self.loss_sum, self.hits, self.views


def save(run: Run, task: Task, optimizer: Optimizer, progress: dict) -> None:
    """Keep all that a run needs to go on, and the weights where they are the best so far."""
    task.save()
    if run.accelerator.is_main_process:
        row = progress["history"][-1]
        tqdm.write(" ".join(f"{key} {value}" for key, value in row.items()))
        if task.kept == "last" or row["val_accuracy"] >= progress["best"]:
            progress["best"] = row.get("val_accuracy")
            save_weights(task.model, run.folder / KEPT)
        save_state(run.folder / STATE, task.module, optimizer, progress)
        write_history(progress["history"], run.recipe.model, run.folder)
    run.accelerator.wait_for_everyone()
