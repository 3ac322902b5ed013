"""What a program can ask of the app: the same answers as data."""

import logging
from collections.abc import Callable, Iterator

import gradio as gr
import numpy as np
import torch
from torch.nn import functional as F

from xai.blackbox import BlackBoxError
from xai.familiar import is_familiar
from xai.metrics import GAMES, auc
from xai.photo import PhotoError
from xai.studio import blackbox_look, garbage_look, pyramid_look
from xai.studio.answers import LAST, PREDICTED, Question, model_of
from xai.studio.text import say
from xai.zoo import PYRAMID

LOG = logging.getLogger(__name__)


def garbage(photo, model: str, method: str, target: str, layer: str, alpha: float, colormap: str):
    """Classify a photo of waste and show where the network looked.

    Slow methods first send {"progress": share done, 0 to 1} with no heatmap, again and again.

    Args:
        photo: The photo: JPEG, PNG, WebP, AVIF, HEIC, GIF, BMP or TIFF.
        model: Name of the network.
        method: Name of the method, as `python -m xai methods` lists them.
        target: The class to explain, or "predicted".
        layer: A layer of the network, "input" for the pixels (SmoothGrad), or "last": the method's usual one.
        alpha: Opacity of the colours, 0 to 1.
        colormap: Name of the colour map.

    Returns:
        A dictionary with label, confidence, confidences, size (width and height of the heatmap: the photo's own, or
        with a longer side of 1024), box (left, top, right, bottom in its pixels, or null), raw (the unscaled map,
        h × w), blank (true where nothing in the photo speaks for the class, so that the heatmap is the plain photo),
        layer, method, seconds, and familiar (false where the photo is unlike those that the network was trained on, so
        that its answer means little; null where that is not known); and the heatmap over the photo as a PNG.
    """
    question = Question(model, method, None if target == PREDICTED else target, None if layer == LAST else layer)
    for done, e in told(garbage_look.look_slowly, photo, question):
        if e is None:
            yield {"progress": done}, None
    answer = {
        "model": model,
        "label": e.label,
        "confidence": e.confidence,
        "confidences": dict(zip(model_of(model).classes, map(float, e.confidences), strict=True)),
        "size": photo.size,
        "box": e.bounding_box(),
        "raw": e.raw.tolist(),
        "blank": e.blank,
        "layer": e.target_layer,
        "method": e.method,
        "seconds": e.seconds,
        "familiar": is_familiar(photo, model),
    }
    yield answer, e.overlay(alpha, colormap)


def pyramid(photo, model: str, method: str, target: str, alpha: float, colormap: str):
    """Classify an aerial photo and show where each layer of a feature pyramid looked, and what each map is worth.

    The photo is turned grey, and the heatmaps are painted on the grey one. Slow methods first send {"progress": share
    done, 0 to 1}, again and again.

    Args:
        photo: The photo: JPEG, PNG, WebP, AVIF, HEIC, GIF, BMP or TIFF.
        model: "pyramid-fpn" or "pyramid-fal".
        method: Name of the method, as `python -m xai methods` lists them.
        target: The class to explain, or "predicted".
        alpha: Opacity of the colours, 0 to 1.
        colormap: Name of the colour map.

    Returns:
        A dictionary with label, confidence, confidences, method, seconds, familiar (false where the photo is unlike
        those that the network was trained on, so that its answer means little; null where that is not known) and
        layers: for each, and for "combined", raw (the unscaled map, h × w), blank (true where nothing in the photo
        speaks for the class, so that the heatmap is the plain photo), drop and gain (in percent: confidence lost when
        the photo is seen through the map, hidden parts black; and confidence won, as a share of what was missing to
        full confidence); and the heatmaps over the photo in that order.
    """
    if model not in PYRAMID:
        raise gr.Error(f"there is no pyramid {model!r}; choose one of {', '.join(PYRAMID)}", print_exception=False)
    question = Question(model, method, None if target == PREDICTED else target)
    for done, found in told(pyramid_look.look_slowly, photo, question):
        if found is None:
            yield {"progress": done}, None
    e = found["combined"].explanation
    answer = {
        "model": model,
        "label": e.label,
        "confidence": e.confidence,
        "confidences": dict(zip(model_of(model).classes, map(float, e.confidences), strict=True)),
        "method": e.method,
        "seconds": e.seconds,
        "familiar": is_familiar(e.photo, model),
        "layers": {
            name: {
                "raw": each.explanation.raw.tolist(),
                "blank": each.explanation.blank,
                "drop": each.drop,
                "gain": each.gain,
            }
            for name, each in found.items()
        },
    }
    yield answer, [(each.explanation.overlay(alpha, colormap), name) for name, each in found.items()]


