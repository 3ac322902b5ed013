"""The pyramid's tab in a browser, and the same as a program."""

import html
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from gradio_client import handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from playwright.sync_api import expect

import xai
from tests import tabs
from tests.conftest import EXAMPLES, load_once, open_app
from tests.stages import EXPLAINED, draws, maps_of, number_of, rows_of, says, wait_for_answer
from tests.test_photo import BAD
from tests.test_studio import KOREAN, choose, told_and_dismissed
from xai.layers import COMBINED
from xai.metrics import average_drop, see_through
from xai.studio import pyramid
from xai.studio.examples import read_class
from xai.studio.facts import read_records
from xai.studio.pyramid import PyramidTab
from xai.studio.pyramid.table import draw_layers
from xai.studio.text import ENGLISH
from xai.zoo import PYRAMID

STAGE = "pyramid-stage"
LAYERS = ["layer1", "layer2", "layer3", "layer4", COMBINED]


def ask(client, photo, **options):
    defaults = {
        "photo": handle_file(str(photo)), "model": "pyramid-fal", "method": "gradcam", "target": "predicted",
        "alpha": 0.5, "colormap": "turbo",
    }  # fmt: skip
    return client.predict(**{**defaults, **options}, api_name="/pyramid")


@pytest.fixture
def tab(page):
    """The tab, open and explained."""
    return opened(page)


@pytest.fixture(scope="module")
def kept_tab(kept_page):
    """The same for several tests on end: a visitor who goes on."""
    return opened(kept_page)


def opened(page):
    page.get_by_role("tab").nth(1).click()
    page.wait_for_selector("#pyramid-stage .stage[data-ready]", timeout=EXPLAINED)
    return page


def captions(page):
    """The titles and captions of the maps, those of FPN before those of FAL."""
    return page.locator(f"#{STAGE} figcaption").all_inner_texts()


def test_api_answers_like_the_package(client):
    answer, heatmaps = ask(client, pyramid.EXAMPLES[0])
    model = load_once("pyramid-fal")
    found = xai.explain_layers(model, pyramid.EXAMPLES[0])
    after = see_through(model, list(found.values()))
    assert list(answer["layers"]) == LAYERS
    assert answer["label"] == found[COMBINED].label
    assert answer["familiar"] is True
    assert not any(layer["blank"] for layer in answer["layers"].values())
    assert ask(client, EXAMPLES[0])[0]["familiar"] is False  # a bottle
    for i, (name, e) in enumerate(found.items()):
        told = answer["layers"][name]
        np.testing.assert_allclose(told["raw"], e.raw, atol=1e-3 * max(1, e.raw.max()))
        before = after.new_tensor([e.confidence])
        assert told["drop"] == pytest.approx(average_drop(before, after[i : i + 1]), abs=0.1)
    assert [picture["caption"] for picture in heatmaps] == LAYERS
    difference = np.asarray(Image.open(heatmaps[0]["image"]).convert("RGB"), int)
    grey = found["layer1"].photo.convert("L").convert("RGB")  # as the network sees it
    difference -= np.asarray(replace(found["layer1"], photo=grey).overlay(), int)
    assert np.abs(difference).max() <= 2  # lossless but for rounding


def test_api_options(client):
    answer, _ = ask(client, pyramid.EXAMPLES[1], model="pyramid-fpn", target="river", method="hirescam")
    assert (answer["label"], answer["method"]) == ("river", "hirescam")


def test_api_refuses_with_a_sentence(client, tmp_path):
    for options, sentence in (
        ({"model": "garbage-cnn"}, "there is no pyramid"),
        ({"method": "sobel"}, "sobel is not in the list of choices"),
        ({"model": "pyramid-fpn", "method": "attention"}, "has none"),
        ({"target": "glass"}, "there is no class"),
    ):
        with pytest.raises(AppError, match=sentence):
            ask(client, pyramid.EXAMPLES[0], **options)
    data, sentence = BAD["text.jpg"]
    (tmp_path / "text.jpg").write_bytes(data)
    with pytest.raises(AppError, match=sentence):
        ask(client, tmp_path / "text.jpg")


def test_opens_with_an_example_explained_and_scored(tab):
    found = {name: xai.explain_layers(load_once(name), pyramid.EXAMPLES[0]) for name in PYRAMID}
    attended = load_once("pyramid-fal").attended_layers
    assert rows_of(tab, "fal", STAGE)[0] == ENGLISH[f"class.{found['pyramid-fal'][COMBINED].label}"]
    said = captions(tab)
    assert len(said) == 5 + 5 + len(attended)
    for caption, name in zip(said, LAYERS + LAYERS, strict=False):
        assert re.fullmatch(rf"{ENGLISH[f'layer.{name}']}\s*drop \d+%, gain \d+%", caption)
    assert said[10:] == [f"Attention of {ENGLISH[f'layer.{name}']}" for name in attended]
    for i, e in enumerate([*found["pyramid-fpn"].values(), *found["pyramid-fal"].values()]):
        assert draws(tab, i, e, stage=STAGE)


