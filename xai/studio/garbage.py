"""The garbage tab: one photo, two networks, side by side."""

import threading
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import gradio as gr
import torch
from PIL import Image

from xai import Evidence, Explanation, explain, list_methods, load_model, on_common_scale
from xai.activations import Activations
from xai.evidence import evidence_of
from xai.explain import explain_batch
from xai.explanation import COLORMAPS, with_box
from xai.models import Classifier, create_model
from xai.photo import PhotoError
from xai.studio import cards
from xai.studio.gpu import GPU
from xai.studio.photo_input import PhotoInput
from xai.studio.picture import Picture, PictureSlider
from xai.studio.text import language, say, translated
from xai.zoo import MODELS, find_checkpoint, read_json

GARBAGE_MODELS = [name for name in MODELS if name.startswith("garbage-")]
DEFAULT_PAIR = ("garbage-resnet50", "garbage-s_se_resnet50")
PREDICTED, LAST = "predicted", "last"
OPENING = "garbage-glass-181.jpg"  # a bottle the default pair does not agree on
EXAMPLES = sorted((Path(__file__).parent / "examples").glob("garbage-*.jpg"), key=lambda p: (p.name != OPENING, p.name))
LOADING = threading.Lock()


@dataclass(frozen=True)
class Side:
    """What one network says of the photo; `explanation` is None where the method does not suit it, `note` says why."""

    explanation: Explanation | None
    evidence: Evidence
    note: str


@cache
def load(name: str) -> Classifier:
    return load_model(name)


def model_of(name: str) -> Classifier:
    """A model, loaded once for all visitors."""
    with LOADING:
        return load(name)


@cache
def records(name: str) -> tuple[dict, list]:
    """The metrics and the training history of a model."""
    folder = find_checkpoint(name)
    return read_json(folder / "metrics.json"), read_json(folder / "history.json")


@cache
def cells_of(name: str) -> int:
    """Cells a side of the last layer's map, from shapes alone."""
    model = model_of(name)
    side = model.input_size
    with torch.device("meta"):
        twin = create_model(name.removeprefix("garbage-"), model.classes, input_size=side).eval()
        return twin.features(torch.empty(1, 3, side, side)).shape[-1]


def true_class(example: Path) -> str:
    return example.stem.split("-")[1]


@torch.no_grad()
def look(photo: Image.Image, name: str, method: str, target: str, layer: str, lang: str) -> Side:
    """Explain a photo by one network."""
    model, started = model_of(name), time.perf_counter()
    layer = None if layer == LAST or layer not in model.layers else layer
    batch = Activations(model, model.preprocess([photo]))
    trouble = ""
    if method == "cam" and model.linear_head is None:
        trouble = say(lang, "cannot_cam")
    elif method == "cam" and layer not in (None, model.last_layer):
        trouble = say(lang, "cam_last")
    if trouble:
        return Side(None, evidence_of(photo, batch), trouble)
    (e,) = explain_batch([photo], batch, method, [None if target == PREDICTED else target], layer, started)
    label = say(lang, f"class.{e.label}")
    note = say(lang, "seconds", label=label, confidence=f"{e.confidence:.0%}", milliseconds=f"{1000 * e.seconds:.0f}")
    return Side(e, evidence_of(photo, batch), f"{note}\n\n{say(lang, 'blank', label=label)}" if e.blank else note)


def accept(photo, sides, request: gr.Request):
    """Take a photo, or say why not and put the last good one back."""
    if isinstance(photo, PhotoError):
        lang = language(request)
        gr.Warning(say(lang, f"photo.{photo.reason}", **photo.details), title=say(lang, "bad_photo"))
        return sides[0].evidence.photo if sides else None
    return photo


def remind(photo, request: gr.Request) -> None:
    """Say what to do where there is no photo to explain."""
    if not isinstance(photo, Image.Image):
        lang = language(request)
        raise gr.Error(say(lang, "no_photo"), title=say(lang, "bad_photo"), print_exception=False)


