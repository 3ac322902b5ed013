"""The live camera: a film stands in for it, and numbers in the film tell how old each answer is."""

import asyncio
import io
import os
import subprocess
import sys
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import gradio as gr
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

import xai
from tests import camera, tabs
from tests.conftest import load_once, no_strangers, wait_until
from tests.tabs import REQUEST
from xai.photo import PhotoError
from xai.studio.examples import FOLDER
from xai.studio.garbage import GarbageTab
from xai.studio.live import Live, frames, panel
from xai.studio.live.line import Line
from xai.studio.text import ENGLISH
from xai.zoo import GARBAGE

GLASS, CARDBOARD = FOLDER / "garbage-glass-119.jpg", FOLDER / "garbage-cardboard-222.jpg"


def as_text(picture, kind="JPEG"):
    data = io.BytesIO()
    picture.save(data, kind)
    return f"data:image/{kind.lower()};base64," + b64encode(data.getvalue()).decode()


@pytest.fixture(scope="module")
def frame():
    return Image.open(GLASS).convert("RGB").resize((320, 240))


@pytest.mark.parametrize("network", GARBAGE)
def test_a_frame_is_answered_as_a_photo_is(network, frame):
    found = frames.answer_frame({"jpeg": as_text(frame), "network": network})
    sent = frames.read_frame(as_text(frame))
    e = xai.explain(load_once(network), sent)
    assert (found["label"], found["familiar"]) == (e.label, e.familiar)
    assert found["confidence"] == pytest.approx(e.confidence, abs=1e-5)
    best = np.argsort(e.confidences)[::-1][:3]
    assert [name for name, _ in found["confidences"]] == [load_once(network).classes[k] for k in best]
    assert (found["map"]["h"], found["map"]["w"]) == e.raw.shape
    assert found["map"]["top"] == pytest.approx(e.raw.max(), rel=1e-4)
    assert found["size"] == (320, 240)


def test_a_covered_camera_has_no_map():
    dark = Image.new("RGB", (320, 240), (3, 3, 3))
    assert frames.look_at_frame(dark, "garbage-cnn")["map"] is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "unreadable"),
        ({"path": "photo.jpg"}, "unreadable"),
        ("photo.jpg", "unreadable"),
        ("data:image/jpeg;base64,####", "unreadable"),
        ("data:image/jpeg;base64,", "unreadable"),
        (as_text(Image.new("RGB", (320, 240)), "PNG").replace("png", "jpeg"), "unreadable"),
        (as_text(Image.new("RGB", (320, 240)))[:-400], "unreadable"),
        (frames.START + "A" * frames.MAX_TEXT, "unreadable"),
        (as_text(Image.new("RGB", (2000, 1200))), "large"),
        (as_text(Image.new("RGB", (8, 8))), "small"),
    ],
)
def test_what_is_no_frame_is_refused_as_data(text, reason):
    with pytest.raises(PhotoError) as error:
        frames.read_frame(text)
    assert error.value.reason == reason
    assert frames.answer_frame({"jpeg": text, "network": "garbage-cnn"}) == {"trouble": reason}


def test_only_networks_of_the_tab_are_asked(frame):
    for network in (None, "pyramid-fal", "../garbage-cnn", ["garbage-cnn"]):
        assert frames.answer_frame({"jpeg": as_text(frame), "network": network}) == {"trouble": "network"}
    assert frames.answer_frame("garbage-cnn") == {"trouble": "network"}


FRAMES = """
import sys
import numpy as np, psutil
from PIL import Image
from tests.test_live import GLASS, as_text
from xai.studio.live import frames

pixels = np.asarray(Image.open(GLASS).convert("RGB").resize((640, 480)))
def answer(number):
    for i in range(number):
        text = as_text(Image.fromarray(np.roll(pixels, 7 * i, 1)))
        assert "label" in frames.answer_frame({"jpeg": text, "network": "garbage-cnn"})
    return psutil.Process().memory_info().rss
answer(30)
print(answer(30) - answer(120))
"""


