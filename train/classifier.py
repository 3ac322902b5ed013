"""Train a classifier: python -m train.classifier {paper,life,…} --model NAME --data FOLDER [FOLDER …]."""

import json
import math
import sys
import time
from pathlib import Path

import torch
import tyro
from accelerate import Accelerator
from accelerate.utils import set_seed
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.utils.data import DataLoader
from tqdm import tqdm

from train import curves, state
from train.calibrate import fit_temperature, fold, folded
from train.data import Split, Views, Whole, joined
from train.ending import ended, paused
from train.gather import gather, splits_of
from train.looks import looks
from train.measure import predict, score
from train.objective import Distilled, Supervised
from train.order import order_of
from train.publish import publish
from train.recipe import PRESETS, Recipe
from train.run import Run
from train.start import load_imagenet_weights, start_from
from xai.models import CNN, Classifier, create_model
from xai.zoo import load_model

EPOCH_SEEDS = 1_000_003  # epochs of different seeds share no random stream


def train(recipe: Recipe) -> Path:
    """Run a recipe to its end, or on from where it was stopped; returns the folder with all results.

    Raises:
        ValueError: the recipe or the data cannot work, or the folder holds another recipe's run.
    """
    recipe.check()
    out = recipe.folder
    out.mkdir(parents=True, exist_ok=True)
    accelerator = Accelerator(mixed_precision=precision(recipe))
    set_seed(seed_of(recipe, 0))

    begun = (out / "state.safetensors").is_file()
    ended_before = begun and same_run(recipe, out)["epoch"] >= recipe.epochs
    data = gather(recipe, recipe.data, out, accelerator, begun, ended=ended_before)
    sources = splits_of(data)
    classes = classes_of(sources)
    photos = joined([splits["train"] for splits in sources.values()])
    views = Views(photos, classes, recipe.augmentation, recipe.seed, recipe.cache_side, recipe.crop, recipe.pasted)
    val_split = joined([splits["val"] for splits in sources.values()])
    val_loader = whole_loader(recipe, val_split, classes, accelerator)

    model = create_model(recipe.model, classes, **recipe.architecture())
    if recipe.start and not begun:
        taken, of = start_from(model, recipe.start)
        accelerator.print(f"{taken} of {of} weights are from {recipe.start}")
    objective = make_objective(recipe, model).to(memory_format=torch.channels_last)
    optimizer = make_optimizer(recipe, objective)
    progress = {"epoch": 0, "best": -1.0, "history": [], "settings": recipe.settings()}
    if begun:
        progress = state.load(out / "state.safetensors", objective, optimizer)
        accelerator.print(f"going on after epoch {progress['epoch']} of {recipe.epochs}")
        if accelerator.is_main_process:
            record(progress["history"], recipe, out)  # a run killed before it could lacks its last row
    objective, optimizer = accelerator.prepare(objective, optimizer)
    if recipe.compiled:
        objective.compile()

    for epoch in range(progress["epoch"], min(recipe.epochs, recipe.stop_after or recipe.epochs)):
        started = time.perf_counter()
        set_seed(seed_of(recipe, epoch))
        views.draw(epoch, recipe.size_at(epoch))
        row = {"epoch": epoch + 1, "size": recipe.size_at(epoch)}
        row |= train_epoch(recipe, objective, optimizer, views, epoch, accelerator)
        validated = score(*predict(model, val_loader, accelerator), classes)
        row |= {"val_loss": validated["loss"], "val_accuracy": validated["accuracy"]}
        row["seconds"] = round(time.perf_counter() - started, 1)
        progress["history"].append(row)
        progress["epoch"] = epoch + 1
        if accelerator.is_main_process:
            tqdm.write(" ".join(f"{key} {value}" for key, value in row.items()))
            if recipe.kept == "last" or validated["accuracy"] >= progress["best"]:
                progress["best"] = validated["accuracy"]
                save_weights(model, out / "kept.safetensors")
            state.save(out / "state.safetensors", accelerator.unwrap_model(objective), optimizer, progress)
            record(progress["history"], recipe, out)
        accelerator.wait_for_everyone()

    if progress["epoch"] < recipe.epochs or not recipe.test:
        accelerator.print(paused(out, progress["epoch"], recipe.epochs))
        return out
    model.load_state_dict(load_file(out / "kept.safetensors"))
    temperature = fit_temperature(*predict(model, val_loader, accelerator))
    fold(model, temperature)
    metrics = measure(recipe, model, sources, accelerator, temperature)
    if accelerator.is_main_process:
        known = looks(list(sources.values()), recipe.grey)
        publish(recipe, model, metrics, progress["history"], temperature, out, known)
        tested = {name: splits["test"] for name, splits in metrics.items()}
        print(ended(out, {name: f"{m['accuracy']:.2f} % right ({m['photos']})" for name, m in tested.items()}))
    return out


