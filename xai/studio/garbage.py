"""The garbage tab: one photo, two networks, side by side."""

import time
from functools import cache
from pathlib import Path

import gradio as gr
import torch
from PIL import Image

from xai import on_common_scale
from xai.explanation import COLORMAPS, with_box
from xai.methods import METHODS
from xai.photo import PhotoError
from xai.studio import cards
from xai.studio.answers import LAST, PREDICTED, Answer, Side, asked, index_of, look_at, look_slowly, model_of
from xai.studio.photo_input import PhotoInput
from xai.studio.picture import Picture, PictureSlider, Thumbnails
from xai.studio.program import garbage
from xai.studio.text import language, say, translated
from xai.zoo import MODELS, find_checkpoint, read_json, skeleton

GARBAGE_MODELS = [name for name in MODELS if name.startswith("garbage-")]
DEFAULT_PAIR = ("garbage-resnet50", "garbage-s_se_resnet50")
OPENING = "garbage-glass-181.jpg"  # a bottle the default pair does not agree on
EXAMPLES = sorted((Path(__file__).parent / "examples").glob("garbage-*.jpg"), key=lambda p: (p.name != OPENING, p.name))


@cache
def records(name: str) -> tuple[dict, list]:
    """The metrics and the training history of a model."""
    folder = find_checkpoint(name)
    return read_json(folder / "metrics.json"), read_json(folder / "history.json")


@cache
def cells_of(name: str) -> int:
    """Cells a side of the last layer's map, from shapes alone."""
    twin = skeleton(name)
    return twin.features(torch.empty(1, 3, twin.input_size, twin.input_size, device="meta")).shape[-1]


def true_class(example: Path) -> str:
    return example.stem.split("-")[1]


def note(side: Side, lang: str) -> str:
    """A line under the heatmap: what, how sure, how long it took; or what is being waited for; or why there is none."""
    method = METHODS[side.question.method]
    if side.trouble:
        return say(lang, f"unsuitable.{side.trouble.reason}", **side.trouble.details)
    if side.pending:
        return say(lang, "waiting", method=method.title)
    e = side.explanation
    label = say(lang, f"class.{e.label}")
    seconds = f"{e.seconds:.1f} s" if e.seconds >= 1 else f"{1000 * e.seconds:.0f} ms"
    lines = [say(lang, "seconds", label=label, confidence=f"{e.confidence:.0%}", seconds=seconds)]
    if not method.class_specific:
        lines.append(say(lang, "whatever_class", method=method.title))
    if e.blank:
        lines.append(say(lang, "blank", label=label))
    return "\n\n".join(lines)


def accept(photo, answer: Answer | None, request: gr.Request):
    """Take a photo, or say why not and put the last good one back."""
    if isinstance(photo, PhotoError):
        lang = language(request)
        gr.Warning(say(lang, f"photo.{photo.reason}", **photo.details), title=say(lang, "bad_photo"))
        return answer.photo if answer else None
    return photo


def remind(photo, request: gr.Request) -> None:
    """Say what to do where there is no photo to explain."""
    if not isinstance(photo, Image.Image):
        lang = language(request)
        raise gr.Error(say(lang, "no_photo"), title=say(lang, "bad_photo"), print_exception=False)


def answer(photo, former, model_a, model_b, method, target, layer_a, layer_b, request: gr.Request):
    """Both networks' answers: the session's answer, then for each confidences, notes, similar photos with a line on
    them, evidence pictures and legends; and the stop button.

    What was still being computed for the former answer ends. Where the visitor took the photo away, its answers are
    still on the page, and an option goes on changing them.
    """
    nothing_new = [gr.skip()] * 14
    if not isinstance(photo, Image.Image):
        if not former:
            return nothing_new
        photo = former.photo
    lang = language(request)
    questions = [asked(model_a, method, target, layer_a), asked(model_b, method, target, layer_b)]
    if former and former.answers(photo, questions):  # a menu tells of one choice twice
        return nothing_new
    if former:
        former.stopped.set()
    sides = look_at(photo, questions)
    labels = [
        {say(lang, f"class.{c}"): float(p) for c, p in zip(s.evidence.classes, s.evidence.confidences, strict=True)}
        for s in sides
    ]
    pictures = [side.evidence.picture() for side in sides]
    legends = [cards.legend(side.evidence, lang) for side in sides]
    stop = gr.Button(visible=any(side.pending for side in sides))
    notes = [note(side, lang) for side in sides]
    similar = [[(n.webp, say(lang, f"class.{n.label}")) for n in side.neighbours] for side in sides]
    agreement = [agreeing(side, lang) for side in sides]
    return Answer(photo, sides), *labels, *notes, *similar, *agreement, *pictures, *legends, stop


