"""The pyramid tab: one aerial photo, FPN above FAL, every layer's explanation with what it is worth."""

from pathlib import Path

import gradio as gr
from PIL import Image

from xai.familiar import is_familiar
from xai.layers import COMBINED
from xai.methods import METHODS
from xai.metrics import nearly_the_same
from xai.metrics.explained import explained_layers
from xai.studio import cards
from xai.studio.answers import PREDICTED, Answer, asked, model_of
from xai.studio.picture import Thumbnails
from xai.studio.program import pyramid
from xai.studio.pyramid_look import PyramidSide, Scored, as_seen, look_at, look_slowly
from xai.studio.tab import (
    QUIET,
    RefiningFlow,
    about,
    about_panel,
    classes_of,
    colormap_menu,
    expired,
    lay_out_notices,
    method_menu,
    not_explained,
    notice_of,
    opacity_slider,
    photo_column,
    records,
    taken,
)  # fmt: skip
from xai.studio.text import language, say, translated
from xai.zoo import PYRAMID

ALL = "all"
OPENING = "pyramid-airplane-17.jpg"
EXAMPLES = sorted((Path(__file__).parent / "examples").glob("pyramid-*.jpg"), key=lambda p: (p.name != OPENING, p.name))


def note(side: PyramidSide, lang: str) -> str:
    """A line under a network's heatmaps: what, how sure, how long it took; or why there are none."""
    if why := not_explained(side, lang):
        return why
    method, e = METHODS[side.question.method], side.explained[COMBINED].explanation
    label = say(lang, f"class.{e.label}")
    lines = [say(lang, "seconds", label=label, confidence=f"{e.confidence:.0%}", seconds=taken(e.seconds))]
    if not method.reads_class:
        lines.append(say(lang, "whatever_class", method=method.title))
    known = explained_layers(side.question.model) if side.question.method == "gradcam" else {}
    lines += [
        say(lang, "shared", layer=say(lang, f"layer.{layer}"), shared=figures["shared"])
        for layer, figures in known.items()
        if nearly_the_same(figures["shared"])
    ]
    return "\n\n".join(lines)


def answer(photo, former, method, target, table, request: gr.Request):
    """Both networks' answers: the session's answer, a warning about a strange photo, confidences, notes, table 1 and
    the stop button.
    """
    nothing_new = [gr.skip()] * 8
    if not isinstance(photo, Image.Image):
        if not former:
            return nothing_new
        photo = former.photo
    photo = as_seen(photo)
    lang = language(request)
    questions = [asked(model, method, target) for model in PYRAMID]
    if former and former.answers(photo, questions):  # a menu tells of one choice twice
        return nothing_new
    if former:
        former.end()
    sides = look_at(photo, questions)
    labels = [{say(lang, f"class.{c}"): p for c, p in side.confidences.items()} for side in sides]
    new = Answer(photo, sides)
    halt = gr.Button(visible=any(side.pending for side in sides))
    warning = notice_of(sides, say(lang, "both_networks"), say(lang, "learnt.pyramid"), lang)
    return new, warning, *labels, *(note(side, lang) for side in sides), table_one(new, table, request), halt


def paint(answer: Answer | None, alpha, colormap, request: gr.Request):
    """The session's explanations as two rows of pictures; attention maps stand under their layers."""
    if answer is None:
        expired(request)
        return [gr.skip()] * 2
    lang, answer.look = language(request), (alpha, colormap)
    rows = []
    for side in answer.sides:
        row = []
        for name, found in (side.explained or {}).items():
            row.append((found.explanation.overlay(alpha, colormap), worth(name, found, lang)))
        for name, e in side.attention.items():
            key = "blank_attention" if e.blank else "attention_of"
            row.append((e.overlay(alpha, colormap), say(lang, key, layer=say(lang, f"layer.{name}"))))
        rows.append(row)
    return rows


def worth(name: str, found: Scored, lang: str) -> str:
    """What stands under a layer's map: what it is worth, or that there is none."""
    layer, e = say(lang, f"layer.{name}"), found.explanation
    if e.blank:
        return say(lang, "blank_layer", layer=layer, label=say(lang, f"class.{e.label}"))
    return say(lang, "worth", layer=layer, drop=found.drop, gain=found.gain)


def table_one(answer: Answer | None, group: str, request: gr.Request) -> str:
    """Table 1 of both networks for a class, by default the one that FAL explains, or for all test photos."""
    if group == PREDICTED:
        if answer is None:
            expired(request)
            return gr.skip()
        side = answer.sides[1]
        group = side.question.target or max(side.confidences, key=side.confidences.get)
    lang = language(request)
    figures = [records(name)[0]["layers"] for name in PYRAMID]
    return cards.layer_table(figures, group, [say(lang, f"short.{name}") for name in PYRAMID], lang)


