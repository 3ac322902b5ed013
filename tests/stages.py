"""What a browser shows on a stage, and how a visitor changes it."""

import base64
import io

import numpy as np
from PIL import Image
from playwright.sync_api import expect

from xai.explanation import colorize, resize_to_photo, scale_to_range

EXPLAINED = 20_000  # ms, far more than an answer takes
PIXELS = """([stage, i]) => {
    const canvas = document.querySelectorAll(`#${stage} canvas.map`)[i];
    return canvas?.width ? canvas.toDataURL() : "";
}"""


def wait_for_answer(page, before, stage="stage"):
    """Wait until a stage shows another answer than the one of a number."""
    page.wait_for_function(
        "([stage, before]) => (document.querySelector(`#${stage} .stage`)?.dataset.ready ?? before) !== before",
        arg=[stage, before],
        timeout=EXPLAINED,
    )


def number_of(page, stage="stage"):
    """The number of the answer that a stage shows; each has its own."""
    return page.locator(f"#{stage} .stage").get_attribute("data-ready")


def map_of(page, i=-1, stage="stage"):
    """The i-th map that is drawn, as a data URL; "" where there is none."""
    count = page.locator(f"#{stage} canvas.map").count()
    return page.evaluate(PIXELS, [stage, i % max(count, 1)])


def maps_of(page, stage="stage"):
    """All maps that are drawn."""
    return [map_of(page, i, stage) for i in range(page.locator(f"#{stage} canvas.map").count())]


def read_map(page, i, stage="stage"):
    """The i-th map that is drawn: uint8 (H, W, 4)."""
    url = map_of(page, i, stage)
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGBA"))


def draw_expected(e, shape, colormap="turbo"):
    """An explanation's saliency in colours at the size (H, W) that the browser draws it in: uint8 (H, W, 3)."""
    height, width = shape
    return colorize(scale_to_range(resize_to_photo(e.raw, width, height), *e.limits), colormap)


def draws(page, i, e, colormap="turbo", stage="stage"):
    """Whether the i-th map that is drawn is an explanation's, within two steps of 256 of the colours."""
    if not map_of(page, i, stage):
        return False
    found = read_map(page, i, stage)[..., :3].astype(int)
    return np.abs(found - draw_expected(e, found.shape[:2], colormap)).max() <= 12


def see(page, selector):
    """What the page shows of an element, as it appears: float32 (H, W, 3)."""
    return np.asarray(Image.open(io.BytesIO(page.locator(selector).first.screenshot())).convert("RGB"), np.float32)


def press(page, focus, stage="stage"):
    """Click what the stage calls by a name."""
    page.locator(f'#{stage} [data-focus="{focus}"]').click()


def look(page, focus, value, stage="stage"):
    """Set a slider, tick a box or choose from a list among what changes the look."""
    control = page.locator(f'#{stage} [data-focus="{focus}"]')
    if focus in ("colors", "box", "common") and not control.is_visible():
        press(page, "more", stage)
    if isinstance(value, bool):
        control.set_checked(value)
    elif focus in ("opacity", "divider"):
        control.fill(str(value))
    else:
        control.select_option(value)


def rows_of(page, key="b", stage="stage"):
    """The names of the classes that a network's answer lists, the surest first."""
    return page.locator(f'#{stage} [data-key="{key}"] .class .name').all_inner_texts()


def note_of(page, key, stage="stage"):
    """The lines on a network's explanation."""
    return page.locator(f'#{stage} [data-key="{key}"] .note')


def says(page, key, text, stage="stage", timeout=EXPLAINED):
    """Wait until what is said of a network's explanation contains a text, or matches a pattern."""
    expect(page.locator(f'#{stage} [data-key="{key}"]')).to_contain_text(text, timeout=timeout)


def note_masks(page):
    """The masks that a page sends from now on."""
    sent = []

    def note(request):
        if '"runs"' in (request.post_data or ""):
            sent.append(request.post_data_json["event_data"])

    page.on("request", note)
    return sent
