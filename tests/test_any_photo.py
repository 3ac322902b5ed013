"""The black box for any photo: open, without a student, with 1,000 classes and examples of its own."""

import re
from dataclasses import replace
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
import torch
from gradio_client import handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from playwright.sync_api import expect

import xai
from tests import tabs
from tests.conftest import CLASSES, fresh
from tests.tabs import REQUEST
from tests.test_studio import EXPLAINED, KOREAN, serious
from xai.blackbox import BlackBox
from xai.familiar import is_familiar
from xai.photo import load_photo
from xai.studio.blackbox import BlackBoxTab, answers
from xai.studio.blackbox.examples import list_known_examples
from xai.studio.blackbox.games import GamesParts
from xai.studio.blackbox.kinds import CARS, KINDS, find_kind, shorten
from xai.studio.blackbox.names import list_targets, name_classes
from xai.studio.examples import EVERYDAY_EXAMPLES, FOLDER, GARBAGE_EXAMPLES, read_class
from xai.studio.text import ENGLISH
from xai.zoo import IMAGENET

WASTE = "garbage-efficientnet_lite0"


@pytest.fixture(scope="module")
def imagenet() -> BlackBox:
    return answers.get_black_box(IMAGENET)


@pytest.fixture(scope="module")
def page(kept_page):
    """The tab, turned to the black box for any photo."""
    kept_page.get_by_role("tab").nth(2).click()
    kept_page.wait_for_selector("#map-distilled img", timeout=EXPLAINED, state="attached")
    choose(kept_page, "#black-box", ENGLISH[f"model.{IMAGENET}"])
    expect(kept_page.locator("#map-single img")).to_be_visible(timeout=EXPLAINED)
    return kept_page


def choose(page, menu, name):
    """Choose what has exactly this name, found by typing it."""
    page.locator(f"{menu} input").click()
    page.keyboard.type(name)
    page.get_by_role("option").filter(has_text=re.compile(rf"^\W*{re.escape(name)}$")).click()


def lay_out():
    return tabs.lay_out(BlackBoxTab, [WASTE, IMAGENET], [])


def answer(tab, photo):
    return tabs.answer(tab, photo, menus={tab.black_box: IMAGENET})


def test_the_examples_are_known_and_small(imagenet):
    known = name_classes(imagenet.classes, "en").values()
    licence = (FOLDER / "LICENSE").read_text()
    for path in EVERYDAY_EXAMPLES:
        said = imagenet.predict_proba(path)[0]
        place = [shorten(imagenet.classes[k]) for k in np.argsort(-said)].index(read_class(path))
        assert place == (2 if path.name == "imagenet-tabby-1.jpg" else 0)  # a tabby, taken for an Egyptian cat
        assert read_class(path) in known
        assert path.name in licence
        assert path.stat().st_size < 150_000
        assert max(Image.open(path).size) <= 1024


def test_examples_belong_to_a_black_box(monkeypatch):
    assert list_known_examples(WASTE) == GARBAGE_EXAMPLES
    assert list_known_examples(IMAGENET) == EVERYDAY_EXAMPLES
    for classes, some in ((["metal", "macaw"], ["metal", "metal", "macaw"]), (["cell", "crystal"], None)):
        box = BlackBox(lambda pixels: None, classes)
        monkeypatch.setattr(answers, "load", lambda title, box=box: box)
        assert some in (None, [read_class(path) for path in list_known_examples("another")])
    assert list_known_examples("another") == EVERYDAY_EXAMPLES


def test_names_have_no_id_but_where_it_tells_two_apart(imagenet):
    names = name_classes(imagenet.classes, "ko")
    assert len({*names.values()}) == len(imagenet.classes) == 1000
    with_id = [name for name in names.values() if "(n" in name]
    assert with_id == [f"crane ({a})" for a in ("n02012849", "n03126707")] + [
        f"maillot ({a})" for a in ("n03710637", "n03710721")
    ]
    assert names["tench (n01440764)"] == "tench"
    assert name_classes(["harbor", "glass (n1)"], "ko") == {
        "harbor": KOREAN["class.harbor"],
        "glass (n1)": "glass (n1)",
    }


