"""The stage: what is drawn is what the package computes, and what changes the look asks nobody."""

from contextlib import contextmanager

import gradio as gr
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

import xai
from tests import tabs
from tests.conftest import EXAMPLES, load_once, open_app, wait_until
from tests.stages import (
    EXPLAINED,
    draw_expected,
    draws,
    look,
    map_of,
    maps_of,
    note_masks,
    number_of,
    press,
    read_map,
    rows_of,
    see,
    wait_for_answer,
)
from tests.test_studio import SIDES, choose, example
from xai.class_evidence import evidence
from xai.explanation import on_common_scale
from xai.studio.garbage import GarbageTab
from xai.studio.hiding import FILLS, SIDE, hide_part, read_mask
from xai.studio.text import ENGLISH

CELLS = SIDE * SIDE
PHOTO = Image.open(EXAMPLES[0]).convert("RGB")


@pytest.fixture(scope="module")
def stage(visitor, url):
    """The page as it opened, for tests that put back what they change."""
    page = visitor.new_page()
    page.set_viewport_size({"width": 1440, "height": 900})
    open_app(page, url)
    return page


@pytest.fixture(scope="module")
def found():
    """The explanations of the two networks that the page opens with."""
    return [xai.explain(load_once(name), EXAMPLES[0]) for name in SIDES.values()]


@contextmanager
def asking_nobody(page):
    """Fail where the page sends anything to the server."""
    sent = []
    listen = lambda request: sent.append(request.url) if request.method == "POST" else None  # noqa: E731
    page.on("request", listen)
    yield
    page.wait_for_timeout(400)
    page.remove_listener("request", listen)
    assert not sent, sent


# What is drawn


def test_maps_are_drawn_as_the_package_colours_them(stage, found):
    for i, e in enumerate(found):
        drawn = read_map(stage, i)
        assert max(drawn.shape[:2]) == 448
        assert min(e.raw.shape) < 20 < 448
        assert np.abs(drawn[..., :3].astype(int) - draw_expected(e, drawn.shape[:2])).max() <= 12


@pytest.mark.parametrize("opacity", [100, 50])
def test_a_map_lies_on_its_photo(stage, found, opacity):
    look(stage, "opacity", opacity)
    for i, e in enumerate(found):
        seen = see(stage, f'[data-focus="picture-{i}"] .layers')
        wanted = e.overlay(opacity / 100).resize(seen.shape[1::-1], Image.Resampling.BILINEAR)
        assert np.abs(seen - np.asarray(wanted, np.float32))[4:-4, 4:-4].mean() < 4
    look(stage, "opacity", 50)


def test_regions_have_the_colours_of_their_classes(stage):
    press(stage, "view-regions")
    for i, name in enumerate(SIDES.values()):
        regions = evidence(load_once(name), PHOTO)
        seen = see(stage, f"#stage .picture:nth-of-type({i + 1}) .layers")
        wanted = np.asarray(regions.picture().resize(seen.shape[1::-1], Image.Resampling.BILINEAR), np.float32)
        assert np.abs(seen - wanted)[4:-4, 4:-4].mean() < 6
        first = next(iter(regions.shares()))
        expect(stage.locator(f"#stage .picture:nth-of-type({i + 1}) .legend")).to_contain_text(first)
    press(stage, "view-heat")


# What changes the look


def test_the_look_changes_without_the_server(stage, found):
    opening = maps_of(stage)
    layers = '[data-focus="picture-0"] .layers'
    with asking_nobody(stage):
        half = see(stage, layers)
        look(stage, "opacity", 0)
        bare = see(stage, layers)
        wanted = PHOTO.resize(bare.shape[1::-1], Image.Resampling.BILINEAR)
        assert np.abs(bare - np.asarray(wanted, np.float32))[4:-4, 4:-4].mean() < 4 < np.abs(bare - half).mean()
        look(stage, "opacity", 50)
        look(stage, "colors", "magma")
        assert all(draws(stage, i, e, "magma") for i, e in enumerate(found))
        look(stage, "colors", "turbo")
        assert maps_of(stage) == opening
        look(stage, "common", True)
        assert all(draws(stage, i, e) for i, e in enumerate(on_common_scale(found)))
        assert maps_of(stage) != opening
        look(stage, "common", False)
        expect(stage.locator("#stage .box")).to_have_count(0)
        look(stage, "box", True)
        for i, e in enumerate(found):
            picture = stage.locator(f'[data-focus="picture-{i}"]')
            frame, box = (picture.locator(part).bounding_box() for part in (".layers", ".box"))
            scale = frame["width"] / e.photo.width
            corners = [box["x"] - frame["x"], box["y"] - frame["y"]]
            corners += [corners[0] + box["width"], corners[1] + box["height"]]
            np.testing.assert_allclose(np.divide(corners, scale), e.bounding_box(), atol=2)
        look(stage, "box", False)
        for view in ("regions", "slider", "photo", "heat"):
            press(stage, f"view-{view}")
            expect(stage.locator(f'#stage [data-focus="view-{view}"]')).to_have_attribute("aria-pressed", "true")
        assert maps_of(stage) == opening