def test_the_first_photo_waits_until_the_tab_is_opened(used_page, url, monkeypatch):
    calls = []
    monkeypatch.setattr(PyramidTab, "look_at", lambda *args: calls.append(args))
    open_app(used_page, url)
    used_page.wait_for_timeout(500)
    assert calls == []


def test_a_second_visit_to_the_tab_keeps_its_answer(tab):
    before = number_of(tab, STAGE)
    tab.locator("#pyramid-examples").get_by_role("button", name="Thumbnail 3 of").click()
    wait_for_answer(tab, before, STAGE)
    tab.wait_for_timeout(500)
    kept = maps_of(tab, STAGE)
    tab.get_by_role("tab").nth(0).click()
    tab.get_by_role("tab").nth(1).click()
    tab.wait_for_timeout(1500)
    assert maps_of(tab, STAGE) == kept


def test_examples_are_named_by_what_they_are():
    classes = load_once("pyramid-fpn").classes
    assert len(pyramid.EXAMPLES) >= 8
    assert {read_class(path) for path in pyramid.EXAMPLES} <= set(classes)


def unfold(page):
    """Show the table."""
    if not page.locator("#table-class").is_visible():
        page.locator("#table > button").click()


def test_the_table_is_the_one_that_was_measured_and_marks_the_better(kept_tab):
    unfold(kept_tab)
    table = kept_tab.locator("#table-one table").first
    figures = [read_records(name)[0]["layers"] for name in PYRAMID]
    choose(kept_tab, "#table-class", ENGLISH["all_photos"])
    expect(kept_tab.locator("#table-one")).to_contain_text(ENGLISH["class.all"], timeout=EXPLAINED)
    rows = table.locator("tr").all()[2:]
    shown = [*LAYERS, "constant", "gaussian", "combined:another", "combined:mean"]
    assert len(rows) == len(shown)
    for row, name in zip(rows, shown, strict=True):
        cells = row.locator("td").all()
        for i, metric in enumerate(("drop", "increase", "gain", "adcc")):
            values = [f["soft"]["all"][name][metric] for f in figures]
            assert [cell.inner_text() for cell in cells[2 * i : 2 * i + 2]] == [f"{value:.1f}" for value in values]
            marks = [cell.locator("b").count() for cell in cells[2 * i : 2 * i + 2]]
            best = min(values) if metric == "drop" else max(values)
            differ = f"{values[0]:.1f}" != f"{values[1]:.1f}" and name in LAYERS
            assert marks == [int(differ and value == best) for value in values]


def test_layers_that_show_the_same_for_every_photo_are_said_to(tmp_path, monkeypatch):
    measured = {"method": "gradcam", "layers": {"layer1": {"shared": 0.42}, "layer4": {"shared": 0.89}}}
    (tmp_path / "explained.json").write_text(json.dumps(measured))
    monkeypatch.setattr("xai.metrics.explained.find_checkpoint", lambda name: tmp_path)
    photo, tab = Image.open(pyramid.EXAMPLES[0]).convert("RGB"), tabs.lay_out(PyramidTab)
    for method, count in (("gradcam", 1), ("hirescam", 0)):
        fpn, _ = tabs.set_scene(tab, photo, {tab.method: method}).panels
        assert " ".join(fpn.note).lower().count("nearly the same map for every photo") == count
    _, fal = tabs.set_scene(tab, photo).panels
    assert fal.note[-1] == ENGLISH["shared"].format(layers="Layer 4 (89%)")


def test_layers_no_better_than_another_photos_map_are_named():
    drops = {"layer1": 5.0, "layer1:another": 8.0, "layer1:mean": 5.0, "combined": 9.0, "combined:another": 8.0}
    rows = {name: {"drop": drop, "increase": 2.0, "gain": 3.0, "adcc": 4.0} for name, drop in drops.items()}
    without = {name: row for name, row in rows.items() if not name.endswith("mean")}
    ways = [{key: {"all": each} for key in ("soft", "strongest")} for each in (rows, without)]
    figures = [{"photos": {"all": 9}, **each} for each in ways]
    table = html.unescape(draw_layers(figures, "all", ["FPN", "FAL"], "en"))
    assert table.count(ENGLISH["layer.another"]) == 2
    assert ENGLISH["layer.mean"] not in table
    assert table.count("FPN: for All together, another photo's map does as well as the photo's own") == 2
    assert table.count("FPN: for Layer 1, the average of all photos' maps does as well as the photo's own") == 2
    assert not re.search("FAL: for [^<]*, the average", table)