def test_frames_are_neither_kept_nor_stored(tmp_path):
    """In a process of its own, where nothing else takes memory or writes files."""
    environment = {**os.environ, "TMPDIR": str(tmp_path), "GRADIO_TEMP_DIR": str(tmp_path / "gradio")}
    done = subprocess.run([sys.executable, "-c", FRAMES], env=environment, capture_output=True, text=True, check=True)
    assert int(done.stdout.split()[-1]) > -40e6  # bytes; a frame as pixels has 0.9 MB
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def run(coroutine):
    """Run it in a thread of its own: in this one the browser's events may be running already."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def make_live():
    with gr.Blocks():
        return Live("garbage-cnn")


def view(live, names, rounds):
    """Let viewers ask again and again, each once answered; returns who was answered in which order."""
    order = []

    async def look(name):
        for _ in range(rounds):
            answer = await live.answer(name)
            order.append(name if answer == {"seen": name} else answer)
            await asyncio.sleep(0.001 if "seen" in answer else 0.02)

    async def look_all():
        await asyncio.gather(*(look(name) for name in names))

    run(look_all())
    return order


def test_two_viewers_take_turns(monkeypatch):
    monkeypatch.setattr(panel, "answer_frame", lambda name: time.sleep(0.02) or {"seen": name})
    order = view(make_live(), "ab", 10)
    assert sorted(order) == ["a"] * 10 + ["b"] * 10
    assert all(left != right for left, right in pairwise(order))


def test_who_would_wait_too_long_is_told_so_at_once(monkeypatch):
    running, most = [], []

    def answer(name):
        running.append(name)
        most.append(len(running))
        time.sleep(0.02)
        running.remove(name)
        return {"seen": name}

    monkeypatch.setattr(panel, "answer_frame", answer)
    live = make_live()
    order = view(live, "abcdef", 4)
    assert order.count({"busy": True}) > 0
    assert order[0] == {"busy": True}
    assert set(most) == {1}  # never two at once
    assert live.line.length == 0


def test_a_failure_gives_the_turn_back():
    async def fail():
        async with line.turn():
            raise ValueError

    line = Line(1)
    for _ in range(2):
        with pytest.raises(ValueError):  # noqa: PT011
            run(fail())
    assert line.length == 0


def test_a_frame_that_cannot_be_the_photo_leaves_the_former_one(monkeypatch, frame):
    said = []
    monkeypatch.setattr(gr, "Warning", lambda text, **_: said.append(text))
    tab, former = tabs.lay_out(GarbageTab), xai.studio.answers.Answer(frame, [])
    use = tab.live.make_use(tab)
    for jpeg in (None, "no photo", as_text(Image.new("RGB", (8, 8)))):
        assert use(former, gr.EventData(None, {"jpeg": jpeg}), REQUEST) == {tab.source.photo: frame}
    assert len(said) == 3
    shown = use(former, gr.EventData(None, {"jpeg": as_text(frame)}), REQUEST)
    assert shown[tab.source.photo].size == (320, 240)
    assert (shown[tab.source.example], shown[tab.own].photo) == ("", shown[tab.source.photo])  # a photo of one's own


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return camera.make_film(tmp_path_factory.mktemp("film") / "film.y4m", [GLASS, CARDBOARD])


@pytest.fixture(scope="module")
def filmed(browser_type, browser_type_launch_args, film):
    """A browser whose camera shows a film."""
    flags = [*browser_type_launch_args["args"], *camera.make_flags(film)]
    browser = browser_type.launch(**{**browser_type_launch_args, "args": flags})
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def opened(filmed, url):
    """The app's page in that browser."""
    context = filmed.new_context()
    with no_strangers(context, url):
        page = context.new_page()
        page.goto(url)
        page.wait_for_selector("#stage .picture", timeout=60_000)  # the first photo is explained
        yield page
    context.close()


