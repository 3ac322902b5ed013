"""The black box's tab without a browser, a black box that is quick, and what its stage shows in a browser."""

import time

import numpy as np
from playwright.sync_api import expect

from tests import tabs
from tests.conftest import CLASSES, fresh, wait_until
from tests.stages import EXPLAINED, press
from xai.blackbox import BlackBox
from xai.studio.blackbox import BlackBoxTab
from xai.studio.blackbox.panels import MAPS
from xai.studio.hiding import hide_part, read_mask
from xai.studio.stage import MOST

WASTE = "garbage-efficientnet_lite0"
STAGE = "blackbox-stage"
DISTILLED = MAPS.index("distilled")


class Box(BlackBox):
    """Says one class, the surer the lighter the left half of a photo; as slow as one likes; counts its questions."""

    def __init__(self) -> None:
        self.says, self.pause, self.asked = 0, 0.0, 0
        super().__init__(self.reply, CLASSES, "a box", 64, network=fresh("cnn", input_size=64))

    def reply(self, pixels):
        self.asked += len(pixels)
        time.sleep(self.pause)
        sure = 0.5 + pixels[..., :32].mean((1, 2, 3)) / 2  # N
        answer = ((1 - sure) / 5)[:, None].repeat(1, 6)  # N, 6
        answer[:, self.says] = sure
        return answer


def lay_out(*titles):
    return tabs.lay_out(BlackBoxTab, titles or [WASTE], [])


def answer(tab, photo, former=None, menus=None):
    """What the tab shows of a photo; menus and choices that are not given are as the page opens."""
    return tabs.answer(tab, photo, former, read_choices(tab) | (menus or {}))


def recombine(tab, answered, choices=None, photo=None):
    """What the tab shows of an answer after other choices of what enters the distilled map."""
    menus = {menu: menu.value for menu in tab.question_inputs}
    values = {**menus, **read_choices(tab), **(choices or {})}
    return tab.recombine({**values, tab.source.photo: photo, tab.answered: answered}, tabs.REQUEST)


def read_choices(tab):
    return {control: control.value for control in tab.look_inputs}


def list_raws(scene):
    """The maps (h, w) of a scene, None where there is none."""
    return [shown.raw for panel in scene.panels for shown in panel.maps]


def list_notes(scene):
    """The lines on the explanations of a scene."""
    return [line for panel in scene.panels for line in panel.note]


def read_percents(page, key):
    """What the stage says of the classes of one who answered: each confidence, with the one before where it is."""
    rows = page.locator(f'#{STAGE} [data-key="{key}"] .class').all()
    return [[part.strip() for part in row.locator(".percent").inner_text().split("%")[:-1]] for row in rows]


def expect_percents(network, photo, hidden=None):
    """What `read_percents` reads of a network's answer, or of its two answers where a part is hidden."""
    asked = [each for each in (photo, hidden) if each is not None]
    said = [network.predict_proba(each)[0] for each in asked]
    surest = np.argsort(-said[0], kind="stable")[:MOST]
    say = lambda share: "<1" if 0 < share < 0.005 else str(int(100 * share + 0.5))  # noqa: E731
    return [[say(float(each[k])) for each in said] for k in surest]


def paint(page, down=0.5):
    """Paint over a picture from left to right, at a share of its height."""
    canvas = page.locator(f"#{STAGE} canvas.brush:visible").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    y = box["y"] + down * box["height"]
    page.mouse.move(box["x"] + 0.1 * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], y, steps=5)
    page.mouse.up()


def show_hidden(page, sent, photo, networks):
    """Wait until the stage shows what networks, by key, say without the part that was painted over last."""
    wait_until(page, lambda: sent)
    hidden = hide_part(photo, read_mask(sent[-1]["size"], sent[-1]["runs"]), sent[-1]["fill"])
    for key, network in networks.items():
        wanted = expect_percents(network, photo, hidden)
        wait_until(page, lambda key=key, wanted=wanted: is_start(read_percents(page, key), wanted))


def show_whole(page, photo, networks):
    """Wait until the stage shows what networks, by key, say of the whole photo."""
    for key, network in networks.items():
        wanted = expect_percents(network, photo)
        wait_until(page, lambda key=key, wanted=wanted: is_start(read_percents(page, key), wanted))


def is_start(shown, wanted):
    """Whether what is shown is how the list of what is wanted starts."""
    return bool(shown) and shown == wanted[: len(shown)]


def put_brush_away(page):
    """Show the whole photo again."""
    press(page, "clear", STAGE)
    press(page, "hide", STAGE)
    expect(page.locator(f"#{STAGE} canvas.brush")).to_have_count(0, timeout=EXPLAINED)
