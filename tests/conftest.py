"""What tests share: small real networks, real photos, the app and a browser that may talk to nobody else."""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before gr.Blocks is built
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.pop("XAI_HUB", None)

import pytest
import torch
from gradio_client import Client
from PIL import Image

from tests.chromium import find
from xai.models import ARCHITECTURES, Classifier, create_model
from xai.models.resnet import Bottleneck
from xai.studio.garbage import EXAMPLES

SMALL_PYRAMID = {"backbone": "resnet18", "width": 16, "attended": (1, 3), "branch_width": 8}
CLASSES = ["cardboard", "glass", "metal", "paper", "plastic", "trash"]


def fresh(architecture: str, seed: int = 0, input_size: int = 128, **options) -> Classifier:
    """An untrained network whose every part matters: residuals, normalisation and attention are not at their start."""
    torch.manual_seed(seed)
    options = {**(SMALL_PYRAMID if architecture == "pyramid" else {}), **options}
    model = create_model(architecture, CLASSES, input_size=input_size, **options)
    for module in model.modules():
        if isinstance(module, Bottleneck):
            torch.nn.init.uniform_(module.bn3.weight, 0.5, 1)
        if isinstance(module, torch.nn.BatchNorm2d):
            if not module.weight.any():  # the last of a residual of timm's
                torch.nn.init.uniform_(module.weight, 0.5, 1)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
            torch.nn.init.normal_(module.running_mean, std=0.2)
    return model.eval()


@pytest.fixture(params=list(ARCHITECTURES))
def model(request) -> Classifier:
    return fresh(request.param)


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


def opened(page, url):
    """Open the app and wait until its first photo is explained; a request to any other host fails the test."""
    strangers = []
    page.on("request", lambda r: None if r.url.startswith((url, "data:", "blob:")) else strangers.append(r.url))
    page.goto(url)
    page.wait_for_selector("#heatmap-b img", timeout=60_000)
    page.wait_for_selector("#slider img", timeout=60_000)
    yield page
    assert not strangers, strangers


@pytest.fixture
def page(page, url):
    """The app's page, open and explained."""
    yield from opened(page, url)


@pytest.fixture(scope="module")
def kept_page(browser, url):
    """The same for several tests on end: a visitor who goes on after every mistake."""
    context = browser.new_context()
    yield from opened(context.new_page(), url)
    context.close()
