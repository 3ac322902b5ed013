"""The black-box tab: what a black box says of a photo, how far its student agrees, and where both may be looking."""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import get_args

import gradio as gr
from gradio.components import Component
from PIL import Image

from xai.agreement import TOP
from xai.blackbox import BlackBoxError
from xai.blackbox.hosted import hosted_black_boxes
from xai.methods import METHODS
from xai.methods.distilled import ALL_BLOCKS, Operator, Sign
from xai.methods.reading import SOURCES
from xai.metrics import GAMES, auc
from xai.names import tell_apart
from xai.studio import cards
from xai.studio.answers import PREDICTED, Question
from xai.studio.blackbox_look import (
    ASKING,
    NAMES,
    PACE,
    PRESETS,
    STAGES,
    BlackBoxAnswer,
    BlackBoxSide,
    Choice,
    Found,
    hosted,
    look_at,
    look_slowly,
    pace,
    play,
    possible,
)
from xai.studio.garbage import EXAMPLES
from xai.studio.picture import Picture, Thumbnails, faded, over, smaller
from xai.studio.program import blackbox
from xai.studio.tab import (
    ANSWERING,
    EACH,
    QUIET,
    Flow,
    OnRequest,
    colormap_menu,
    expired,
    lay_out_notices,
    notice_of,
    opacity_slider,
    photo_column,
    picture_box,
    records,
    remaining,
    stop_button,
    taken,
)  # fmt: skip
from xai.studio.text import ENGLISH, language, say, translated

LOG = logging.getLogger(__name__)
EXTRAS = ("scaled", "unit", "softmax")
MASKS = (400, 1000, 4000)
NO_ANSWER = (BlackBoxError, ValueError, OSError)  # it, or what was to be its student, cannot be had, for now or at all
SMALL, TINY = 512, 160  # pixels a side of pictures in rows
COLORS = {
    "distilled": "#059669",
    "gradcam": "#3b82f6",
    "lime": "#d97706",
    "mask": "#a855f7",
    "rise": "#ef4444",
    "random": "#78716c",
}


def answer(photo, former, black_box, target, request: gr.Request):
    """What black box and student say: the session's answer, a warning about a strange photo, both labels, the verdict,
    room for what comes later, and the menus of classes and methods.

    Where the black box does not answer, what was there for another photo or black box goes, and a sentence says why.
    """
    nothing_new = [gr.skip()] * 18
    if not isinstance(photo, Image.Image):
        if not former:
            return nothing_new
        photo = former.photo
    lang = language(request)
    question = Question(black_box, "distilled", None if target == PREDICTED else target)
    if former and former.answers(photo, [question]):  # a menu tells of one choice twice
        return nothing_new
    if former:
        former.end()
    try:
        side = look_at(photo, question)
    except NO_ANSWER as error:
        LOG.warning("%s", error)  # not for visitors: it may name the host's addresses
        gr.Warning(say(lang, "no_answer"), title=say(lang, "blackbox"))
        side = BlackBoxSide(question)
    student, figure = side.agreement is not None, side.explained is not None
    tops = [[] if side.silent else side.surest, side.agreement.student if student else []]
    titles = titles_of(side.classes, lang)
    labels = [{titles[label]: confidence for label, confidence in top} or None for top in tops]
    same_menus = former and former.side.question.model == black_box and not former.silent and not side.silent
    return (
        BlackBoxAnswer(photo, [side]),
        notice_of([side], say(lang, "this_black_box"), say(lang, "learnt.blackbox", count=len(side.classes)), lang),
        labels[0],
        gr.Label(labels[1], visible=student),
        cards.warning(say(lang, "no_answer")) if side.silent else cards.verdict(side.agreement, figure, lang),
        gr.Column(visible=figure),
        gr.Accordion(visible=figure),
        gr.Accordion(visible=student),
        *["", gr.Button(visible=False)] * 2,
        "",
        *[gr.LinePlot(visible=False)] * len(GAMES),
        "",
        *([gr.skip()] * 2 if same_menus else menus_of(side, lang)),
    )


def titles_of(classes: list[str], lang: str) -> dict[str, str]:
    """What classes are called in a language, told apart also where two of them translate alike."""
    return dict(zip(classes, tell_apart([say(lang, f"class.{c}") for c in classes]), strict=True))


def menus_of(side: BlackBoxSide, lang: str) -> tuple[gr.Dropdown, gr.CheckboxGroup]:
    """The menus of a black box's classes and of the methods that can explain it; empty where it did not answer."""
    titles = titles_of(side.classes, lang)
    classes = [(translated("predicted"), PREDICTED), *((titles[c], c) for c in side.classes)]
    others = [] if side.silent else others_of(side.question.model)
    target = PREDICTED if side.silent else side.question.target or PREDICTED  # Gradio refuses what is not in a menu
    return gr.Dropdown(classes, value=target), gr.CheckboxGroup(others, value=[method for _, method in others])


