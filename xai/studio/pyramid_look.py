"""What a pyramid says of an aerial photo: every layer's explanation and what it is worth on this photo."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import torch
from PIL import Image

from xai import Explanation
from xai.batch import Batch
from xai.familiar import is_familiar
from xai.layers import explain_layers_batch, explain_layers_steps, plan_layers
from xai.methods import UnsuitableError
from xai.methods.reading import Reading
from xai.metrics import average_drop, average_gain, seen_through
from xai.models import Classifier
from xai.modes import without_gradients
from xai.steps import Progress, finish, follow
from xai.studio.answers import Question, Side, model_of
from xai.studio.gpu import GPU


@dataclass(frozen=True)
class Scored:
    """An explanation and, in percent, how much confidence the photo seen through it loses, or gains of what lacked."""

    explanation: Explanation
    drop: float
    gain: float


@dataclass
class PyramidSide(Side):
    """One network's answer; what is `explained` is a Scored for every layer, the combination last."""

    confidences: dict[str, float] = field(default_factory=dict)
    attention: dict[str, Explanation] = field(default_factory=dict)


def as_seen(photo: Image.Image) -> Image.Image:
    """A photo as the pyramids see it: grey, and the same one where it is already."""
    grey = photo.convert("L").convert("RGB")
    return photo if grey == photo else grey


@without_gradients
def look(photo: Image.Image, question: Question) -> PyramidSide:
    """One network's answer, but for the maps of a slow method."""
    model, side = model_of(question.model), PyramidSide(question)
    batch = Batch(model, [photo], together=model.explained_layers)

    def explained(readings: list[Reading]) -> dict[str, Explanation]:
        return finish(explain_layers_batch(batch, readings, [question.target]))[0]

    try:
        readings = plan_layers(model, question.method)
        side.pending = any(reading.method.is_slow(model, reading.layer) for reading in readings)
        if not side.pending:
            side.explained = scored(model, explained(readings))
    except UnsuitableError as trouble:
        side.trouble = trouble
    side.familiar = is_familiar(photo, question.model)
    side.confidences = dict(zip(model.classes, batch.confidences[0].tolist(), strict=True))
    if model.attended_layers:
        found = explained(plan_layers(model, "attention", model.attended_layers))
        side.attention = {layer: found[layer] for layer in model.attended_layers}
    return side


def scored(model: Classifier, found: dict[str, Explanation]) -> dict[str, Scored]:
    """Every layer's explanation with what it is worth on its photo."""
    after = seen_through(model, list(found.values()))
    before = torch.tensor([e.confidence for e in found.values()]).to(after)
    pairs = zip(before.split(1), after.split(1), strict=True)
    worth = [(average_drop(y, o), average_gain(y, o)) for y, o in pairs]
    return {name: Scored(e, *each) for (name, e), each in zip(found.items(), worth, strict=True)}


@GPU(duration=20)
def look_at(photo: Image.Image, questions: list[Question]) -> list[PyramidSide]:
    """All that needs a GPU at once, and no more, since its arguments travel to a worker."""
    return [look(photo, question) for question in questions]


@GPU(duration=120)
def look_slowly(photo: Image.Image, question: Question) -> Iterator[Progress]:
    """How far the explanations are, again and again; at last every layer's with its scores are the result so far."""
    model, photo = model_of(question.model), as_seen(photo)
    for done, found in follow(explain_layers_steps(model, photo, question.method, question.target)):
        yield Progress(done, found and scored(model, {name: replace(e, photo=photo) for name, e in found.items()}))
