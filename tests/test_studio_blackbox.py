"""The black box's tab in a browser, and the same as a program."""

import io
import re
import time
from copy import copy
from functools import cache
from types import SimpleNamespace

import gradio as gr
import httpx
import numpy as np
import pytest
import torch
from gradio_client import handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from playwright.sync_api import expect

import xai
from tests import tabs
from tests.conftest import CLASSES, EXAMPLES, fresh, load_once
from tests.tabs import REQUEST
from tests.test_photo import BAD
from tests.test_studio import EXPLAINED, KOREAN, choose, serious, told_and_dismissed
from xai.agreement import compare_answers, measure_divergence
from xai.blackbox import BlackBox, BlackBoxError
from xai.methods.controls import random
from xai.methods.distilled import LITERAL, distilled
from xai.metrics import auc, play
from xai.studio.answers import Question
from xai.studio.blackbox import BlackBoxTab, answers
from xai.studio.blackbox.about import say_assumed
from xai.studio.blackbox.maps import EXTRAS, Choice
from xai.studio.blackbox.others import say_expected_time
from xai.studio.facts import draw_facts
from xai.studio.text import ENGLISH

TITLE = "garbage-efficientnet_lite0"
ACCORDIONS = ("choice", "others", "games", "about-student")


def ask(client, photo, **options):
    defaults = {
        "photo": handle_file(str(photo)), "black_box": TITLE, "method": "distilled", "target": "predicted",
        "masks": 400, "games": False, "alpha": 0.5, "colormap": "turbo",
    }  # fmt: skip
    return client.submit(**{**defaults, **options}, api_name="/blackbox")


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


def lay_out():
    return tabs.lay_out(BlackBoxTab, [TITLE], [])


def opened(page):
    page.get_by_role("tab").nth(2).click()
    page.wait_for_selector("#map-distilled img", timeout=EXPLAINED, state="attached")
    return page


def unfold(page, accordion):
    if is_folded(page, accordion):
        page.locator(f"#{accordion} > button").click()


def is_folded(page, accordion):
    return "open" not in page.locator(f"#{accordion} > button").get_attribute("class").split()


def source(page, name="distilled"):
    return page.locator(f"#map-{name} img").get_attribute("src")


def changed(page, before, name="distilled"):
    page.wait_for_function(
        "([name, before]) => document.querySelector(`#map-${name} img`)?.src !== before",
        arg=[name, before],
        timeout=EXPLAINED,
    )


def another_photo(page, number):
    before = source(page)
    page.locator("#blackbox-examples").get_by_role("button", name=f"Thumbnail {number} of").click()
    changed(page, before)
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
        assert tab.locator(f"#says-{who} h2").inner_text() == ENGLISH[f"class.{black_box.classes[row.argmax()]}"]
    told = ENGLISH["divergence"].format(divergence=measure_divergence(said[None], imitated[None])[0])
    expect(tab.locator("#verdict")).to_contain_text(told)
    e = xai.explain(student, EXAMPLES[0], "distilled", target=int(said.argmax()))
    shown = np.asarray(Image.open(io.BytesIO(httpx.get(source(tab)).content)).convert("RGB"), int)
    assert np.abs(shown - np.asarray(e.overlay(), int)).max() <= 4
    assert all(is_folded(tab, accordion) for accordion in ACCORDIONS)


def test_a_student_that_does_not_agree_is_said_to(tab, quick):
    box, student = quick
    for number, verdict in ((4, "differs"), (5, "agrees")):
        own = int(student.predict_proba(EXAMPLES[number - 1])[0].argmax())
        box.says = own if verdict == "agrees" else (own + 1) % 6
        another_photo(tab, number)
        said = {"teacher": ENGLISH[f"class.{CLASSES[box.says]}"], "student": ENGLISH[f"class.{CLASSES[own]}"]}
        expect(tab.locator(f"#verdict .{verdict}")).to_contain_text(ENGLISH[verdict].format(**said))


