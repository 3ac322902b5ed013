"""A film that stands in for a camera, and what a page shows of it.

Every frame has its number on it, in black and white. The numbers tell how old an answer is, whatever the page says of
itself: that of the frame that was sent, and that of the frame in view when the answer came.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page

RATE, FRAMES, BITS = 20, 120, 7  # frames a second, frames in all: the film is six seconds long and starts anew
WIDTH, HEIGHT, BAR = 320, 240, 24  # pixels; the bar at the lower edge has the number

# Notes for every answer: when it was shown, the number sent, the number then in view, and the answer.
WATCH = """([frames, bits, bar]) => {
    const watched = window.answers;
    window.answers = [];
    window.frames = [];
    if (watched) return;
    const canvas = document.createElement("canvas"), context = canvas.getContext("2d", {willReadFrequently: true});
    const read = (picture) => {
        [canvas.width, canvas.height] = [320, 240];
        context.drawImage(picture, 0, 0, 320, 240);
        const row = context.getImageData(0, 240 - bar / 2, 320, 1).data;
        return Array.from({length: bits}, (_, i) => (row[4 * Math.floor((i + .5) * 320 / bits)] > 127) << i)
            .reduce((sum, bit) => sum + bit, 0);
    };
    const fetched = window.fetch;
    let sent;
    window.fetch = async (address, options) => {
        if (!`${address}`.includes("component_server")) return fetched(address, options);
        const picture = new Image();
        picture.src = JSON.parse(options.body).data.jpeg;
        const decoded = picture.decode().then(() => { sent = read(picture); });
        window.frames.push(performance.now());
        const response = await fetched(address, options);
        await decoded;
        return response;
    };
    const paint = studio.maps.paint;
    studio.maps.paint = (...args) => {
        paint(...args);
        const late = ((read(document.querySelector(".live-video")) - sent) % frames + frames) % frames;
        answers.push([performance.now(), late, document.querySelector(".live-answer").textContent]);
    };
}"""


def make_film(path: Path, photos: Sequence[Path]) -> Path:
    """A film of some photos, each for an equal part of it, as Chromium takes it: YUV4MPEG2."""
    planes = []
    for photo in photos:
        picture = Image.open(photo).convert("RGB").resize((WIDTH, HEIGHT)).convert("YCbCr")
        y, u, v = picture.split()
        halves = [np.asarray(each.resize((WIDTH // 2, HEIGHT // 2))).tobytes() for each in (u, v)]
        planes.append((np.asarray(y), b"".join(halves)))
    with path.open("wb") as film:
        film.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{RATE}:1 Ip A1:1 C420jpeg\n".encode())
        for number in range(FRAMES):
            y, rest = planes[number * len(planes) // FRAMES]
            y = y.copy()
            for i in range(BITS):
                y[-BAR:, i * WIDTH // BITS : (i + 1) * WIDTH // BITS] = 235 if number >> i & 1 else 16
            film.write(b"FRAME\n" + y.tobytes() + rest)
    return path


def make_flags(film: Path) -> list[str]:
    """What makes Chromium take a film for the camera, and lend it without asking."""
    return [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]


def start(page: Page) -> None:
    """Press the button, and note the answers from the first one on."""
    page.evaluate(WATCH, [FRAMES, BITS, BAR])
    page.locator("#live .live-start").click()
    page.wait_for_function("window.answers.length > 3")


def read_answers(page: Page) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """When answers were shown, in seconds; how late each one was, in seconds; and what they said."""
    found = page.evaluate("window.answers")
    return np.array([a[0] for a in found]) / 1000, np.array([a[1] for a in found]) / RATE, [a[2] for a in found]