@GPU(duration=20)
def look_twice(photo: Image.Image, names: tuple, method: str, target: str, layers: tuple, lang: str) -> list[Side]:
    """Explain a photo by two networks; all that needs a GPU, and no more, since its arguments travel to a worker."""
    return [look(photo, name, method, target, layer, lang) for name, layer in zip(names, layers, strict=True)]


def answer(photo, sides, model_a, model_b, method, target, layer_a, layer_b, request: gr.Request):
    """Both networks' answers: the session's sides, then confidences, notes, evidence pictures and legends for each.

    Where the visitor took the photo away, its answers are still on the page, and an option goes on changing them.
    """
    if not isinstance(photo, Image.Image):
        if not sides:
            return [gr.skip()] * 9
        photo = sides[0].evidence.photo
    lang = language(request)
    sides = look_twice(photo, (model_a, model_b), method, target, (layer_a, layer_b), lang)
    labels = [
        {say(lang, f"class.{c}"): float(p) for c, p in zip(s.evidence.classes, s.evidence.confidences, strict=True)}
        for s in sides
    ]
    pictures = [side.evidence.picture() for side in sides]
    legends = [cards.legend(side.evidence, lang) for side in sides]
    return sides, *labels, *(side.note for side in sides), *pictures, *legends


def paint(sides, alpha, colormap, box, common, request: gr.Request):
    """The session's explanations as pictures: left, right, and both for the slider."""
    if sides is None:
        gr.Warning(say(language(request), "expired"), title=say(language(request), "photo"))
        return [gr.skip()] * 3
    explanations = [side.explanation for side in sides]
    if common and all(explanations):
        explanations = on_common_scale(explanations)
    pictures = []
    for side, e in zip(sides, explanations, strict=True):
        picture = e.overlay(alpha, colormap) if e else side.evidence.photo
        pictures.append(with_box(picture, side.explanation.bounding_box()) if e and box else picture)
    return *pictures, tuple(pictures)


def layers_of(name: str):
    """The layer menu of a network."""
    names = list(model_of(name).layers)[::-1]
    return gr.Dropdown(choices=[(translated("last_layer"), LAST), *((n, n) for n in names[1:])], value=LAST)


def about(name: str, request: gr.Request):
    """A network's facts, curves and confusion matrices."""
    lang = language(request)
    metrics, history = records(name)
    model = model_of(name)
    return (
        f"### {say(lang, f'model.{name}')}",
        cards.facts(model, cells_of(name), metrics, lang),
        cards.curve(history, "loss", lang),
        cards.curve(history, "accuracy", lang),
        cards.confusion(model.classes, metrics, lang),
    )


def picture_box(name: str, height: int) -> Picture:
    """A lossless, downloadable picture; `name` gives label, alternative text and element id."""
    return Picture(
        label=translated(name),
        alt_text=translated(f"{name}_alt"),
        format="png",
        interactive=False,
        height=height,
        buttons=["download", "fullscreen"],
        elem_id=name.replace("_", "-"),
    )


@GPU(duration=20)
def explain_once(photo: Image.Image, name: str, method: str, target: str, layer: str) -> Explanation:
    """One explanation for a program; a wrong option becomes an error whose sentence reaches it."""
    try:
        wanted = None if target == PREDICTED else target
        return explain(model_of(name), photo, method, wanted, None if layer == LAST else layer)
    except ValueError as error:
        raise gr.Error(str(error), print_exception=False) from error


