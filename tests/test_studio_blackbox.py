"""The black box's tab in a browser, and the same as a program."""

import json
import re
import zipfile
from copy import copy
from functools import cache
from io import BytesIO
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
from tests.blackboxes import (
    DISTILLED,
    STAGE,
    Box,
    answer,
    lay_out,
    list_notes,
    list_raws,
    paint,
    put_brush_away,
    recombine,
    show_hidden,
    show_whole,
)
from tests.blackboxes import WASTE as TITLE
from tests.conftest import CLASSES, EXAMPLES, fresh, load_once, wait_until
from tests.stages import EXPLAINED, draws, look, map_of, note_masks, number_of, press, rows_of, says, wait_for_answer
from tests.tabs import REQUEST
from tests.test_photo import BAD
from tests.test_studio import KOREAN, choose, serious, told_and_dismissed
from xai.agreement import compare_answers, measure_divergence
from xai.blackbox import BlackBox, BlackBoxError
from xai.methods.controls import random
from xai.methods.distilled import LITERAL, distilled
from xai.metrics import auc, play
from xai.studio.answers import Question
from xai.studio.blackbox import answers
from xai.studio.blackbox.about import say_assumed
from xai.studio.blackbox.maps import EXTRAS, SIGNS, Choice
from xai.studio.blackbox.others import say_expected_time
from xai.studio.facts import draw_facts
from xai.studio.hiding import FILLS, SIDE, hide_part, read_mask
from xai.studio.methods import PRESETS
from xai.studio.text import ENGLISH

ACCORDIONS = ("choice", "others", "games", "about-student")


def ask(client, photo, **options):
    defaults = {
        "photo": handle_file(str(photo)), "black_box": TITLE, "method": "distilled", "target": "predicted",
        "masks": 400, "games": False, "alpha": 0.5, "colormap": "turbo",
    }  # fmt: skip
    return client.submit(**{**defaults, **options}, api_name="/blackbox")


@pytest.fixture(scope="module")
def pair():
    """A quick black box, and an untrained student."""
    box, student = Box(), fresh("cbam_resnet50", input_size=64)
    box.learn(student)
    return box, student


@pytest.fixture
def quick(monkeypatch, pair):
    """The page asks these two while a test lasts."""
    monkeypatch.setattr(answers, "load", lambda title: pair[0])
    monkeypatch.setattr(answers, "PACE", {})
    pair[0].pause = 0.0
    return pair


@pytest.fixture(scope="module")
def tab(kept_page):
    """The tab, open and explained, for several tests on end: a visitor who goes on."""
    return opened(kept_page)


def opened(page):
    page.get_by_role("tab").nth(2).click()
    page.wait_for_selector(f"#{STAGE} .stage[data-ready]", timeout=EXPLAINED)
    return page


def unfold(page, accordion):
    if is_folded(page, accordion):
        page.locator(f"#{accordion} > button").click()


def is_folded(page, accordion):
    return "open" not in page.locator(f"#{accordion} > button").get_attribute("class").split()


def another_photo(page, number):
    before = number_of(page, STAGE)
    page.locator("#blackbox-examples").get_by_role("button", name=f"Thumbnail {number} of").click()
    wait_for_answer(page, before, STAGE)
    page.wait_for_timeout(300)


def captions(page):
    return page.locator("#others-pictures .caption-label").all_inner_texts()


def compute(page, names):
    for box in page.locator("#compared label").all():
        box.locator("input").set_checked(box.inner_text().strip() in names)
    page.locator("#compute").click()


def test_api_answers_like_the_package(client):
    answer, heatmap = ask(client, EXAMPLES[0]).result()
    student, black_box = load_once("blackbox-student"), load_once(TITLE)
    said, imitated = black_box.predict_proba(EXAMPLES[0])[0], student.predict_proba(EXAMPLES[0])[0]
    e = xai.explain(student, EXAMPLES[0], "distilled", target=int(said.argmax()))
    assert answer["label"] == black_box.classes[said.argmax()]
    assert answer["confidence"] == pytest.approx(said.max(), abs=1e-4)
    assert list(answer["student"]) == [black_box.classes[k] for k in np.argsort(-imitated)[:5]]
    assert answer["kl"] == pytest.approx(measure_divergence(said[None], imitated[None])[0], abs=1e-3)
    assert answer["agreed"] == compare_answers(said, imitated, black_box.classes).agreed
    np.testing.assert_allclose(answer["raw"], e.raw.reshape(56, 4, 56, 4).mean((1, 3)), atol=1e-3)
    assert answer["deletion"] is answer["questions"] is answer["settled"] is None
    assert (answer["familiar"], answer["blank"], answer["assumed"]) == (True, False, {})
    difference = np.asarray(Image.open(heatmap).convert("RGB"), int) - np.asarray(e.overlay(), int)
    assert np.abs(difference).max() <= 2  # lossless but for rounding


