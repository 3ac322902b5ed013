"""What the app keeps of a visitor is little, and given back; whoever is still there goes on as if nothing had been."""

from collections import OrderedDict
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from gradio.data_classes import ImageData
from gradio.state_holder import StateHolder
from PIL import Image

from benchmarks.weight import weight, weight_of_visitor
from tests import tabs
from tests.conftest import fresh, wait_until
from tests.stages import number_of, wait_for_answer
from tests.test_studio import choose
from tests.test_studio_blackbox import TITLE, Box
from xai.methods import METHODS
from xai.studio import picture, visitors
from xai.studio.blackbox import BlackBoxTab
from xai.studio.blackbox import answers as blackbox_answers
from xai.studio.garbage import GarbageTab
from xai.studio.photo_input import PhotoInput
from xai.studio.pyramid import PyramidTab
from xai.studio.text import ENGLISH

MB = 10**6
MOST = 20 * MB


@pytest.fixture(scope="module")
def huge(tmp_path_factory):
    """A photo of 64 megapixels, as a visitor's handler gets it."""
    path = tmp_path_factory.mktemp("huge") / "huge.jpg"
    ramp = np.broadcast_to(np.linspace(0, 255, 8000).astype(np.uint8), (8000, 8000))
    Image.merge("RGB", [Image.fromarray(each) for each in (ramp, ramp.T, 255 - ramp)]).save(path)
    return PhotoInput().preprocess(ImageData(path=str(path)))


@pytest.mark.parametrize("method", ["gradcam", "scorecam-fast"])
def test_an_answer_on_waste_weighs_little(huge, method):
    tab = tabs.lay_out(GarbageTab, ("garbage-cnn", "garbage-cnn"))
    answer = tabs.answer(tab, huge, menus={tab.method: method})[tab.answered]
    for side in answer.sides:
        assert side.pending == (METHODS[method].pace != "instant")
        if side.pending:
            *_, side.explained = tab.look_slowly(answer.photo, side.question)
    assert 1024 * 1024 * 4 < weight(answer) < MOST / 4


def test_an_answer_on_every_layer_weighs_little(huge):
    tab = tabs.lay_out(PyramidTab)
    answer = tabs.answer(tab, huge)[tab.answered]
    assert 1024 * 1024 * 4 < weight(answer) < MOST / 2


def test_all_that_a_black_box_can_be_asked_weighs_little(huge, monkeypatch):
    box, student = Box(), fresh("cbam_resnet50", input_size=224)
    box.input_size = 224
    box.learn(student)
    monkeypatch.setattr(blackbox_answers, "load", lambda title: box)
    tab = tabs.lay_out(BlackBoxTab, [TITLE], [])
    answer = tabs.answer(tab, huge)[tab.answered]
    tab.set_scene(answer, "en")
    weights = []
    for _ in tab.others.compare(answer, {tab.others.methods: ["rise"], tab.others.masks: 64}, "en"):
        weights.append(weight(answer))
    assert answer.found.keys() == {"rise"}
    assert 1024 * 1024 * 4 < max(*weights, weight(answer)) < MOST


def made(waited: float, closed: bool = False) -> tuple[SimpleNamespace, datetime]:
    session = SimpleNamespace(is_closed=closed, state_data={1: "answer"}, config_values={1: {"value": "picture"}})
    return session, datetime.now() - timedelta(seconds=waited)


def held(**sessions) -> StateHolder:
    """Sessions, those last that clicked last."""
    holder = StateHolder()
    holder.session_data = OrderedDict((name, session) for name, (session, _) in sessions.items())
    holder.time_last_used = {name: clicked for name, (_, clicked) in sessions.items()}
    return holder


def test_who_left_or_idles_is_forgotten_and_nobody_else():
    holder = held(
        idle=made(visitors.IDLE + 5),
        gone=made(visitors.LEFT + 5, closed=True),
        thinking=made(visitors.IDLE - 5),
        cut_off=made(visitors.LEFT - 5, closed=True),
    )
    assert visitors.forget(holder)
    assert [name for name, session in holder.session_data.items() if session.state_data] == ["thinking", "cut_off"]
    assert not any(session.config_values for session in holder.session_data.values())
    assert not visitors.forget(holder)


def test_many_visitors_at_once_are_not_all_remembered(monkeypatch):
    monkeypatch.setattr(visitors, "ANSWERS", 2)
    holder = held(**{f"visitor {i}": made(9 - i) for i in range(5)})
    assert visitors.forget(holder)
    assert [bool(session.state_data) for session in holder.session_data.values()] == [False] * 3 + [True] * 2


def newest(app):
    return next(reversed(app.state_holder.session_data.values()))


def test_an_idle_page_answers_the_next_click_from_its_photo(app, page, monkeypatch):
    visitor = newest(app)
    assert 0 < weight_of_visitor(visitor) < MOST
    monkeypatch.setattr(visitors, "IDLE", 0)
    wait_until(page, lambda: not visitor.state_data)
    monkeypatch.undo()
    before = number_of(page)
    choose(page, "#target", ENGLISH["class.metal"])
    wait_for_answer(page, before)
    assert any(visitor.state_data.values())
    assert page.locator(".toast-body").count() == 0


def test_a_closed_page_is_forgotten(app, page, monkeypatch):
    visitor = newest(app)
    assert visitor.state_data
    monkeypatch.setattr(visitors, "LEFT", 0)
    page.goto("about:blank")
    wait_until(page, lambda: visitor.is_closed and not visitor.state_data)


def test_a_picture_is_whole_whenever_it_is_read(tmp_path):
    """Two visitors get the same picture: the second must not cut off what the first is reading."""
    photo = Image.effect_noise((200, 150), 50).convert("RGB")
    path = picture.cache_picture(photo, str(tmp_path))
    with open(path, "rb") as reading:
        start = reading.read(100)
        assert picture.cache_picture(photo, str(tmp_path)) == path
        assert start + reading.read() == Path(path).read_bytes()
    assert [file.name for file in Path(path).parent.iterdir()] == ["picture.png"]
