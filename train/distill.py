"""Distil a black box: python -m train.distill {paper,paper-fine,quick} --teacher BLACK_BOX --data FOLDER [FOLDER …]."""

import sys
import time
from pathlib import Path

import numpy as np
import torch
import tyro
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader
from tqdm import tqdm

from train import seen, state
from train.answers import Answers
from train.calibrate import fit_temperature, possible
from train.classifier import learning_rate, make_optimizer, precision, record, same_run, save_weights, seed_of
from train.data import Split, Whole, joined
from train.distillation import PRESETS, Distillation
from train.ending import ended, paused
from train.gather import gather, splits_of
from train.looks import looks
from train.measure import score
from train.objective import Imitation
from train.photos import InMemory, Stream
from train.publish import write_checkpoint
from train.start import OpenGuide, start_from
from train.student_card import student_card
from train.views import cut, shrunk
from xai.agreement import TOP, divergence, similarity
from xai.blackbox import BlackBox, load_black_box
from xai.models import Classifier, create_model

BATCH = 64  # photos, where nothing is trained


def distill(run: Distillation, black_box: BlackBox | None = None) -> Path:
    """Run a distillation to its end, or on from where it was stopped; returns the folder with all results.

    The black box is asked about views of the training photos and about the validation photos; about the test photos
    only once training is over.

    Args:
        run: all choices.
        black_box: whom to ask, where it is not what `run.teacher` says; that is then only its name in the records.

    Raises:
        ValueError: the choices or the data cannot work, or the folder holds another run.
        BlackBoxError: the black box does not answer.
    """
    run.check()
    out = run.folder
    out.mkdir(parents=True, exist_ok=True)
    accelerator = Accelerator(mixed_precision=precision(run))
    set_seed(seed_of(run, 0))
    black_box = black_box or load_black_box(run.teacher, device=accelerator.device)
    begun = (out / "state.safetensors").is_file()
    ended_before = begun and same_run(run, out)["epoch"] >= run.epochs
    if run.stream:
        accelerator.print(f"{run.data[0]} is streamed: nobody looks whether its photos are in val or test too")
    data = gather(
        run, run.data[1:] if run.stream else run.data, out, accelerator, begun, run.labels == "truth", ended_before
    )
    sources = splits_of(data)
    training = training_photos(run, black_box, sources, accelerator)
    contents = [content for splits in sources.values() for content in splits["train"].contents]
    answers = Answers(black_box, out / "answers.safetensors", run.views, len(training) if run.views else 0, contents)
    val = joined([splits["val"] for splits in sources.values()])
    asked = teacher_of(black_box, whole(val, black_box, black_box.input_size)) if val.photos else None
    val = whole(val, black_box, run.test_size)

    model = create_model(run.model, black_box.classes, input_size=run.test_size)
    if run.start and not begun:
        taken, of = start_from(model, run.start)
        accelerator.print(f"{taken} of {of} weights are from {run.start}")
    objective = Imitation(
        model, run.temperatures, run.labels != "none", OpenGuide() if run.guide else None, run.guide_weight
    ).to(memory_format=torch.channels_last)
    optimizer = make_optimizer(run, objective)
    progress = {"epoch": 0, "history": [], "settings": run.settings()}
    if begun:
        progress = state.load(out / "state.safetensors", objective, optimizer)
        accelerator.print(f"going on after epoch {progress['epoch']} of {run.epochs}")
    objective, optimizer = accelerator.prepare(objective, optimizer)
    if run.compiled:
        objective.compile()

    end = min(run.epochs, run.stop_after or run.epochs)
    for epoch in range(progress["epoch"], end):
        started = time.perf_counter()
        row = {"epoch": epoch + 1, "size": run.size_at(epoch)}
        row |= train_epoch(run, objective, optimizer, training, answers, epoch, accelerator)
        row["seconds"] = round(time.perf_counter() - started, 1)
        progress["epoch"] = epoch + 1
        progress["history"].append(row)
        if (epoch + 1) % run.every and epoch + 1 != end:
            continue
        if asked is not None:
            row |= validated(accelerator.unwrap_model(model), val, asked)
        answers.save(accelerator)
        if accelerator.is_main_process:
            tqdm.write(" ".join(f"{key} {value}" for key, value in row.items()))
            state.save(out / "state.safetensors", accelerator.unwrap_model(objective), optimizer, progress)
            record([row for row in progress["history"] if "val_loss" in row], run, out)
            save_weights(model, out / "student.safetensors")
        accelerator.wait_for_everyone()

    if progress["epoch"] == run.epochs and run.test and accelerator.is_main_process:
        finish(run, model, black_box, sources, progress["history"], out)
    elif progress["epoch"] < run.epochs or not run.test:
        accelerator.print(paused(out, progress["epoch"], run.epochs))
    return out


