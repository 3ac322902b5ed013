"""Something slow that a button of its own starts."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from xai.blackbox import BlackBoxError
from xai.studio.answers import Answer
from xai.studio.components import make_stop_button, place
from xai.studio.events import QUIET, REFINING, Values
from xai.studio.text import read_language, say, translate

LOG = logging.getLogger(__name__)


class TaskRow:
    """The button that starts a task, the button that stops it, and how much of it is done.

    Args:
        start: the key of the first button's text, and its id.
        name: begins the other elements' ids.
    """

    def __init__(self, start: str, name: str) -> None:
        self.start = gr.Button(translate(start), variant="primary", elem_id=start, min_width=120, render=False)
        self.stop = make_stop_button(f"{name}-")
        self.note = gr.HTML(elem_id=f"{name}-note", elem_classes="flush", render=False)

    @property
    def outputs(self) -> list[Component]:
        """What a running task changes."""
        return [self.note, self.stop]

    def lay_out(self) -> None:
        with gr.Row():
            place(self.start, self.stop)
        place(self.note)

    def clear(self) -> Values:
        """The row as it is while nothing runs."""
        return {self.note: "", self.stop: gr.Button(visible=False)}


@dataclass
class Task:
    """A task of a visitor, who can have one at a time: it ends when it is stopped, or when something else is asked.

    Attributes:
        answered: the visitor's answer.
        name: what the task is called among those that may be running.
        row: its buttons and its note.
        inputs: what it depends on besides the answer.
        outputs: what it shows besides its note.
        steps: takes the answer, what `inputs` hold and a language; yields what shall be shown, again and again, or
            None where there is nothing new.
    """

    answered: gr.State
    name: str
    row: TaskRow
    inputs: Sequence[Component]
    outputs: Sequence[Component]
    steps: Callable[[Any, Values, str], Iterator[Values | None]]

    def connect(self) -> None:
        started = self.row.start.click(self.start, self.answered, self.row.outputs, **QUIET)
        started.success(self.run, {self.answered, *self.inputs}, [*self.row.outputs, *self.outputs], **REFINING)
        self.row.stop.click(self.stop, self.answered, self.row.outputs, **QUIET)

    def start(self, answer: Answer | None, request: gr.Request) -> Values:
        """Let the task take the place of what is running."""
        lang = read_language(request)
        if answer is None or answer.silent:
            gr.Warning(say(lang, "expired" if answer is None else "no_answer"), title=say(lang, "photo"))
            return gr.skip()
        answer.replace_task(self.name)
        return {self.row.note: say(lang, "in_line"), self.row.stop: gr.Button(visible=True)}

    def stop(self, answer: Answer | None, request: gr.Request) -> Values:
        if answer and answer.task == self.name:
            answer.replace_task("")
        return {self.row.note: say(read_language(request), "stopped"), self.row.stop: gr.Button(visible=False)}

    def run(self, values: Values, request: gr.Request) -> Iterator[Values]:
        """Show the steps until they are done or stopped."""
        answer, lang, shown = values[self.answered], read_language(request), {}
        if answer is None or answer.silent or answer.task != self.name:
            yield gr.skip()
            return
        stopped = answer.stopped
        try:
            for step in self.steps(answer, values, lang):
                if stopped.is_set():
                    shown = {} if answer.task == self.name else {self.row.note: say(lang, "stopped")}
                    break
                if step:
                    shown = step
                    yield {**shown, self.row.stop: gr.Button(visible=True)}
            else:
                answer.task = ""
        except BlackBoxError as error:
            LOG.warning("%s", error)  # not for visitors: it may name the host's addresses
            shown = {self.row.note: say(lang, "no_answer")}
        yield {**shown, self.row.stop: gr.Button(visible=False)}