def agreeing(side: Side, lang: str) -> str:
    """How many of the similar photos are of the class that the network says."""
    if not side.neighbours:
        return ""
    said = side.evidence.classes[side.evidence.confidences.argmax()]
    same = sum(n.label == said for n in side.neighbours)
    return say(lang, "similar_share", same=same, count=len(side.neighbours), label=say(lang, f"class.{said}"))


def refine(answer: Answer | None, request: gr.Request):
    """The maps of slow methods, one network after the other: notes, stop button and pictures, again and again.

    It ends when the visitor stops it, asks for something else or leaves.
    """
    lang = language(request)
    asked_for = answer and not answer.stopped.is_set()
    waiting = [i for i, side in enumerate(answer.sides) if side.pending] if asked_for else []
    same = [gr.skip()] * 6
    if not waiting:
        yield same
    for i in waiting:
        side, started = answer.sides[i], time.perf_counter()
        method = METHODS[side.question.method].title
        yield *beside(i, say(lang, "running", method=method)), *same[2:]
        for done in look_slowly(answer.photo, side.question):
            if answer.stopped.is_set():
                yield same  # the last thing yielded is sent once more at the end
                return
            if isinstance(done, float):
                left = (1 - done) / max(done, 1e-6) * (time.perf_counter() - started)
                told = say(lang, "progress", method=method, done=f"{done:.0%}", left=f"{left:.0f}")
                yield *beside(i, told), *same[2:]
        side.explanation, side.pending = done, False
        stop = gr.Button(visible=any(side.pending for side in answer.sides))
        yield *beside(i, note(side, lang)), stop, *paint(answer, *answer.look, request)


def beside(i: int, told: str) -> list:
    """A note for one side, and the other side's left as it is."""
    return [told if side == i else gr.skip() for side in range(2)]


def stop(answer: Answer | None, request: gr.Request):
    """End what is being computed: both notes and the stop button."""
    if not answer:
        return [gr.skip()] * 3
    answer.stopped.set()
    stopped = say(language(request), "stopped")
    return *(stopped if side.pending else gr.skip() for side in answer.sides), gr.Button(visible=False)


def paint(answer: Answer | None, alpha, colormap, box, common, request: gr.Request):
    """The session's explanations as pictures: left, right, and both for the slider."""
    if answer is None:
        gr.Warning(say(language(request), "expired"), title=say(language(request), "photo"))
        return [gr.skip()] * 3
    answer.look = alpha, colormap, box, common
    explanations = [side.explanation for side in answer.sides]
    if common and all(explanations):
        explanations = on_common_scale(explanations)
    pictures = []
    for side, e in zip(answer.sides, explanations, strict=True):
        picture = e.overlay(alpha, colormap) if e else answer.photo
        pictures.append(with_box(picture, side.explanation.bounding_box()) if e and box else picture)
    return *pictures, tuple(pictures)


def layers_of(name: str):
    """The layer menu of a network."""
    names = list(model_of(name).layers)[::-1]
    return gr.Dropdown(choices=[(translated("last_layer"), LAST), *((n, n) for n in names)], value=LAST)


def methods_for(model_a, model_b, layer_a, layer_b, request: gr.Request):
    """The method menu, which says of every method whether it suits both networks, and whether it takes its time."""
    lang = language(request)
    return gr.Dropdown(choices=[(marked(name, (model_a, layer_a), (model_b, layer_b), lang), name) for name in METHODS])


def marked(name: str, left: tuple[str, str], right: tuple[str, str], lang: str) -> str:
    questions = [asked(model, name, PREDICTED, layer) for model, layer in (left, right)]
    method = METHODS[name]
    unsuited = [s for s, q in zip("ab", questions, strict=True) if method.unsuitable(model_of(q.model), q.layer)]
    marks = [say(lang, f"unsuited_{''.join(unsuited)}")] if unsuited else []
    if len(unsuited) < 2 and any(method.is_slow(model_of(q.model), q.layer) for q in questions):
        marks.append(say(lang, f"slow.{method.slow}"))
    return " · ".join([method.title, *marks])


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


