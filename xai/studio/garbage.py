"""The garbage tab: one photo, two networks, side by side."""

from pathlib import Path

import gradio as gr
from gradio.components import Component
from PIL import Image

from xai import on_common_scale
from xai.explanation import with_box
from xai.familiar import is_familiar
from xai.methods import METHODS
from xai.studio import cards
from xai.studio.answers import LAST, PREDICTED, Answer, asked, model_of
from xai.studio.garbage_look import GarbageSide, index_of, look_at, look_slowly
from xai.studio.picture import Picture, PictureSlider, Thumbnails
from xai.studio.program import garbage
from xai.studio.tab import (
    QUIET,
    RefiningFlow,
    about,
    about_panel,
    classes_of,
    colormap_menu,
    expired,
    fitting_methods,
    lay_out_notices,
    method_menu,
    not_explained,
    notice_of,
    opacity_slider,
    photo_column,
    picture_box,
    taken,
)  # fmt: skip
from xai.studio.text import language, say, translated
from xai.zoo import GARBAGE

DEFAULT_PAIR = ("garbage-resnet50", "garbage-s_se_resnet50")
OPENING = "garbage-glass-181.jpg"  # a bottle the default pair does not agree on
EXAMPLES = sorted((Path(__file__).parent / "examples").glob("garbage-*.jpg"), key=lambda p: (p.name != OPENING, p.name))


def note(side: GarbageSide, lang: str) -> str:
    """A line under the heatmap: what, how sure, how long it took; or what is being waited for; or why there is none."""
    if why := not_explained(side, lang):
        return why
    method, e = METHODS[side.question.method], side.explained
    label = say(lang, f"class.{e.label}")
    lines = [say(lang, "seconds", label=label, confidence=f"{e.confidence:.0%}", seconds=taken(e.seconds))]
    if not method.reads_class:
        lines.append(say(lang, "whatever_class", method=method.title))
    if e.blank:
        lines.append(say(lang, "blank", label=label))
    return "\n\n".join(lines)


def answer(photo, former, model_a, model_b, method, target, layer_a, layer_b, request: gr.Request):
    """Both networks' answers: the session's answer, a warning about a strange photo, then for each network confidences,
    notes, similar photos with a line on them, evidence pictures and legends; and the stop button.

    What was still being computed for the former answer ends. Where the visitor took the photo away, its answers are
    still on the page, and an option goes on changing them.
    """
    nothing_new = [gr.skip()] * 15
    if not isinstance(photo, Image.Image):
        if not former:
            return nothing_new
        photo = former.photo
    lang = language(request)
    questions = [asked(model_a, method, target, layer_a), asked(model_b, method, target, layer_b)]
    if former and former.answers(photo, questions):  # a menu tells of one choice twice
        return nothing_new
    if former:
        former.end()
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
    warning = notice_of(sides, say(lang, "both_networks"), say(lang, "learnt.garbage"), lang)
    return Answer(photo, sides), warning, *labels, *notes, *similar, *agreement, *pictures, *legends, stop


def agreeing(side: GarbageSide, lang: str) -> str:
    """How many of the similar photos are of the class that the network says."""
    if not side.neighbours:
        return ""
    said = side.evidence.classes[side.evidence.confidences.argmax()]
    same = sum(n.label == said for n in side.neighbours)
    return say(lang, "similar_share", same=same, count=len(side.neighbours), label=say(lang, f"class.{said}"))


def paint(answer: Answer | None, alpha, colormap, box, common, request: gr.Request):
    """The session's explanations as pictures: left, right, and both for the slider."""
    if answer is None:
        expired(request)
        return [gr.skip()] * 3
    answer.look = alpha, colormap, box, common
    explanations = [side.explained for side in answer.sides]
    if common and all(explanations):
        explanations = on_common_scale(explanations)
    pictures = []
    for side, e in zip(answer.sides, explanations, strict=True):
        picture = e.overlay(alpha, colormap) if e else answer.photo
        pictures.append(with_box(picture, side.explained.bounding_box()) if e and box else picture)
    return *pictures, tuple(pictures)


def layers_of(name: str):
    """The layer menu of a network."""
    names = list(model_of(name).layers)[::-1]
    return gr.Dropdown(choices=[(translated("last_layer"), LAST), *((n, n) for n in names)], value=LAST)


def methods_for(model_a, model_b, layer_a, layer_b, request: gr.Request):
    """The method menu, which says of every method whether it suits both networks, and whether it takes its time."""
    lang = language(request)
    sides = (model_a, layer_a), (model_b, layer_b)
    return gr.Dropdown(choices=[(marked(name, *sides, lang), name) for name in fitting_methods(GARBAGE)])


