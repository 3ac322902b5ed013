"""Seconds from the click to the answer in a browser: python -m benchmarks.first_answer (starts the app itself)."""

import os
import statistics
import time

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

from playwright.sync_api import sync_playwright

from app import LAUNCH, build
from tests.chromium import find

CLICKS = 10


def main() -> None:
    _, url, _ = build().launch(prevent_thread_lock=True, quiet=True, **LAUNCH)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        started = time.perf_counter()
        page.goto(url)
        page.wait_for_selector("#slider img")
        print(f"page open and first example explained: {time.perf_counter() - started:.2f} s")
        times = []
        for i in range(CLICKS):
            before = page.locator("#heatmap-b img").get_attribute("src")
            started = time.perf_counter()
            page.get_by_role("button", name=f"Thumbnail {i % 7 + 2} of").click()
            page.wait_for_function("b => document.querySelector('#heatmap-b img').src !== b", arg=before)
            times.append(time.perf_counter() - started)
        print(f"click on an example to both heatmaps: first {times[0]:.2f} s, median {statistics.median(times):.2f} s, "
              f"slowest {max(times):.2f} s of {CLICKS}")  # fmt: skip
        browser.close()


if __name__ == "__main__":
    main()