def build(page: gr.Blocks) -> None:
    """Lay out the tab inside a page and connect it."""
    for name in GARBAGE_MODELS:
        model_of(name), index_of(name)  # before the first visitor, and on ZeroGPU before the worker is forked
    gr.Markdown(translated("intro"))
    answered = gr.State(time_to_live=3600)
    models, heatmaps, notes, labels, similar, agreement, pictures, legends, abouts = ([] for _ in range(9))
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
            with gr.Row():
                go = gr.Button(translated("explain"), variant="primary", elem_id="explain", min_width=120)
                halt = gr.Button(translated("stop"), visible=False, elem_id="stop", min_width=120)
            examples = gr.Gallery(
                label=translated("examples"),
                columns=4,
                height="auto",
                allow_preview=False,
                object_fit="cover",
                buttons=[],
                elem_id="examples",
                elem_classes="thumbnails",
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
                similar.append(
                    Thumbnails(
                        label=translated(f"similar_{s}"),
                        columns=5,
                        height="auto",
                        allow_preview=False,
                        object_fit="cover",
                        buttons=[],
                        interactive=False,
                        elem_id=f"similar-{s}",
                        elem_classes=["thumbnails", "five"],
                    )
                )
                agreement.append(gr.Markdown(elem_classes="note", elem_id=f"agreement-{s}"))
    with gr.Accordion(translated("options"), open=True, elem_id="options"):
        with gr.Row():
            method = gr.Dropdown(
                [(method.title, name) for name, method in METHODS.items()],
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

    menus = [*models, method, target, *layers]
    shown = [answered, *labels, *notes, *similar, *agreement, *pictures, *legends, halt]
    look_of = [alpha, colormap, box, common]
    painted = [*heatmaps, slider]
    # always_last: what is clicked while an answer is on its way is answered after it, not dropped
    quiet = {"api_visibility": "private", "show_progress": "minimal", "trigger_mode": "always_last"}
    each = {**quiet, "trigger_mode": "multiple"}  # a put-off click would have forgotten which example it was on
    model_event = {**quiet, "concurrency_id": "model"}
    slow_event = {**each, "concurrency_id": "slow", "show_progress": "hidden"}  # nobody waits behind a slow method

    def answered_after(event):
        quickly = event.success(paint, [answered, *look_of], painted, **quiet)
        quickly.success(refine, answered, [*notes, halt, *painted], **slow_event)

    def explained_after(event):
        answered_after(event.success(answer, [photo, answered, *menus], shown, **model_event))

    def pick(choice: gr.SelectData):
        return EXAMPLES[choice.index]

    def open_page(request: gr.Request):
        lang = language(request)
        captions = [(str(path), say(lang, f"class.{true_class(path)}")) for path in EXAMPLES]
        return EXAMPLES[0], captions

    explained_after(photo.upload(accept, [photo, answered], photo, **quiet))
    explained_after(examples.select(pick, None, photo, **each))
    explained_after(go.click(remind, photo, None, **quiet))
    for menu, layer, panel in zip(models, layers, abouts, strict=True):
        changed = menu.input(layers_of, menu, layer, **quiet)
        explained_after(changed)
        changed.success(methods_for, [*models, *layers], method, **quiet)
        menu.input(about, menu, panel, **quiet)
    for menu in (method, target, *layers):
        answered_after(menu.input(answer, [photo, answered, *menus], shown, **model_event))
    for layer in layers:
        layer.input(methods_for, [*models, *layers], method, **quiet)
    halt.click(stop, answered, [*notes, halt], **quiet)
    for control in (alpha, colormap, box, common):
        event = control.release if isinstance(control, gr.Slider) else control.input
        event(paint, [answered, *look_of], painted, **quiet)

    api_layer = gr.Textbox(LAST, visible=False, label="layer")
    api_target = gr.Textbox(PREDICTED, visible=False, label="target")
    gr.Button(visible=False).click(
        garbage,
        [photo, models[1], method, api_target, api_layer, alpha, colormap],
        [gr.JSON(visible=False, label="answer"), Picture(visible=False, format="png", label="heatmap")],
        api_name="garbage",
        concurrency_id="program",
    )

    explained_after(page.load(open_page, None, [photo, examples], **quiet))
    for menu, layer, panel in zip(models, layers, abouts, strict=True):
        page.load(layers_of, menu, layer, **quiet)
        page.load(about, menu, panel, **quiet)
    page.load(methods_for, [*models, *layers], method, **quiet)