def test_typing_a_kind_finds_its_members(imagenet):
    found = [name for name, _ in list_targets(imagenet.classes, "en") if "dog" in name]
    assert {"beagle · dog", "golden retriever · dog", "French bulldog", "hotdog"} <= {*found}
    assert len(found) == 121  # 118 breeds, the African hunting dog, the dogsled and the hotdog
    of_kind = {kind: [c for c in imagenet.classes if find_kind(c) == kind] for kind in (*KINDS, "car")}
    assert {kind: len(members) for kind, members in of_kind.items()} == {
        "dog": 118, "cat": 5, "bird": 59, "fish": 16, "snake": 17, "car": len(CARS),
    }  # fmt: skip
    assert find_kind("dog") is find_kind("wolf (n02114367)") is None


def test_an_open_black_box_shows_one_map_at_once(imagenet):
    tab, photo = lay_out(), load_photo(EVERYDAY_EXAMPLES[0])
    shown = answer(tab, photo)
    e = xai.explain(imagenet, photo, "gradcam")
    side = shown[tab.answered].side
    np.testing.assert_allclose(side.single.raw, e.raw, atol=1e-4)
    assert (side.single.source, side.explained, side.agreement) == ("teacher's gradients", None, None)
    assert ENGLISH["alone.open"] in shown[tab.verdict]
    assert "student" not in shown[tab.verdict]
    assert not shown[tab.notices.strange].visible
    parts = tab.single.figure, tab.maps.figure, tab.student_says, tab.choice.accordion, tab.student.accordion
    assert [shown[part].visible for part in parts] == [True, False, False, False, False]
    assert next(iter(shown[tab.black_box_says])) == "German shepherd"
    painted = tabs.paint(tab, shown[tab.answered])
    difference = np.asarray(painted[tab.single.picture], int) - np.asarray(e.overlay(), int)
    assert np.abs(difference).max() <= 2
    assert painted[tab.single.note].startswith("German shepherd, 97% sure")
    assert ENGLISH["single.teacher's gradients"] in painted[tab.single.note]
    captions = [caption for _, caption in painted[tab.others.gallery]]
    assert captions[0].startswith("Grad-CAM · ")  # found at once; the rest is there for the asking
    assert ["not asked for yet" in caption for caption in captions] == [False, True, True, True]


def test_another_class_is_explained_on_request(imagenet):
    tab, photo = lay_out(), load_photo(FOLDER / "imagenet-espresso-1.jpg")
    cup = next(c for c in imagenet.classes if shorten(c) == "cup")
    shown = answer(tab, photo)
    other = tabs.answer(tab, photo, menus={tab.black_box: IMAGENET, tab.target: cup})
    maps = [each[tab.answered].side.single for each in (shown, other)]
    assert [shorten(e.label) for e in maps] == ["espresso", "cup"]
    assert np.corrcoef(maps[0].raw.ravel(), maps[1].raw.ravel())[0, 1] < 0.999


def test_no_photo_is_called_unlike_what_imagenet_has():
    for path in (*EVERYDAY_EXAMPLES[:2], GARBAGE_EXAMPLES[0]):
        assert answers.is_familiar_to(IMAGENET, load_photo(path)) is None
    assert is_familiar(load_photo(EVERYDAY_EXAMPLES[0]), WASTE) is False  # the waste's networks are told


def test_a_flat_photo_has_no_map():
    tab, plain = lay_out(), Image.new("RGB", (90, 60), "olive")
    shown = answer(tab, plain)
    single = shown[tab.answered].side.single
    painted = tabs.paint(tab, shown[tab.answered])
    name = shorten(single.label)
    blank = replace(single, blank=True)
    shown[tab.answered].side.single = blank
    painted = tabs.paint(tab, shown[tab.answered])
    assert painted[tab.single.picture] == plain
    assert ENGLISH["blank"].format(label=name) in painted[tab.single.note]


def test_a_visitors_photo_stays_and_an_example_makes_way():
    tab, own = lay_out(), Image.new("RGB", (64, 48), "olive")
    for title, examples in ((IMAGENET, EVERYDAY_EXAMPLES), (WASTE, GARBAGE_EXAMPLES)):
        others = {IMAGENET: GARBAGE_EXAMPLES, WASTE: EVERYDAY_EXAMPLES}[title]
        for photo, new in ((own, None), (load_photo(others[3]), examples[0]), (load_photo(examples[3]), None)):
            shown = tab.turn({tab.black_box: title, tab.column.photo: photo}, REQUEST)
            assert shown.get(tab.column.photo) == new
            assert [path for path, _ in shown[tab.column.examples]] == [str(path) for path in examples]
            assert shown[tab.target] == "predicted"
        for i, path in enumerate(examples):
            assert tab.pick({tab.black_box: title}, SimpleNamespace(index=i)) == path