def test_api_sends_progress_and_plays_the_games(client, quick):
    box, _ = quick
    box.pause = 0.1
    job = ask(client, EXAMPLES[1], method="rise", games=True)
    answer, _ = job.result()
    outputs = job.outputs()
    done = [message["progress"] for message, _ in outputs if "progress" in message]
    assert len(done) >= 2
    assert done == sorted(done)
    assert any(heatmap for message, heatmap in outputs if message.get("progress", 1) < 1)  # growing
    e = xai.explain(box, EXAMPLES[1], "rise", masks=400)
    assert np.shape(answer["raw"]) == (56, 56)
    assert (answer["label"], answer["source"], answer["questions"]) == (e.label, "black box", e.questions)
    assert answer["settled"] == pytest.approx(e.settled, abs=1e-3)
    curves = play(box, EXAMPLES[1], {"rise": e}, e.target)
    for game in ("deletion", "insertion"):
        assert answer[game] == pytest.approx(auc(curves[game]["rise"]), abs=1e-3)


def test_api_refuses_with_a_sentence(client, tmp_path, quick, monkeypatch):
    (tmp_path / "text.jpg").write_bytes(BAD["text.jpg"][0])
    for photo, options, sentence in (
        (EXAMPLES[0], {"black_box": "https://example.com"}, "is not in the list of choices"),
        (EXAMPLES[0], {"method": "sobel"}, "is not in the list of choices"),
        (EXAMPLES[0], {"masks": 1_000_000}, "is not in the list of choices"),
        (EXAMPLES[0], {"target": "bottle"}, "there is no class"),
        (tmp_path / "text.jpg", {}, BAD["text.jpg"][1]),
    ):
        with pytest.raises(AppError, match=sentence):
            ask(client, photo, **options).result()
    alone = copy(quick[0])
    alone.student = None
    monkeypatch.setattr(answers, "load", lambda title: alone)
    with pytest.raises(AppError, match="use a student with CBAM"):
        ask(client, EXAMPLES[0]).result()


@pytest.mark.parametrize(
    "options",
    [
        LITERAL,
        distilled.__kwdefaults__,
        {**LITERAL, "blocks": (3, 9, 16), "stages": (1, 4), "operator": "sum", "sign": "negated", "scaled": True},
        {**LITERAL, "blocks": (), "sign": "absolute", "softmax": False},
        {**LITERAL, "stages": (), "sign": "absolute", "scaled": True},
    ],
)
def test_a_choice_needs_no_second_pass(quick, options):
    _, student = quick
    photo = Image.open(EXAMPLES[2]).convert("RGB")
    side = answers.look(photo, Question(TITLE, "distilled", "metal"))
    figure = side.explained.combine(Choice(**options))
    e = xai.explain(student, photo, "distilled", target="metal", **options)
    np.testing.assert_allclose(figure[-1], e.raw, atol=1e-5)
    assert [m is None for m in figure] == [not options["blocks"], not options["stages"], False]


def test_the_student_is_passed_once(quick, monkeypatch):
    _, student = quick
    passes, gradients = [], []
    true_stem, true_grad = student.stem, torch.autograd.grad
    monkeypatch.setattr(type(student), "stem", lambda self, x: passes.append(1) or true_stem(x))
    monkeypatch.setattr(torch.autograd, "grad", lambda *args, **kw: gradients.append(1) or true_grad(*args, **kw))
    answers.look(Image.open(EXAMPLES[2]).convert("RGB"), Question(TITLE, "distilled"))
    assert (len(passes), len(gradients)) == (1, 1)


def test_opens_with_an_example_explained(tab):
    student, black_box = load_once("blackbox-student"), load_once(TITLE)
    said, imitated = black_box.predict_proba(EXAMPLES[0])[0], student.predict_proba(EXAMPLES[0])[0]
    for who, row in (("black_box", said), ("student", imitated)):
        assert rows_of(tab, who, STAGE)[0] == ENGLISH[f"class.{black_box.classes[row.argmax()]}"]
        says(tab, who, f"{row.max():.0%}", STAGE)
    says(
        tab,
        "student",
        ENGLISH["divergence"].format(divergence=measure_divergence(said[None], imitated[None])[0]),
        STAGE,
    )
    for i, parts in enumerate(({"stages": ()}, {"blocks": ()}, {})):  # attention, evidence, and both together
        e = xai.explain(student, EXAMPLES[0], "distilled", target=int(said.argmax()), **parts)
        assert draws(tab, i, e, stage=STAGE)
    assert all(is_folded(tab, accordion) for accordion in ACCORDIONS)


def test_a_student_that_does_not_agree_is_said_to(tab, quick):
    box, student = quick
    for number, verdict in ((4, "differs"), (5, "agrees")):
        own = int(student.predict_proba(EXAMPLES[number - 1])[0].argmax())
        box.says = own if verdict == "agrees" else (own + 1) % 6
        another_photo(tab, number)
        said = {"teacher": ENGLISH[f"class.{CLASSES[box.says]}"], "student": ENGLISH[f"class.{CLASSES[own]}"]}
        expect(tab.locator(f"#{STAGE} .verdict.{verdict}")).to_contain_text(ENGLISH[verdict].format(**said))


