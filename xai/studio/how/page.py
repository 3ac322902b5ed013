"""The section "How does it work?": its layout, and what is computed when it is opened, and when."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import gradio as gr
from gradio.components import Component
from PIL import Image

from xai.studio.answers import PREDICTED, read_target
from xai.studio.components import lay_out_note, list_classes, place
from xai.studio.events import ANSWERING, IN_BROWSER, QUIET, REFINING, Values
from xai.studio.how import values as send
from xai.studio.how.answers import Inside, ask_everywhere, ask_hidden, compose, find, look_inside
from xai.studio.how.finding import QUARTERS, Mosaic
from xai.studio.how.hiding import PLACES
from xai.studio.how.menus import list_finding_methods, list_inside_networks, make_menu
from xai.studio.methods import DEFAULT, suits
from xai.studio.notices import warn_of_expired_answer
from xai.studio.text import read_language, translate
from xai.zoo import GARBAGE

OPENING_NETWORK = "garbage-s_se_resnet50"


@dataclass
class Shown:
    """What a visitor sees of the four steps.

    Attributes:
        inside: the photo, taken apart.
        picture: the photo as the scripts take it.
        hidden: what was asked about hidden parts so far, as the scripts take it.
        replaced: whether something else was asked since, so that what is being computed for it has to end.
    """

    inside: Inside
    picture: send.Sent
    hidden: send.Sent = field(default_factory=dict)
    replaced: bool = False


@dataclass
class Searched:
    """What a visitor sees of the proof."""

    mosaic: Mosaic
    picture: send.Sent

    def is_for(self, photo: Image.Image, model: str) -> bool:
        return self.mosaic.model == model and self.mosaic.photos[0] == photo


class HowParts:
    """Four steps from the visitor's photo to a map, and a proof, in a section that is folded at first.

    Nothing is computed before it is opened. From then on it follows the photo.

    Args:
        photo: where the visitor's photo is.
        answered: the visitor's answer, whose photo comes first; a change of it is what the section follows.
    """

    def __init__(self, photo: Component, answered: gr.State) -> None:
        self.photo, self.answered = photo, answered
        self.open = gr.Checkbox(False, visible=False, elem_id="how-open", render=False)
        self.shown, self.searched = gr.State(render=False), gr.State(render=False)
        self.network = make_menu(list_inside_networks(), OPENING_NETWORK, "how.network", "how-network")
        self.target = gr.Dropdown(
            [(translate("predicted"), PREDICTED), *list_classes(OPENING_NETWORK)],
            value=PREDICTED,
            label=translate("target"),
            elem_id="how-target",
            render=False,
        )
        self.channels = make_part("how-channels", "studio.how.showChannels(element, props, watch)")
        self.mixer = make_part("how-mixer", "studio.how.mixWeights(element, props, watch)")
        self.turned = make_part("how-attention", "studio.how.showAttention(element, props, watch)")
        self.hiding = make_part(
            "how-hiding",
            "studio.how.hideParts(element, props, watch, "
            "(place) => trigger('asked', place), () => trigger('asked_everywhere'))",
        )
        self.finder_network = make_menu(GARBAGE, OPENING_NETWORK, "how.network", "how-find-network")
        self.finder_method = gr.Dropdown(
            list_finding_methods(OPENING_NETWORK, "en"),
            value=DEFAULT,
            label=translate("method"),
            elem_id="how-find-method",
            render=False,
        )
        self.finding = make_part(
            "how-finding", "studio.how.findClass(element, props, watch, (quarter) => trigger('sought', quarter))"
        )

    def lay_out(self) -> None:
        place(self.open, self.shown, self.searched)
        with gr.Accordion(translate("how"), open=False, elem_id="how", elem_classes="how") as self.section:
            gr.Markdown(translate("how.intro"))
            with gr.Row():
                place(self.network, self.target)
            for step, part in (
                ("how.step1", self.channels),
                ("how.step2", self.mixer),
                ("how.step3", self.turned),
                ("how.step4", self.hiding),
            ):
                gr.Markdown(translate(step))
                place(part)
            gr.Markdown(translate("how.proof"))
            with gr.Row():
                place(self.finder_network, self.finder_method)
            place(self.finding)
            lay_out_note("how.fast")

    def connect(self) -> None:
        """Fill the section when it is opened, and while it is open whenever the photo or a menu changes."""
        self.section.collapse(None, None, self.open, js="() => false", **IN_BROWSER)
        opened = self.section.expand(None, None, self.open, js="() => true", **IN_BROWSER)
        for event in (opened.success, self.answered.change):
            self.fill_after(event)
            self.compose_after(event)
        for menu in (self.network, self.target):
            self.fill_after(menu.select)
        self.hiding.asked(self.ask, {self.shown}, self.hiding, **ANSWERING)
        self.hiding.asked_everywhere(self.ask_everywhere, {self.shown}, self.hiding, **REFINING)
        menus = [self.finder_network, self.finder_method]
        opened.success(self.update_methods, menus, self.finder_method, **QUIET)
        changed = self.finder_network.select(self.update_methods, menus, self.finder_method, **QUIET)
        self.compose_after(changed.success)
        self.finder_method.select(self.clear_finding, {self.searched}, self.finding, **QUIET)
        self.finding.sought(self.find, {self.searched, self.finder_method}, self.finding, **ANSWERING)

    def fill_after(self, event: Callable) -> None:
        inputs = {self.open, self.answered, self.photo, self.shown, self.network, self.target}
        outputs = [self.shown, self.channels, self.mixer, self.turned, self.hiding]
        event(self.fill, inputs, outputs, **ANSWERING)

    def compose_after(self, event: Callable) -> None:
        inputs = {self.open, self.answered, self.photo, self.searched, self.finder_network}
        event(self.compose, inputs, [self.searched, self.finding], **ANSWERING)

    def read_photo(self, values: Values) -> Image.Image | None:
        """The visitor's photo; None while the section is folded, and where there is no photo."""
        answer, photo = values[self.answered], values[self.photo]
        if not values[self.open]:
            return None
        return answer.photo if answer else photo if isinstance(photo, Image.Image) else None

    def fill(self, values: Values) -> Values:
        """The four steps of the photo, unless they are there already."""
        photo, shown = self.read_photo(values), values[self.shown]
        question = values[self.network], read_target(values[self.target])
        if photo is None or (shown and shown.inside.is_for(photo, *question)):
            return gr.skip()
        if shown:
            shown.replaced = True
        inside = look_inside(photo, *question)
        picture = send.send_picture(photo, self.hiding.GRADIO_CACHE)
        return {
            self.shown: Shown(inside, picture),
            self.channels: send.send_channels(inside, picture),
            self.mixer: send.send_parts(inside, picture),
            self.turned: send.send_turned(inside, picture),
            self.hiding: send.send_hiding(inside, picture, {}),
        }

    def ask(self, values: Values, event: gr.EventData, request: gr.Request) -> Values:
        """Ask the network about the photo with a square over one place."""
        shown = values[self.shown]
        if shown is None:
            warn_of_expired_answer(request)
            return gr.skip()
        spot = read_number(event, "row", PLACES), read_number(event, "column", PLACES)
        e = shown.inside.explained
        (after,) = ask_hidden(e.photo, shown.inside.model, e.target, [spot])
        return self.show_hidden(shown, {"place": spot, "after": after})

    def ask_everywhere(self, values: Values, request: gr.Request) -> Iterator[Values]:
        """Ask about every place, row by row."""
        shown = values[self.shown]
        if shown is None:
            warn_of_expired_answer(request)
            yield gr.skip()
            return
        e = shown.inside.explained
        for asked in ask_everywhere(e.photo, shown.inside.model, e.target):
            if shown.replaced:
                yield gr.skip()
                return
            yield self.show_hidden(shown, send.send_drops(shown.inside, asked))

    def show_hidden(self, shown: Shown, news: send.Sent) -> Values:
        shown.hidden |= news
        return {self.hiding: send.send_hiding(shown.inside, shown.picture, shown.hidden)}

    def compose(self, values: Values) -> Values:
        """The mosaic of the photo, unless it is there already."""
        photo, searched, model = self.read_photo(values), values[self.searched], values[self.finder_network]
        if photo is None or (searched and searched.is_for(photo, model)):
            return gr.skip()
        mosaic = compose(model, photo)
        picture = send.send_picture(mosaic.picture(), self.finding.GRADIO_CACHE)
        return {self.searched: Searched(mosaic, picture), self.finding: send.send_mosaic(mosaic, picture)}

    def find(self, values: Values, event: gr.EventData, request: gr.Request) -> Values:
        """Seek the class of one quarter in the mosaic."""
        searched = values[self.searched]
        if searched is None:
            warn_of_expired_answer(request)
            return gr.skip()
        mosaic, method = searched.mosaic, values[self.finder_method]
        if not suits(method, mosaic.model):  # the network was changed a moment ago, and the menu of methods was not yet
            return self.clear_finding(values)
        found = find(mosaic, read_number(event, "quarter", QUARTERS), method)
        return {self.finding: {**send.send_mosaic(mosaic, searched.picture), **send.send_found(found)}}

    def clear_finding(self, values: Values) -> Values:
        """The mosaic without the map of the former method."""
        searched = values[self.searched]
        return {self.finding: send.send_mosaic(searched.mosaic, searched.picture)} if searched else gr.skip()

    def update_methods(self, network: str, method: str, request: gr.Request) -> gr.Dropdown:
        """The menu of the methods that suit a network, in the visitor's language."""
        choices = list_finding_methods(network, read_language(request))
        return gr.Dropdown(choices=choices, value=method if method in dict(choices).values() else DEFAULT)


def make_part(elem_id: str, script: str) -> gr.HTML:
    """A part of the page that a script fills; its `value` is what the script draws."""
    return gr.HTML(
        html_template='<div class="how-part"></div>',
        js_on_load=script,
        elem_id=elem_id,
        elem_classes="how",
        apply_default_css=False,
        render=False,
    )


def read_number(event: gr.EventData, name: str, count: int) -> int:
    """A whole number below `count` that a script sent.

    Raises:
        gr.Error: it is none.
    """
    sent = event._data  # whatever a program sends in the place of the script
    number = sent.get(name) if isinstance(sent, dict) else None
    if type(number) is not int or not 0 <= number < count:
        raise gr.Error(f"{name} must be a whole number below {count}", print_exception=False)
    return number