def paint(answer: BlackBoxAnswer | None, alpha, colormap, blocks, stages, operator, sign, extras, request: gr.Request):
    """The three maps with a line on them, the pictures to choose from, other methods' pictures, a line on the games."""
    if answer is None:
        expired(request)
        return [gr.skip()] * 8
    lang, side = language(request), answer.side
    if side.silent:
        return "", *[None] * 3, [], [], [], ""
    further = {name: name in extras for name in EXTRAS}
    choice = Choice(tuple(sorted(blocks)), tuple(sorted(stages)), operator, sign, **further)
    answer.look = alpha, colormap, choice
    stale = gr.skip()
    if answer.played and answer.running != "games":
        stale = say(lang, "stale") if answer.played != choice else ""
    if side.explained is None:
        return gr.skip(), *[None] * 3, [], [], gallery(answer, lang), stale
    figure = side.explained.figure(choice)
    line = say(
        lang,
        "seconds",
        label=say(lang, f"class.{side.label}"),
        confidence=f"{side.confidence:.0%}",
        seconds=taken(side.explained.seconds),
    )
    if figure[-1] is None:
        line = say(lang, "nothing_chosen")
    if blank := [str(i) for i, raw in enumerate(figure, start=1) if raw is not None and not raw.any()]:
        line += "\n\n" + say(lang, "blank_maps", maps=", ".join(blank))
    tiny = smaller(answer.photo, TINY)
    rows = [
        [
            (faded(over(tiny, m[0].numpy(), alpha, colormap), i + 1 in chosen), say(lang, name, number=i + 1))
            for i, m in enumerate(maps)
        ]
        for name, maps, chosen in (
            ("block", side.explained.changed(sign), blocks),
            ("stage", side.explained.evidence, stages),
        )
    ]
    pictures = [over(answer.photo, raw, alpha, colormap) for raw in figure]
    return line, *pictures, *rows, gallery(answer, lang), stale


def gallery(answer: BlackBoxAnswer, lang: str) -> list[tuple[Image.Image, str]]:
    """Every method's picture, be it there, growing or not asked for yet."""
    (alpha, colormap, _), small, pictures = answer.look, smaller(answer.photo, SMALL), []
    found = found_maps(answer)
    for method in possible(answer.side.question.model):
        name = title_of(method, lang)
        if method in found:
            raw, caption = None if found[method].blank else found[method].raw, line_on(found[method], name, lang)
        elif method in answer.growing:
            e, done = answer.growing[method]
            raw = e.raw if e and not e.blank else None
            caption = say(lang, "growing", method=name, done=f"{done:.0%}")
        else:
            raw, caption = None, say(lang, "not_yet", method=name)
        pictures.append((over(small, raw, alpha, colormap) if raw is not None else faded(small, False), caption))
    return pictures


def line_on(found: Found, name: str, lang: str) -> str:
    """What stands under a method's map: how long it took, how much it asked and whom, and how sure it is."""
    parts = [say(lang, "found", method=name, seconds=taken(found.seconds)), say(lang, f"source.{found.source}")]
    if found.questions is not None:
        parts.append(say(lang, "questions", questions=f"{found.questions:,}"))
    if found.blank:
        parts.append(say(lang, "blank_method"))
    elif found.settled is not None:
        parts.append(say(lang, "settled", settled=f"{found.settled:.0%}"))
    return "\n".join(parts)


def found_maps(answer: BlackBoxAnswer) -> dict[str, Found]:
    """What there is to show and to play with, the distilled map as it was last chosen among it."""
    parts, choice = answer.side.explained, answer.look[-1]
    raw = parts and parts.figure(choice)[-1]
    if raw is None:
        return answer.found
    return {"distilled": Found(raw, parts.seconds, SOURCES["student"], blank=not raw.any()), **answer.found}


def title_of(method: str, lang: str) -> str:
    return say(lang, f"method.{method}") if f"method.{method}" in ENGLISH else METHODS[method].title