def test_a_click_on_a_picture_changes_what_enters(tab, quick):
    unfold(tab, "choice")
    pictures = tab.locator("#blocks-pictures")
    expect(pictures.locator("img")).to_have_count(16)
    for name, number in (("blocks", 7), ("stages", 1)):
        box = tab.locator(f"#{name}").get_by_label(str(number), exact=True)
        was, before = box.is_checked(), source(tab)
        tab.locator(f"#{name}-pictures").get_by_role("button", name=f"Thumbnail {number} of").click()
        changed(tab, before)
        expect(box).to_be_checked(checked=not was)
    before = source(tab, "attention")
    tab.locator("#sign").get_by_label(ENGLISH["sign.absolute"]).check()
    changed(tab, before, "attention")
    changes = source(tab)
    tab.locator("#preset-source").click()
    changed(tab, changes)
    expect(tab.locator("#blocks input:checked")).to_have_count(16)
    expect(tab.locator("#stages").get_by_label("1", exact=True)).not_to_be_checked()
    checked = [box.is_checked() for box in tab.locator("#extras input").all()]
    assert dict(zip(EXTRAS, checked, strict=True)) == {"scaled": False, "unit": False, "softmax": True}
    tab.locator("#preset-best").click()


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


def test_the_class_is_chosen(tab, quick):
    other = ENGLISH[f"class.{CLASSES[(quick[0].says + 1) % 6]}"]
    before = source(tab)
    choose(tab, "#blackbox-target", other)
    changed(tab, before)
    expect(tab.locator("#figure-note")).to_contain_text(f"{other}, ")
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
    tab.locator("#blackbox-examples").get_by_role("button", name="Thumbnail 3 of").click()
    expect(tab.locator("#verdict")).to_contain_text(ENGLISH["no_answer"], timeout=EXPLAINED)
    told_once(tab, ENGLISH["no_answer"])
    for stale in ("#map-distilled", "#others-pictures img", "#says-student", "#choice"):
        expect(tab.locator(stale)).to_be_hidden()
    expect(tab.locator("#says-black_box")).not_to_contain_text("%")
    assert "10.0.0.1" not in tab.content()
    unfold(tab, "others")
    tab.locator("#compute").click()
    told_once(tab, ENGLISH["no_answer"])
    monkeypatch.undo()
    monkeypatch.setattr(answers, "load", lambda title: quick[0])
    tab.locator("#blackbox-explain").click()
    expect(tab.locator("#map-distilled img")).to_be_visible(timeout=EXPLAINED)
    expect(tab.locator("#verdict")).to_contain_text("KL divergence")
    expect(tab.locator("#others-pictures img")).not_to_have_count(0)
    expect(tab.locator(".error:visible")).to_have_count(0)


def test_a_bad_photo_gets_a_sentence(tab, quick, tmp_path):
    (tmp_path / "text.jpg").write_bytes(BAD["text.jpg"][0])
    before = source(tab)
    tab.locator("#blackbox-photo").get_by_label("Remove Image").click()
    tab.set_input_files("#blackbox-photo input[type=file]", str(tmp_path / "text.jpg"))
    told_and_dismissed(tab, "This photo cannot be used")
    expect(tab.locator("#blackbox-photo img")).to_be_visible(timeout=EXPLAINED)
    assert source(tab) == before


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
    shown = tabs.answer(tab, photo)
    assert not shown[tab.notices.strange].visible
    assert ENGLISH["alone.closed"] in shown[tab.verdict]
    parts = tab.student_says, tab.maps.figure, tab.choice.accordion, tab.student.accordion
    assert [shown[part].visible for part in parts] == [False] * 4
    assert shown[tab.others.methods].value == ["rise", "lime"]
    pictures = tabs.paint(tab, shown[tab.answered])[tab.others.gallery]
    assert [caption.split("\n")[0] for _, caption in pictures] == ["RISE", "LIME"]


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
    shown = tabs.answer(tab, photo)
    label, classes = shown[tab.black_box_says], shown[tab.target]
    assert label == pytest.approx({"harbour (2)": 0.3, "harbour": 0.25, "crane (2)": 0.2, "kite": 0.15, "crane": 0.1})
    assert [title for title, _ in classes.choices[1:]] == ["crane", "kite", "crane (2)", "harbour", "harbour (2)"]
    assert answers.look(photo, Question(TITLE, "rise", "crane (2)")).confidence == pytest.approx(0.2)