def test_what_enters_changes_the_maps_on_the_stage(tab, quick):
    def draws_chosen(**options):
        e = xai.explain(quick[1], EXAMPLES[4], "distilled", target=quick[0].says, **options)
        wait_until(tab, lambda: draws(tab, DISTILLED, e, stage=STAGE))

    unfold(tab, "choice")
    best = PRESETS["best"]
    draws_chosen(**best)
    expect(tab.locator("#blocks-pictures img")).to_have_count(16)
    chosen = {name: {*best[name]} for name in ("blocks", "stages")}
    for name, number in (("blocks", 7), ("stages", 1)):
        box = tab.locator(f"#{name}").get_by_label(str(number), exact=True)
        was = box.is_checked()
        tab.locator(f"#{name}-pictures").get_by_role("button", name=f"Thumbnail {number} of").click()
        chosen[name] ^= {number}
        draws_chosen(**best | {each: tuple(sorted(numbers)) for each, numbers in chosen.items()})
        expect(box).to_be_checked(checked=not was)
    before = map_of(tab, 0, STAGE)
    other = next(sign for sign in SIGNS if sign != best["sign"])
    tab.locator("#sign").get_by_label(ENGLISH[f"sign.{other}"]).check()
    wait_until(tab, lambda: map_of(tab, 0, STAGE) != before)
    tab.locator("#preset-source").click()
    draws_chosen(**LITERAL)
    expect(tab.locator("#blocks input:checked")).to_have_count(16)
    expect(tab.locator("#stages").get_by_label("1", exact=True)).not_to_be_checked()
    checked = [box.is_checked() for box in tab.locator("#extras input").all()]
    assert dict(zip(EXTRAS, checked, strict=True)) == {"scaled": False, "unit": False, "softmax": True}
    tab.locator("#preset-best").click()
    draws_chosen(**best)


def test_other_methods_grow_and_can_be_stopped(tab, quick):
    box, _ = quick
    unfold(tab, "others")
    expect(tab.locator("#expectation")).to_contain_text("RISE takes about", timeout=EXPLAINED)
    expect(tab.locator("#compared input")).to_have_count(len(xai.list_methods(load_once(TITLE))))
    assert all("not asked for yet" in caption for caption in captions(tab)[1:])
    box.pause = 0.6
    pictures = "[...document.querySelectorAll('#others-pictures img')].map(i => i.src).join()"
    before = tab.evaluate(pictures)
    compute(tab, ["RISE"])
    expect(tab.locator("#others-note")).to_contain_text(re.compile(r"RISE: \d+%, about \d+ s left"), timeout=EXPLAINED)
    tab.wait_for_function(f"before => {pictures} !== before", arg=before, timeout=EXPLAINED)
    tab.locator("#others-stop").click()
    expect(tab.locator("#others-note")).to_have_text(ENGLISH["stopped"], timeout=EXPLAINED)
    expect(tab.locator("#others-stop")).to_be_hidden()
    tab.wait_for_timeout(1000)
    asked = box.asked
    tab.wait_for_timeout(1000)
    assert box.asked == asked
    assert "% done" in captions(tab)[2]


def test_what_is_slow_ends_with_another_photo(tab, quick):
    box, _ = quick
    box.pause = 0.6
    tab.locator("#compute").click()
    expect(tab.locator("#others-note")).to_contain_text("RISE", timeout=EXPLAINED)
    another_photo(tab, 6)
    expect(tab.locator("#others-stop")).to_be_hidden()
    tab.wait_for_timeout(1000)
    asked = box.asked
    tab.wait_for_timeout(1000)
    assert box.asked == asked
    assert "not asked for yet" in captions(tab)[2]


def test_other_methods_are_shown_with_their_seconds_and_source(tab, quick):
    compute(tab, ["Grad-CAM", "RISE", "LIME"])
    expect(tab.locator("#others-note")).to_have_text(ENGLISH["done"], timeout=3 * EXPLAINED)
    asked = r"\n400 questions"
    for caption, name, source, more in zip(
        captions(tab)[:4],
        ["Distilled", "Grad-CAM", "RISE", "LIME"],
        ["student's gradients", "teacher's gradients", "black box", "black box"],
        ["", "", rf"{asked}\n\d+% settled", rf"{asked}\n\d+% settled"],
        strict=True,
    ):
        assert re.match(rf"{name} · [\d.]+ m?s\n{re.escape(ENGLISH[f'source.{source}'])}{more}", caption), caption
    tab.locator("#compute").click()
    expect(tab.locator("#others-note")).to_have_text(ENGLISH["nothing_to_do"], timeout=EXPLAINED)


