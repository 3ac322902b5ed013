import base64
import contextlib
import json
import re
import threading
from types import SimpleNamespace

import gradio as gr
import httpx
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from playwright.sync_api import TimeoutError, expect

import xai
from tests import tabs
from tests.conftest import EXAMPLES, load_once, no_strangers, open_app, wait_until
from tests.stages import EXPLAINED, draws, map_of, maps_of, number_of, rows_of, says, wait_for_answer
from tests.test_photo import BAD, QUARTERS, bomb
from xai.methods import METHODS
from xai.similar import load_index
from xai.steps import Progress
from xai.studio import garbage
from xai.studio.answers import Answer, get_model, read_question
from xai.studio.examples import read_class
from xai.studio.facts import read_protocol, read_records
from xai.studio.garbage import GarbageTab
from xai.studio.methods import list_suited
from xai.studio.text import ENGLISH, LANGUAGES
from xai.zoo import GARBAGE

KOREAN = LANGUAGES["ko"]
SIDES = dict(zip("ab", garbage.OPENING_NETWORKS, strict=True))


def ask(client, photo, **options):
    defaults = {
        "photo": handle_file(str(photo)), "model": "garbage-s_se_resnet50", "method": "gradcam", "target": "predicted",
        "layer": "last", "alpha": 0.5, "colormap": "turbo",
    }  # fmt: skip
    return client.predict(**{**defaults, **options}, api_name="/garbage")


def test_api_answers_like_the_package(client):
    answer, heatmap = ask(client, EXAMPLES[0])
    model = load_once("garbage-s_se_resnet50")
    e = xai.explain(model, EXAMPLES[0])
    assert answer["label"] == e.label
    assert answer["confidence"] == pytest.approx(e.confidence, abs=1e-4)
    np.testing.assert_allclose(answer["raw"], e.raw, atol=1e-4)
    assert tuple(answer["box"]) == e.bounding_box()
    assert tuple(answer["size"]) == e.photo.size
    assert (answer["familiar"], answer["blank"]) == (True, False)
    assert sum(answer["confidences"].values()) == pytest.approx(1, abs=1e-4)
    assert heatmap.endswith(".png")
    difference = np.asarray(Image.open(heatmap).convert("RGB"), int) - np.asarray(e.overlay(), int)
    assert np.abs(difference).max() <= 2  # lossless but for rounding


def test_api_options(client):
    answer, _ = ask(client, EXAMPLES[1], model="garbage-cnn", target="metal", layer="conv1")
    assert (answer["label"], answer["layer"], np.shape(answer["raw"])) == ("metal", "conv1", (128, 128))


@pytest.mark.parametrize("name", [*BAD])
def test_api_refuses_bad_files_with_a_sentence(client, tmp_path, name):
    data, sentence = BAD[name]
    path = tmp_path / name
    path.write_bytes(data) if data is not None else Image.new("RGB", (1, 1)).save(path)
    with pytest.raises(AppError, match=sentence):
        ask(client, path)


def test_api_refuses_wrong_options_with_a_sentence(client):
    with pytest.raises(AppError, match="nothing but global average pooling"):
        ask(client, EXAMPLES[0], model="garbage-cnn", method="cam")
    with pytest.raises(AppError, match="no class 'bottle'"):
        ask(client, EXAMPLES[0], target="bottle")
    with pytest.raises(AppError, match="no layer 'layer9'"):
        ask(client, EXAMPLES[0], layer="layer9")


def test_api_sends_progress_of_a_slow_method(client):
    options = {"model": "garbage-cnn", "method": "scorecam"}
    defaults = {"target": "predicted", "layer": "last", "alpha": 0.5, "colormap": "turbo"}
    job = client.submit(photo=handle_file(str(EXAMPLES[0])), **defaults, **options, api_name="/garbage")
    answer, _ = job.result()
    done = [message["progress"] for message, _ in job.outputs() if "progress" in message]
    assert len(done) >= 2
    assert done == sorted(done)
    e = xai.explain(load_once("garbage-cnn"), EXAMPLES[0], "scorecam")
    np.testing.assert_allclose(answer["raw"], e.raw, rtol=1e-3, atol=1e-4)


def test_api_is_documented(client):
    shown = client.view_api(return_format="dict")["named_endpoints"]
    assert list(shown) == ["/garbage", "/pyramid", "/blackbox"]
    names = [parameter["parameter_name"] for parameter in shown["/garbage"]["parameters"]]
    assert names == ["photo", "model", "method", "target", "layer", "alpha", "colormap"]