def garbage(photo, model: str, method: str, target: str, layer: str, alpha: float, colormap: str):
    """Classify a photo of waste and show where the network looked.

    Args:
        photo: The photo: JPEG, PNG, WebP, AVIF, HEIC, GIF, BMP or TIFF.
        model: Name of the network.
        method: "gradcam" or "cam".
        target: The class to explain, or "predicted".
        layer: A layer of the network, or "last".
        alpha: Opacity of the colours, 0 to 1.
        colormap: Name of the colour map.

    Returns:
        A dictionary with label, confidence, confidences, size (width and height of the heatmap: the photo's own, or
        with a longer side of 1024), box (left, top, right, bottom in its pixels, or null), raw (the unscaled map,
        h × w), layer, method and seconds; and the heatmap over the photo as a PNG.
    """
    if photo is None or isinstance(photo, PhotoError):
        raise gr.Error(str(photo or say("en", "no_photo")), print_exception=False)
    e = explain_once(photo, model, method, target, layer)
    answer = {
        "model": model,
        "label": e.label,
        "confidence": e.confidence,
        "confidences": dict(zip(model_of(model).classes, map(float, e.confidences), strict=True)),
        "size": photo.size,
        "box": e.bounding_box(),
        "raw": e.raw.tolist(),
        "layer": e.target_layer,
        "method": e.method,
        "seconds": e.seconds,
    }
    return answer, e.overlay(alpha, colormap)


