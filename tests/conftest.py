"""What tests share: small real networks, real photos, the app and a browser that may talk to nobody else."""

import os
from contextlib import contextmanager
from copy import deepcopy
from functools import cache, lru_cache

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before gr.Blocks is built
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.pop("XAI_HUB", None)
if worker := os.environ.get("PYTEST_XDIST_WORKER"):  # one of several processes, which share the cores
    os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported
    os.environ["GRADIO_SERVER_PORT"] = str(7860 + 100 * int(worker.removeprefix("gw")))  # no port is fought for

import pytest
import torch
from gradio_client import Client
from matplotlib.figure import Figure
from PIL import Image
from playwright.sync_api import expect

import xai
from tests.chromium import find
from xai.models import ARCHITECTURES, Classifier, create_model
from xai.models.resnet import Bottleneck
from xai.studio.garbage import EXAMPLES

SMALL_PYRAMID = {"backbone": "resnet18", "width": 16, "attended": (1, 3), "branch_width": 8}
CLASSES = ["cardboard", "glass", "metal", "paper", "plastic", "trash"]
expect.set_options(timeout=20_000)  # milliseconds; the machine may have much to do besides


def fresh(architecture: str, seed: int = 0, input_size: int = 128, **options) -> Classifier:
    """An untrained network whose every part matters: residuals, normalisation and attention are not at their start.

    What is random afterwards follows from the seed, too.
    """
    model, state = initialize(architecture, seed, input_size, tuple(options.items()))
    torch.set_rng_state(state)
    return deepcopy(model)


@lru_cache(maxsize=12)
def initialize(architecture: str, seed: int, input_size: int, options: tuple) -> tuple[Classifier, torch.Tensor]:
    """The network of `fresh`, and the state of the random numbers after it; a copy takes a tenth of the time."""
    torch.manual_seed(seed)
    chosen = {**(SMALL_PYRAMID if architecture == "pyramid" else {}), **dict(options)}
    model = create_model(architecture, CLASSES, input_size=input_size, **chosen)
    for module in model.modules():
        if isinstance(module, Bottleneck):
            torch.nn.init.uniform_(module.bn3.weight, 0.5, 1)
        if isinstance(module, torch.nn.BatchNorm2d):
            if not module.weight.any():  # the last of a residual of timm's
                torch.nn.init.uniform_(module.weight, 0.5, 1)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
            torch.nn.init.normal_(module.running_mean, std=0.2)
    return model.eval(), torch.get_rng_state()


@cache
def load_once(name: str, device: str | None = None) -> Classifier:
    """A shipped network, loaded once for all tests that leave it as it is."""
    return xai.load_model(name, device)


def pytest_collection_modifyitems(items):
    """Mark what needs the running app, and what trains, by the fixtures that serve them."""
    for item in items:
        if "app" in item.fixturenames:
            item.add_marker("browser")
        if {"recipe", "run", "trained", "done"} & {*item.fixturenames}:
            item.add_marker("training")


@pytest.fixture(params=list(ARCHITECTURES))
def model(request) -> Classifier:
    return fresh(request.param)


@pytest.fixture
def no_curves(monkeypatch):
    """Small trainings without the picture of their curves, which takes longer than an epoch."""
    monkeypatch.setattr(Figure, "savefig", lambda *_, **__: None)


@pytest.fixture(scope="session")
def photos() -> list[Image.Image]:
    return [Image.open(path).convert("RGB") for path in EXAMPLES[:4]]


@pytest.fixture(scope="session", autouse=True)
def gradio_temp_dir(tmp_path_factory):
    path = tmp_path_factory.mktemp("gradio")
    os.environ["GRADIO_TEMP_DIR"] = str(path)
    return path


@pytest.fixture(scope="session")
def app(gradio_temp_dir):
    from app import LAUNCH, build

    page = build()
    page.launch(prevent_thread_lock=True, quiet=True, **LAUNCH)
    yield page
    page.close()


@pytest.fixture(scope="session")
def url(app):
    return app.local_url


@pytest.fixture(scope="module")
def client(url):
    """The app as a program."""
    client = Client(url, verbose=False)
    yield client
    client.close()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    chromium = find()
    if chromium is None:
        refuse = pytest.fail if os.environ.get("CI") else pytest.skip
        refuse("NO CHROMIUM: run `python -m tests.chromium`")
    flags = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync",
             "--disable-component-update", "--disable-quic"]  # fmt: skip
    return {**browser_type_launch_args, "executable_path": chromium, "args": flags}


def wait_until(page, holds, seconds=20):
    """Wait for what no selector can wait for, while the page lives on."""
    for _ in range(4 * seconds):
        if holds():
            return
        page.wait_for_timeout(250)
    assert holds()


def open_app(page, url):
    """Open the app and wait until its first photo is explained."""
    page.goto(url)
    page.wait_for_selector("#stage .stage[data-ready]", timeout=60_000)


@contextmanager
def no_strangers(context, url):
    """Fail where a page asks any other host than the app."""
    strangers = []
    context.on("request", lambda r: None if r.url.startswith((url, "data:", "blob:")) else strangers.append(r.url))
    yield
    assert not strangers, strangers


@pytest.fixture(scope="module")
def visitor(browser, url):
    """A browser that keeps the page's scripts from one visit to the next.

    It has six connections to a host. Every page of the app holds one, and one more while an answer is on its way, so
    that a fourth page may wait in vain.
    """
    context = browser.new_context()
    with no_strangers(context, url):
        yield context
    context.close()


@pytest.fixture(scope="module")
def used_page(visitor):
    """A page that tests open anew."""
    return visitor.new_page()


@pytest.fixture
def page(used_page, url):
    """The app's page as it opens, explained."""
    used_page.emulate_media(color_scheme="null")
    used_page.set_viewport_size({"width": 1280, "height": 720})
    open_app(used_page, url)
    return used_page


@pytest.fixture(scope="module")
def kept_page(visitor, url):
    """The app's page for several tests on end: a visitor who goes on after every mistake."""
    page = visitor.new_page()
    open_app(page, url)
    return page


@pytest.fixture
def strangers_page(context, url):
    """The app's page in a browser that never saw it before, with the options of `browser_context_args`."""
    with no_strangers(context, url):
        page = context.new_page()
        open_app(page, url)
        yield page
