import http.server
import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import xai
from tests.conftest import CLASSES, fresh
from train.publish.checkpoint import write_sums
from xai import zoo
from xai.models import CNN
from xai.studio.text import LANGUAGES
from xai.zoo import GARBAGE, PYRAMID, STUDENTS

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def checkpoint(tmp_path) -> Path:
    """A small real checkpoint under a known name."""
    folder = tmp_path / "checkpoints" / "garbage-cnn"
    model = fresh("cnn")
    model.half().save_pretrained(folder, config={**model._hub_mixin_config, "model_class": "CNN"})
    for name in ("metrics.json", "history.json"):
        (folder / name).write_text('{"of": "some length"}')
    write_sums(folder)
    return folder


@pytest.fixture
def here(checkpoint, monkeypatch):
    monkeypatch.setattr(zoo, "CHECKPOINTS", checkpoint.parent)
    return checkpoint


def test_loads_in_float32_and_evaluation_mode(here):
    model = xai.load_model("garbage-cnn")
    assert model.classes == CLASSES
    assert not model.training
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    expected = load_file(here / "model.safetensors")
    assert all(torch.equal(tensor.half(), expected[key]) for key, tensor in model.state_dict().items())


def test_loads_a_folder_of_ones_own(checkpoint):
    assert xai.load_model(checkpoint).classes == xai.load_model(str(checkpoint)).classes == CLASSES


def test_unknown_name():
    with pytest.raises(ValueError, match="garbage-s_se_resnet50"):
        xai.load_model("garbage-resnet51")


@pytest.mark.parametrize("name", [*zoo.NEEDED, zoo.SUMS])
@pytest.mark.parametrize("damage", ["missing", "truncated", "altered"])
def test_damage_names_file_and_remedy(here, name, damage):
    file = here / name
    data = file.read_bytes()
    if damage == "missing":
        file.unlink()
    else:
        middle = len(data) // 2
        file.write_bytes(data[:middle] if damage == "truncated" else data[:middle] + b"0" + data[middle + 1 :])
        if file.read_bytes() == data:
            file.write_bytes(data[:middle] + b"1" + data[middle + 1 :])
    with pytest.raises(OSError, match="git checkout") as caught:
        xai.load_model("garbage-cnn")
    assert str(here) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_lacking_weight_is_no_silent_gap(here):
    weights = load_file(here / "model.safetensors")
    weights.pop("conv1.0.bias")
    save_file(weights, here / "model.safetensors")
    write_sums(here)
    with pytest.raises(OSError, match="does not hold the weights"):
        xai.load_model("garbage-cnn")


def test_no_pickle_is_read(here):
    (here / "model.safetensors").unlink()
    (here / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    with pytest.raises(OSError, match=r"model\.safetensors is missing"):
        xai.load_model("garbage-cnn")


def test_the_mixin_itself_reads_no_pickle(here):
    (here / "model.safetensors").rename(here / "pytorch_model.bin")
    with pytest.raises(FileNotFoundError):
        CNN.from_pretrained(here)


def test_no_checkpoint_at_all(tmp_path, monkeypatch):
    monkeypatch.setattr(zoo, "CHECKPOINTS", tmp_path)
    with pytest.raises(OSError, match="no checkpoint"):
        xai.load_model("garbage-cnn")


def test_xai_hub_is_checked(monkeypatch):
    monkeypatch.setenv("XAI_HUB", "garbage-cnn=somebody/cnn")
    with pytest.raises(ValueError, match="OWNER/REPO@COMMIT"):
        xai.load_model("garbage-cnn")


class Hub(http.server.BaseHTTPRequestHandler):
    """A stand-in for the Hub: one repository at one commit; counts what is asked."""

    folder: Path
    asked: list[str]

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        self.asked.append(self.path)
        if not self.path.removeprefix("/api/models").startswith("/somebody/cnn"):
            return self.reply(404, b"", {"X-Error-Code": "RepoNotFound"})
        if self.path.startswith("/api/models/"):
            files = [{"rfilename": p.name} for p in sorted(self.folder.iterdir())]
            tree = [
                {"type": "file", "path": p.name, "size": p.stat().st_size, "oid": p.name}
                for p in sorted(self.folder.iterdir())
            ]
            body = tree if "/tree/" in self.path else {"id": "somebody/cnn", "sha": COMMIT, "siblings": files}
            return self.reply(200, json.dumps(body).encode(), {"Content-Type": "application/json"})
        file = self.folder / self.path.split("/")[-1].split("?")[0]
        if not file.is_file():
            return self.reply(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
        return self.reply(200, file.read_bytes(), {"ETag": f'"{file.name}"', "X-Repo-Commit": COMMIT})

    def reply(self, status, body, headers):
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def hub(checkpoint):
    handler = type("Handler", (Hub,), {"folder": checkpoint, "asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


SCRIPT = """
import os, sys, xai
for repository in sys.argv[1:]:
    os.environ["XAI_HUB"] = f"garbage-cnn={repository}"
    print(sum(p.sum().item() for p in xai.load_model("garbage-cnn").parameters()))
"""


def load_apart(tmp_path, hub_port, repositories, checkpoints, offline="0"):
    """Load from one repository after another, in a process of its own: huggingface_hub reads its settings at import."""
    environment = {
        "PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": offline,
        "HF_ENDPOINT": f"http://127.0.0.1:{hub_port}", "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1",
        "XAI_CHECKPOINTS": str(checkpoints), "PYTHONPATH": str(Path(__file__).parent.parent),
    }  # fmt: skip
    line = [sys.executable, "-c", SCRIPT, *(f"{repository}@{COMMIT}" for repository in repositories)]
    return subprocess.run(line, env=environment, capture_output=True, text=True, check=False)


def test_order_is_cache_then_hub_then_checkpoints(tmp_path, hub, checkpoint):
    port, asked = hub.server_port, hub.RequestHandlerClass.asked
    elsewhere = tmp_path / "other"
    shutil.copytree(checkpoint, elsewhere / "garbage-cnn")
    model = fresh("cnn", seed=9)
    model.half().save_pretrained(elsewhere / "garbage-cnn", config={**model._hub_mixin_config, "model_class": "CNN"})
    write_sums(elsewhere / "garbage-cnn")

    before = load_apart(tmp_path, port, ["somebody/cnn"], elsewhere)
    assert before.returncode == 0, before.stderr
    downloaded = [path for path in asked if "model.safetensors" in path]
    assert downloaded, asked
    asked.clear()
    after = load_apart(tmp_path, port, ["somebody/cnn", "somebody/none"], elsewhere)
    assert after.returncode == 0, after.stderr
    (first,), (second, third) = before.stdout.splitlines(), after.stdout.splitlines()
    assert second == first
    assert not any("somebody/cnn" in path for path in asked)  # pinned by commit and cached: it is not asked for again

    assert asked
    assert "neither the local cache nor the Hub has somebody/none" in after.stderr
    assert third != first


def test_every_model_has_a_name_for_visitors():
    for lang, texts in LANGUAGES.items():
        assert [name for name in (*GARBAGE, *PYRAMID, *STUDENTS) if f"model.{name}" not in texts] == [], lang


def test_languages_say_the_same_things():
    assert LANGUAGES["en"].keys() == LANGUAGES["ko"].keys()