def test_a_student_without_attention_blocks_is_asked_for_what_it_can_tell(monkeypatch):
    box = BlackBox(Box().reply, CLASSES, "closed", 64)
    student = fresh("resnet50", input_size=64)
    box.learn(student)
    monkeypatch.setattr(answers, "load", lambda title: box)
    photo = Image.open(EXAMPLES[0]).convert("RGB")
    tab = lay_out()
    shown = tabs.answer(tab, photo)
    assert ENGLISH["no_figure"] in shown[tab.verdict]
    parts = tab.student_says, tab.maps.figure, tab.choice.accordion, tab.student.accordion
    assert [shown[part].visible for part in parts] == [True, False, False, True]
    assert shown[tab.others.methods].value == ["gradcam", "rise", "lime", "mask"]
    painted = tabs.paint(tab, shown[tab.answered])
    assert [painted[picture] for picture in tab.maps.pictures] == [None] * 3
    assert len(painted[tab.others.gallery]) == 4


def test_a_black_box_that_does_not_answer_leaves_nothing_of_the_former(quick, monkeypatch):
    photo, said = Image.open(EXAMPLES[0]).convert("RGB"), []
    tab = lay_out()
    former = tabs.answer(tab, photo)[tab.answered]

    def refuse(title):
        raise ValueError("it knows other classes")

    monkeypatch.setattr(gr, "Warning", lambda message, **_: said.append(message))
    for trouble in (lambda title: Dead(), refuse):
        monkeypatch.setattr(answers, "load", trouble)
        shown = tabs.answer(tab, photo, former, {tab.black_box: "another", tab.target: "metal"})
        silent, label, verdict = shown[tab.answered], shown[tab.black_box_says], shown[tab.verdict]
        student, figure, warning = shown[tab.student_says], shown[tab.maps.figure], shown[tab.notices.strange]
        classes, methods = shown[tab.target], shown[tab.others.methods]
        assert former.stopped.is_set()
        assert silent.silent
        assert not silent.is_for(photo, [silent.side.question])  # it is asked again
        assert (label, student.visible, figure.visible, warning.visible) == (None, False, False, False)
        assert ENGLISH["no_answer"] in verdict
        assert (len(classes.choices), classes.value, methods.choices) == (1, "predicted", [])
        painted = tabs.paint(tab, silent)
        assert [painted.pop(picture) for picture in tab.maps.pictures] == [None] * 3
        assert [painted.pop(gallery) for gallery in (*tab.choice.outputs, tab.others.gallery)] == [[]] * 3
        assert painted == {tab.maps.note: "", tab.games.row.note: "", tab.single.picture: None, tab.single.note: ""}
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
    answer = tabs.answer(tab, plain, menus={tab.target: "metal"})[tab.answered]
    painted = tabs.paint(tab, answer, tab.choice.choose_preset("source"))
    assert [painted[picture] for picture in tab.maps.pictures] == [plain] * 3
    assert ENGLISH["blank_maps"].format(maps="1, 2, 3") in painted[tab.maps.note]
    assert ENGLISH["blank_method"] in painted[tab.others.gallery][0][1]
    assert list(answer.collect_maps()["distilled"].raw.ravel()) == [0] * 64**2


def test_a_strange_photo_is_said_to_be_one(quick, monkeypatch):
    photo, tab = Image.open(EXAMPLES[0]).convert("RGB"), lay_out()
    for known in (True, None, False):
        monkeypatch.setattr(answers, "is_familiar", lambda photo, name, known=known: known)
        warning = tabs.answer(tab, photo)[tab.notices.strange]
        assert warning.visible == (known is False)
        assert ("The answer means little" in warning.value) == (known is False)


def test_nothing_need_enter(quick):
    photo = Image.open(EXAMPLES[0]).convert("RGB")
    tab = lay_out()
    answer = tabs.answer(tab, photo, menus={tab.target: "metal"})[tab.answered]
    painted = tabs.paint(tab, answer, {tab.choice.blocks.ticks: [], tab.choice.stages.ticks: []})
    assert painted[tab.maps.note] == ENGLISH["nothing_chosen"]
    assert [painted[picture] for picture in tab.maps.pictures] == [photo] * 3
    assert "not asked for yet" in painted[tab.others.gallery][0][1]


def test_an_idle_page_says_what_to_do(monkeypatch):
    said = []
    monkeypatch.setattr(gr, "Warning", lambda message, **_: said.append(message))
    tabs.paint(lay_out(), None)
    assert said == [ENGLISH["expired"]]


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
    expect(page.locator("#verdict")).to_contain_text("KL 발산", timeout=EXPLAINED)
    visible = page.locator("body").inner_text()
    assert KOREAN["blackbox_intro"][:20] in visible
    for word in ("Block", "Stage", "student", "glass", "asked", "RISE takes", "[object", "xai.", "translation"):
        assert word not in visible