def test_the_games_are_played_on_the_black_box(tab, quick):
    box, student = quick
    another_photo(tab, 7)
    compute(tab, ["RISE"])
    expect(tab.locator("#others-note")).to_have_text(ENGLISH["done"], timeout=EXPLAINED)
    unfold(tab, "games")
    tab.locator("#play").click()
    expect(tab.locator("#areas table")).to_be_visible(timeout=2 * EXPLAINED)
    for game in ("deletion", "insertion"):
        expect(tab.locator(f"#plot-{game} svg.marks")).to_be_visible(timeout=EXPLAINED)
    photo = EXAMPLES[6]
    maps = {
        "Distilled": xai.explain(student, photo, "distilled", target=box.says),
        "RISE": xai.explain(box, photo, "rise", masks=400),
        ENGLISH["method.random"]: random(torch.empty(1, 3, 64, 64), [0], cells=7)[0],
    }
    curves = play(box, photo, maps)
    rows = {row.locator("th").inner_text(): row for row in tab.locator("#areas tr").all()[1:]}
    assert list(rows) == ["Distilled", "RISE", ENGLISH["method.random"]] == list(maps)
    expect(tab.locator("#legend-games span")).to_have_text(list(maps))
    for name in maps:
        shown = [float(cell.inner_text()) for cell in rows[name].locator("td").all()]
        assert shown == pytest.approx([auc(curves[game][name]) for game in ("deletion", "insertion")], abs=2e-3)
    columns = np.array([[float(cell.inner_text()) for cell in row.locator("td").all()] for row in rows.values()])
    marked = [[cell.locator("b").count() for cell in row.locator("td").all()] for row in rows.values()]
    np.testing.assert_array_equal(marked, columns == [columns[:, 0].min(), columns[:, 1].max()])
    unfold(tab, "choice")
    tab.locator("#blocks").get_by_label("2", exact=True).uncheck()
    expect(tab.locator("#games-note")).to_have_text(ENGLISH["stale"], timeout=EXPLAINED)
    tab.locator("#blocks").get_by_label("2", exact=True).check()
    expect(tab.locator("#games-note")).to_have_text("", timeout=EXPLAINED)


def read_zip(path):
    """By title what the manifests in a zip say of explanations, with their maps; and what they share."""
    with zipfile.ZipFile(path) as file:
        shared = json.loads(file.read("manifest.json"))
        maps = {
            each["title"]: np.load(BytesIO(file.read(f"{each['folder']}/map.npz")))["raw"]
            for each in shared["explanations"]
        }
        colors = {
            each["title"]: Image.open(BytesIO(file.read(f"{each['folder']}/heatmap.png")))
            for each in shared["explanations"]
        }
    return shared, maps, colors


def test_all_explanations_are_saved_as_they_are_shown(tab, quick):
    box, student = quick
    look(tab, "opacity", 30, STAGE)
    look(tab, "colors", "magma", STAGE)
    press(tab, "take", STAGE)
    with tab.expect_download() as saved:
        press(tab, "save_all", STAGE)
    assert saved.value.suggested_filename == f"xai-{CLASSES[box.says]}-distilled.zip"
    shared, maps, colors = read_zip(saved.value.path())
    wanted = {
        "Distilled": xai.explain(student, EXAMPLES[6], "distilled", target=box.says),
        "RISE": xai.explain(box, EXAMPLES[6], "rise", target=box.says, masks=400),
    }
    assert (list(maps), shared["opacity"], shared["colormap"]) == ([*wanted], 0.3, "magma")
    for told in shared["explanations"]:
        e = wanted[told["title"]]
        np.testing.assert_allclose(maps[told["title"]], e.raw, atol=1e-4)
        difference = np.asarray(colors[told["title"]], int) - np.asarray(e.overlay(0.3, "magma"), int)
        assert np.abs(difference).max() <= 2
        assert told["class"]["name"] == CLASSES[box.says]
    look(tab, "opacity", 50, STAGE)
    look(tab, "colors", "turbo", STAGE)


def test_the_class_is_chosen(tab, quick):
    photo = EXAMPLES[6]
    for by_row in (False, True):
        before, row = number_of(tab, STAGE), tab.locator(f'#{STAGE} [data-key="student"] [aria-pressed="false"]').first
        label = row.get_attribute("data-focus").rpartition("-")[2]
        if by_row:
            row.click()
        else:
            choose(tab, "#blackbox-target", ENGLISH[f"class.{label}"])
        wait_for_answer(tab, before, STAGE)
        says(tab, "student", f"{ENGLISH[f'class.{label}']}, ", STAGE)
        e = xai.explain(quick[1], photo, "distilled", target=label)
        wait_until(tab, lambda e=e: draws(tab, DISTILLED, e, stage=STAGE))
        expect(tab.locator("#blackbox-target input")).to_have_value(ENGLISH[f"class.{label}"])
    expect(tab.locator("#areas")).to_have_text("")