@pytest.fixture
def viewer(opened):
    """The page with its camera off, before and after."""
    yield opened
    opened.unroute_all()
    opened.evaluate("document.querySelector('.live-stop').click()")


def stand_still(page):
    """Whether the camera is off, its panel closed, and no frame leaves any more."""
    page.wait_for_timeout(300)  # the last frame may still be on its way
    before = page.evaluate("frames.length")
    page.wait_for_timeout(1500)
    off = page.evaluate("track.readyState === 'ended' && !document.querySelector('.live-video').srcObject")
    return off and page.evaluate("frames.length") == before and page.locator(".live-panel").is_hidden()


def start(page):
    camera.start(page)
    page.evaluate("track = document.querySelector('.live-video').srcObject.getTracks()[0]")


def test_label_and_map_follow_and_do_not_fall_behind(viewer):
    start(viewer)
    assert viewer.locator("#live .live-network").input_value() == "garbage-resnet50"
    viewer.evaluate("answers.length = 0")
    viewer.wait_for_timeout(10_000)
    times, late, said = camera.read_answers(viewer)
    assert len(times) > 10  # one a second, however busy the machine
    # the frame was taken after the answer before was shown, so it can be no older than that; two frames of the film
    # are for the camera
    older = late[1:] - np.diff(times) - 2 / camera.RATE
    assert np.median(older) <= 0
    assert np.quantile(older, 0.9) <= 0.25
    third = len(late) // 3
    assert np.median(late[-third:]) - np.median(late[:third]) < 0.5
    assert any(text.startswith("glass") for text in said)
    assert any(text.startswith("cardboard") for text in said)
    # a busy machine leaves the map empty for a moment: an answer goes after a second where no other follows
    viewer.wait_for_function("""() => {
        const map = document.querySelector(".live-map");
        const {data} = map.getContext("2d").getImageData(0, 0, map.width, map.height);
        return new Set(new Uint32Array(data.buffer)).size > 50;
    }""")
    expect(viewer.locator(".live-pace")).to_contain_text("frames a second")
    assert viewer.locator(".live-video").bounding_box() == viewer.locator(".live-map").bounding_box()
    heap = viewer.context.new_cdp_session(viewer)

    def used():
        heap.send("HeapProfiler.collectGarbage")
        return heap.send("Runtime.getHeapUsage")["usedSize"]

    before = used()
    viewer.wait_for_timeout(3000)
    assert used() - before < 3e6  # bytes


def test_leaving_ends_it(viewer):
    viewer.get_by_role("tab").nth(1).click()
    viewer.wait_for_selector("#pyramid-stage .stage[data-ready]", timeout=60_000)
    viewer.get_by_role("tab").first.click()
    viewer.wait_for_function("location.search === ''")
    start(viewer)
    viewer.go_back()  # to the other tab
    assert stand_still(viewer)
    viewer.get_by_role("tab").first.click()
    start(viewer)
    viewer.evaluate("""() => {
        Object.defineProperty(document, "hidden", {get: () => true, configurable: true});
        document.dispatchEvent(new Event("visibilitychange"));
    }""")
    assert stand_still(viewer)
    viewer.evaluate("delete document.hidden")
    start(viewer)
    viewer.get_by_role("button", name="Stop").click()
    assert stand_still(viewer)
    expect(viewer.get_by_role("button", name=ENGLISH["live.start"])).to_be_focused()
    start(viewer)
    viewer.evaluate("track.dispatchEvent(new Event('ended')), track.stop()")
    expect(viewer.locator(".live-trouble")).to_have_text(ENGLISH["live.ended"])
    assert stand_still(viewer)


