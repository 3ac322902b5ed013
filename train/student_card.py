"""The model card of a student."""

from huggingface_hub import ModelCardData

from train.calibrate import sentence
from train.distillation import PRESETS, Distillation
from train.publish import SOURCES
from train.run import command_line
from xai.models import Classifier

CARD = """---
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

The weights are stored in half precision. The black box was asked about these photos once, after training; all choices
were made on validation photos. More in `metrics.json`; loss and agreement per epoch: `history.json`.

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
{command}
```

Data: {data}. Input: the whole photo squeezed to {size}×{size} pixels.
"""


def student_card(run: Distillation, model: Classifier, figures: dict) -> str:
    """Whom it imitates, how far, the command, the data."""
    rows = []
    for name, splits in figures["similarity"].items():
        found = splits["test"]
        sims = [f"{100 * sim:.1f} %" for sim in found["sim"]] + ["–"] * (5 - len(found["sim"]))
        rows.append(f"| {name} | {' | '.join(sims)} | {found['kl']:.3f} | {found['photos']} |")
    title = f"{run.model} distilled from {run.teacher}"
    metadata = ModelCardData(
        license="mit", library_name="xai", pipeline_tag="image-classification", model_name=title,
        tags=["explainable-ai", "knowledge-distillation", "cbam"],
    )  # fmt: skip
    return CARD.format(
        metadata=metadata.to_yaml(), title=title, teacher=run.teacher, k=len(model.classes), size=model.input_size,
        classes=", ".join(model.classes[:20]) + (", …" if len(model.classes) > 20 else ""), rows="\n".join(rows),
        calibration=sentence(figures["data"], student=True),
        start=(
            ", and of open networks the feature maps of an EfficientNet-Lite1 with ImageNet weights (Apache-2.0)"
            if run.guide else ""
        ),
        command=command_line("train.distill", PRESETS[run.preset][1], run),
        data="; ".join(SOURCES.get(name, name) for name in figures["similarity"]),
    )  # fmt: skip
