"""The app in this process and a browser that clicks on its examples."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

from playwright.sync_api import Page, sync_playwright

from app import LAUNCH, build
from tests.chromium import find
from xai.studio.garbage import EXAMPLES


@contextmanager
def opened() -> Iterator[tuple[Page, float]]:
    """The page with its first example explained, and how many seconds that took."""
    _, url, _ = build().launch(prevent_thread_lock=True, quiet=True, **LAUNCH)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        started = time.perf_counter()
        page.goto(url)
        page.wait_for_selector("#slider img")
        yield page, time.perf_counter() - started
        browser.close()


def click(page: Page, i: int) -> float:
    """Click on an example, the i-th in turn; returns the seconds until both heatmaps are there."""
    before = page.locator("#heatmap-b img").get_attribute("src")
    started = time.perf_counter()
    page.locator("#examples").get_by_role("button", name=f"Thumbnail {(i + 1) % len(EXAMPLES) + 1} of").click()
    page.wait_for_function("b => document.querySelector('#heatmap-b img').src !== b", arg=before)
    return time.perf_counter() - started