def test_a_student_without_attention_is_read_where_nothing_else_is(monkeypatch):
    student = fresh("resnet50", input_size=64)
    for network, source in ((None, "student's gradients"), (fresh("cnn", input_size=64), "teacher's gradients")):
        box = BlackBox(lambda pixels: torch.eye(6)[[0] * len(pixels)], CLASSES, "box", 64, network=network)
        box.learn(student)
        monkeypatch.setattr(answers, "load", lambda title, box=box: box)
        tab = tabs.lay_out(BlackBoxTab, [WASTE], [])
        shown = tabs.answer(tab, load_photo(GARBAGE_EXAMPLES[0]))
        side = shown[tab.answered].side
        assert side.single.source == source
        assert side.agreement.student[0][0] == CLASSES[student.predict_proba(GARBAGE_EXAMPLES[0])[0].argmax()]
        assert ENGLISH["no_figure"] in shown[tab.verdict]
        if not side.agreement.agreed:  # a sentence on the student's maps, where they are the student's
            assert (ENGLISH["not_reasons"].replace("'", "&#x27;") in shown[tab.verdict]) == (network is None)


def test_the_games_name_the_class_in_words(imagenet):
    with gr.Blocks():
        games = GamesParts()
    label = next(c for c in imagenet.classes if shorten(c) == "espresso")
    side = answers.BlackBoxSide(
        answers.Question(IMAGENET, "distilled"), classes=imagenet.classes, target=imagenet.classes.index(label)
    )
    curves = {game: {"random": np.linspace(1, 0, 5)} for game in ("deletion", "insertion")}
    shown = games.show_curves(answers.BlackBoxAnswer(Image.new("RGB", (9, 9)), [side]), curves, "en")
    assert shown[games.plots["deletion"]].label == ENGLISH["deletion"].format(label="espresso")
    assert "n0" not in shown[games.table]
    assert ENGLISH[f"model.{IMAGENET}"] in shown[games.table]


def test_a_program_may_ask_it(client):
    options = {"photo": handle_file(str(EVERYDAY_EXAMPLES[0])), "black_box": IMAGENET, "target": "predicted",
               "masks": 400, "games": False, "alpha": 0.5, "colormap": "turbo"}  # fmt: skip
    found, heatmap = client.predict(**options, method="gradcam", api_name="/blackbox")
    assert (shorten(found["label"]), found["source"]) == ("German shepherd", "teacher's gradients")
    assert (len(found["confidences"]), found["student"], found["familiar"]) == (1000, None, None)
    assert Image.open(heatmap).size == Image.open(EVERYDAY_EXAMPLES[0]).size
    with pytest.raises(AppError, match="use a student with CBAM") as refused:
        client.predict(**options, method="distilled", api_name="/blackbox")
    with pytest.raises(AppError, match="there is no class 'hotdogs'") as refused:
        client.predict(**{**options, "target": "hotdogs"}, method="gradcam", api_name="/blackbox")
    assert len(str(refused.value)) < 1000  # not all thousand names


def test_a_class_is_found_by_typing(page):
    expect(page.locator("#blackbox-examples img")).to_have_count(len(EVERYDAY_EXAMPLES))
    expect(page.locator("#says-black_box h2")).to_have_text("German shepherd")
    before = page.locator("#map-single img").get_attribute("src")
    page.locator("#blackbox-target input").click()
    page.keyboard.type("retriever")  # in place of what stood there
    expect(page.get_by_role("option")).to_have_count(5)
    page.keyboard.press("Escape")
    choose(page, "#blackbox-target", "golden retriever · dog")
    expect(page.locator("#single-note")).to_contain_text("golden retriever, ", timeout=EXPLAINED)
    assert page.locator("#map-single img").get_attribute("src") != before
    for part in ("#says-student", "#map-distilled", "#choice", "#about-student", "#blackbox-notice"):
        expect(page.locator(part)).to_be_hidden()


@pytest.mark.parametrize("width", [1440, 390])
def test_accessible_and_in_bounds(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_waste_sorter_comes_back_with_its_photos(page):
    page.set_viewport_size({"width": 1280, "height": 900})
    choose(page, "#black-box", ENGLISH[f"model.{WASTE}"])
    expect(page.locator("#map-distilled img")).to_be_visible(timeout=EXPLAINED)
    expect(page.locator("#map-single")).to_be_hidden()
    expect(page.locator("#blackbox-examples img")).to_have_count(len(GARBAGE_EXAMPLES))
    expect(page.locator("#says-black_box h2")).not_to_contain_text("shepherd")
    expect(page.locator("#verdict")).to_contain_text("KL divergence")
