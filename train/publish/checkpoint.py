"""A trained model as a checkpoint folder in the Hub's own layout."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from huggingface_hub import create_repo, upload_folder

from train.data.photo_record import format_for_checkpoint, read_record
from train.history import select_validated
from train.presets import ClassifierRecipe, StudentRecipe
from train.publish.cards import format_classifier_card, format_student_card, list_commands
from train.recipe import Recipe
from xai import familiar
from xai.familiar import Known
from xai.models import Classifier
from xai.zoo import FAMILIAR, NEEDED, OPTIONAL, PHOTOS, SUMS, read_json


def publish_classifier(
    recipe: ClassifierRecipe,
    model: Classifier,
    metrics: dict[str, dict],
    history: list[dict],
    temperature: float,
    known: Known | None = None,
) -> Path:
    """Write the checkpoint of a classifier; returns its folder.

    Args:
        recipe: how it was trained.
        model: the classifier; its weights are halved.
        metrics: by data set, the figures of the validation and the test photos.
        history: a row an epoch.
        temperature: that its last layer was divided by.
        known: what its training photos look like.
    """
    record = {
        "data": metrics,
        **describe_run(recipe, model, history),
        "temperature": round(temperature, 4),
        "chosen_epoch": find_kept_epoch(recipe, history),
        "commands": list_commands(recipe),
    }
    return write_checkpoint(recipe, model, record, history, format_classifier_card(recipe, model, metrics), known)


def publish_student(
    recipe: StudentRecipe,
    model: Classifier,
    metrics: dict[str, dict],
    similarities: dict[str, dict],
    history: list[dict],
    known: Known | None = None,
) -> Path:
    """Write the checkpoint of a black box's student; returns its folder.

    Args:
        recipe: how it was trained.
        model: the student; its weights are halved.
        metrics: by data set, the figures of the photos whose labels the black box knows.
        similarities: by data set and split, how alike the answers of both are.
        history: a row an epoch; those that were validated are kept.
        known: what its training photos look like.
    """
    record = {
        "data": metrics,
        "similarity": similarities,
        **describe_run(recipe, model, history),
        "commands": list_commands(recipe),
    }
    card = format_student_card(recipe, model, metrics, similarities)
    return write_checkpoint(recipe, model, record, select_validated(history), card, known)


def describe_run(recipe: Recipe, model: Classifier, history: list[dict]) -> dict:
    """What is recorded of any training."""
    photos = read_record(recipe.folder)
    return {
        "photos": photos.count_photos(),
        "read": photos.notes,
        "parameters": sum(p.numel() for p in model.parameters()),
        "epochs": len(history),
        "recipe": {"preset": recipe.preset, **recipe.settings()},
    }


def find_kept_epoch(recipe: ClassifierRecipe, history: list[dict]) -> int:
    """The epoch the weights are of."""
    rank = {"best": lambda row: (row["val_accuracy"], row["epoch"]), "last": lambda row: row["epoch"]}
    return max(history, key=rank[recipe.kept])["epoch"]


def write_checkpoint(
    recipe: Recipe, model: Classifier, record: dict, history: list[dict], card: str, known: Known | None = None
) -> Path:
    """Write `checkpoint` in a run's folder, and push it where the recipe names a repository; returns its folder."""
    texts = {PHOTOS: format_for_checkpoint(read_record(recipe.folder))}
    folder = write_folder(recipe.folder / "checkpoint", model, record, history, card, texts)
    if known:
        familiar.save(known, folder / FAMILIAR)
    if recipe.push_to:
        create_repo(recipe.push_to, exist_ok=True)
        upload_folder(repo_id=recipe.push_to, folder_path=folder)
    return folder


def write_folder(
    folder: Path, model: Classifier, record: dict, history: list[dict], card: str, more: dict[str, str] | None = None
) -> Path:
    """Write a checkpoint anew, weights in half precision, with more texts by file name; returns its folder."""
    shutil.rmtree(folder, ignore_errors=True)
    options: Any = model._hub_mixin_config
    config = {**options, "model_class": type(model).__name__}
    model.half().save_pretrained(folder, config=config)
    records = {"metrics.json": format_json(record), "history.json": format_json(history)}
    write_texts(folder, {**records, "README.md": card, **(more or {})})
    return folder


def write_texts(folder: Path, texts: dict[str, str]) -> None:
    """Write some of a checkpoint's files, by name, and its checksums anew."""
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    write_sums(folder)


def format_json(value: dict | list) -> str:
    """As all of a checkpoint's records are written."""
    return json.dumps(value, indent=1) + "\n"


def record_layers(folder: Path, layers: dict) -> None:
    """Put what a pyramid's layers are worth as explanations among a checkpoint's metrics."""
    write_texts(folder, {"metrics.json": format_json({**read_json(folder / "metrics.json"), "layers": layers})})


def write_sums(folder: Path) -> None:
    """SHA256SUMS, as `sha256sum --check` reads it."""
    names = [*NEEDED, *(name for name in OPTIONAL if (folder / name).is_file())]
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8", newline="\n")