def test_large_bodies_and_foreign_addresses_are_refused(url):
    def join(filler, chunked=False):
        body = json.dumps({"data": [filler], "fn_index": 0, "session_hash": "a"}).encode()
        content, headers = iter([body]) if chunked else body, {"content-type": "application/json"}
        return httpx.post(f"{url}gradio_api/queue/join", content=content, headers=headers).status_code

    assert join("A") == 200
    assert join("A" * 2_000_000) == 413
    with contextlib.suppress(httpx.RemoteProtocolError):  # the connection is closed on it
        assert join("A" * 2_000_000, chunked=True) >= 400
    for relay in ("file=http", "file/http", "file=HTTPS"):
        assert httpx.get(f"{url}gradio_api/{relay}://example.com/photo.jpg").status_code == 403


def test_addresses_are_refused(client):
    for photo, sentence in (
        ({"path": None, "url": "data:image/png;base64,iVBORw0KGgo="}, "cannot be used"),
        ({"path": f"{client.src}favicon.ico", "meta": {"_type": "gradio.FileData"}}, "Send the photo itself"),
    ):
        with pytest.raises(AppError, match=sentence):
            client.predict(photo, api_name="/garbage")


def test_many_visitors_get_their_own_answers(url):
    answers = {}

    def visit(i):
        client = Client(url, verbose=False)
        answers[i] = ask(client, EXAMPLES[i])[0]
        client.close()

    threads = [threading.Thread(target=visit, args=(i,)) for i in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    model = load_once("garbage-s_se_resnet50")
    for i in range(4):
        np.testing.assert_allclose(answers[i]["raw"], xai.explain(model, EXAMPLES[i]).raw, atol=1e-4)


def test_two_examples_are_got_wrong():
    assert len(EXAMPLES) >= 8
    pairs = [load_once(name) for name in garbage.OPENING_NETWORKS]
    wrong = {
        path.name
        for path in EXAMPLES
        for model in pairs
        if model.classes[model.predict_proba(path)[0].argmax()] != read_class(path)
    }
    assert len(wrong) >= 2, wrong


def answer_of(page, side="b"):
    return rows_of(page, side)[0]


def example(page, number):
    return page.locator("#examples").get_by_role("button", name=f"Thumbnail {number} of")


def choose(page, menu, name):
    """Choose from a menu; what it adds to a name, such as that it takes long, need not be given."""
    options = page.locator(menu).get_by_role("option")  # of this menu: another one may still be open
    page.locator(f"{menu} input").click()
    page.locator(menu).get_by_role("option", name=re.compile(rf"^{re.escape(name)}( ·|$)")).click()
    expect(options).to_have_count(0)  # it takes a moment to close


def upload(page, path):
    page.set_input_files("#photo input[type=file]", str(path))


@pytest.fixture(scope="module")
def seen_page(visitor, url):
    """The page as it opened, for tests that only look at it."""
    page = visitor.new_page()
    open_app(page, url)
    return page


def test_opens_with_an_example_explained(seen_page):
    page = seen_page
    for i, (side, name) in enumerate(SIDES.items()):
        e = xai.explain(load_once(name), EXAMPLES[0])
        assert answer_of(page, side) == e.label
        says(page, side, f"{e.confidence:.0%}")
        assert draws(page, i, e)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)