def build(page: gr.Blocks) -> None:
    """Lay out the tab inside a page and connect it."""
    for name in GARBAGE_MODELS:
        model_of(name)  # before the first visitor, and on ZeroGPU before the worker is forked
    gr.Markdown(translated("intro"))
    sides = gr.State(time_to_live=3600)
    models, heatmaps, notes, labels, pictures, legends, abouts = [], [], [], [], [], [], []
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=300):
            photo = PhotoInput(
                label=translated("photo"),
                sources=["upload", "clipboard", "webcam"],
                type="pil",
                format="png",
                height=300,
                alt_text=translated("photo_alt"),
                buttons=["fullscreen"],
                elem_id="photo",
            )
            go = gr.Button(translated("explain"), variant="primary", elem_id="explain")
            examples = gr.Gallery(
                label=translated("examples"),
                columns=4,
                height="auto",
                allow_preview=False,
                object_fit="cover",
                buttons=[],
                elem_id="examples",
                interactive=False,
                format="png",
            )
        for s, name in zip("ab", DEFAULT_PAIR, strict=True):
            with gr.Column(scale=4, min_width=300):
                models.append(
                    gr.Dropdown(
                        [(translated(f"model.{m}"), m) for m in GARBAGE_MODELS],
                        value=name,
                        label=translated(f"model_{s}"),
                        elem_id=f"model-{s}",
                    )
                )
                heatmaps.append(picture_box(f"heatmap_{s}", 340))
                notes.append(gr.Markdown(elem_classes="note", elem_id=f"note-{s}"))
                labels.append(gr.Label(num_top_classes=4, label=translated("confidences"), elem_id=f"label-{s}"))
    with gr.Accordion(translated("options"), open=True, elem_id="options"):
        with gr.Row():
            method = gr.Dropdown(
                [(translated(f"method.{m}"), m) for m in list_methods()],
                value="gradcam",
                label=translated("method"),
                info=translated("method_info"),
                elem_id="method",
                min_width=150,
            )
            classes = [
                (translated(f"class.{c}"), c)
                for c in read_json(find_checkpoint(DEFAULT_PAIR[0]) / "config.json")["classes"]
            ]
            target = gr.Dropdown(
                [(translated("predicted"), PREDICTED), *classes],
                value=PREDICTED,
                label=translated("target"),
                info=translated("target_info"),
                elem_id="target",
                min_width=150,
            )
            layers = [
                gr.Dropdown(
                    [(translated("last_layer"), LAST)],
                    value=LAST,
                    label=translated(f"layer_{s}"),
                    info=translated("layer_info"),
                    elem_id=f"layer-{s}",
                    min_width=150,
                )
                for s in "ab"
            ]
        with gr.Row():
            alpha = gr.Slider(0, 1, 0.5, step=0.05, label=translated("opacity"), elem_id="opacity", min_width=220)
            colormap = gr.Dropdown(
                [(translated(f"colormap.{c}"), c) for c in COLORMAPS],
                value="turbo",
                label=translated("colormap"),
                elem_id="colormap",
                min_width=220,
            )
            with gr.Column(min_width=220):
                box = gr.Checkbox(label=translated("box"), elem_id="box")
                common = gr.Checkbox(label=translated("common"), elem_id="common")
    gr.Markdown(translated("compare"))
    with gr.Row(equal_height=False):
        with gr.Column(min_width=300):
            slider = PictureSlider(
                show_label=False,
                format="png",
                interactive=False,
                height=340,
                elem_id="slider",
                buttons=["download", "fullscreen"],
            )
            gr.Markdown(translated("slider"), elem_classes="note")
        for s in "ab":
            with gr.Column(min_width=300):
                pictures.append(picture_box(f"evidence_{s}", 340))
                legends.append(gr.HTML(elem_id=f"legend-{s}"))
    gr.Markdown(translated("about"))
    with gr.Row():
        for s in "ab":
            with gr.Column(min_width=300):
                heading, table = gr.Markdown(elem_id=f"about-{s}"), gr.HTML()
                plots = [
                    gr.LinePlot(
                        x="epoch",
                        y="value",
                        color="split",
                        label=translated(key),
                        x_title=translated("epoch"),
                        y_title=" ",
                        color_title=" ",
                        buttons=[],
                        elem_id=f"{key}-{s}",
                    )
                    for key in ("loss", "accuracy")
                ]
                abouts.append([heading, table, *plots, gr.HTML(elem_id=f"confusion-{s}")])
    gr.Markdown(translated("privacy"), elem_classes="note")

    asked = [photo, sides, *models, method, target, *layers]
    answered = [sides, *labels, *notes, *pictures, *legends]
    look_of = [alpha, colormap, box, common]
    painted = [*heatmaps, slider]
    # always_last: what is clicked while an answer is on its way is answered after it, not dropped
    quiet = {"api_visibility": "private", "show_progress": "minimal", "trigger_mode": "always_last"}
    each = {**quiet, "trigger_mode": "multiple"}  # a put-off click would have forgotten which example it was on
    model_event = {**quiet, "concurrency_id": "model"}

    def painted_after(event):
        event.success(paint, [sides, *look_of], painted, **quiet)

    def explained_after(event):
        painted_after(event.success(answer, asked, answered, **model_event))

    def pick(choice: gr.SelectData):
        return EXAMPLES[choice.index]

    def open_page(request: gr.Request):
        lang = language(request)
        captions = [(str(path), say(lang, f"class.{true_class(path)}")) for path in EXAMPLES]
        return EXAMPLES[0], captions

    explained_after(photo.upload(accept, [photo, sides], photo, **quiet))
    explained_after(examples.select(pick, None, photo, **each))
    explained_after(go.click(remind, photo, None, **quiet))
    for menu, layer, panel in zip(models, layers, abouts, strict=True):
        explained_after(menu.input(layers_of, menu, layer, **quiet))
        menu.input(about, menu, panel, **quiet)
    for menu in (method, target, *layers):
        painted_after(menu.input(answer, asked, answered, **model_event))
    for control in (alpha, colormap, box, common):
        event = control.release if isinstance(control, gr.Slider) else control.input
        event(paint, [sides, *look_of], painted, **quiet)

    api_layer = gr.Textbox(LAST, visible=False, label="layer")
    api_target = gr.Textbox(PREDICTED, visible=False, label="target")
    gr.Button(visible=False).click(
        garbage,
        [photo, models[1], method, api_target, api_layer, alpha, colormap],
        [gr.JSON(visible=False, label="answer"), Picture(visible=False, format="png", label="heatmap")],
        api_name="garbage",
        concurrency_id="model",
    )

    explained_after(page.load(open_page, None, [photo, examples], **quiet))
    for menu, layer, panel in zip(models, layers, abouts, strict=True):
        page.load(layers_of, menu, layer, **quiet)
        page.load(about, menu, panel, **quiet)
