"""The panel about a network: its facts, its training curves, and its confusion matrices."""

import gradio as gr
from gradio.components import Component

from xai.studio.answers import get_model
from xai.studio.components import make_note, place
from xai.studio.events import Values
from xai.studio.facts import draw_confusion, draw_facts, read_protocol, read_records, tabulate_curve
from xai.studio.text import read_language, say, translate

CURVES = ("loss", "accuracy")


class AboutPanel:
    """What is known of a network; `key` ends the elements' ids.

    Beside each training curve is room for the curve of the same architecture, trained by its source's protocol.
    """

    def __init__(self, key: str) -> None:
        self.title = gr.Markdown(elem_id=f"about-{key}", render=False)
        self.facts = gr.HTML(render=False)
        self.protocol = make_note(f"protocol-{key}", visible=False)
        self.curves = {curve: make_plot(curve, key) for curve in CURVES}
        self.protocol_curves = {curve: make_plot(f"protocol_{curve}", key, visible=False) for curve in CURVES}
        self.confusion = gr.HTML(elem_id=f"confusion-{key}", render=False)

    @property
    def outputs(self) -> list[Component]:
        plots = [*self.curves.values(), *self.protocol_curves.values()]
        return [self.title, self.facts, self.protocol, *plots, self.confusion]

    def lay_out(self) -> None:
        place(self.title, self.facts, self.protocol)
        for curve in CURVES:
            with gr.Row():
                place(self.curves[curve], self.protocol_curves[curve])
        place(self.confusion)

    def fill(self, name: str, request: gr.Request) -> Values:
        """Show what is known of a network."""
        lang = read_language(request)
        metrics, history = read_records(name)
        model = get_model(name)
        return {
            self.title: f"### {say(lang, f'model.{name}')}",
            self.facts: draw_facts(model, metrics, lang),
            **{plot: tabulate_curve(history, curve, lang) for curve, plot in self.curves.items()},
            **self.fill_protocol(read_protocol(name), lang),
            self.confusion: draw_confusion(model.classes, metrics, lang),
        }

    def fill_protocol(self, protocol: dict | None, lang: str) -> Values:
        """Show the training by the source's protocol; where there was none, hide the room for it."""
        if protocol is None:
            hidden = {plot: gr.LinePlot(visible=False) for plot in self.protocol_curves.values()}
            return {self.protocol: gr.Markdown(visible=False), **hidden}
        history = protocol["history"]
        title = say(lang, "epoch")  # Gradio would not translate the title of a plot that was hidden at first
        line = say(lang, "protocol", epochs=len(history), accuracy=protocol["test_accuracy"])
        return {
            self.protocol: gr.Markdown(line, visible=True),
            **{
                plot: gr.LinePlot(tabulate_curve(history, curve, lang), x_title=title, visible=True)
                for curve, plot in self.protocol_curves.items()
            },
        }


def make_plot(key: str, panel: str, visible: bool = True) -> gr.LinePlot:
    """A plot over the epochs, a line each for training and validation."""
    return gr.LinePlot(
        x="epoch",
        y="value",
        color="split",
        label=translate(key),
        x_title=translate("epoch"),
        y_title=" ",
        color_title=" ",
        buttons=[],
        visible=visible,
        min_width=260,
        elem_id=f"{key.replace('_', '-')}-{panel}",
        render=False,
    )