def compare(answer: BlackBoxAnswer, lang: str, chosen: list[str], masks: int) -> Iterator[tuple[str, list] | None]:
    """Other methods' maps, one after the other: how far they are, and all methods' pictures."""
    title = answer.side.question.model
    missing = [m for m in possible(title) if m in chosen and not answer.has(m, masks)]
    for method in missing:
        name, started, told = title_of(method, lang), time.perf_counter(), 0.0
        answer.found.pop(method, None)
        answer.growing[method] = (None, 0.0)
        yield cards.progress(say(lang, "running", method=name), 0), [gallery(answer, lang)]
        for done, e in look_slowly(answer.photo, replace(answer.side.question, method=method), masks):
            if e:
                answer.growing[method] = (replace(e, photo=answer.photo), done)
            if e or time.perf_counter() - told > 0.5:
                told = time.perf_counter()
                yield cards.progress(remaining(name, done, started, lang), done), [gallery(answer, lang)]
            else:
                yield None
        size = masks if method in ASKING else None
        answer.found[method] = Found(e.raw, e.seconds, e.source, size, e.blank, e.questions, e.settled)
        del answer.growing[method]
        if method == "rise":
            PACE[title] = e.seconds / masks
    yield say(lang, "done" if missing else "nothing_to_do"), [gallery(answer, lang)]


def play_games(answer: BlackBoxAnswer, lang: str) -> Iterator[tuple[str, list]]:
    """Both games of all maps there are: how far they are, and at last a legend, a plot of each and the table."""
    side, name, started = answer.side, say(lang, "playing"), time.perf_counter()
    choice = answer.look[-1]
    maps = {method: found.raw for method, found in found_maps(answer).items() if not found.blank}
    nothing_new = [gr.skip()] * (len(GAMES) + 2)
    yield cards.progress(say(lang, "begun"), 0), nothing_new
    for done, curves in play(answer.photo, side.question.model, side.target, maps):
        if curves is None:
            yield cards.progress(remaining(name, done, started, lang), done), nothing_new
    names = {method: title_of(method, lang) for method in curves["deletion"]}
    label = say(lang, f"class.{side.label}")
    plots = [
        gr.LinePlot(
            cards.game_curves(curves[game], names),
            label=say(lang, game, label=label),
            x_title=say(lang, f"share_{game}"),
            color_map={names[method]: COLORS[method] for method in names},
            visible=True,
        )
        for game in GAMES
    ]
    areas = {method: {game: float(auc(curves[game][method])) for game in GAMES} for method in names}
    steps = len(curves["deletion"]["random"]) - 1
    caption = say(lang, "auc", black_box=say(lang, f"model.{side.question.model}"), label=label, steps=steps)
    answer.played = choice
    told = say(lang, "done" if answer.look[-1] == choice else "stale")
    legend = cards.colored((COLORS[method], name) for method, name in names.items())
    yield told, [legend, *plots, cards.game_table(areas, names, caption, lang)]


def toggled(chosen: list[int], choice: gr.SelectData) -> list[int]:
    """A click on a picture adds it, or takes it away."""
    return sorted({*chosen} ^ {choice.index + 1})


def preset(name: str) -> list:
    """Blocks, stages, operator, sign and extras that a preset chooses."""
    options = PRESETS[name]
    extras = [extra for extra in EXTRAS if options[extra]]
    return [list(options["blocks"]), list(options["stages"]), options["operator"], options["sign"], extras]


def others_of(black_box: str) -> list[tuple[str, str]]:
    """The methods, besides the distilled map, that can explain a black box, as a menu's choices."""
    return [(title_of(method, "en"), method) for method in possible(black_box) if method != "distilled"]


def expected(answer: BlackBoxAnswer | None, masks: int, request: gr.Request) -> str:
    """How long asking will take; empty where nobody answers, which `answer` has said already."""
    if answer is None or answer.silent:
        return ""
    try:
        seconds = pace(answer.side.question.model) * masks
    except NO_ANSWER as error:
        LOG.warning("%s", error)
        return ""
    return say(language(request), "pace", seconds=f"{seconds:.0f}")


def say_assumed(title: str, request: gr.Request) -> gr.Markdown:
    """What was assumed of a black box, as a sentence; nothing where nothing was, or where it cannot be had."""
    lang = language(request)
    try:
        assumed = hosted(title).assumed
    except NO_ANSWER:  # `answer` says so
        assumed = {}
    keys = {option: f"assumed.{option}.{value}" for option, value in assumed.items()}
    parts = [
        say(lang, keys[option] if keys[option] in ENGLISH else f"assumed.{option}", value=value.replace(",", " "))
        for option, value in assumed.items()
    ]
    return gr.Markdown(say(lang, "assumed", parts=", ".join(parts)) if parts else "", visible=bool(parts))