def classes_of(sources: dict[str, dict[str, Split]]) -> list[str]:
    """The classes of the training photos, sorted."""
    return sorted({label for splits in sources.values() for label in splits["train"].labels})


def seed_of(recipe: Run, epoch: int) -> int:
    """The seed of an epoch; NumPy takes 32 bits."""
    return (recipe.seed * EPOCH_SEEDS + epoch) % 2**32


def same_run(recipe: Run, out: Path) -> dict:
    """How far the run in a folder came, if it is of the same recipe.

    Raises:
        ValueError: it is of another, or its state is damaged.
    """
    try:
        progress = state.read_progress(out / "state.safetensors")
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{out / 'state.safetensors'} is damaged: give another --out, or delete {out}") from error
    began, now = progress["settings"], recipe.settings()
    began = {
        key: began.get(key, getattr(type(recipe), key, None)) for key in now
    }  # an option may be newer than the run
    other = [f"{key} {began[key]} instead of {now[key]}" for key in now if now[key] != began[key]]
    if other:
        raise ValueError(f"{out} holds a run with {', '.join(other)}: give another --out, or delete it")
    return progress


def record(history: list[dict], recipe: Run, out: Path) -> None:
    """Loss and accuracy over the epochs, as data and as a picture."""
    (out / "history.json").write_text(json.dumps(history, indent=1) + "\n", encoding="utf-8")
    curves.draw(history, recipe.model, out / "curves.png")


def make_objective(recipe: Recipe, model: Classifier) -> nn.Module:
    if recipe.pretrained and not recipe.start:
        load_imagenet_weights(model)
    if recipe.teacher is None:
        return Supervised(model, recipe.label_smoothing)
    teacher = load_model(recipe.teacher, device="cpu")
    if isinstance(teacher, CNN) and recipe.teacher_size != teacher.input_size:
        raise ValueError(f"{recipe.teacher} takes photos of one size only: give --teacher-size {teacher.input_size}")
    if teacher.classes != model.classes:
        raise ValueError(f"the teacher knows {teacher.classes}, the photos show {model.classes}")
    return Distilled(model, teacher, recipe.teacher_weight, recipe.hint_weight, recipe.teacher_size)


def make_optimizer(recipe: Run, objective: nn.Module) -> Optimizer:
    """Weight decay is for matrices and kernels only, not for biases and normalisation."""
    decayed = [p for p in objective.parameters() if p.ndim > 1]
    free = [p for p in objective.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": free, "weight_decay": 0.0}]
    if recipe.optimizer == "sgd":
        return SGD(groups, recipe.lr, momentum=0.9, fused=True)
    return {"adam": Adam, "adamw": AdamW}[recipe.optimizer](groups, recipe.lr, fused=True)


def learning_rate(recipe: Run, step: int, steps: int) -> float:
    """A linear rise over the warm-up, then half a cosine down to 0, or a tenth at each milestone."""
    warmup = round(recipe.warmup * steps)
    if step < warmup:
        return recipe.lr * (step + 1) / warmup
    if recipe.milestones:
        return recipe.lr * 0.1 ** sum(step * recipe.epochs >= milestone * steps for milestone in recipe.milestones)
    return recipe.lr * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup))) / 2


