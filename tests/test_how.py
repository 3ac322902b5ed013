"""How does it work?: the four steps and the proof are what they say they are."""

import re
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import expect

import xai
from tests import tabs
from tests.conftest import load_once, wait_until
from tests.stages import number_of, wait_for_answer
from xai.metrics import mosaic_test
from xai.photo import GREY, load_photo
from xai.studio.examples import GARBAGE_EXAMPLES
from xai.studio.garbage import GarbageTab
from xai.studio.how import answers, attention, hiding, values
from xai.studio.how.menus import list_finding_methods, list_inside_networks
from xai.studio.how.page import read_number
from xai.studio.text import ENGLISH

PLAIN, WITH_SE = "garbage-resnet50", "garbage-s_se_resnet50"
SENT = {"photo": {}, "size": (512, 384)}


@pytest.fixture(scope="module")
def photo():
    return load_photo(GARBAGE_EXAMPLES[0])


@pytest.fixture(scope="module")
def inside(photo):
    return answers.look_inside(photo, WITH_SE, None)


def decode(sent):
    """A map as `studio.maps.decode` in the browser reads it."""
    return np.array(sent["values"]).reshape(sent["h"], sent["w"])


def mix(sent, weights):
    channels = np.stack([decode(channel["map"]) for channel in sent["channels"]])
    return decode(sent["rest"]) + np.einsum("n,nhw->hw", weights, channels)


@pytest.mark.parametrize("name", list_inside_networks())
@pytest.mark.parametrize("asked", [None, "paper"])
def test_what_is_sent_makes_the_cam_of_the_class_and_its_logit(photo, name, asked):
    inside = answers.look_inside(photo, name, asked)
    sent, model = values.send_parts(inside, SENT), load_once(name)
    cam = xai.explain(model, photo, method="cam", target=asked)
    mixed = mix(sent, sent["weights"])
    assert np.abs(mixed - cam.raw).max() < 1e-4
    logit, others = mixed.mean() + sent["bias"], np.array(sent["others"])
    assert np.exp(logit) / (np.exp(logit) + np.exp(others).sum()) == pytest.approx(cam.confidence, abs=1e-4)
    assert np.abs(mix(sent, np.zeros(9)) - inside.parts.rest).max() < 1e-4
    assert np.abs(inside.parts.rest - cam.raw).max() > 0.01


def test_the_channels_shown_are_those_that_count_most(inside, photo):
    model = load_once(WITH_SE)
    means = model.features(model.preprocess([photo]))[0].mean((1, 2))
    counts = (model.fc.weight[inside.explained.target] * means).abs()
    assert inside.parts.channels == counts.argsort(descending=True)[:9].tolist()


@torch.no_grad()
@pytest.mark.parametrize("name", [WITH_SE, "garbage-se_resnet50"])
def test_attention_is_replaced_in_a_copy_that_shares_the_weights(name, photo):
    model = load_once(name)
    x = model.preprocess([photo])
    own = attention.read_scales(model, x)
    copy = attention.fix_scales(model, own)
    assert torch.allclose(copy(x), model(x), atol=1e-5)
    ones = attention.fix_scales(model, [torch.ones_like(scale) for scale in own])
    assert not torch.allclose(ones(x), model(x), atol=0.1)
    assert copy.fc.weight is model.fc.weight
    assert all(isinstance(b.attention, attention.SqueezeExcitation) for b in attention.find_attention(model))


def test_other_photos_are_the_examples_without_the_photo_itself(inside, photo):
    turned = inside.turned
    assert turned.photos == len(GARBAGE_EXAMPLES) - 1
    cropped = answers.look_inside(photo.crop((9, 9, 300, 300)), WITH_SE, None)
    assert cropped.turned.photos == len(GARBAGE_EXAMPLES)
    apart = turned.weights - turned.means
    assert (apart[:3] > 0).all()
    assert (apart[3:] < 0).all()
    assert (np.diff(apart) <= 0).all()
    assert answers.look_inside(photo, PLAIN, None).turned is None


