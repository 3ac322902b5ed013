"""The black-box tab as data, for programs."""

import gradio as gr
import numpy as np
import torch
from gradio.components import Component
from torch.nn import functional as F

from xai.methods import METHODS
from xai.metrics import GAMES, auc
from xai.studio.answers import PREDICTED, Question, read_target
from xai.studio.blackbox.answers import get_black_box, is_familiar_to, look_slowly, play
from xai.studio.endpoint import describe_answer, follow, make_look_parameters, make_parameter, offer
from xai.studio.picture import Picture

MOST_CELLS = 56  # a side of a map in an answer: messages have a limit


def explain_black_box(
    photo, black_box: str, method: str, target: str, masks: int, games: bool, alpha: float, colormap: str
):
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
    question = Question(black_box, method, read_target(target))
    for done, e in follow(look_slowly, photo, question, masks):
        yield {"progress": done}, e and e.overlay(alpha, colormap)
    areas = dict.fromkeys(GAMES)
    if games and not e.blank:
        *_, (_, curves) = follow(play, photo, black_box, e.target, {method: e.raw})
        areas = {game: float(auc(curves[game][method])) for game in GAMES}
    asked, agreement = get_black_box(black_box), e.agreement
    answer = {
        **describe_answer(e, asked.classes),
        "student": agreement and dict(agreement.student),
        "agreed": agreement and agreement.agreed,
        "kl": agreement and agreement.divergence,
        "method": e.method,
        "source": e.source,
        "seconds": e.seconds,
        "questions": e.questions,
        "settled": e.settled,
        "familiar": is_familiar_to(black_box, photo),
        "assumed": asked.assumed,
        "blank": e.blank,
        "raw": average_cells(e.raw).tolist(),
        **areas,
    }
    yield answer, e.overlay(alpha, colormap)


def average_cells(raw: np.ndarray) -> np.ndarray:
    """A map (h, w), or the means of its parts where it has more than `MOST_CELLS` a side."""
    height, width = (min(side, MOST_CELLS) for side in raw.shape)
    return F.adaptive_avg_pool2d(torch.from_numpy(raw)[None], (height, width))[0].numpy()


def publish(photo: Component, black_box: Component, masks: Component) -> None:
    """Offer the endpoint, with the page's components as its parameters."""
    target = make_parameter(PREDICTED, "target")
    method = gr.Dropdown(list(METHODS), value="distilled", visible=False, label="method")
    games = gr.Checkbox(False, visible=False, label="games")
    inputs = [photo, black_box, method, target, masks, games, *make_look_parameters()]
    offer(explain_black_box, inputs, Picture(visible=False, format="png", label="heatmap"), "blackbox")