def train_epoch(
    recipe: Recipe, objective: nn.Module, optimizer: Optimizer, views: Views, epoch: int, accelerator: Accelerator
) -> dict:
    """One pass over the photos; returns `train_loss` and `train_accuracy` (%) on the views."""
    objective.train()
    order = order_of(views.labels, seed_of(recipe, epoch), recipe.balance)
    loader = DataLoader(
        views,
        batch_size=recipe.batch // accelerator.num_processes,
        sampler=order.tolist(),
        num_workers=recipe.workers,
        drop_last=len(order) >= recipe.batch,  # a last batch of one photo would upset batch normalisation
    )
    loader = accelerator.prepare(loader)
    done, loss_sum, hits = 0, 0.0, 0
    bar = tqdm(loader, f"epoch {epoch + 1}/{recipe.epochs}", disable=not accelerator.is_local_main_process, leave=False)
    for i, (pixels, labels) in enumerate(bar):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(recipe, epoch * len(loader) + i, recipe.epochs * len(loader))
        with accelerator.autocast():
            loss, logits = objective(pixels.float() / 255, labels)
        accelerator.backward(loss)
        optimizer.step()
        optimizer.zero_grad()
        done += len(labels)
        loss_sum += loss.item() * len(labels)
        hits += (logits.argmax(1) == labels).sum().item()
        bar.set_postfix(loss=f"{loss_sum / done:.3f}", accuracy=f"{hits / done:.1%}")
    totals = torch.tensor([loss_sum, hits, done], device=accelerator.device)
    loss_sum, hits, done = accelerator.reduce(totals).tolist()
    return {"train_loss": round(loss_sum / done, 4), "train_accuracy": round(100 * hits / done, 2)}


def whole_loader(recipe: Recipe, split: Split, classes: list[str], accelerator: Accelerator) -> DataLoader:
    dataset = Whole(split, classes, recipe.test_size, bool(recipe.cache_side))
    workers = 0 if recipe.cache_side else recipe.workers
    return accelerator.prepare(DataLoader(dataset, batch_size=32, num_workers=workers))


def measure(
    recipe: Recipe,
    model: Classifier,
    sources: dict[str, dict[str, Split]],
    accelerator: Accelerator,
    temperature: float,
) -> dict:
    """Each source's validation and test photos apart, in full precision and, for the test, with halved weights."""
    full = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    metrics = {}
    for name, splits in sources.items():
        val = whole_loader(recipe, splits["val"], model.classes, accelerator)
        test = whole_loader(recipe, splits["test"], model.classes, accelerator)
        metrics[name] = {"val": score(*predict(model, val, accelerator), model.classes)}
        model.load_state_dict({key: t.half() if t.is_floating_point() else t for key, t in full.items()})
        said = predict(model, test, accelerator)
        metrics[name]["test"] = score(*said, model.classes)
        metrics[name]["test"]["calibration"] = folded(*said, model.classes, temperature)
        model.load_state_dict(full)
        exact = score(*predict(model, test, accelerator), model.classes)
        metrics[name]["test"]["accuracy_full_precision"] = exact["accuracy"]
    return metrics


def save_weights(model: nn.Module, path: Path) -> None:
    tensors = {key: tensor.contiguous().cpu() for key, tensor in model.state_dict().items()}
    with state.whole(path) as part:
        save_file(tensors, part)


def precision(recipe: Run) -> str:
    """bf16 where it was measured to be faster: on a GPU, and for ResNets on a CPU with matrix units."""
    if recipe.precision != "auto":
        return recipe.precision
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "no"
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()  # older releases of torch do not say
    return "bf16" if "resnet" in recipe.model and capabilities.get("amx_tile") else "no"


def main() -> None:
    """Command line: a preset, then any option of the recipe."""
    recipe = tyro.extras.overridable_config_cli(PRESETS)
    sys.stdout.reconfigure(errors="backslashreplace")  # a terminal may not know the letters of a name
    try:
        train(recipe)
    except (ValueError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