def told_once(page, sentence):
    """Wait for a message, and close it; there is no other, not even the same again."""
    message = page.locator(".toast-body")
    expect(message).to_contain_text(sentence, timeout=EXPLAINED)
    page.wait_for_timeout(500)
    assert message.count() == message.inner_text().count(sentence) == 1
    page.locator(".toast-close").click()
    expect(message).to_have_count(0)


def test_a_black_box_that_does_not_answer_is_told_of_in_a_sentence(tab, quick, monkeypatch):
    box, _ = quick

    def reply(pixels):
        raise BlackBoxError("http://10.0.0.1 did not answer")

    monkeypatch.setattr(box, "answer", reply)
    expect(tab.locator("#ask-again")).to_be_hidden()
    press(tab, "hide", STAGE)
    another_photo(tab, 3)
    expect(tab.locator(f"#{STAGE} .verdict")).to_have_text(ENGLISH["no_answer"])
    told_once(tab, ENGLISH["no_answer"])
    for stale in (f"#{STAGE} .picture", f"#{STAGE} .answer", "#others-pictures img", "#choice", "#about-student"):
        expect(tab.locator(stale)).to_be_hidden()
    expect(tab.locator(f"#{STAGE} .panels")).not_to_contain_text("%")
    expect(tab.locator(f"#{STAGE} .bar button:visible")).to_have_count(0)  # there is nothing to see by another view
    assert "10.0.0.1" not in tab.content()
    tab.locator("#ask-again").click()
    told_once(tab, ENGLISH["no_answer"])
    unfold(tab, "others")
    tab.locator("#compute").click()
    told_once(tab, ENGLISH["no_answer"])
    monkeypatch.undo()
    monkeypatch.setattr(answers, "load", lambda title: quick[0])
    tab.locator("#ask-again").click()
    says(tab, "student", "KL divergence", STAGE)
    e = xai.explain(quick[1], EXAMPLES[2], "distilled", target=box.says)
    wait_until(tab, lambda: draws(tab, DISTILLED, e, stage=STAGE))
    expect(tab.locator("#ask-again")).to_be_hidden()
    expect(tab.locator("#others-pictures img")).not_to_have_count(0)
    expect(tab.locator(".error:visible")).to_have_count(0)


def test_what_is_painted_over_is_hidden_from_both(tab, quick):
    photo, networks, sent = (
        Image.open(EXAMPLES[2]).convert("RGB"),
        dict(zip(("black_box", "student"), quick, strict=True)),
        note_masks(tab),
    )
    paint(tab, 0.3)
    show_hidden(tab, sent, photo, networks)
    hidden = hide_part(photo, read_mask(SIDE, sent[-1]["runs"]), sent[-1]["fill"])
    draws_hidden = lambda **options: draws(  # noqa: E731
        tab, DISTILLED, xai.explain(quick[1], hidden, "distilled", target=quick[0].says, **options), stage=STAGE
    )
    wait_until(tab, draws_hidden)
    unfold(tab, "choice")
    tab.locator("#preset-source").click()  # other maps of the same answer: what is hidden stays so
    wait_until(tab, lambda: draws_hidden(**LITERAL))
    tab.locator("#preset-best").click()
    wait_until(tab, draws_hidden)
    show_hidden(tab, sent, photo, networks)


def test_a_black_box_that_falls_silent_leaves_what_is_there(tab, quick, monkeypatch):
    box, photo, networks, sent = (
        quick[0],
        Image.open(EXAMPLES[2]).convert("RGB"),
        dict(zip(("black_box", "student"), quick, strict=True)),
        note_masks(tab),
    )
    asked = []

    def reply(pixels):
        asked.append(len(pixels))
        raise BlackBoxError("out of tea")

    before = number_of(tab, STAGE)
    with monkeypatch.context() as silent:
        silent.setattr(box, "answer", reply)
        paint(tab, 0.7)
        told_once(tab, ENGLISH["no_answer"])
        tab.wait_for_timeout(1500)  # for what would ask again and again
        assert number_of(tab, STAGE) == before
        expect(tab.locator(f"#{STAGE} .picture:visible")).not_to_have_count(0)
        assert (len(sent), len(asked)) == (1, 1)
    press(tab, "undo", STAGE)
    wait_until(tab, lambda: len(sent) == 2)
    show_hidden(tab, sent, photo, networks)
    put_brush_away(tab)
    show_whole(tab, photo, networks)