@pytest.mark.parametrize(
    ("place", "rows", "columns"),
    [((3, 3), (80, 144), (80, 144)), ((0, 6), (0, 48), (176, 224))],
)
def test_the_square_hides_its_place_and_nothing_else(place, rows, columns):
    pixels = torch.rand(1, 3, 224, 224)
    (hidden,) = hiding.hide(pixels, [place])
    within = torch.zeros(224, 224, dtype=torch.bool)
    within[slice(*rows), slice(*columns)] = True
    assert torch.equal(hidden[:, ~within], pixels[0][:, ~within])
    assert torch.equal(hidden[:, within], torch.tensor(GREY)[:, None].expand(3, int(within.sum())))


def test_all_places_are_asked_as_each_alone(photo):
    target = 1
    *_, everywhere = answers.ask_everywhere(photo, PLAIN, target)
    assert everywhere.shape == (7, 7)
    (alone,) = answers.ask_hidden(photo, PLAIN, target, [(4, 2)])
    assert everywhere[4, 2] == pytest.approx(alone, abs=1e-4)
    assert np.ptp(everywhere) > 0.05


@pytest.mark.parametrize("name", xai.zoo.GARBAGE)
def test_the_proof_is_the_mosaic_test(photo, name):
    mosaic = answers.compose(name, photo)
    assert len(set(mosaic.labels)) == 4
    said = load_once(name).predict_proba(mosaic.photos).argmax(1)
    assert [load_once(name).classes[k] for k in said] == mosaic.labels
    own = [answers.find(mosaic, quarter, "gradcam").shares[quarter] for quarter in range(4)]
    assert own == pytest.approx(mosaic_test(load_once(name), mosaic.photos), abs=1e-6)


def test_every_offered_method_finds_something_or_says_that_it_does_not(photo):
    mosaic, methods = answers.compose(PLAIN, photo), [name for _, name in list_finding_methods(PLAIN, "en")]
    assert {"cam", "gradcam", "gaussian"} <= {*methods}
    assert not {"rise", "lime", "scorecam", "attention"} & {*methods}
    for method in methods:
        found = answers.find(mosaic, 1, method)
        assert sum(found.shares) == pytest.approx(1)
        assert (values.send_found(found)["map"] is None) == found.explained.blank
    assert answers.find(mosaic, 1, "constant").shares == pytest.approx([0.25] * 4)


def test_a_photo_of_one_colour_gets_no_picture_of_noise():
    inside = answers.look_inside(Image.new("RGB", (300, 200), (90, 120, 60)), WITH_SE, None)
    for send in (values.send_channels, values.send_parts, values.send_turned):
        assert send(inside, SENT)["blank"]
    assert all(channel["silent"] for channel in values.send_channels(inside, SENT)["channels"])


@pytest.fixture(scope="module")
def how():
    return tabs.lay_out(GarbageTab).how


def hold(how, photo, **changed):
    """What its components hold, by component."""
    menus = {menu: menu.value for menu in (how.network, how.target, how.finder_network, how.finder_method)}
    held = {how.open: True, how.answered: None, how.photo: photo, how.shown: None, how.searched: None, **menus}
    return held | {getattr(how, name): value for name, value in changed.items()}


def test_nothing_is_computed_while_it_is_folded(how, photo, monkeypatch):
    for name in ("look_inside", "compose"):
        monkeypatch.setattr(f"xai.studio.how.page.{name}", lambda *_: pytest.fail("computed"))
    for compute in (how.fill, how.compose):
        assert compute(hold(how, photo, open=False)) == gr.skip()
        assert compute(hold(how, None)) == gr.skip()


def test_what_is_there_is_not_computed_again_but_another_photo_is(how, photo):
    filled, composed = how.fill(hold(how, photo)), how.compose(hold(how, photo))
    there = {"shown": filled[how.shown], "searched": composed[how.searched]}
    assert how.fill(hold(how, photo.copy(), **there)) == gr.skip()
    assert how.compose(hold(how, photo.copy(), **there)) == gr.skip()
    other = load_photo(GARBAGE_EXAMPLES[3])
    answered = SimpleNamespace(photo=other)
    changed = how.fill(hold(how, photo, answered=answered, **there))
    assert changed[how.shown].inside.explained.photo is other
    assert filled[how.shown].replaced
    assert how.compose(hold(how, photo, answered=answered, **there))[how.searched].mosaic.photos[0] is other