def test_the_table_follows_the_explained_class(kept_tab):
    unfold(kept_tab)
    choose(kept_tab, "#table-class", ENGLISH["as_explained"])
    choose(kept_tab, "#pyramid-target", ENGLISH["class.harbor"])
    expect(kept_tab.locator("#table-one")).to_contain_text(f"{ENGLISH['class.harbor']}, 20 photos", timeout=EXPLAINED)
    says(kept_tab, "fal", ENGLISH["class.harbor"], STAGE)


def test_another_method_draws_other_maps(kept_tab):
    before, drawn = number_of(kept_tab, STAGE), maps_of(kept_tab, STAGE)
    choose(kept_tab, "#pyramid-method", "Layer-CAM")
    wait_for_answer(kept_tab, before, STAGE)
    assert not set(maps_of(kept_tab, STAGE)[:10]) & set(drawn)


def test_attention_alone_suits_fal_only(kept_tab):
    choose(kept_tab, "#pyramid-method", "Attention")
    says(kept_tab, "fpn", "has none", STAGE)
    says(kept_tab, "fal", "whatever the class", STAGE)


def test_a_slow_method_tells_how_far_it_is_and_can_be_stopped(kept_tab):
    choose(kept_tab, "#pyramid-method", "MASK")  # slow enough to be stopped before it is done
    says(kept_tab, "fpn", re.compile(r"MASK: \d+%"), STAGE, 2 * EXPLAINED)
    kept_tab.locator("#pyramid-stop").click()
    for network in ("fpn", "fal"):
        says(kept_tab, network, ENGLISH["stopped"], STAGE)
    choose(kept_tab, "#pyramid-method", "Ablation-CAM")
    says(kept_tab, "fal", "Map for", STAGE, 3 * EXPLAINED)
    expect(kept_tab.locator(f"#{STAGE} .picture")).to_have_count(5 + 5 + 2)


def test_layers_without_a_map_are_said_to_have_none(client, tmp_path):
    plain = Image.new("RGB", (90, 60), "gray")
    plain.save(tmp_path / "plain.png")
    pyramids = tabs.lay_out(PyramidTab)
    for panel in tabs.set_scene(pyramids, plain, {pyramids.target: "river"}).panels:
        for shown in panel.maps:
            assert shown.raw is None
            assert "no map" in shown.caption
    told, heatmaps = ask(client, tmp_path / "plain.png")
    assert all(layer["blank"] for layer in told["layers"].values())
    assert Image.open(heatmaps[0]["image"]).convert("RGB") == plain


def test_a_strange_photo_is_said_to_be_one(monkeypatch):
    photo, tab = Image.open(pyramid.EXAMPLES[0]).convert("RGB"), tabs.lay_out(PyramidTab)
    for known in (True, None, False):
        monkeypatch.setattr("xai.studio.pyramid.answers.is_familiar", lambda photo, name, known=known: known)
        warning = tabs.answer(tab, photo)[tab.notices.strange]
        assert warning.visible == (known is False)
        assert (ENGLISH["learnt.pyramid"] in warning.value) == (known is False)


def test_a_coloured_photo_is_turned_grey(client, tmp_path):
    colours = np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8)
    coloured = Image.fromarray(colours).resize((256, 256))
    coloured.save(tmp_path / "coloured.png")
    coloured.convert("L").save(tmp_path / "grey.png")
    answers = [ask(client, tmp_path / name)[0]["confidences"] for name in ("coloured.png", "grey.png")]
    for label, confidence in answers[0].items():
        assert confidence == pytest.approx(answers[1][label], abs=0.03)  # a level or two of 256


def test_a_bad_photo_gets_a_sentence(tab, tmp_path):
    data, _ = BAD["text.jpg"]
    (tmp_path / "text.jpg").write_bytes(data)
    before = number_of(tab, STAGE)
    tab.locator("#pyramid-photo").get_by_label("Remove Image").click()
    tab.set_input_files("#pyramid-photo input[type=file]", str(tmp_path / "text.jpg"))
    told_and_dismissed(tab, "This photo cannot be used")
    expect(tab.locator("#pyramid-photo img")).to_be_visible(timeout=EXPLAINED)
    assert number_of(tab, STAGE) == before


@pytest.mark.browser_context_args(locale="ko-KR")
def test_korean(strangers_page):
    page = opened(strangers_page)
    visible = page.locator("body").inner_text()
    assert KOREAN["worth_info"][:20] in visible
    for word in ("Layer 1", "drop", "airplane", "Confidence", "[object", "xai."):
        assert word not in visible
