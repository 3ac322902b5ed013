"""Deletion and insertion, played on the black box with every map there is."""

import time
from collections.abc import Iterator

import gradio as gr
from gradio.components import Component

from xai.metrics import GAMES, auc
from xai.studio.blackbox.answers import BlackBoxAnswer, Curves, play
from xai.studio.blackbox.cards import draw_areas, tabulate_game
from xai.studio.blackbox.names import name_class, name_method
from xai.studio.captions import say_progress
from xai.studio.cards import draw_legend, draw_progress
from xai.studio.components import lay_out_note, place
from xai.studio.events import Values
from xai.studio.methods import choose_colors
from xai.studio.task import TaskRow
from xai.studio.text import say, translate


class GamesParts:
    """The accordion of the games: a legend, a plot of each game, and a table of the areas under the curves."""

    name = "games"  # as a task

    def __init__(self) -> None:
        self.row = TaskRow("play", self.name)
        self.legend = gr.HTML(elem_id="legend-games", elem_classes="flush", render=False)
        self.plots = {game: make_plot(game) for game in GAMES}
        self.table = gr.HTML(elem_id="areas", elem_classes="flush", render=False)

    @property
    def outputs(self) -> list[Component]:
        """What the games show, besides the note."""
        return [self.legend, *self.plots.values(), self.table]

    def lay_out(self) -> None:
        with gr.Accordion(translate("games"), open=False, elem_id="games"):
            lay_out_note("games_info")
            self.row.lay_out()
            place(self.legend)
            with gr.Row():
                place(*self.plots.values())
            place(self.table)

    def clear(self) -> Values:
        """The games before they are played."""
        plots = {plot: gr.LinePlot(visible=False) for plot in self.plots.values()}
        return {**self.row.clear(), self.legend: "", **plots, self.table: ""}

    def say_whether_stale(self, answer: BlackBoxAnswer, lang: str) -> Values:
        """Say so if the distilled map has changed since the games were played."""
        if not answer.played or answer.task == self.name:
            return {}
        return {self.row.note: say(lang, "stale") if answer.played != answer.choice else ""}

    def play(self, answer: BlackBoxAnswer, values: Values, lang: str) -> Iterator[Values]:
        """Play both games with all maps there are."""
        side, title, started = answer.side, say(lang, "playing"), time.perf_counter()
        choice = answer.choice
        maps = {method: e.raw for method, e in answer.collect_explanations().items() if not e.blank}
        yield {self.row.note: draw_progress(say(lang, "begun"), 0)}
        for done, curves in play(answer.photo, side.question.model, side.target, maps):
            if curves is None:
                yield {self.row.note: draw_progress(say_progress(title, done, started, lang), done)}
        answer.played = choice
        note = say(lang, "done" if answer.choice == choice else "stale")
        yield {self.row.note: note, **self.show_curves(answer, curves, lang)}

    def show_curves(self, answer: BlackBoxAnswer, curves: Curves, lang: str) -> Values:
        """The legend, the plots and the table of games that were played."""
        names = {method: name_method(method, lang) for method in curves["deletion"]}
        colors = choose_colors(names)
        label = name_class(answer.side.wanted, answer.side.classes, lang)
        plots = {
            plot: gr.LinePlot(
                tabulate_game(curves[game], names),
                label=say(lang, game, label=label),
                x_title=say(lang, f"share_{game}"),
                color_map={names[method]: colors[method] for method in names},
                visible=True,
            )
            for game, plot in self.plots.items()
        }
        areas = {method: {game: float(auc(curves[game][method])) for game in GAMES} for method in names}
        steps = len(curves["deletion"]["random"]) - 1
        black_box = say(lang, f"model.{answer.side.question.model}")
        caption = say(lang, "auc", black_box=black_box, label=label, steps=steps)
        legend = draw_legend((colors[method], name) for method, name in names.items())
        return {self.legend: legend, **plots, self.table: draw_areas(areas, names, caption, lang)}


def make_plot(game: str) -> gr.LinePlot:
    """A plot of confidence by the share of pixels deleted or inserted, a line for each map."""
    return gr.LinePlot(
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
        render=False,
    )