def test_asking_everywhere_ends_when_the_photo_changes(how, photo):
    shown = how.fill(hold(how, photo))[how.shown]
    steps = how.ask_everywhere({how.shown: shown}, tabs.REQUEST)
    assert next(steps)[how.hiding]["rows"] == 1
    shown.replaced = True
    assert list(steps) == [gr.skip()]


def test_a_class_is_sought_by_a_method_that_suits(how, photo):
    searched = how.compose(hold(how, photo))[how.searched]
    event = gr.EventData(None, {"quarter": 2})
    sought = {
        method: how.find({how.searched: searched, how.finder_method: method}, event, tabs.REQUEST)[how.finding]
        for method in ("cam", "attention")
    }
    assert sought["cam"]["quarter"] == 2
    assert "map" not in sought["attention"]


@pytest.mark.parametrize("sent", [None, [], {}, {"row": "1"}, {"row": 7}, {"row": -1}, {"row": 1.0}, {"row": True}])
def test_what_a_script_sends_is_checked(sent):
    with pytest.raises(gr.Error):
        read_number(gr.EventData(None, sent), "row", 7)
    assert read_number(gr.EventData(None, {"row": 6}), "row", 7) == 6


def test_the_scripts_texts_are_there():
    script = (Path(values.__file__).parent.parent / "browser" / "how.js").read_text()
    keys = set(re.findall(r'say\("([\w.]+)"', script))
    assert len(keys) > 20
    assert keys <= ENGLISH.keys()


@pytest.fixture
def opened(used_page, url):
    """The page whose address asks for the section."""
    used_page.set_viewport_size({"width": 1280, "height": 720})
    used_page.goto(f"{url}#how")
    used_page.wait_for_selector("#how-mixer canvas", timeout=60_000)
    used_page.wait_for_selector("#how-finding [data-quarter]", timeout=60_000)
    return used_page


def drag(page, element, x, y):
    page.locator(element).scroll_into_view_if_needed()
    box = page.locator(element).bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + x, middle[1] + y, steps=5)
    page.mouse.up()


def test_a_visitor_drags_a_weight_hides_a_part_and_seeks_a_class(opened):
    page, result = opened, opened.locator("#how-mixer .how-result b")
    learnt = result.inner_text()
    slider = page.locator("#how-mixer input").first
    slider.focus()
    for _ in range(20):
        slider.press("ArrowRight")
    expect(result).not_to_have_text(learnt)
    page.locator("#how-mixer .how-button").last.click()
    expect(result).to_have_text(learnt)
    stage = page.locator("#how-hiding [role=application]")
    stage.press("ArrowUp")
    stage.press("Enter")
    expect(page.locator("#how-hiding .how-after")).to_contain_text("row 3, column 4")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "application"
    drag(page, "#how-hiding .how-square", 0, -200)
    expect(page.locator("#how-hiding .how-after")).to_contain_text("row 1, column 4")
    page.locator("#how-hiding [data-focus=all]").click()
    expect(page.locator("#how-hiding canvas")).to_have_attribute("style", re.compile(r"height: 100%"))
    page.locator("#how-finding [data-quarter='1']").click()
    expect(page.locator("#how-finding .how-result")).to_contain_text("25 %")
    expect(page.locator("#how-finding canvas")).to_have_count(1)


def test_the_section_follows_the_photo_while_it_is_open(opened):
    channels, fold = opened.locator("#how-channels"), opened.locator("#how > button")
    examples = opened.locator("#examples .thumbnail-item")

    def wait_for_others(before):
        wait_until(opened, lambda: channels.locator("canvas").count() == 9 and channels.inner_text() != before)
        return channels.inner_text()

    first = channels.inner_text()
    examples.nth(3).click()
    second = wait_for_others(first)
    fold.click()
    answer = number_of(opened)
    examples.nth(5).click()
    wait_for_answer(opened, answer)
    fold.click()
    wait_for_others(second)