def test_it_covers_the_page_and_closes_by_escape(viewer):
    start(viewer)
    expect(viewer.get_by_role("button", name="Stop")).to_be_focused()
    within = (
        "document.querySelector('.live-panel').contains(document.activeElement) && document.activeElement.className"
    )
    reached = []
    for key in ("Tab", "Tab", "Tab", "Shift+Tab"):
        viewer.keyboard.press(key)
        reached.append(viewer.evaluate(within))
    assert reached == ["live-use", "live-network", "live-stop", "live-network"]
    viewer.keyboard.press("Escape")
    assert stand_still(viewer)
    expect(viewer.get_by_role("button", name=ENGLISH["live.start"])).to_be_focused()


def test_one_camera_takes_the_place_of_the_other(viewer):
    start(viewer)
    expect(viewer.get_by_role("button", name=ENGLISH["live.switch"])).to_be_hidden()
    viewer.evaluate("""() => {
        const devices = navigator.mediaDevices, lend = devices.getUserMedia.bind(devices);
        const {deviceId} = track.getSettings();
        devices.enumerateDevices = async () => [deviceId, "other"].map((id) => ({kind: "videoinput", deviceId: id}));
        devices.getUserMedia = ({video}) => { window.asked = video.deviceId?.exact; return lend({video: true}); };
    }""")
    viewer.get_by_role("button", name="Stop").click()
    start(viewer)
    assert viewer.evaluate("window.asked") is None
    viewer.get_by_role("button", name=ENGLISH["live.switch"]).click()
    viewer.evaluate("answers.length = 0")
    viewer.wait_for_function("answers.length")
    assert viewer.evaluate("[window.asked, track.readyState]") == ["other", "ended"]
    viewer.evaluate("delete navigator.mediaDevices.enumerateDevices, delete navigator.mediaDevices.getUserMedia")


def test_a_closed_page_asks_no_more(opened, url, monkeypatch):
    asked, answer = [], panel.answer_frame
    monkeypatch.setattr(panel, "answer_frame", lambda asking: asked.append(time.monotonic()) or answer(asking))
    page = opened.context.new_page()
    page.goto(url)
    start(page)
    assert asked
    page.close()
    closed = time.monotonic()
    time.sleep(2)
    assert max(asked) < closed + 1


def test_the_frame_on_show_becomes_the_photo(viewer):
    former = viewer.locator("#stage .photo").first.get_attribute("src")
    start(viewer)
    viewer.get_by_role("button", name=ENGLISH["live.use"]).click()
    assert stand_still(viewer)
    wait_until(viewer, lambda: viewer.locator("#stage .photo").first.get_attribute("src") != former)
    sides = "(picture) => [picture.naturalWidth, picture.naturalHeight]"
    assert viewer.locator("#photo img").first.evaluate(sides) == [camera.WIDTH, camera.HEIGHT]


def test_a_silent_or_busy_app_leaves_no_old_map(viewer):
    start(viewer)
    viewer.route("**/component_server/", lambda route: route.abort())
    expect(viewer.locator(".live-answer")).to_have_text(ENGLISH["live.silent"])
    assert viewer.evaluate("document.querySelector('.live-map').width") == 1
    viewer.unroute("**/component_server/")
    expect(viewer.locator(".live-answer")).to_contain_text("sure")
    viewer.route("**/component_server/", lambda route: route.fulfill(json={"busy": True}))
    expect(viewer.locator(".live-answer")).to_have_text(ENGLISH["live.waiting"])
    assert viewer.evaluate("document.querySelector('.live-map').width") == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [("NotAllowedError", "refused"), ("NotFoundError", "none"), ("NotReadableError", "taken"), (None, "insecure")],
)
def test_without_a_camera_a_sentence_says_why(viewer, error, reason):
    viewer.evaluate(
        """(error) => Object.defineProperty(navigator, "mediaDevices", {configurable: true, value: error && {
            getUserMedia: () => Promise.reject(new DOMException("", error))}})""",
        error,
    )
    viewer.locator(".live-start").click()
    expect(viewer.locator(".live-trouble")).to_have_text(ENGLISH[f"live.{reason}"])
    expect(viewer.locator(".live-panel")).to_be_hidden()
    viewer.evaluate("delete navigator.mediaDevices")