def about(answer: BlackBoxAnswer | None, request: gr.Request) -> str:
    """A student's facts, with how far it agrees with its black box."""
    if answer is None or answer.side.agreement is None:
        return ""
    black_box = answer.side.question.model
    metrics, _ = records(hosted_black_boxes()[black_box].student)
    if "similarity" in metrics:  # it learnt from this black box: its title, not its address
        metrics = {**metrics, "recipe": {**metrics["recipe"], "teacher": black_box}}
    return cards.facts(hosted(black_box).student, metrics, language(request))


def pictures_of(name: str, row: str, pickable: bool) -> Thumbnails:
    """A row of captioned pictures, to pick from or to look at closely; `name` gives label and element id."""
    return Thumbnails(
        label=translated(f"{name}_pictures"),
        height="auto",
        object_fit="contain",
        allow_preview=not pickable,
        buttons=[] if pickable else ["download"],
        interactive=False,
        elem_id=f"{name}-pictures",
        elem_classes=["thumbnails", "captioned", *row.split()],
    )


@dataclass
class ChoiceOptions:
    """What enters the distilled map: two rows of pictures to pick from, each with its ticks, and how they combine."""

    accordion: gr.Accordion
    presets: dict[str, gr.Button]
    numbered: list[tuple[Thumbnails, gr.CheckboxGroup]]
    combined: list[Component]

    @property
    def options(self) -> list[Component]:
        """What a preset sets."""
        return [*(ticks for _, ticks in self.numbered), *self.combined]


def lay_out_choice() -> ChoiceOptions:
    """The accordion in which a visitor chooses what enters the distilled map."""
    best = preset("best")
    with gr.Accordion(translated("choice"), open=False, elem_id="choice") as accordion:
        gr.Markdown(translated("choice_info"), elem_classes="note")
        with gr.Row():
            presets = {p: gr.Button(translated(f"preset.{p}"), size="sm", elem_id=f"preset-{p}") for p in PRESETS}
        numbered = []
        for name, numbers, row, value in (
            ("blocks", ALL_BLOCKS, "eight", best[0]),
            ("stages", STAGES, "wide", best[1]),
        ):
            pictures = pictures_of(name, row, pickable=True)
            ticks = gr.CheckboxGroup(list(numbers), value=value, label=translated(name), elem_id=name)
            numbered.append((pictures, ticks))
        with gr.Row():
            operator, sign = (
                gr.Radio(
                    [(translated(f"{name}.{option}"), option) for option in options],
                    value=value,
                    label=translated(name),
                    elem_id=name,
                    min_width=220,
                )
                for name, options, value in (
                    ("operator", get_args(Operator), best[2]),
                    ("sign", get_args(Sign), best[3]),
                )
            )
            extras = gr.CheckboxGroup(
                [(translated(f"extra.{extra}"), extra) for extra in EXTRAS],
                value=best[4],
                label=translated("extras"),
                elem_id="extras",
                min_width=220,
            )
    return ChoiceOptions(accordion, presets, numbered, [operator, sign, extras])