def marked(name: str, left: tuple[str, str], right: tuple[str, str], lang: str) -> str:
    questions = [asked(model, name, PREDICTED, layer) for model, layer in (left, right)]
    method = METHODS[name]
    unsuited = [s for s, q in zip("ab", questions, strict=True) if method.unsuitable(model_of(q.model), q.layer)]
    marks = [say(lang, f"unsuited_{''.join(unsuited)}")] if unsuited else []
    if len(unsuited) < 2 and any(method.is_slow(model_of(q.model), q.layer) for q in questions):
        marks.append(say(lang, f"slow.{method.pace}"))
    return " · ".join([method.title, *marks])


def lay_out_side(s: str, name: str) -> list[Component]:
    """A network's menu, its heatmap with a line on it, its confidences, and similar photos with a line on them."""
    with gr.Column(min_width=300):
        return [
            gr.Dropdown(
                [(translated(f"model.{m}"), m) for m in GARBAGE],
                value=name,
                label=translated(f"model_{s}"),
                elem_id=f"model-{s}",
            ),
            picture_box(f"heatmap_{s}", 340),
            gr.Markdown(elem_classes="note", elem_id=f"note-{s}"),
            gr.Label(num_top_classes=4, label=translated("confidences"), elem_id=f"label-{s}"),
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
            ),
            gr.Markdown(elem_classes="note", elem_id=f"agreement-{s}"),
        ]


def build(page: gr.Blocks) -> None:
    """Lay out the tab inside a page and connect it."""
    for name in GARBAGE:  # before the first visitor, and on ZeroGPU before the worker is forked
        model_of(name), index_of(name), is_familiar(EXAMPLES[0], name)
    gr.Markdown(translated("intro"))
    pictures, legends, abouts = [], [], []
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=300):
            column = photo_column()
        with gr.Column(scale=8, min_width=620):
            notices = lay_out_notices()
            with gr.Row(equal_height=False):
                sides = [lay_out_side(s, name) for s, name in zip("ab", DEFAULT_PAIR, strict=True)]
    models, heatmaps, notes, labels, similar, agreement = map(list, zip(*sides, strict=True))
    with gr.Accordion(translated("options"), open=True, elem_id="options"):
        with gr.Row():
            method = method_menu(GARBAGE)
            target = gr.Dropdown(
                [(translated("predicted"), PREDICTED), *classes_of(DEFAULT_PAIR[0])],
                value=PREDICTED,
                label=translated("target"),
                info=translated("target_info"),
                elem_id="target",
                min_width=200,
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
            alpha, colormap = opacity_slider(), colormap_menu()
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
                abouts.append(about_panel(s))
    gr.Markdown(translated("privacy"), elem_classes="note")

    flow = RefiningFlow(
        column=column,
        notices=notices,
        examples=EXAMPLES,
        menus=[*models, method, target, *layers],
        look_of=[alpha, colormap, box, common],
        shown=[*labels, *notes, *similar, *agreement, *pictures, *legends, column.halt],
        notes=notes,
        painted=[*heatmaps, slider],
        answer=answer,
        paint=paint,
        note=note,
        look_slowly=look_slowly,
    )
    first_shown = flow.connect(opened=page.load)
    for menu, layer, panel in zip(models, layers, abouts, strict=True):
        changed = menu.input(layers_of, menu, layer, **QUIET)
        flow.after_menu(changed.success)
        changed.success(methods_for, [*models, *layers], method, **QUIET)
        menu.input(about, menu, panel, **QUIET)
    for menu in (method, target, *layers):
        flow.after_menu(menu.input)
    for layer in layers:
        layer.input(methods_for, [*models, *layers], method, **QUIET)

    api_layer = gr.Textbox(LAST, visible=False, label="layer")
    api_target = gr.Textbox(PREDICTED, visible=False, label="target")
    gr.Button(visible=False).click(
        garbage,
        [column.photo, models[1], method, api_target, api_layer, alpha, colormap],
        [gr.JSON(visible=False, label="answer"), Picture(visible=False, format="png", label="heatmap")],
        api_name="garbage",
        concurrency_id="program",
    )

    for menu, layer, panel in zip(models, layers, abouts, strict=True):
        page.load(layers_of, menu, layer, **QUIET)
        first_shown.success(about, menu, panel, **QUIET)
    page.load(methods_for, [*models, *layers], method, **QUIET)
