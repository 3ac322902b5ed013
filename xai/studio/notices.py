"""What stands above an answer: that it is for a former photo, and that a photo is unlike what networks learnt from."""

from collections.abc import Sequence

import gradio as gr

from xai.studio import cards
from xai.studio.answers import Side
from xai.studio.components import place
from xai.studio.text import read_language, say, translate


class Notices:
    """The two notices, hidden at first; `prefix` begins their ids."""

    def __init__(self, prefix: str = "") -> None:
        self.former = gr.Markdown(translate("former_photo"), visible=False, elem_id=f"{prefix}former", render=False)
        self.strange = gr.HTML(visible=False, elem_id=f"{prefix}notice", elem_classes="flush", render=False)

    def lay_out(self) -> None:
        place(self.former, self.strange)


def warn_of_strange_photo(sides: Sequence[Side], who: str, what: str, lang: str) -> gr.HTML:
    """A notice if a photo is unlike those that some network was trained on, else an update that hides it.

    Args:
        sides: the networks' answers.
        who: what to call the networks if the photo is strange to all of them; if only to some, the first is named.
        what: what they were trained on.
        lang: the language of the notice.
    """
    strange = [side.question.model for side in sides if side.familiar is False]
    if not strange:
        return gr.HTML("", visible=False)
    who = who if len(strange) == len(sides) else say(lang, f"model.{strange[0]}")
    return gr.HTML(cards.draw_warning(say(lang, "stranger", who=who, what=what)), visible=True)


def warn_of_silence(lang: str) -> None:
    """Say that a black box did not answer."""
    gr.Warning(say(lang, "no_answer"), title=say(lang, "blackbox"))


def warn_of_expired_answer(request: gr.Request) -> None:
    """Say that there is no answer to show."""
    lang = read_language(request)
    gr.Warning(say(lang, "expired"), title=say(lang, "photo"))