def test_a_bad_photo_gets_a_sentence(tab, quick, tmp_path):
    (tmp_path / "text.jpg").write_bytes(BAD["text.jpg"][0])
    before = number_of(tab, STAGE)
    tab.locator("#blackbox-photo").get_by_label("Remove Image").click()
    tab.set_input_files("#blackbox-photo input[type=file]", str(tmp_path / "text.jpg"))
    told_and_dismissed(tab, "This photo cannot be used")
    expect(tab.locator("#blackbox-photo img")).to_be_visible(timeout=EXPLAINED)
    assert number_of(tab, STAGE) == before


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_accessible_and_in_bounds(tab, scheme, width):
    tab.emulate_media(color_scheme=scheme)
    tab.set_viewport_size({"width": width, "height": 900})
    for accordion in ACCORDIONS:
        unfold(tab, accordion)
    assert serious(tab) == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_what_is_slow_ends_when_the_visitor_leaves(tab, quick):
    box, _ = quick
    box.pause, before = 0.6, box.asked
    tab.locator("#masks").get_by_label("1,000").check()
    tab.locator("#compute").click()
    expect(tab.locator("#others-note")).to_contain_text(re.compile(r"RISE: \d+%"), timeout=EXPLAINED)
    tab.goto("about:blank")
    tab.wait_for_timeout(2000)
    asked = box.asked
    tab.wait_for_timeout(1500)
    assert box.asked == asked < before + 1000


def test_without_a_student_only_questions_explain(monkeypatch):
    box = BlackBox(Box().reply, CLASSES, "closed", 64)
    monkeypatch.setattr(answers, "load", lambda title: box)
    photo = Image.open(EXAMPLES[0]).convert("RGB")
    tab = lay_out()
    shown = answer(tab, photo)
    assert not shown[tab.notices.strange].visible
    scene = tab.set_scene(shown[tab.answered], "en")
    (panel,) = scene.panels
    assert (panel.key, list_raws(scene), panel.note) == ("black_box", [None], [ENGLISH["alone.closed"]])
    assert panel.confidences == pytest.approx(dict(zip(CLASSES, box.predict_proba(photo)[0].tolist(), strict=True)))
    parts = tab.three_maps, tab.choice.accordion, tab.student.accordion, tab.again
    assert [shown[part].visible for part in parts] == [False] * 4
    assert shown[tab.others.methods].value == ["rise", "lime"]
    assert [caption.split("\n")[0] for _, caption in shown[tab.others.gallery]] == ["RISE", "LIME"]


def test_what_is_not_there_yet_is_not_saved(monkeypatch):
    said = []
    monkeypatch.setattr(gr, "Warning", lambda message, **_: said.append(message))
    monkeypatch.setattr(answers, "load", lambda title: BlackBox(Box().reply, CLASSES, "closed", 64))
    tab = lay_out()
    answered = answer(tab, Image.open(EXAMPLES[0]).convert("RGB"))[tab.answered]
    event = gr.EventData(None, {"opacity": 0.5, "colormap": "turbo"})
    for each in (answered, None):
        assert tab.save({tab.answered: each}, event, REQUEST) == gr.skip()
    assert said == [ENGLISH["nothing_to_save"], ENGLISH["expired"]]


def test_what_is_assumed_of_a_black_box_stands_on_the_page_and_on_the_terminal(monkeypatch, capsys):
    assumed = {"scale": "1", "mean": "0.485,0.456,0.406", "classes": "0…5", "logits": "true"}
    box = BlackBox(Box().reply, CLASSES, "Plain", 64, assumed=assumed)
    monkeypatch.setattr(answers, "load_hosted", lambda title: box)
    monkeypatch.setattr(answers, "load", cache(answers.load.__wrapped__))
    korean = SimpleNamespace(headers={"accept-language": "ko-KR"})
    shown = [say_assumed("Plain", request) for request in (REQUEST, korean)]
    assert [note.visible for note in shown] == [True, True]
    assert shown[0].value == (
        "Assumed, as neither this black box nor its host says it: white is 1, mean colour 0.485 0.456 0.406, "
        "classes called 0…5, answers still need a softmax."
    )
    assert "평균색 0.485 0.456 0.406" in shown[1].value
    assert capsys.readouterr().out == (
        "black box Plain; assumed, as neither it nor its host says it: scale=1 mean=0.485,0.456,0.406 classes=0…5 "
        "logits=true\n"
    )
    box.assumed = {}
    assert not say_assumed("Plain", REQUEST).visible
    monkeypatch.setattr(answers, "load", lambda title: (_ for _ in ()).throw(BlackBoxError("out of tea")))
    assert not say_assumed("Plain", REQUEST).visible


def test_every_option_that_may_be_assumed_has_its_words():
    for option in ("scale", "mean", "std", "input_size", "layout", "classes", "logits.true", "logits.false"):
        assert f"assumed.{option}" in ENGLISH


def test_classes_of_one_name_keep_their_confidences_on_the_page(monkeypatch):
    names = ["crane", "kite", "crane", "harbor", "harbour"]  # two names, and two that read alike in English
    box = BlackBox(lambda pixels: torch.tensor([[0.1, 0.15, 0.2, 0.25, 0.3]] * len(pixels)), names, "birds", 64)
    monkeypatch.setattr(answers, "load", lambda title: box)
    photo = Image.open(EXAMPLES[0]).convert("RGB")
    tab = lay_out()
    shown = answer(tab, photo)
    (panel,) = tab.stage.encode(tab.set_scene(shown[tab.answered], "en"))["panels"]
    assert {row["name"]: row["confidence"] for row in panel["classes"]} == pytest.approx(
        {"harbour (2)": 0.3, "harbour": 0.25, "crane (2)": 0.2, "kite": 0.15, "crane": 0.1}
    )
    classes = shown[tab.target]
    assert [title for title, _ in classes.choices[1:]] == ["crane", "kite", "crane (2)", "harbour", "harbour (2)"]
    assert answers.look(photo, Question(TITLE, "rise", "crane (2)")).wanted == "crane (2)"


