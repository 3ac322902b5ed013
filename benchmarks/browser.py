"""The app in this process, and a browser whose visitors look at its tabs."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio as gr
from playwright.sync_api import BrowserContext, Page, sync_playwright

from app import LAUNCH, build
from tests.chromium import find
from xai.studio import garbage, pyramid
from xai.studio.text import say

EXPLAINED = 120_000  # milliseconds at most


@dataclass(frozen=True)
class Tab:
    """Where on the page a tab is, the ids of its elements, and its stage once it shows an answer."""

    number: int
    prefix: str
    stage: str
    examples: int


TABS = {
    "garbage": Tab(0, "", "#stage .stage[data-ready]", len(garbage.EXAMPLES)),
    "pyramid": Tab(1, "pyramid-", "#pyramid-stage .stage[data-ready]", len(pyramid.EXAMPLES)),
    "blackbox": Tab(2, "blackbox-", "#blackbox-stage .stage[data-ready]", len(garbage.EXAMPLES)),
}


@contextmanager
def served() -> Iterator[tuple[gr.Blocks, str]]:
    """The running app, and its address."""
    blocks = build()
    _, url, _ = blocks.launch(prevent_thread_lock=True, quiet=True, **LAUNCH)
    server = blocks.server
    yield blocks, url
    blocks.close()
    for thread in threading.enumerate():  # one that still computes when the process ends would abort it
        if thread is server.thread or thread.name.startswith("AnyIO worker"):
            thread.join(EXPLAINED / 1000)


@contextmanager
def chromium(*flags: str) -> Iterator[BrowserContext]:
    """A browser that keeps the page's scripts from one visit to the next."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox", "--disable-gpu", *flags])
        yield browser.new_context()
        browser.close()


@contextmanager
def opened() -> Iterator[tuple[Page, float]]:
    """The page with its first example explained, and how many seconds that took."""
    with served() as (_, url), chromium() as browser:
        page = browser.new_page()
        started = time.perf_counter()
        page.goto(url)
        page.wait_for_selector(TABS["garbage"].stage)
        yield page, time.perf_counter() - started


@contextmanager
def visiting(browser: BrowserContext, url: str, name: str, i: int) -> Iterator[Page]:
    """A visitor who opens a tab, looks at an example, the i-th in turn, and leaves.

    On the black-box tab another method explains the black box, too: every tenth time RISE, by 400 questions, the fewest
    that the page offers, else the student's Grad-CAM.
    """
    page = browser.new_page()
    page.set_default_timeout(EXPLAINED)
    page.goto(url)
    page.wait_for_selector(TABS["garbage"].stage)
    if TABS[name].number:
        page.get_by_role("tab").nth(TABS[name].number).click()
        page.wait_for_selector(TABS[name].stage)
    click(page, i % (TABS[name].examples - 1), TABS[name])  # not the first, which is there already
    if name == "blackbox":
        ask(page, "Grad-CAM" if i % 10 else "RISE")
    yield page
    page.close()


def click(page: Page, i: int, tab: Tab = TABS["garbage"]) -> float:
    """Click on an example, the i-th in turn; returns the seconds until its answer is there."""
    before = page.locator(tab.stage).first.get_attribute("src")
    started = time.perf_counter()
    examples = page.locator(f"#{tab.prefix}examples")
    examples.get_by_role("button", name=f"Thumbnail {(i + 1) % tab.examples + 1} of").click()
    page.wait_for_function("([s, b]) => document.querySelector(s).dataset.ready !== b", arg=[tab.stage, before])
    return time.perf_counter() - started


def ask(page: Page, method: str) -> None:
    """Let a method explain the black box."""
    page.locator("#others > button").click()
    for box in page.locator("#compared label").all():
        box.locator("input").set_checked(box.inner_text().strip() == method)
    page.locator("#compute").click()
    page.locator("#others-note").get_by_text(say("en", "done")).wait_for()