def test_the_line_of_the_slider_moves_by_keyboard_between_the_pictures_chosen(stage, found):
    press(stage, "view-slider")
    left, right = stage.locator("#stage .side-0"), stage.locator("#stage .side-1")
    assert left.bounding_box() == right.bounding_box()  # a portrait is whole, and both maps are in the same place
    assert draws(stage, 0, found[0])
    assert draws(stage, 1, found[1])
    both = see(stage, "#stage .layers")
    middle = both.shape[1] // 2
    for half, e in ((np.s_[4:-4, 4 : middle - 4], found[0]), (np.s_[4:-4, middle + 4 : -4], found[1])):
        wanted = e.overlay(0.5).resize(both.shape[1::-1], Image.Resampling.BILINEAR)
        assert np.abs(both - np.asarray(wanted, np.float32))[half].mean() < 4
    divider = stage.locator('#stage [data-focus="divider"]')
    divider.focus()
    with asking_nobody(stage):
        stage.keyboard.press("End")
        assert stage.evaluate("getComputedStyle(document.querySelector('#stage .side-1')).clipPath").endswith("100%)")
        stage.keyboard.press("ArrowLeft")
        assert stage.evaluate("getComputedStyle(document.querySelector('#stage .side-1')).clipPath").endswith("99%)")
        look(stage, "pair-1", ENGLISH["view.photo"])
        assert stage.locator("#stage .side-1 canvas").count() == 0
        look(stage, "pair-0", "1")
        assert draws(stage, 0, found[1])
    press(stage, "view-heat")


# What is asked


@pytest.mark.parametrize("key", [None, "Enter"])
def test_a_class_among_the_confidences_is_explained(stage, key):
    asked = rows_of(stage, "a")[1 if key else 2]
    before = number_of(stage)
    row = stage.locator(f'#stage [data-focus="class-a-{asked}"]')
    row.click() if key is None else row.press(key)
    wait_for_answer(stage, before)
    for i, name in enumerate(SIDES.values()):
        e = xai.explain(load_once(name), PHOTO, target=asked)
        wait_until(stage, lambda i=i, e=e: draws(stage, i, e))
    expect(stage.locator("#target input")).to_have_value(ENGLISH[f"class.{asked}"])
    expect(row).to_be_focused()
    expect(row).to_have_attribute("aria-pressed", "true")
    before = number_of(stage)
    choose(stage, "#target", ENGLISH["predicted"])
    wait_for_answer(stage, before)


def test_a_class_that_nobody_knows_is_not_explained():
    tab = tabs.lay_out(GarbageTab)
    answered = tabs.answer(tab, PHOTO)[tab.answered]
    for name in ("bottle", "", None, 3, ["glass"], {"glass": 1}):
        assert tab.choose_class(answered, gr.EventData(None, {"name": name})) == gr.skip()
    assert tab.choose_class(answered, gr.EventData(None, {"name": "glass"})) == "glass"


# What is hidden