def methods_for(request: gr.Request):
    """The method menu, which says of every method whether it suits both networks, and whether it takes its time."""
    lang = language(request)
    return gr.Dropdown(choices=[(marked(name, lang), name) for name in METHODS if any(suiting(name))])


def suiting(name: str) -> list[bool]:
    """Of each network whether a method suits any of the layers that are shown."""
    unsuitable = METHODS[name].unsuitable
    return [any(not unsuitable(m, layer) for layer in m.explained_layers) for m in map(model_of, PYRAMID)]


def marked(name: str, lang: str) -> str:
    method, marks = METHODS[name], []
    if not all(suiting(name)):
        marks.append(say(lang, "only_fal"))
    if method.pace != "instant":
        marks.append(say(lang, f"slow.{method.pace}"))
    return " · ".join([method.title, *marks])


def build(page: gr.Blocks, tab: gr.Tab) -> None:
    """Lay out the tab inside a page and connect it; the first photo is explained when the tab is first opened."""
    for name in PYRAMID:
        model_of(name), is_familiar(EXAMPLES[0], name)  # before the first visitor
    gr.Markdown(translated("pyramid_intro"))
    rows, notes, labels, abouts = [], [], [], []
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=300):
            column = photo_column("pyramid-")
            with gr.Row():
                labels += [
                    gr.Label(num_top_classes=3, label=translated(f"confidence_{s}"), elem_id=f"pyramid-label-{s}")
                    for s in ("fpn", "fal")
                ]
        with gr.Column(scale=9, min_width=300):
            notices = lay_out_notices("pyramid-")
            for s in ("fpn", "fal"):
                rows.append(
                    Thumbnails(
                        label=translated(f"layers_{s}"),
                        columns=5,
                        height="auto",
                        object_fit="contain",
                        buttons=["download"],
                        interactive=False,
                        elem_id=f"layers-{s}",
                        elem_classes=["thumbnails", "five", "captioned"],
                    )
                )
                notes.append(gr.Markdown(elem_classes="note", elem_id=f"pyramid-note-{s}"))
            gr.Markdown(translated("worth_info"), elem_classes="note")
            with gr.Row():
                method = method_menu(PYRAMID, "pyramid-")
                target = gr.Dropdown(
                    [(translated("predicted"), PREDICTED), *classes_of(PYRAMID[0])],
                    value=PREDICTED,
                    label=translated("target"),
                    info=translated("target_info"),
                    elem_id="pyramid-target",
                    min_width=200,
                )
            with gr.Row():
                alpha, colormap = opacity_slider("pyramid-"), colormap_menu("pyramid-")
    gr.Markdown(translated("table_one"))
    group = gr.Dropdown(
        [(translated("as_explained"), PREDICTED), (translated("all_photos"), ALL), *classes_of(PYRAMID[0])],
        value=PREDICTED,
        label=translated("table_class"),
        elem_id="table-class",
    )
    table = gr.HTML(elem_id="table-one")
    gr.Markdown(translated("about"))
    with gr.Row():
        for s in ("fpn", "fal"):
            with gr.Column(min_width=300):
                abouts.append(about_panel(s))
    gr.Markdown(translated("pyramid_privacy"), elem_classes="note")

    flow = RefiningFlow(
        column=column,
        notices=notices,
        examples=EXAMPLES,
        menus=[method, target, group],
        look_of=[alpha, colormap],
        shown=[*labels, *notes, table, column.halt],
        notes=notes,
        painted=rows,
        answer=answer,
        paint=paint,
        note=note,
        look_slowly=look_slowly,
    )
    first_shown = flow.connect(opened=tab.select)
    for menu in (method, target):
        flow.after_menu(menu.input)
    group.input(table_one, [flow.answered, group], table, **QUIET)
    api_model = gr.Textbox(PYRAMID[1], visible=False, label="model")
    api_target = gr.Textbox(PREDICTED, visible=False, label="target")
    gr.Button(visible=False).click(
        pyramid,
        [column.photo, api_model, method, api_target, alpha, colormap],
        [gr.JSON(visible=False, label="answer"), Thumbnails(visible=False, label="heatmaps")],
        api_name="pyramid",
        concurrency_id="program",
    )
    tab.select(methods_for, None, method, **QUIET)
    for name, panel in zip(PYRAMID, abouts, strict=True):
        named = gr.State(name)
        first_shown.success(about, named, panel, **QUIET)