def blackbox(photo, black_box: str, method: str, target: str, masks: int, games: bool, alpha: float, colormap: str):
    """Ask a black box about a photo and show where what it says may come from, with how far its student agrees.

    Slow methods first send {"progress": share done, 0 to 1}, again and again, with the heatmap so far.

    Args:
        photo: The photo: JPEG, PNG, WebP, AVIF, HEIC, GIF, BMP or TIFF.
        black_box: Title of one of the black boxes that the host offers.
        method: "distilled" and "gradcam" take a moment; "rise", "lime" and "mask" take their time.
        target: The class to explain, or "predicted" by the black box.
        masks: How often RISE and LIME ask the black box: 400, 1000 or 4000.
        games: Whether to play deletion and insertion on the black box as well.
        alpha: Opacity of the colours, 0 to 1.
        colormap: Name of the colour map.

    Returns:
        A dictionary with label, confidence and confidences (the black box's), student (up to five classes with their
        confidences, the surest first, or null), agreed (how many of the surest classes are the same, in order), kl (the
        divergence of the student's confidences, in nats), method, source (who was asked, or whose gradients), seconds,
        questions (how many were asked, or null), settled (0 to 1: how much of the map of RISE or LIME would come out
        again from as many other questions, or null), familiar (false where the photo is unlike those that the student
        was trained on, so that the answer means little; null where that is not known), assumed (what neither the black
        box nor its host says of it, by option), raw (the unscaled map, averaged
        down to 56 × 56 at most), blank (true where nothing in the photo speaks for the class, so that the heatmap is
        the plain photo), deletion and insertion (areas under the curves, or null); and the heatmap over the photo as a
        PNG.
    """
    question = Question(black_box, method, None if target == PREDICTED else target)
    for done, e in told(blackbox_look.look_slowly, photo, question, masks):
        yield {"progress": done}, e and e.overlay(alpha, colormap)
    areas = dict.fromkeys(GAMES)
    if games and not e.blank:
        *_, (_, curves) = told(blackbox_look.play, photo, black_box, e.target, {method: e.raw})
        areas = {game: float(auc(curves[game][method])) for game in GAMES}
    agreed, asked = e.agreement, blackbox_look.hosted(black_box)
    answer = {
        "label": e.label,
        "confidence": e.confidence,
        "confidences": dict(zip(asked.classes, map(float, e.confidences), strict=True)),
        "student": agreed and dict(agreed.student),
        "agreed": agreed and agreed.agreed,
        "kl": agreed and agreed.divergence,
        "method": e.method,
        "source": e.source,
        "seconds": e.seconds,
        "questions": e.questions,
        "settled": e.settled,
        "familiar": blackbox_look.is_known(photo, black_box),
        "assumed": asked.assumed,
        "blank": e.blank,
        "raw": averaged(e.raw).tolist(),
        **areas,
    }
    yield answer, e.overlay(alpha, colormap)


def averaged(raw: np.ndarray) -> np.ndarray:
    """A map (h, w), or the means of its parts where it has more than 56 a side: a message has its limits."""
    size = [min(side, 56) for side in raw.shape]
    return F.adaptive_avg_pool2d(torch.from_numpy(raw)[None], size)[0].numpy()


def told(look_slowly: Callable, photo, *asked) -> Iterator:
    """The share done, again and again, and at last what is explained; a bad photo or option is told by its sentence."""
    if photo is None or isinstance(photo, PhotoError):
        raise gr.Error(str(photo or say("en", "no_photo")), print_exception=False)
    try:
        yield from look_slowly(photo, *asked)
    except ValueError as error:  # a wrong option: the sentence says which
        raise gr.Error(str(error), print_exception=False) from error
    except BlackBoxError as error:  # its own sentence may name the host's addresses
        LOG.warning("%s", error)
        raise gr.Error(say("en", "no_answer"), print_exception=False) from error