def test_a_student_without_attention_blocks_is_asked_for_what_it_can_tell(monkeypatch):
    box = BlackBox(Box().reply, CLASSES, "closed", 64)
    student = fresh("resnet50", input_size=64)
    box.learn(student)
    monkeypatch.setattr(answers, "load", lambda title: box)
    photo = Image.open(EXAMPLES[0]).convert("RGB")
    tab = lay_out()
    shown = answer(tab, photo)
    black_box, imitator = tab.set_scene(shown[tab.answered], "en").panels
    e = xai.explain(student, photo, target=int(box.predict_proba(photo)[0].argmax()))
    assert ENGLISH["no_figure"] in imitator.note
    assert not black_box.maps
    np.testing.assert_allclose(imitator.maps[0].raw, e.raw, atol=1e-5)
    parts = tab.three_maps, tab.choice.accordion, tab.student.accordion
    assert [shown[part].visible for part in parts] == [False, False, True]
    assert shown[tab.others.methods].value == ["gradcam", "rise", "lime", "mask"]
    assert len(shown[tab.others.gallery]) == 4


def test_a_black_box_that_does_not_answer_leaves_nothing_of_the_former(quick, monkeypatch):
    photo, said = Image.open(EXAMPLES[0]).convert("RGB"), []
    tab = lay_out()
    former = answer(tab, photo)[tab.answered]

    def refuse(title):
        raise ValueError("it knows other classes")

    monkeypatch.setattr(gr, "Warning", lambda message, **_: said.append(message))
    for trouble in (lambda title: Dead(), refuse):
        monkeypatch.setattr(answers, "load", trouble)
        shown = answer(tab, photo, former, {tab.black_box: "another", tab.target: "metal"})
        silent, warning = shown[tab.answered], shown[tab.notices.strange]
        scene, classes, methods = tab.set_scene(silent, "en"), shown[tab.target], shown[tab.others.methods]
        assert former.stopped.is_set()
        assert silent.silent
        assert not silent.is_for(photo, [silent.side.question])  # it is asked again
        assert (scene.panels, scene.verdict.text, scene.verdict.kind) == ([], ENGLISH["no_answer"], "differs")
        hidden = tab.three_maps, tab.choice.accordion, tab.student.accordion, warning
        assert [shown[part].visible if part in shown else part.visible for part in hidden] == [False] * 4
        assert shown[tab.again].visible
        assert (len(classes.choices), classes.value, methods.choices) == (1, "predicted", [])
        assert [shown[gallery] for gallery in (*tab.choice.outputs, tab.others.gallery)] == [[]] * 3
        assert shown[tab.games.row.note] == ""
        assert say_expected_time(silent, 400, REQUEST) == tab.student.fill(silent, REQUEST) == ""
    assert said == [ENGLISH["no_answer"]] * 2


class Dead(BlackBox):
    """Never answers."""

    def __init__(self) -> None:
        def reply(pixels):
            raise OSError("unreachable")

        super().__init__(reply, CLASSES, "dead", 64)


def test_maps_that_say_nothing_are_the_plain_photo(quick):
    plain = Image.new("RGB", (90, 60), "olive")
    tab = lay_out()
    answered = answer(tab, plain, menus={tab.target: "metal"})[tab.answered]
    shown = recombine(tab, answered, tab.choice.choose_preset("source"))
    scene = shown[tab.stage]
    assert list_raws(scene) == [None] * 3
    assert ENGLISH["blank_maps"].format(maps="1, 2, 3") in list_notes(scene)
    assert [panel["regions"] for panel in tab.stage.encode(scene)["panels"]] == [None] * 2
    assert ENGLISH["blank_method"] in shown[tab.others.gallery][0][1]
    assert list(answered.collect_explanations()["distilled"].raw.ravel()) == [0] * 64**2


def test_a_strange_photo_is_said_to_be_one(quick, monkeypatch):
    photo, tab = Image.open(EXAMPLES[0]).convert("RGB"), lay_out()
    for known in (True, None, False):
        monkeypatch.setattr(answers, "is_familiar", lambda photo, name, known=known: known)
        warning = answer(tab, photo)[tab.notices.strange]
        assert warning.visible == (known is False)
        assert ("The answer means little" in warning.value) == (known is False)


