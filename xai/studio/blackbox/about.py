"""What is known of a black box and of its student."""

import gradio as gr

from xai.blackbox.hosted import hosted_black_boxes
from xai.studio.blackbox.answers import NO_ANSWER, BlackBoxAnswer, get_black_box
from xai.studio.components import place
from xai.studio.facts import draw_facts, read_records
from xai.studio.text import has_text, read_language, say, translate


class AboutStudent:
    """The accordion of a student's facts; hidden where a black box has no student."""

    def __init__(self) -> None:
        self.facts = gr.HTML(elem_classes="flush", render=False)

    def lay_out(self) -> None:
        with gr.Accordion(translate("about_student"), open=False, elem_id="about-student") as self.accordion:
            place(self.facts)

    def fill(self, answer: BlackBoxAnswer | None, request: gr.Request) -> str:
        """A student's facts, with how far it agrees with its black box on test photos."""
        if answer is None or answer.side.agreement is None:
            return ""
        black_box = answer.side.question.model
        student = get_black_box(black_box).student
        if student is None:
            return ""
        metrics, _ = read_records(hosted_black_boxes()[black_box].student)
        if "similarity" in metrics:  # it learnt from this black box: its title, not its address
            metrics = {**metrics, "recipe": {**metrics["recipe"], "teacher": black_box}}
        return draw_facts(student, metrics, read_language(request))


def say_assumed(title: str, request: gr.Request) -> gr.Markdown:
    """A sentence on what was assumed of a black box, hidden where nothing was or where it cannot be had."""
    lang = read_language(request)
    try:
        assumed = get_black_box(title).assumed
    except NO_ANSWER:  # the answer to the photo says so
        assumed = {}
    parts = [say_assumption(option, value, lang) for option, value in assumed.items()]
    return gr.Markdown(say(lang, "assumed", parts=", ".join(parts)) if parts else "", visible=bool(parts))


def say_assumption(option: str, value: str, lang: str) -> str:
    """One assumption in words; some values have words of their own."""
    key = f"assumed.{option}.{value}"
    return say(lang, key if has_text(key) else f"assumed.{option}", value=value.replace(",", " "))
