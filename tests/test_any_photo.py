"""The black box for any photo: open, without a student, with 1,000 classes and examples of its own."""

import re
import tracemalloc
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
from tests import blackboxes, tabs
from tests.blackboxes import (
    STAGE,
    WASTE,
    list_notes,
    list_raws,
    paint,
    put_brush_away,
    show_hidden,
    show_whole,
)
from tests.conftest import CLASSES, fresh, wait_until
from tests.stages import EXPLAINED, draws, map_of, note_masks, number_of, press, rows_of, says, wait_for_answer
from tests.tabs import REQUEST
from tests.test_studio import KOREAN, serious
from xai.blackbox import BlackBox
from xai.class_evidence import COLORS
from xai.familiar import is_familiar
from xai.photo import load_photo
from xai.studio.blackbox import answers
from xai.studio.blackbox.examples import list_known_examples
from xai.studio.blackbox.games import GamesParts
from xai.studio.blackbox.kinds import CARS, KINDS, find_kind, shorten
from xai.studio.blackbox.names import list_targets, name_classes
from xai.studio.examples import EVERYDAY_EXAMPLES, FOLDER, GARBAGE_EXAMPLES, read_class
from xai.studio.hiding import SIDE, hide_part, read_mask
from xai.studio.stage import MANY, encode_regions, keep_surest
from xai.studio.text import ENGLISH
from xai.zoo import IMAGENET


@pytest.fixture(scope="module")
def imagenet() -> BlackBox:
    return answers.get_black_box(IMAGENET)


@pytest.fixture(scope="module")
def page(kept_page):
    """The tab, turned to the black box for any photo."""
    kept_page.get_by_role("tab").nth(2).click()
    kept_page.wait_for_selector(f"#{STAGE} .stage[data-ready]", timeout=EXPLAINED)
    before = number_of(kept_page, STAGE)
    choose(kept_page, "#black-box", ENGLISH[f"hosted.{IMAGENET}"])
    wait_for_answer(kept_page, before, STAGE)
    return kept_page


def choose(page, menu, name):
    """Choose what has exactly this name, found by typing it."""
    page.locator(f"{menu} input").click()
    page.keyboard.type(name)
    page.locator(menu).get_by_role("option").filter(has_text=re.compile(rf"^\W*{re.escape(name)}$")).click()


def lay_out():
    return blackboxes.lay_out(WASTE, IMAGENET)


def answer(tab, photo, **menus):
    asked = {getattr(tab, name): value for name, value in menus.items()}
    return blackboxes.answer(tab, photo, menus={tab.black_box: IMAGENET, **asked})


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
    scene = tab.set_scene(shown[tab.answered], "en")
    (panel,) = scene.panels
    assert not shown[tab.notices.strange].visible
    parts = tab.three_maps, tab.choice.accordion, tab.student.accordion, tab.again
    assert [shown[part].visible for part in parts] == [False] * 4
    assert panel.names[max(panel.confidences, key=panel.confidences.get)] == "German shepherd"
    assert scene.method == "Grad-CAM"
    assert scene.verdict.text.startswith("Black box says German shepherd (97%).")
    (raw,) = list_raws(scene)
    np.testing.assert_allclose(raw, e.raw, atol=1e-4)
    assert panel.maps[0].box == e.bounding_box()
    assert "German shepherd, " in panel.note[0]
    assert panel.note[1] == ENGLISH["single.teacher's gradients"]
    captions = [caption for _, caption in shown[tab.others.gallery]]
    assert captions[0].startswith("Grad-CAM · ")  # found at once; the rest is there for the asking
    assert ["not asked for yet" in caption for caption in captions] == [False, True, True, True]