def build(page: gr.Blocks, tab: gr.Tab) -> None:
    """Lay out the tab inside a page and connect it; the first photo is explained when the tab is first opened."""
    titles = list(hosted_black_boxes())
    for title in titles[::-1]:
        try:
            offered = others_of(title)  # loads it before the first visitor, and on ZeroGPU before the worker is forked
        except BlackBoxError as error:  # it may answer later
            offered = []
            LOG.warning("%s", error)
    gr.Markdown(translated("blackbox_intro"))
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=300):
            black_box = gr.Dropdown(
                [(translated(f"model.{t}") if f"model.{t}" in ENGLISH else t, t) for t in titles],
                value=titles[0],
                label=translated("black_box"),
                elem_id="black-box",
            )
            assumed = gr.Markdown(visible=False, elem_classes="note", elem_id="assumed")
            column = photo_column("blackbox-", stoppable=False)
        with gr.Column(scale=9, min_width=300):
            notices = lay_out_notices("blackbox-")
            verdict = gr.HTML(elem_id="verdict", elem_classes="flush")
            with gr.Row():
                labels = [
                    gr.Label(num_top_classes=TOP, label=translated(f"{who}_says"), elem_id=f"says-{who}")
                    for who in ("black_box", "student")
                ]
            with gr.Column() as figure:
                with gr.Row():
                    maps = [picture_box(f"map_{which}", 260) for which in ("attention", "evidence", "distilled")]
                note = gr.Markdown(elem_classes="note", elem_id="figure-note")
                gr.Markdown(translated("three_maps"), elem_classes="note")
            with gr.Row():
                target = gr.Dropdown(
                    [(translated("predicted"), PREDICTED)],
                    value=PREDICTED,
                    label=translated("target"),
                    elem_id="blackbox-target",
                    min_width=200,
                )
                alpha, colormap = opacity_slider("blackbox-"), colormap_menu("blackbox-")
    choice = lay_out_choice()
    with gr.Accordion(translated("others"), open=False, elem_id="others") as others:
        gr.Markdown(translated("others_info"), elem_classes="note")
        with gr.Row():
            compared = gr.CheckboxGroup(
                offered,
                value=[method for _, method in offered],
                label=translated("compared"),
                elem_id="compared",
                min_width=300,
            )
            masks = gr.Radio(
                [(translated(f"masks.{n}"), n) for n in MASKS],
                value=MASKS[0],
                label=translated("masks"),
                info=translated("masks_info"),
                elem_id="masks",
                min_width=300,
            )
        expectation = gr.Markdown(elem_classes="note", elem_id="expectation")
        compute, halt_others, note_others = slow_row("compute", "others")
        other_pictures = pictures_of("others", "wide five", pickable=False)
    with gr.Accordion(translated("games"), open=False, elem_id="games"):
        gr.Markdown(translated("games_info"), elem_classes="note")
        play_both, halt_games, note_games = slow_row("play", "games")
        legend = gr.HTML(elem_id="legend-games", elem_classes="flush")
        with gr.Row():
            plots = [
                gr.LinePlot(
                    x="share",
                    y="confidence",
                    color="map",
                    label=" ",
                    y_title=" ",
                    colors_in_legend=[],  # it would be cut off where the page is narrow
                    x_lim=[0, 1],
                    y_lim=[0, 1],
                    buttons=[],
                    visible=False,
                    min_width=300,
                    elem_id=f"plot-{game}",
                )
                for game in GAMES
            ]
        table = gr.HTML(elem_id="areas", elem_classes="flush")
    with gr.Accordion(translated("about_student"), open=False, elem_id="about-student") as about_student:
        facts = gr.HTML(elem_classes="flush")
    gr.Markdown(translated("blackbox_privacy"), elem_classes="note")

    flow = Flow(
        column=column,
        notices=notices,
        examples=EXAMPLES,
        menus=[black_box, target],
        look_of=[alpha, colormap, *choice.options],
        shown=[
            *(*labels, verdict, figure, choice.accordion, about_student),
            *(note_others, halt_others, note_games, halt_games, legend, *plots, table, target, compared),
        ],
        painted=[note, *maps, *(pictures for pictures, _ in choice.numbered), other_pictures, note_games],
        answer=answer,
        paint=paint,
    )
    first_shown = flow.connect(opened=tab.select)
    for pictures, ticks in choice.numbered:
        flow.after_look(pictures.select(toggled, ticks, ticks, **EACH, queue=False).success)
    for name, button in choice.presets.items():
        flow.after_look(button.click(preset, gr.State(name), choice.options, **QUIET).success)
    changed = flow.after_menu(black_box.input(lambda: PREDICTED, None, target, **QUIET).success)
    changed.success(about, flow.answered, facts, **QUIET)
    changed.success(say_assumed, black_box, assumed, **QUIET)
    changed.success(expected, [flow.answered, masks], expectation, **ANSWERING)
    flow.after_menu(target.input)
    slow = (
        OnRequest("others", compute, halt_others, note_others, [compared, masks], [other_pictures], compare),
        OnRequest("games", play_both, halt_games, note_games, [], [legend, *plots, table], play_games),
    )
    for on_request in slow:
        on_request.connect(flow.answered)
    others.expand(expected, [flow.answered, masks], expectation, **ANSWERING)
    masks.input(expected, [flow.answered, masks], expectation, **ANSWERING)

    first_shown.success(about, flow.answered, facts, **QUIET)
    first_shown.success(say_assumed, black_box, assumed, **QUIET)
    api_target = gr.Textbox(PREDICTED, visible=False, label="target")
    api_method = gr.Dropdown(list(NAMES), value="distilled", visible=False, label="method")
    api_games = gr.Checkbox(False, visible=False, label="games")
    gr.Button(visible=False).click(
        blackbox,
        [column.photo, black_box, api_method, api_target, masks, api_games, alpha, colormap],
        [gr.JSON(visible=False, label="answer"), Picture(visible=False, format="png", label="heatmap")],
        api_name="blackbox",
        concurrency_id="program",
    )


def slow_row(start: str, name: str) -> tuple[gr.Button, gr.Button, gr.HTML]:
    """What starts something slow, what stops it, and how far it is."""
    with gr.Row():
        button = gr.Button(translated(start), variant="primary", elem_id=start, min_width=120)
        halt = stop_button(f"{name}-")
    return button, halt, gr.HTML(elem_id=f"{name}-note", elem_classes="flush")