def test_opens_wherever_it_was_started_from(used_page, url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    open_app(used_page, url)
    expect(used_page.locator("#examples img")).to_have_count(len(EXAMPLES))


def test_every_example_is_explained_by_a_click(kept_page):
    page = kept_page
    before = number_of(page)
    example(page, 4).click()
    wait_for_answer(page, before)
    assert answer_of(page) == xai.explain(load_once("garbage-s_se_resnet50"), EXAMPLES[3]).label


def test_the_last_of_many_quick_clicks_is_explained(page):
    for number in (2, 5, 3, 8, 4):
        example(page, number).click()
    last = {side: xai.explain(load_once(name), EXAMPLES[3]) for side, name in SIDES.items()}
    for i, e in enumerate(last.values()):
        wait_until(page, lambda i=i, e=e: draws(page, i, e))
    page.wait_for_timeout(2000)  # for an answer that comes too late
    assert all(draws(page, i, e) and answer_of(page, side) == e.label for i, (side, e) in enumerate(last.items()))


def test_without_a_photo_another_network_explains_the_one_on_the_page(page):
    expect(page.locator("#former")).to_be_hidden()
    page.get_by_label("Remove Image").click()
    expect(page.locator("#former")).to_have_text(ENGLISH["former_photo"])
    before = number_of(page)
    choose(page, "#model-a", ENGLISH["model.garbage-efficientnet_lite0"])
    wait_for_answer(page, before)
    e = xai.explain(load_once("garbage-efficientnet_lite0"), EXAMPLES[0])
    says(page, "a", f"Map for {e.label}")
    expect(page.locator("#stage .answer").first).to_contain_text(f"{e.confidence:.0%}")
    expect(page.locator("#former")).to_be_visible()
    example(page, 2).click()
    expect(page.locator("#former")).to_be_hidden(timeout=EXPLAINED)


def test_answers_stay_those_of_the_former_photo_where_one_is_too_large(page, tmp_path):
    (tmp_path / "large.jpg").write_bytes(EXAMPLES[0].read_bytes() + bytes(21 << 20))
    before = number_of(page)
    page.get_by_label("Remove Image").click()
    upload(page, tmp_path / "large.jpg")
    expect(page.get_by_text("exceed")).to_be_visible(timeout=EXPLAINED)
    expect(page.locator("#former")).to_be_visible()
    assert number_of(page) == before


def test_answers_stay_those_of_the_former_photo_where_something_breaks(page, monkeypatch):
    def broken(*args):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(GarbageTab, "look_at", broken)
    example(page, 3).click()
    expect(page.locator("#former")).to_be_visible(timeout=EXPLAINED)
    monkeypatch.undo()
    example(page, 2).click()
    expect(page.locator("#former")).to_be_hidden(timeout=EXPLAINED)


@pytest.mark.parametrize(("left", "right"), [(True, True), (None, None), (False, True), (False, False)])
def test_a_strange_photo_is_said_to_be_one(monkeypatch, left, right):
    known = dict(zip(garbage.OPENING_NETWORKS, (left, right), strict=True))
    monkeypatch.setattr("xai.studio.garbage.answers.is_familiar", lambda photo, name: known[name])
    tab = tabs.lay_out(GarbageTab)
    warning = tabs.answer(tab, Image.open(EXAMPLES[0]).convert("RGB"))[tab.notices.strange]
    assert warning.visible == (left is False)
    if right is False:
        assert ENGLISH["both_networks"] in warning.value
    elif left is False:
        assert ENGLISH[f"model.{garbage.OPENING_NETWORKS[0]}"] in warning.value


def test_a_plain_photo_has_no_map_on_the_page_nor_for_a_program(client, tmp_path):
    plain = Image.new("RGB", (90, 60), "olive")
    plain.save(tmp_path / "plain.png")
    tab = tabs.lay_out(GarbageTab)
    for panel in tabs.set_scene(tab, plain).panels:
        assert [shown.raw for shown in panel.maps] == [None]
        assert "there is no map" in " ".join(panel.note)
        assert panel.evidence.blank
    told, heatmap = ask(client, tmp_path / "plain.png")
    assert (told["blank"], told["box"]) == (True, None)
    assert Image.open(heatmap).convert("RGB") == plain


def test_an_upload_is_explained(kept_page):
    page = kept_page
    before = number_of(page)
    page.get_by_label("Remove Image").click()
    upload(page, EXAMPLES[5])
    wait_for_answer(page, before)
    assert answer_of(page) == xai.explain(load_once("garbage-s_se_resnet50"), EXAMPLES[5]).label


def test_options_change_the_picture(page):
    for menu, choice in (("#target", "metal"), ("#layer-a", ENGLISH["layers.ResNet50.layer2"]), ("#method", "CAM")):
        before, drawn = number_of(page), map_of(page, 0)
        choose(page, menu, choice)
        wait_for_answer(page, before)
        if menu == "#method":
            says(page, "a", "CAM reads only")
        else:
            assert map_of(page, 0) != drawn


def test_cam_on_the_cnn_is_explained_not_failed(page):
    choose(page, "#model-a", ENGLISH["model.garbage-cnn"])
    says(page, "a", ENGLISH["model.garbage-cnn"])
    before = number_of(page)
    choose(page, "#method", "CAM")
    wait_for_answer(page, before)
    says(page, "a", "nothing but global average pooling")
    says(page, "b", "%")


def test_the_menu_says_what_suits_and_what_takes_long(page):
    choose(page, "#model-a", ENGLISH["model.garbage-cnn"])
    says(page, "a", ENGLISH["model.garbage-cnn"])
    page.locator("#method input").click()
    expect(page.locator("#method")).to_contain_text(f"CAM · {ENGLISH['unsuited_a']}", timeout=EXPLAINED)
    options = page.locator("#method").get_by_role("option").all_inner_texts()
    assert [option.strip().removeprefix("✓").strip().partition(" · ")[0] for option in options] == [
        METHODS[name].title for name in list_suited(GARBAGE)
    ]
    said = "\n".join(options)
    assert f"CAM · {ENGLISH['unsuited_a']}" in said
    assert f"SmoothGrad · {ENGLISH['slow.seconds']}" in said
    assert "Layer-CAM ·" not in said


def test_a_slow_method_says_how_far_it_is_and_can_be_stopped(page):
    choose(page, "#method", "Score-CAM")
    says(page, "a", re.compile(r"Score-CAM: \d+%"), timeout=2 * EXPLAINED)
    assert maps_of(page) == []  # Grad-CAM's maps would be taken for Score-CAM's
    page.locator("#stop").click()
    for side in "ab":
        says(page, side, ENGLISH["stopped"])
    expect(page.locator("#stop")).to_be_hidden()
    page.wait_for_timeout(1500)
    says(page, "a", ENGLISH["stopped"])
    choose(page, "#method", "Layer-CAM")
    says(page, "b", "Map for", timeout=EXPLAINED)


@pytest.mark.parametrize("by_visitor", [True, False])
def test_the_last_word_on_what_was_stopped_is_that_it_was(by_visitor):
    """A share on its way to the page while the visitor stops it would stand there for good; what came instead stays."""
    questions = [read_question(name, "scorecam", "predicted") for name in garbage.OPENING_NETWORKS]
    answer = Answer(None, [SimpleNamespace(question=question, pending=True) for question in questions])
    tab = tabs.lay_out(GarbageTab)
    tab.look_slowly = lambda photo, question: map(Progress, (0.25, 0.5, 0.75))
    steps = tab.refine(answer, tabs.REQUEST)
    next(steps)
    (line,) = next(steps)[tab.stage]["progress"].values()
    assert "25%" in line
    answer.end(by_visitor)
    last = list(steps)[-1]
    if by_visitor:
        update = last.pop(tab.stage)
        assert update["progress"] == {network.key: ENGLISH["stopped"] for network in tab.networks}
        assert "value" not in update  # no picture changes
        assert not last.pop(tab.stop).visible
        assert not last
    else:
        assert last == gr.skip()


def test_a_slow_method_ends_when_something_else_is_asked_or_the_visitor_leaves(page, url):
    calls = []
    hook = get_model("garbage-resnet50").register_forward_hook(lambda *_: calls.append(1))  # not a method's own trace

    def is_quiet():
        before = len(calls)
        other.wait_for_timeout(3000)
        return len(calls) == before

    other = page.context.new_page()
    try:
        choose(page, "#method", "Score-CAM")
        says(page, "a", re.compile(r"Score-CAM: \d+%"), timeout=2 * EXPLAINED)
        choose(page, "#method", "Grad-CAM")
        says(page, "a", "Map for", timeout=EXPLAINED)
        assert calls
        wait_until(other, is_quiet)
        choose(page, "#method", "Score-CAM")
        says(page, "a", re.compile(r"Score-CAM: \d+%"), timeout=2 * EXPLAINED)
        page.goto("about:blank")
        wait_until(other, is_quiet)
    finally:
        hook.remove()
        other.close()


def test_similar_photos_are_shown_with_their_labels(seen_page):
    page = seen_page
    model, index = load_once("garbage-resnet50"), load_index("garbage-resnet50")
    labels = [neighbour.label for neighbour in index.nearest(model, EXAMPLES[0])]
    expect(page.locator("#similar-a img")).to_have_count(5)
    assert page.locator("#similar-a .caption-label").all_inner_texts() == labels
    same = labels.count(xai.explain(model, EXAMPLES[0]).label)
    expect(page.locator("#agreement-a")).to_contain_text(f"{same} of these 5 are")


def told_and_dismissed(page, sentence):
    """Wait for a message, then close it unless it is gone by itself, so that the next one is a new one."""
    expect(page.get_by_text(sentence)).to_be_visible(timeout=EXPLAINED)
    with contextlib.suppress(TimeoutError):
        page.locator(".toast-close").click(timeout=3000)
    expect(page.get_by_text(sentence)).to_be_hidden()


@pytest.mark.parametrize(
    "name",
    [
        "empty.jpg",
        "truncated.jpg",
        "text.jpg",
        "drawing.svg",
        "page.pdf",
        "dot.png",
        "line.png",
        "bomb.png",
        "bomb100.png",
    ],
)
def test_bad_upload_gets_a_sentence_and_leaves_the_page_as_it_was(kept_page, tmp_path, name):
    page, (data, _) = kept_page, BAD[name]
    path = tmp_path / name
    path.write_bytes(data) if data is not None else Image.new("RGB", (1, 1)).save(path)
    before = maps_of(page), rows_of(page)
    page.get_by_label("Remove Image").click()
    upload(page, path)
    told_and_dismissed(page, "This photo cannot be used")
    expect(page.locator("#photo img")).to_be_visible(timeout=EXPLAINED)
    page.wait_for_timeout(500)
    assert (maps_of(page), rows_of(page)) == before


def drop(page, name, data):
    """Drop a file whose type the browser does not know on the photo that is there."""
    page.evaluate(
        """([name, data]) => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], name));
            const options = {dataTransfer, bubbles: true, cancelable: true};
            document.querySelector("#photo img").dispatchEvent(new DragEvent("drop", options));
        }""",
        [name, base64.b64encode(data).decode()],
    )


@pytest.mark.parametrize("name", ["text.jpg", "page.pdf", "drawing.svg"])
def test_a_dropped_file_that_is_no_photo_gets_a_sentence(kept_page, name):
    page = kept_page
    before = maps_of(page), rows_of(page)
    drop(page, name.replace(".jpg", ".txt"), BAD[name][0])
    told_and_dismissed(page, "This photo cannot be used")
    expect(page.locator("#photo img")).to_be_visible(timeout=EXPLAINED)
    assert (maps_of(page), rows_of(page)) == before


def test_a_dropped_photo_of_a_type_the_browser_does_not_know_is_explained(kept_page, tmp_path):
    page = kept_page
    Image.open(EXAMPLES[5]).save(tmp_path / "photo.heic")
    before = number_of(page)
    drop(page, "photo.heic", (tmp_path / "photo.heic").read_bytes())
    wait_for_answer(page, before)
    expect(page.locator("#photo img")).to_be_visible(timeout=EXPLAINED)


def test_an_idle_page_says_what_to_do(monkeypatch):
    said = []
    monkeypatch.setattr(gr, "Warning", lambda message, **_: said.append(message))
    assert tabs.hide(tabs.lay_out(GarbageTab), None, size=56, runs=[0, 56 * 56], fill="grey") == gr.skip()
    assert said == [ENGLISH["expired"]]


@pytest.mark.parametrize("name", ["photo.heic", "deep.png", "cmyk.jpg", "clear.png", "moving.gif", "turned.jpg"])
def test_odd_photos_are_shown_right(kept_page, tmp_path, name):
    page, path, image = (
        kept_page,
        tmp_path / name,
        Image.fromarray(QUARTERS).resize((120, 80), Image.Resampling.NEAREST),
    )
    options = {}
    if name == "deep.png":
        image = Image.fromarray(np.full((80, 120), 20000, np.uint16))
    elif name == "cmyk.jpg":
        image = image.convert("CMYK")
    elif name == "clear.png":
        image.putalpha(0)
    elif name == "moving.gif":
        options = {"save_all": True, "append_images": [Image.new("RGB", (120, 80), "black")]}
    elif name == "turned.jpg":
        exif = Image.Exif()
        exif[0x0112] = 3
        image, options = image.rotate(180), {"exif": exif, "quality": 95}
    image.save(path, **options)
    before = number_of(page)
    page.get_by_label("Remove Image").click()
    upload(page, path)
    wait_for_answer(page, before)
    pixels = page.evaluate(
        """async () => {
            const image = document.querySelector('#photo img'); await image.decode();
            const canvas = document.createElement('canvas');
            [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
            const context = canvas.getContext('2d'); context.drawImage(image, 0, 0);
            return [image.naturalWidth, image.naturalHeight, ...context.getImageData(10, 10, 1, 1).data]
        }"""
    )
    expected = {"deep.png": [78, 78, 78], "clear.png": [255, 255, 255]}.get(name, [250, 0, 0])
    assert pixels[:2] == [120, 80]
    np.testing.assert_allclose(pixels[2:5], expected, atol=35 if name == "cmyk.jpg" else 16)


SETTLED = """() => {  // what is replaced is pale, and one event follows the other
    const now = performance.now();
    if (document.querySelector(".pending")) window.pale = now;
    return now - window.pale > 1500;
}"""


def serious(page):
    """What axe finds wrong with a page where nothing is replaced any more."""
    page.evaluate("window.pale = performance.now()")
    page.wait_for_function(SETTLED, timeout=EXPLAINED)
    found = Axe().run(page).response["violations"]
    return [(v["id"], v["nodes"][0]["html"][:160]) for v in found if v["impact"] in ("critical", "serious")]


def test_by_keyboard(kept_page):
    page = kept_page
    before = number_of(page)
    example(page, 2).focus()
    page.keyboard.press("Enter")
    wait_for_answer(page, before)


@pytest.mark.browser_context_args(locale="ko-KR")
def test_korean(strangers_page):
    page = strangers_page
    expect(page.get_by_role("tab").first).to_have_text(KOREAN["garbage"])
    expect(page.locator("#title p")).to_have_text(KOREAN["heading"].split("\n")[-1])
    visible = page.locator("body").inner_text()
    assert re.search("골판지|유리|금속|종이|플라스틱|쓰레기", answer_of(page))
    for word in ("Confidence", "Options", "Opacity", "Network", "cardboard", "[object", "xai."):
        assert word not in visible


@pytest.mark.browser_context_args(locale="ko-KR")
def test_korean_sentence_for_a_bad_photo(strangers_page, tmp_path):
    page = strangers_page
    (tmp_path / "large.png").write_bytes(bomb(10000, 10000))
    page.get_by_label("Remove Image").click()
    upload(page, tmp_path / "large.png")
    expect(page.get_by_text("10000×10000픽셀")).to_be_visible(timeout=EXPLAINED)


def test_nothing_is_phoned_home_and_no_state_is_shared(page, browser, url):
    """The page fixture fails on foreign requests; here a second visitor sees the first's photo nowhere."""
    opening, before = maps_of(page), number_of(page)
    example(page, 3).click()
    wait_for_answer(page, before)
    assert maps_of(page) != opening
    context = browser.new_context()
    other = context.new_page()
    open_app(other, url)
    assert maps_of(other) == opening
    context.close()


@pytest.fixture(scope="module")
def about_page(browser, url):
    """The page with the panels about the networks unfolded, in a browser of its own (see `visitor`)."""
    context = browser.new_context()
    with no_strangers(context, url):
        page = context.new_page()
        open_app(page, url)
        page.locator("#stage-about > button").click()
        for side in "ab":
            page.wait_for_selector(f"#accuracy-{side} svg.marks", timeout=EXPLAINED)
        yield page
    context.close()


def test_metrics_are_shown_as_measured(about_page):
    page = about_page
    for side, name in SIDES.items():
        metrics, _ = read_records(name)
        panel = page.locator(".column", has=page.locator(f"#about-{side}")).last
        expect(panel).to_contain_text(ENGLISH[f"model.{name}"])
        for data in ("trashnet", "webwaste"):
            expect(panel).to_contain_text(f"{metrics['data'][data]['test']['accuracy']:.1f} %")
        expect(panel).to_contain_text(f"{metrics['parameters']:,}")
        expect(panel).to_contain_text(ENGLISH[f"model.{metrics['recipe']['teacher']}"])


def test_the_curves_of_the_protocol_stand_beside_the_shipped_recipes(about_page):
    page = about_page
    choose(page, "#model-a", ENGLISH["model.garbage-cnn"])
    accuracy = read_protocol("garbage-cnn")["test_accuracy"]
    expect(page.locator("#protocol-a")).to_contain_text(f"{accuracy:.1f} %", timeout=EXPLAINED)
    for curve in ("loss", "protocol-loss", "accuracy", "protocol-accuracy"):
        expect(page.locator(f"#{curve}-a svg.marks")).to_be_visible(timeout=EXPLAINED)
        expect(page.locator(f"#{curve}-a .role-axis-title").first).to_have_text("epoch")
    expect(page.locator("body")).not_to_contain_text("__i18n__")
    choose(page, "#model-a", ENGLISH["model.garbage-efficientnet_lite0"])  # no network of source 1's
    expect(page.locator("#protocol-a")).to_be_hidden(timeout=EXPLAINED)
    expect(page.locator("#protocol-loss-a")).to_be_hidden()
    expect(page.locator("#loss-a svg.marks")).to_be_visible()