def test_of_a_thousand_classes_the_surest_are_compared_by_region(imagenet):
    tab, photo = lay_out(), load_photo(EVERYDAY_EXAMPLES[0])
    answered = answer(tab, photo)[tab.answered]
    found = answered.side.evidence
    surest = [imagenet.classes[k] for k in found.confidences.argsort()[::-1][: len(COLORS)]]
    kept = keep_surest(found)
    assert (len(found.classes), kept.classes) == (1000, surest)
    np.testing.assert_array_equal(kept.maps, found.maps[[found.classes.index(c) for c in surest]])
    (panel,) = tab.set_scene(answered, "en").panels
    tracemalloc.start()
    regions = encode_regions(panel, photo)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    names = name_classes(imagenet.classes, "en")
    shown = [name.rpartition(" ")[0] for name in regions["names"]]
    assert shown[0] == "German shepherd"
    assert {*shown} <= {names[c] for c in surest}
    assert len(regions["layers"]) == len(regions["colors"]) == len(shown)
    pixel = 4 * photo.width * photo.height  # bytes of one map, as large as the photo
    assert most < 6 * len(COLORS) * pixel < 1000 * pixel
    few = replace(found, maps=found.maps[:MANY], classes=found.classes[:MANY], confidences=found.confidences[:MANY])
    assert keep_surest(few) is few


