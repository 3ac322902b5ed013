"""What a pyramid says of an aerial photo: every layer's explanation and what it is worth on this photo."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import torch
from PIL import Image

from xai import Explanation
from xai.batch import Batch
from xai.class_evidence import compute_evidence
from xai.familiar import is_familiar
from xai.layers import explain_layers_batch, explain_layers_steps, plan_layers
from xai.methods import UnsuitableError
from xai.methods.reading import Reading
from xai.metrics import average_drop, average_gain, see_through
from xai.models import Classifier
from xai.modes import without_gradients
from xai.steps import Progress, finish, follow
from xai.studio.answers import Question, Side, get_model
from xai.studio.examples import PYRAMID_EXAMPLES
from xai.studio.gpu import GPU


@dataclass(frozen=True)
class Scored:
    """An explanation with what it is worth, in percent.

    Attributes:
        explanation: the explanation.
        drop: how much of its confidence the network loses where it sees the photo only through the map.
        gain: how much it wins instead, of what was missing to full confidence.
    """

    explanation: Explanation
    drop: float
    gain: float


@dataclass
class PyramidSide(Side):
    """One network's answer; what is `explained` is a Scored for every layer, the combination, where there is one, last.

    Attributes:
        attention: the maps of attention branches, by layer.
    """

    attention: dict[str, Explanation] = field(default_factory=dict)


def make_grey(photo: Image.Image) -> Image.Image:
    """A photo as the pyramids see it; one that is grey already is returned itself, not as a copy."""
    grey = photo.convert("L").convert("RGB")
    return photo if grey == photo else grey


def preload(name: str) -> None:
    """Load all that a network's answers need."""
    get_model(name), is_familiar(PYRAMID_EXAMPLES[0], name)


@without_gradients
def look(photo: Image.Image, question: Question) -> PyramidSide:
    """One network's answer, without the maps of a slow method."""
    model, side = get_model(question.model), PyramidSide(question)
    batch = Batch(model, [photo], together=model.explained_layers)

    def explain(readings: list[Reading]) -> dict[str, Explanation]:
        return finish(explain_layers_batch(batch, readings, [question.target]))[0]

    try:
        readings = plan_layers(model, question.method)
        side.pending = any(reading.method.is_slow(model, reading.layer) for reading in readings)
        if not side.pending:
            side.explained = score_layers(model, explain(readings))
    except UnsuitableError as trouble:
        side.trouble = trouble
    side.familiar = is_familiar(photo, question.model)
    side.confidences = dict(zip(model.classes, batch.confidences[0].tolist(), strict=True))
    side.evidence = compute_evidence(photo, batch.activations(model))
    if model.attended_layers:
        found = explain(plan_layers(model, "attention", model.attended_layers))
        side.attention = {layer: found[layer] for layer in model.attended_layers}
    return side


def score_layers(model: Classifier, found: dict[str, Explanation]) -> dict[str, Scored]:
    """Every layer's explanation with what it is worth on its photo."""
    after = see_through(model, list(found.values()))
    before = torch.tensor([e.confidence for e in found.values()]).to(after)
    scores = [(average_drop(y, o), average_gain(y, o)) for y, o in zip(before.split(1), after.split(1), strict=True)]
    return {name: Scored(e, *score) for (name, e), score in zip(found.items(), scores, strict=True)}


@GPU(duration=20)
def look_at(photo: Image.Image, questions: list[Question]) -> list[PyramidSide]:
    """Each network's answer: all that needs a GPU, and no more, since what is passed travels between processes."""
    return [look(photo, question) for question in questions]


@GPU(duration=120)
def look_slowly(photo: Image.Image, question: Question) -> Iterator[Progress]:
    """How far the explanations are, again and again, and at last every layer's with its scores."""
    model, photo = get_model(question.model), make_grey(photo)
    readings = plan_layers(model, question.method)
    for done, found in follow(explain_layers_steps(model, photo, readings, question.target)):
        # the very photo of the answer: copies would weigh as much again
        yield Progress(done, found and score_layers(model, {k: replace(e, photo=photo) for k, e in found.items()}))
