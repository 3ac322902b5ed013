"""What every tab has: a photo, examples, options of the picture, and the way from a photo to its answer."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import gradio as gr
from gradio.components import Component
from PIL import Image

from xai.blackbox import BlackBoxError
from xai.explanation import COLORMAPS
from xai.methods import METHODS
from xai.models.classifier import INPUT
from xai.photo import PhotoError
from xai.studio import cards
from xai.studio.answers import Answer, Side, model_of
from xai.studio.photo_input import PhotoInput
from xai.studio.picture import Picture
from xai.studio.text import language, say, translated
from xai.zoo import CHECKPOINTS, find_checkpoint, read_json

LOG = logging.getLogger(__name__)
# always_last: what is clicked while an answer is on its way is answered after it, not dropped
QUIET = {"api_visibility": "private", "show_progress": "minimal", "trigger_mode": "always_last"}
EACH = {**QUIET, "trigger_mode": "multiple"}  # a put-off click would have forgotten which example it was on
ANSWERING = {**QUIET, "concurrency_id": "model"}
REFINING = {**EACH, "concurrency_id": "slow", "show_progress": "hidden"}  # nobody waits behind a slow method
IN_BROWSER = {**EACH, "show_progress": "hidden", "queue": False}
A_MOMENT = "() => new Promise(done => setTimeout(done, 1000))"  # to fetch pictures and draw them
CURVES = ("loss", "accuracy")
WITHOUT_PHOTO = "(photo) => ({__type__: 'update', visible: !photo})"
SHOWN = "() => ({__type__: 'update', visible: true})"


@cache
def records(name: str) -> tuple[dict, list]:
    """The metrics and the training history of a model."""
    folder = find_checkpoint(name)
    return read_json(folder / "metrics.json"), read_json(folder / "history.json")


@cache
def protocol_of(name: str) -> dict | None:
    """The history of the same architecture, trained by the protocol of BaiNa and Joe (2024); None where there is none.

    `history` has a row an epoch, `test_accuracy` is in percent.
    """
    file = CHECKPOINTS / "protocol" / f"{name.removeprefix('garbage-')}.json"
    return read_json(file) if file.is_file() else None


def true_class(example: Path) -> str:
    return example.stem.split("-")[1]


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


def notice_of(sides: Sequence[Side], who: str, what: str, lang: str) -> gr.HTML:
    """A warning where a photo is unlike those that networks were trained on; not there where it is like them, or
    nobody knows.

    Args:
        sides: what the networks say of the photo.
        who: what to call them where the photo is strange to all of them; a single one has its own name.
        what: what they were trained on.
        lang: the language of the warning.
    """
    strange = [side.question.model for side in sides if side.familiar is False]
    if not strange:
        return gr.HTML("", visible=False)
    who = who if len(strange) == len(sides) else say(lang, f"model.{strange[0]}")
    return gr.HTML(cards.warning(say(lang, "stranger", who=who, what=what)), visible=True)


def stop(answer: Answer | None, request: gr.Request):
    """End what is being computed: both notes and the stop button."""
    if not answer:
        return [gr.skip()] * 3
    answer.end(halted=True)
    return stopped_notes(answer, language(request))


def stopped_notes(answer: Answer, lang: str) -> list:
    """The notes of what the visitor stopped, and no stop button."""
    stopped = say(lang, "stopped")
    return [*(stopped if side.pending else gr.skip() for side in answer.sides), gr.Button(visible=False)]


def beside(i: int, told: str) -> list:
    """A note for one side, and the other side's left as it is."""
    return [told if side == i else gr.skip() for side in range(2)]


def not_explained(side: Side, lang: str) -> str | None:
    """Why there is no explanation of a side yet, or will be none; None where there is one."""
    if side.trouble:
        return say(lang, f"unsuitable.{side.trouble.reason}", **side.trouble.details)
    if side.pending:
        return say(lang, "waiting", method=METHODS[side.question.method].title)
    return None