def training_photos(
    run: Distillation, black_box: BlackBox, sources: dict[str, dict[str, Split]], accelerator: Accelerator
) -> InMemory | Stream:
    """The training photos, at the size the black box wants.

    Raises:
        ValueError: the cross-entropy asks for labels the black box does not know.
    """
    side, device = black_box.input_size, accelerator.device
    shares = accelerator.process_index, accelerator.num_processes
    if run.stream:
        return Stream(run.data[0], side, run.photos, device, run.workers, *shares)
    split = joined([splits["train"] for splits in sources.values()])
    unknown = sorted(set(split.labels) - set(black_box.classes))
    if unknown and run.labels == "truth":
        raise ValueError(
            f"{black_box.name} knows no class {', '.join(unknown[:5])}: name the folders as it does, "
            "or give --labels teacher"
        )
    return InMemory(whole(split, black_box, side), device, *shares, run.balance)


def whole(split: Split, black_box: BlackBox, size: int) -> Whole:
    """The photos of a split, squeezed into a square; labels the black box does not know count as its first class."""
    labels = [label if label in black_box.classes else black_box.classes[0] for label in split.labels]
    return Whole(Split(split.photos, labels), black_box.classes, size, cache=True)


def train_epoch(
    run: Distillation,
    objective: nn.Module,
    optimizer: Optimizer,
    training: InMemory | Stream,
    answers: Answers,
    epoch: int,
    accelerator: Accelerator,
) -> dict:
    """One pass over the photos; returns `train_loss` and `train_accuracy`, how often (%) both name the same class."""
    objective.train()
    set_seed(seed_of(run, epoch))
    view = epoch % run.views if run.views else epoch
    device, steps, quiet = accelerator.device, training.steps(run.batch), not accelerator.is_local_main_process
    loss_sum, hits, done = (torch.zeros((), device=device) for _ in range(3))  # read once, so that a GPU need not wait
    batches = training.batches(run.batch, run.seed, view, epoch)
    for i, batch in enumerate(tqdm(batches, f"epoch {epoch + 1}/{run.epochs}", steps, leave=False, disable=quiet)):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(run, epoch * steps + i, run.epochs * steps)
        views = cut(batch.pixels.float() / 255, batch.numbers, answers.black_box.input_size, run.crop, run.mix)
        with accelerator.autocast():
            confidences = answers.of(view, batch.photos, views)  # B, K
            classes = batch.labels if run.labels == "truth" else confidences.argmax(1)
            loss, logits = objective(shrunk(views, run.size_at(epoch)), confidences, classes)
        accelerator.backward(loss)
        optimizer.step()
        optimizer.zero_grad()
        done += len(views)
        loss_sum += loss.detach() * len(views)
        hits += (logits.argmax(1) == confidences.argmax(1)).sum()
    loss_sum, hits, done = accelerator.reduce(torch.stack([loss_sum, hits, done])).tolist()
    return {"train_loss": round(loss_sum / done, 4), "train_accuracy": round(100 * hits / done, 2)}


@torch.no_grad()
def teacher_of(black_box: BlackBox, photos: Whole) -> np.ndarray:
    """The black box's confidences (N, K) in whole photos."""
    loader = DataLoader(photos, BATCH)
    rows = [black_box.ask(pixels.to(black_box.device).float() / 255).cpu() for pixels, _ in loader]
    return torch.cat(rows).numpy()