def test_masks_are_read_from_runs():
    runs = [10, 5, CELLS - 15]
    mask = read_mask(SIDE, runs)
    assert mask.shape == (SIDE, SIDE)
    assert np.flatnonzero(mask).tolist() == list(range(10, 15))
    for fill in FILLS:
        hidden = np.asarray(hide_part(PHOTO, np.tile(np.arange(SIDE) < SIDE // 2, (SIDE, 1)), fill), int)
        change = np.abs(hidden - np.asarray(PHOTO, int))
        assert not change[:, PHOTO.width // 2 + 20 :].any()
        assert change[:, : PHOTO.width // 2 - 20].mean() > 1


HOSTILE = [
    {"size": 57, "runs": [57 * 57]},
    {"size": SIDE, "runs": [CELLS + 1]},
    {"size": SIDE, "runs": [0, CELLS - 1]},
    {"size": SIDE, "runs": []},
    {"size": SIDE, "runs": [-1, CELLS + 1]},
    {"size": SIDE, "runs": [0.5, CELLS - 0.5]},
    {"size": SIDE, "runs": [False, CELLS]},
    {"size": SIDE, "runs": ["0", str(CELLS)]},
    {"size": SIDE, "runs": "0"},
    {"size": SIDE, "runs": None},
    {"size": SIDE, "runs": {"0": CELLS}},
    {"size": SIDE, "runs": [0] * (CELLS + 1) + [CELLS]},
    {"size": SIDE, "runs": [0, 10**30]},
    {"size": None, "runs": [0, CELLS]},
]


@pytest.mark.parametrize("message", HOSTILE)
def test_what_describes_no_mask_hides_nothing(message):
    assert read_mask(message["size"], message["runs"]) is None


def test_messages_that_the_page_never_sends_change_nothing(monkeypatch):
    tab = tabs.lay_out(GarbageTab)
    answered = tabs.answer(tab, PHOTO)[tab.answered]
    monkeypatch.setattr(tab, "explain_anew", lambda *args: pytest.fail("it was answered"))
    whole = {"size": SIDE, "runs": [0, CELLS]}
    fills = [{**whole, "fill": fill} for fill in ("red", None, ["grey"])]
    for message in [{**each, "fill": "grey"} for each in HOSTILE] + fills:
        assert tabs.hide(tab, answered, **message) == gr.skip()


@pytest.mark.parametrize("fill", FILLS)
def test_without_a_part_networks_answer_what_they_would_to_such_a_photo(fill):
    tab = tabs.lay_out(GarbageTab)
    answered = tabs.answer(tab, PHOTO)[tab.answered]
    runs = [CELLS // 3, CELLS // 3, CELLS - 2 * (CELLS // 3)]
    scene = tabs.hide(tab, answered, size=SIDE, runs=runs, fill=fill)[tab.stage]
    photo = hide_part(PHOTO, read_mask(SIDE, runs), fill)
    for panel, former, name in zip(scene.panels, scene.former, SIDES.values(), strict=True):
        model = load_once(name)
        for shown, given in ((panel, photo), (former, PHOTO)):
            wanted = dict(zip(model.classes, model.predict_proba(given)[0].tolist(), strict=True))
            assert shown.confidences == pytest.approx(wanted, abs=1e-4)
    assert tabs.hide(tab, answered, size=SIDE, runs=[CELLS], fill=fill)[tab.stage].whole is None


def percents(page, key="a"):
    """By class the confidence that is shown, and the one before a part was hidden."""
    rows = page.locator(f'#stage [data-key="{key}"] .class').all()
    shown = {}
    for row in rows:
        name, parts = row.locator(".name").inner_text(), row.locator(".percent").inner_text().split("%")
        shown[name] = tuple(part.strip() for part in parts if part.strip())
    return shown


def expected(photo, model, before=None):
    """What `percents` reads of a network's answer, with the one to the whole photo first."""
    say = lambda share: "<1" if 0 < share < 0.005 else str(int(100 * share + 0.5))  # noqa: E731
    given = [model.predict_proba(each)[0].tolist() for each in (before, photo) if each is not None]
    return dict(zip(model.classes, zip(*([say(share) for share in each] for each in given), strict=True), strict=True))


@pytest.fixture
def brush(page):
    """The page with the brush in hand, and the masks that it sends."""
    page.set_viewport_size({"width": 1440, "height": 900})
    sent = note_masks(page)
    press(page, "hide")
    return page, sent


def shows_hidden(page, sent, photo=PHOTO):
    """Wait until the page shows what the networks say without the part that was last painted over."""
    wait_until(page, lambda: sent)
    model = load_once(SIDES["a"])
    hidden = hide_part(photo, read_mask(sent[-1]["size"], sent[-1]["runs"]), sent[-1]["fill"])
    wanted = expected(hidden, model, photo)
    wait_until(page, lambda: percents(page) == {name: wanted[name] for name in percents(page)})
    return read_mask(sent[-1]["size"], sent[-1]["runs"])


def stroke(page, start, end, i=0):
    """Drag the mouse over a picture, from and to shares of its width and height."""
    box = page.locator("#stage canvas.brush").nth(i).bounding_box()
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    page.mouse.move(*points[0])
    page.mouse.down()
    page.mouse.move(*points[1], steps=5)
    page.mouse.up()


def test_what_the_mouse_paints_over_is_hidden_from_the_networks(brush):
    page, sent = brush
    whole = percents(page)
    stroke(page, (0.2, 0.6), (0.9, 0.6))
    mask = shows_hidden(page, sent)
    assert mask[33, 15:48].all()
    assert not mask[:25].any()
    assert len(sent) == 1
    look(page, "fill", "grey")
    wait_until(page, lambda: len(sent) == 2)
    shows_hidden(page, sent)
    press(page, "clear")
    wait_until(page, lambda: percents(page) == whole)
    assert not read_mask(sent[-1]["size"], sent[-1]["runs"]).any()


def test_what_is_hidden_stays_so_with_another_method_but_not_in_another_photo(brush):
    page, sent = brush
    stroke(page, (0.3, 0.7), (0.7, 0.7))
    mask = shows_hidden(page, sent)
    choose(page, "#method", "Layer-CAM")
    wait_until(page, lambda: len(sent) == 2)
    assert np.array_equal(shows_hidden(page, sent), mask)
    example(page, 3).click()
    model = load_once(SIDES["a"])
    wanted = expected(Image.open(EXAMPLES[2]).convert("RGB"), model)
    wait_until(page, lambda: percents(page) == {name: wanted[name] for name in percents(page)})
    page.wait_for_timeout(1000)  # for what would come too late
    assert all(len(each) == 1 for each in percents(page).values())
    assert len(sent) == 2


def test_the_brush_works_by_keyboard(brush):
    page, sent = brush
    canvas = page.locator("#stage canvas.brush").first
    canvas.focus()
    for key in ("ArrowDown", "ArrowDown", "Space", "Shift+ArrowRight", "Shift+ArrowRight"):
        page.keyboard.press(key)
    mask = shows_hidden(page, sent)
    assert mask[32, 27:33].all()
    assert mask.sum() < 100
    expect(page.locator("#stage canvas.brush").first).to_be_focused()
    page.keyboard.press("Delete")
    wait_until(page, lambda: not read_mask(sent[-1]["size"], sent[-1]["runs"]).any())
    wait_until(page, lambda: all(len(each) == 1 for each in percents(page).values()))


@pytest.mark.browser_context_args(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
def test_the_brush_works_by_finger(strangers_page):
    page = strangers_page
    sent = note_masks(page)
    press(page, "hide")
    canvas = page.locator("#stage canvas.brush:visible").first
    canvas.scroll_into_view_if_needed()
    box, top = canvas.bounding_box(), page.evaluate("scrollY")
    touch = page.context.new_cdp_session(page)
    for kind, share in (("touchStart", 0.3), ("touchMove", 0.5), ("touchMove", 0.7), ("touchEnd", None)):
        points = [{"x": box["x"] + share * box["width"], "y": box["y"] + share * box["height"]}] if share else []
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    mask = shows_hidden(page, sent)
    assert mask[28, 28]
    assert mask[20, 20]
    assert page.evaluate("scrollY") == top


# What is enlarged


def large(page):
    """Whether the picture that was opened takes four fifths of the window one way."""
    box, window = page.locator("dialog .layers").bounding_box(), page.viewport_size
    return box["width"] >= 0.8 * window["width"] or box["height"] >= 0.8 * window["height"]


def test_pictures_open_large(stage):
    picture = stage.locator('[data-focus="picture-1"]')
    picture.click()
    assert large(stage)
    expect(stage.locator("dialog canvas")).to_be_visible()
    stage.keyboard.press("Escape")
    expect(stage.locator("dialog")).to_have_count(0)
    expect(picture).to_be_focused()
    stage.locator("#similar-a button:has(img)").first.click()
    assert large(stage)
    stage.locator("dialog .close").click()
    expect(stage.locator("dialog")).to_have_count(0)


def test_a_layers_picture_opens_large(visitor, url):
    page = visitor.new_page()
    open_app(page, url)
    page.get_by_role("tab").nth(1).click()
    page.wait_for_selector("#pyramid-stage .stage[data-ready]", timeout=EXPLAINED)
    picture = page.locator('#pyramid-stage [data-focus="picture-6"]')
    picture.press("Enter")
    assert large(page)
    drawn = map_of(page, 6, "pyramid-stage")
    assert page.evaluate("document.querySelector('dialog canvas').toDataURL()") == drawn
    page.keyboard.press("Escape")
    expect(picture).to_be_focused()
    page.close()