def taken(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"


def remaining(title: str, done: float, started: float, lang: str) -> str:
    """How far a slow method is, and how long the rest will take at this pace; `started` is when its clock began."""
    left = (1 - done) / max(done, 1e-6) * (time.perf_counter() - started)
    return say(lang, "progress", method=title, done=f"{done:.0%}", left=f"{left:.0f}")


@dataclass
class PhotoColumn:
    """Where a photo comes from, and the buttons that start and, where it may take long, stop explaining it."""

    photo: PhotoInput
    go: gr.Button
    halt: gr.Button | None
    examples: gr.Gallery


def photo_column(prefix: str = "", stoppable: bool = True) -> PhotoColumn:
    """Lay out the photo, the buttons and the gallery of examples; `prefix` begins the elements' ids."""
    photo = PhotoInput(
        label=translated("photo"),
        sources=["upload", "clipboard", "webcam"],
        type="pil",
        format="png",
        height=300,
        alt_text=translated("photo_alt"),
        buttons=["fullscreen"],
        elem_id=f"{prefix}photo",
        elem_classes="photo",
    )
    with gr.Row():
        go = gr.Button(translated("explain"), variant="primary", elem_id=f"{prefix}explain", min_width=120)
        halt = stop_button(prefix) if stoppable else None
    examples = gr.Gallery(
        label=translated("examples"),
        columns=4,
        height="auto",
        allow_preview=False,
        object_fit="cover",
        buttons=[],
        elem_id=f"{prefix}examples",
        elem_classes="thumbnails",
        interactive=False,
        format="png",
    )
    return PhotoColumn(photo, go, halt, examples)


@dataclass
class Notices:
    """What stands above an answer: that it is the answer for a former photo, and what speaks against believing it."""

    former: gr.Markdown
    warning: gr.HTML


def lay_out_notices(prefix: str = "") -> Notices:
    former = gr.Markdown(translated("former_photo"), visible=False, elem_id=f"{prefix}former")
    return Notices(former, gr.HTML(visible=False, elem_id=f"{prefix}notice", elem_classes="flush"))


def stop_button(prefix: str = "") -> gr.Button:
    """A button that is there only while there is something to stop."""
    return gr.Button(translated("stop"), visible=False, elem_id=f"{prefix}stop", min_width=120)


def fitting_methods(models: Sequence[str]) -> list[str]:
    """The methods that suit any layer of any of some networks, or their input."""
    pairs = [(model_of(name), layer) for name in models for layer in (INPUT, *model_of(name).layers)]
    return [name for name, method in METHODS.items() if any(method.unsuitable(*pair) is None for pair in pairs)]


def method_menu(models: Sequence[str], prefix: str = "") -> gr.Dropdown:
    return gr.Dropdown(
        [(METHODS[name].title, name) for name in fitting_methods(models)],
        value="gradcam",
        label=translated("method"),
        info=translated("method_info"),
        elem_id=f"{prefix}method",
        min_width=150,
    )


def classes_of(model: str) -> list[tuple]:
    """A network's classes as a menu's choices."""
    return [(translated(f"class.{c}"), c) for c in read_json(find_checkpoint(model) / "config.json")["classes"]]


def opacity_slider(prefix: str = "") -> gr.Slider:
    return gr.Slider(0, 1, 0.5, step=0.05, label=translated("opacity"), elem_id=f"{prefix}opacity", min_width=220)


def colormap_menu(prefix: str = "") -> gr.Dropdown:
    return gr.Dropdown(
        [(translated(f"colormap.{c}"), c) for c in COLORMAPS],
        value="turbo",
        label=translated("colormap"),
        elem_id=f"{prefix}colormap",
        min_width=220,
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


def about_panel(key: str) -> list[Component]:
    """Where `about` puts what is known of a network."""
    panel = [gr.Markdown(elem_id=f"about-{key}"), gr.HTML()]
    panel.append(gr.Markdown(visible=False, elem_classes="note", elem_id=f"protocol-{key}"))
    for curve in CURVES:
        with gr.Row():
            panel += [curve_plot(curve, key), curve_plot(f"protocol_{curve}", key, visible=False)]
    return [*panel, gr.HTML(elem_id=f"confusion-{key}")]


def curve_plot(name: str, key: str, visible: bool = True) -> gr.LinePlot:
    return gr.LinePlot(
        x="epoch",
        y="value",
        color="split",
        label=translated(name),
        x_title=translated("epoch"),
        y_title=" ",
        color_title=" ",
        buttons=[],
        visible=visible,
        min_width=260,
        elem_id=f"{name.replace('_', '-')}-{key}",
    )


def about(name: str, request: gr.Request):
    """A network's facts, curves, those by its source's protocol beside them, and confusion matrices."""
    lang = language(request)
    metrics, history = records(name)
    model, protocol = model_of(name), protocol_of(name)
    line, plots = gr.Markdown(visible=False), []
    if protocol:
        epochs, accuracy = len(protocol["history"]), protocol["test_accuracy"]
        line = gr.Markdown(say(lang, "protocol", epochs=epochs, accuracy=accuracy), visible=True)
    for curve in CURVES:
        plots.append(cards.curve(history, curve, lang))
        beside = protocol and cards.curve(protocol["history"], curve, lang)
        title = say(lang, "epoch")  # a plot that was hidden at first shows a title to be translated as it is written
        plots.append(gr.LinePlot(visible=False) if beside is None else gr.LinePlot(beside, x_title=title, visible=True))
    title, facts = f"### {say(lang, f'model.{name}')}", cards.facts(model, metrics, lang)
    return title, facts, line, *plots, cards.confusion(model.classes, metrics, lang)


@dataclass
class Flow:
    """From a photo to its pictures: answer, and paint.

    Attributes:
        column: where the photo comes from.
        notices: what stands above the answer.
        examples: files to pick from, the first one opens the tab.
        menus: what a question is made of.
        look_of: how pictures look.
        shown: what `answer` gives besides the session's answer.
        painted: what `paint` gives.
        answer: photo, session's answer and menus to the session's new answer, the warning above it and `shown`.
        paint: session's answer and `look_of` to `painted`.
    """

    column: PhotoColumn
    notices: Notices
    examples: Sequence[Path]
    menus: Sequence[Component]
    look_of: Sequence[Component]
    shown: Sequence[Component]
    painted: Sequence[Component]
    answer: Callable
    paint: Callable

    def __post_init__(self) -> None:
        self.answered, self.lost = gr.State(), gr.State()

    def after_menu(self, event):
        """Answer, with the photo there is; returns the event of its pictures."""
        photo, former = self.column.photo, self.notices.former
        inputs = [photo, self.answered, *self.menus]
        answered = event(self.answer, inputs, [self.answered, self.notices.warning, *self.shown], **ANSWERING)
        answered.success(None, photo, former, js=WITHOUT_PHOTO, **IN_BROWSER)
        answered.failure(None, None, former, js=SHOWN, **IN_BROWSER)
        return self.repaint(answered.success)

    def repaint(self, event):
        return event(self.paint, [self.answered, *self.look_of], self.painted, **QUIET)

    def after_look(self, event):
        """Paint; where the answer was given back meanwhile, answer first, with the photo there is."""
        return event(self.paint_or_miss, [self.answered, *self.look_of], [self.lost, *self.painted], **QUIET)

    def paint_or_miss(self, request: gr.Request, answer: Answer | None, *look):
        if answer is None:
            return time.time(), *[gr.skip()] * len(self.painted)
        return gr.skip(), *self.paint(answer, *look, request)

    def connect(self, opened: Callable):
        """Answer what is uploaded, picked, asked for or chosen.

        Args:
            opened: the event that opens the tab.

        Returns:
            An event after the first photo's pictures have been seen, for what is less urgent and holds a browser up.
        """
        photo, answered = self.column.photo, self.answered
        photo.change(None, photo, self.notices.former, js=WITHOUT_PHOTO, **IN_BROWSER)  # however it was taken away
        self.after_menu(photo.upload(accept, [photo, answered], photo, **QUIET).success)
        self.after_menu(self.column.examples.select(self.pick, None, photo, **EACH).success)
        self.after_menu(self.column.go.click(remind, photo, None, **QUIET).success)
        for control in self.look_of:
            self.after_look(control.release if isinstance(control, gr.Slider) else control.input)
        self.after_menu(self.lost.change)
        first = self.after_menu(opened(self.open, [photo, answered], [photo, self.column.examples], **QUIET).success)
        return first.success(None, js=A_MOMENT, **QUIET)

    def pick(self, choice: gr.SelectData):
        return self.examples[choice.index]

    def open(self, photo, answer: Answer | None, request: gr.Request):
        """The first example and all examples' captions; what is there already stays."""
        if answer or photo is not None:
            return [gr.skip()] * 2
        lang = language(request)
        return self.examples[0], [(str(path), say(lang, f"class.{true_class(path)}")) for path in self.examples]


@dataclass
class RefiningFlow(Flow):
    """A flow that goes on, little by little, where a method is slow; its answers have two sides.

    Attributes:
        notes: a line for each side.
        note: the line for a side, in a language.
        look_slowly: the share done, again and again, and at last what is explained.
    """

    notes: Sequence[Component]
    note: Callable[[Side, str], str]
    look_slowly: Callable

    def after_menu(self, event):
        painted = super().after_menu(event)
        painted.success(self.refine, self.answered, [*self.notes, self.column.halt, *self.painted], **REFINING)
        return painted

    def connect(self, opened: Callable):
        self.column.halt.click(stop, self.answered, [*self.notes, self.column.halt], **QUIET)
        return super().connect(opened)

    def refine(self, answer: Answer | None, request: gr.Request):
        """The maps of slow methods, one network after the other: notes, stop button and pictures, again and again.

        It ends when the visitor stops it, asks for something else or leaves.
        """
        lang = language(request)
        asked_for = answer and not answer.stopped.is_set()
        waiting = [i for i, side in enumerate(answer.sides) if side.pending] if asked_for else []
        same = [gr.skip()] * (3 + len(self.painted))
        if not waiting:
            yield same
        for i in waiting:
            side, started = answer.sides[i], time.perf_counter()
            method = METHODS[side.question.method].title
            yield *beside(i, say(lang, "running", method=method)), *same[2:]
            for done, found in self.look_slowly(answer.photo, side.question):
                if answer.stopped.is_set():
                    # Said here too: a note that was on its way would stand there for good.
                    yield *(stopped_notes(answer, lang) if answer.halted else same[:3]), *same[3:]
                    return
                if found is None:
                    yield *beside(i, remaining(method, done, started, lang)), *same[2:]
            side.explained, side.pending = found, False
            halt = gr.Button(visible=any(side.pending for side in answer.sides))
            yield *beside(i, self.note(side, lang)), halt, *self.paint(answer, *answer.look, request)


@dataclass
class OnRequest:
    """Something slow that a button asks for, one such thing at a time; it can be stopped.

    It ends when the visitor stops it, asks for something else or leaves.

    Attributes:
        name: what it is called among what may be running.
        button, halt: start and stop it.
        note: how far it is.
        inputs: what it depends on besides the session's answer.
        outputs: what it shows.
        steps: session's answer, language and inputs to a note and `outputs`, again and again; None where there is
            nothing new to show.
    """

    name: str
    button: gr.Button
    halt: gr.Button
    note: Component
    inputs: Sequence[Component]
    outputs: Sequence[Component]
    steps: Callable[..., Iterator[tuple[str, list] | None]]

    def connect(self, answered: gr.State) -> None:
        told = [self.note, self.halt]
        begun = self.button.click(self.begin, answered, told, **QUIET)
        begun.success(self.run, [answered, *self.inputs], [*told, *self.outputs], **REFINING)
        self.halt.click(self.stop, answered, told, **QUIET)

    def begin(self, answer: Answer | None, request: gr.Request):
        lang = language(request)
        if answer is None or answer.silent:
            gr.Warning(say(lang, "expired" if answer is None else "no_answer"), title=say(lang, "photo"))
            return gr.skip(), gr.skip()
        answer.begin(self.name)
        return say(lang, "in_line"), gr.Button(visible=True)

    def stop(self, answer: Answer | None, request: gr.Request):
        if answer and answer.running == self.name:
            answer.begin("")
        return say(language(request), "stopped"), gr.Button(visible=False)

    def run(self, request: gr.Request, answer: Answer | None, *inputs):
        lang, nothing_new = language(request), [gr.skip()] * len(self.outputs)
        if answer is None or answer.silent or answer.running != self.name:
            yield gr.skip(), gr.skip(), *nothing_new
            return
        stopped, told, shown = answer.stopped, gr.skip(), nothing_new
        try:
            for step in self.steps(answer, lang, *inputs):
                if stopped.is_set():
                    told, shown = gr.skip() if answer.running == self.name else say(lang, "stopped"), nothing_new
                    break
                if step:
                    told, shown = step
                    yield told, gr.Button(visible=True), *shown
            else:
                answer.running = ""
        except BlackBoxError as error:
            LOG.warning("%s", error)  # not for visitors: it may name the host's addresses
            told, shown = say(lang, "no_answer"), nothing_new
        yield told, gr.Button(visible=False), *shown


def expired(request: gr.Request) -> None:
    """Say that there is nothing to paint."""
    gr.Warning(say(language(request), "expired"), title=say(language(request), "photo"))