def test_nothing_need_enter(quick):
    photo = Image.open(EXAMPLES[0]).convert("RGB")
    tab = lay_out()
    answered = answer(tab, photo, menus={tab.target: "metal"})[tab.answered]
    shown = recombine(tab, answered, {tab.choice.blocks.ticks: [], tab.choice.stages.ticks: []})
    assert ENGLISH["nothing_chosen"] in list_notes(shown[tab.stage])
    assert list_raws(shown[tab.stage]) == [None] * 3
    assert "not asked for yet" in shown[tab.others.gallery][0][1]


@pytest.mark.parametrize("name", PRESETS)
def test_choices_are_recombined_from_the_answer_that_is_there(quick, name):
    (box, student), tab, photo = quick, lay_out(), Image.open(EXAMPLES[0]).convert("RGB")
    answered = answer(tab, photo, menus={tab.target: "metal"})[tab.answered]
    asked = box.asked
    scene = recombine(tab, answered, tab.choice.choose_preset(name))[tab.stage]
    e = xai.explain(student, photo, "distilled", target="metal", **PRESETS[name])
    np.testing.assert_allclose(list_raws(scene)[DISTILLED], e.raw, atol=1e-5)
    np.testing.assert_allclose(tab.list_explanations(answered, "en")["Distilled"].raw, e.raw, atol=1e-5)
    assert box.asked == asked


@pytest.mark.parametrize("fill", FILLS)
def test_without_a_part_black_box_and_student_answer_what_they_would_to_such_a_photo(quick, fill):
    tab, photo, runs = (
        lay_out(),
        Image.open(EXAMPLES[0]).convert("RGB"),
        [SIDE * SIDE // 2, SIDE * SIDE // 4, SIDE * SIDE // 4],
    )
    answered = answer(tab, photo, menus={tab.target: "metal", **tab.choice.choose_preset("source")})[tab.answered]
    scene = tabs.hide(tab, answered, size=SIDE, runs=runs, fill=fill)[tab.stage]
    hidden = hide_part(photo, read_mask(SIDE, runs), fill)
    assert (scene.photo, scene.whole) == (hidden, photo)
    for panel, former, network in zip(scene.panels, scene.former, quick, strict=True):
        for shown, given in ((panel, hidden), (former, photo)):
            wanted = dict(zip(CLASSES, network.predict_proba(given)[0].tolist(), strict=True))
            assert shown.confidences == pytest.approx(wanted, abs=1e-4)
    e = xai.explain(quick[1], hidden, "distilled", target="metal", **PRESETS["source"])  # the choice stays
    np.testing.assert_allclose(list_raws(scene)[DISTILLED], e.raw, atol=1e-5)


def test_an_idle_page_says_what_to_do(quick, monkeypatch):
    said, tab, photo = [], lay_out(), Image.open(EXAMPLES[0]).convert("RGB")
    monkeypatch.setattr(gr, "Warning", lambda message, **_: said.append(message))
    assert tabs.hide(tab, None, size=SIDE, runs=[0, SIDE * SIDE], fill="grey") == gr.skip()
    assert said == [ENGLISH["expired"]]
    assert recombine(tab, None) == gr.skip()  # there is no photo either
    assert not recombine(tab, None, photo=photo)[tab.answered].silent


def test_how_far_a_student_agrees_is_shown_as_measured():
    student = fresh("cbam_resnet50", input_size=64)
    test = {"accuracy": 91.5, "ece": 2.0, "confusion": []}
    metrics = {
        "parameters": 7, "epochs": 3, "recipe": {"teacher": "another"}, "data": {"trashnet": {"test": test}},
        "similarity": {"trashnet": {"test": {"sim": [0.912, 0.8, 0.7, 0.6, 0.5], "kl": 0.1234, "photos": 9}}},
    }  # fmt: skip
    text = draw_facts(student, metrics, "en")
    for n, sim in enumerate(("91.2%", "80.0%", "70.0%", "60.0%", "50.0%"), start=1):
        assert f"(Sim {n}), TrashNet</th><td>{sim}" in text
    assert "0.123 nat" in text
    assert "(Sim" not in draw_facts(student, {**metrics, "similarity": {}}, "en")


def test_every_text_is_there_in_both_languages():
    assert list(ENGLISH) == list(KOREAN)
    for key in ENGLISH:
        places = [set(re.findall(r"\{(\w+)", texts[key])) for texts in (ENGLISH, KOREAN)]
        assert places[0] == places[1], key


@pytest.mark.browser_context_args(locale="ko-KR")
def test_korean(strangers_page):
    page = opened(strangers_page)
    for accordion in ACCORDIONS:
        unfold(page, accordion)
    expect(page.locator("#about-student table")).to_be_visible(timeout=EXPLAINED)
    says(page, "student", "KL 발산", STAGE)
    visible = page.locator("body").inner_text()
    for key in ("black_box_says", "student_says", "three_maps", "blackbox_privacy"):
        assert KOREAN[key].replace("**", "")[:20] in visible
    for word in ("Block", "Stage", "student", "glass", "asked", "RISE takes", "[object", "xai.", "translation"):
        assert word not in visible