@torch.no_grad()
def student_of(model: Classifier, photos: Whole) -> tuple[Tensor, Tensor]:
    """The student's logits (N, K) of whole photos, and their labels (N)."""
    model.eval()
    rows = []
    for pixels, labels in DataLoader(photos, BATCH):
        rows.append((model(model.normalize(pixels.to(model.device).float() / 255)).cpu(), labels))
    logits, labels = zip(*rows, strict=True)
    return torch.cat(logits), torch.cat(labels)


def validated(model: Classifier, photos: Whole, asked: np.ndarray) -> dict:
    """Mean KL (nats) and Sim 1 and 2 (%) on the validation photos, under the names that curves are drawn by."""
    logits, _ = student_of(model, photos)
    row = likeness(asked, logits.softmax(1).numpy())
    first, second = (round(100 * sim, 2) for sim in row["sim"][:2])
    return {"val_loss": row["kl"], "val_accuracy": first, "val_sim2": second}


def likeness(teacher: np.ndarray, student: np.ndarray) -> dict:
    """Sim 1…5, shares in [0, 1], and mean KL in nats, of the confidences (N, K) of both."""
    sims = [round(similarity(teacher, student, n), 4) for n in range(1, min(TOP, teacher.shape[1]) + 1)]
    return {"photos": len(teacher), "sim": sims, "kl": round(float(divergence(teacher, student).mean()), 4)}


def finish(
    run: Distillation,
    model: Classifier,
    black_box: BlackBox,
    sources: dict[str, dict[str, Split]],
    history: list[dict],
    out: Path,
) -> None:
    """Measure the student with its weights in half precision, as it ships, write the checkpoint, and say so."""
    model.load_state_dict({key: t.half() if t.is_floating_point() else t for key, t in model.state_dict().items()})
    similarities, data, said = {}, {}, {}
    for name, splits in sources.items():
        similarities[name], data[name] = {}, {}
        for split in ("val", "test"):
            logits, labels = student_of(model, whole(splits[split], black_box, run.test_size))
            asked = teacher_of(black_box, whole(splits[split], black_box, black_box.input_size))
            similarities[name][split] = likeness(asked, logits.softmax(1).numpy())
            if set(splits[split].labels) <= set(black_box.classes):
                data[name][split] = score(logits, labels, black_box.classes)
                said[name, split] = logits, labels
    calibrate(data, said, black_box.classes)
    photos = seen.read(out)
    figures = {
        "data": data,
        "photos": photos.counts(),
        "read": photos.said,
        "similarity": similarities,
        "parameters": sum(p.numel() for p in model.parameters()),
        "epochs": len(history),
        "recipe": {"preset": run.preset, **run.settings()},
    }
    rows = [row for row in history if "val_loss" in row]
    known = None if run.stream else looks(list(sources.values()))  # of a stream nothing is kept
    write_checkpoint(run, model, figures, rows, student_card(run, model, figures), out, known)
    tested = {name: splits["test"] for name, splits in similarities.items()}
    said = {name: f"it says what the black box says of {m['sim'][0]:.1%} ({m['photos']})" for name, m in tested.items()}
    print(ended(out, said, run.teacher))


def calibrate(data: dict, said: dict[tuple[str, str], tuple[Tensor, Tensor]], classes: list[str]) -> None:
    """Add to the figures of the test photos what a temperature fitted on the validation photos would change."""
    val = [answers for (_, split), answers in said.items() if split == "val"]
    if not val:
        return
    temperature = fit_temperature(*(torch.cat(part) for part in zip(*val, strict=True)))
    for (name, split), answers in said.items():
        if split == "test":
            data[name]["test"]["calibration"] = possible(*answers, classes, temperature)


def main() -> None:
    """Command line: a preset, then any option."""
    run = tyro.extras.overridable_config_cli(PRESETS)
    sys.stdout.reconfigure(errors="backslashreplace")  # a terminal may not know the letters of a name
    try:
        distill(run)
    except (ValueError, OSError, RuntimeError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