@pytest.mark.parametrize("target", ["predicted", "espresso (n07920052)"])
def test_without_a_part_it_answers_what_it_would_to_such_a_photo(imagenet, target):
    tab, photo = lay_out(), load_photo(EVERYDAY_EXAMPLES[0])
    runs = [0, SIDE * SIDE // 2, SIDE * SIDE // 2]
    answered = answer(tab, photo, target=target)[tab.answered]
    scene = tabs.hide(tab, answered, size=SIDE, runs=runs, fill="grey")[tab.stage]
    hidden = hide_part(photo, read_mask(SIDE, runs), "grey")
    e = xai.explain(imagenet, hidden, target=None if target == "predicted" else target)
    for panels, given in ((scene.panels, hidden), (scene.former, photo)):
        (panel,) = panels
        wanted = dict(zip(imagenet.classes, imagenet.predict_proba(given)[0].tolist(), strict=True))
        assert panel.confidences == pytest.approx(wanted, abs=1e-4)
    np.testing.assert_allclose(list_raws(scene)[0], e.raw, atol=1e-4)
    assert scene.panels[0].explained == e.label


def test_another_class_is_explained_on_request(imagenet):
    tab, photo = lay_out(), load_photo(FOLDER / "imagenet-espresso-1.jpg")
    cup = next(c for c in imagenet.classes if shorten(c) == "cup")
    shown = answer(tab, photo)
    other = answer(tab, photo, target=cup)
    maps = [each[tab.answered].side.single for each in (shown, other)]
    assert [shorten(e.label) for e in maps] == ["espresso", "cup"]
    assert np.corrcoef(maps[0].raw.ravel(), maps[1].raw.ravel())[0, 1] < 0.999


def test_no_photo_is_called_unlike_what_imagenet_has():
    for path in (*EVERYDAY_EXAMPLES[:2], GARBAGE_EXAMPLES[0]):
        assert answers.is_familiar_to(IMAGENET, load_photo(path)) is None
    assert is_familiar(load_photo(EVERYDAY_EXAMPLES[0]), WASTE) is False  # the waste's networks are told


def test_a_flat_photo_has_no_map():
    tab, plain = lay_out(), Image.new("RGB", (90, 60), "olive")
    answered = answer(tab, plain)[tab.answered]
    answered.side.single = replace(answered.side.single, blank=True)
    scene = tab.set_scene(answered, "en")
    assert list_raws(scene) == [None]
    assert ENGLISH["blank"].format(label=shorten(answered.side.single.label)) in list_notes(scene)


def test_a_visitors_photo_stays_and_an_example_makes_way():
    tab = lay_out()
    for title, examples in ((IMAGENET, EVERYDAY_EXAMPLES), (WASTE, GARBAGE_EXAMPLES)):
        others = {IMAGENET: GARBAGE_EXAMPLES, WASTE: EVERYDAY_EXAMPLES}[title]
        for example, new in (("", None), (others[3].stem, examples[0]), (examples[3].stem, None)):
            shown = tab.turn({tab.black_box: title, tab.source.example: example}, REQUEST)
            assert shown.get(tab.source.photo) == new
            assert shown.get(tab.source.example) == (new and new.stem)
            assert [path for path, _ in shown[tab.source.examples]] == [str(path) for path in examples]
            assert shown[tab.target] == "predicted"
        for i, path in enumerate(examples):
            picked = tab.pick({tab.black_box: title}, SimpleNamespace(index=i))
            assert picked == {tab.source.photo: path, tab.source.example: path.stem}


def test_a_student_without_attention_is_read_where_nothing_else_is(monkeypatch):
    student, photo = fresh("resnet50", input_size=64), load_photo(GARBAGE_EXAMPLES[0])
    imitated = student.predict_proba(photo)[0]
    other = int(imitated.argmin())  # not what the student says
    for network, source in ((None, "student's gradients"), (fresh("cnn", input_size=64), "teacher's gradients")):
        box = BlackBox(lambda pixels: torch.eye(6)[[other] * len(pixels)], CLASSES, "box", 64, network=network)
        box.learn(student)
        monkeypatch.setattr(answers, "load", lambda title, box=box: box)
        tab = blackboxes.lay_out()
        answered = blackboxes.answer(tab, photo)[tab.answered]
        side, scene = answered.side, tab.set_scene(answered, "en")
        black_box, imitator = scene.panels
        assert side.single.source == source
        assert imitator.confidences == pytest.approx(dict(zip(CLASSES, imitated.tolist(), strict=True)), abs=1e-4)
        assert (len(black_box.maps), len(imitator.maps)) == ((0, 1) if network is None else (1, 0))
        assert ENGLISH["no_figure"] in imitator.note
        assert not side.agreement.agreed  # a sentence says so of maps that are the student's
        assert (ENGLISH["not_reasons"] in imitator.note) == (network is None)


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


def test_a_class_is_found_by_typing(page, imagenet):
    expect(page.locator("#blackbox-examples img")).to_have_count(len(EVERYDAY_EXAMPLES))
    assert rows_of(page, "black_box", STAGE)[0] == "German shepherd"
    assert draws(page, 0, xai.explain(imagenet, EVERYDAY_EXAMPLES[0]), stage=STAGE)
    before = map_of(page, 0, STAGE)
    page.locator("#blackbox-target input").click()
    page.keyboard.type("retriever")  # in place of what stood there
    expect(page.locator("#blackbox-target").get_by_role("option")).to_have_count(5)
    page.keyboard.press("Escape")
    choose(page, "#blackbox-target", "golden retriever · dog")
    says(page, "black_box", "golden retriever, ", STAGE)
    assert map_of(page, 0, STAGE) != before
    for part in (f"#{STAGE} [data-key=student]", "#choice", "#about-student", "#blackbox-notice", "#ask-again"):
        expect(page.locator(part)).to_be_hidden()
    expect(page.locator(f"#{STAGE} canvas.map")).to_have_count(1)


def test_regions_of_its_surest_classes_are_shown(page):
    press(page, "view-regions", STAGE)
    expect(page.locator(f"#{STAGE} .legend")).to_contain_text("German shepherd")
    assert len(page.locator(f"#{STAGE} .legend > span").all()) <= len(COLORS)
    assert map_of(page, 0, STAGE)
    press(page, "view-heat", STAGE)


def test_what_is_painted_over_is_hidden_from_it(page, imagenet):
    photo, sent, networks = load_photo(EVERYDAY_EXAMPLES[0]), note_masks(page), {"black_box": imagenet}
    press(page, "hide", STAGE)
    paint(page, 0.4)
    show_hidden(page, sent, photo, networks)
    hidden = hide_part(photo, read_mask(SIDE, sent[-1]["runs"]), sent[-1]["fill"])
    retriever = next(c for c in imagenet.classes if shorten(c) == "golden retriever")
    e = xai.explain(imagenet, hidden, target=retriever)
    wait_until(page, lambda: draws(page, 0, e, stage=STAGE))
    put_brush_away(page)
    show_whole(page, photo, networks)


@pytest.mark.parametrize("width", [1440, 390])
def test_accessible_and_in_bounds(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_waste_sorter_comes_back_with_its_photos(page):
    page.set_viewport_size({"width": 1280, "height": 900})
    choose(page, "#black-box", ENGLISH[f"hosted.{WASTE}"])
    says(page, "student", "KL divergence", STAGE)
    expect(page.locator(f"#{STAGE} canvas.map")).to_have_count(3)
    expect(page.locator("#blackbox-examples img")).to_have_count(len(GARBAGE_EXAMPLES))
    assert "shepherd" not in rows_of(page, "black_box", STAGE)[0]
