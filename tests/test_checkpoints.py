"""The weights in the repository: whole, small, documented, and as good as their cards say."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import xai
from tests.conftest import CLASSES, EXAMPLES
from xai.zoo import CHECKPOINTS

ATTENTION = ("garbage-resnet50", "garbage-se_resnet50", "garbage-s_se_resnet50")
MEGABYTE = 10**6
README = (Path(__file__).parent.parent / "README.md").read_text()


def record(name: str, file: str = "metrics.json"):
    return json.loads((CHECKPOINTS / name / file).read_text())


@pytest.fixture(params=xai.list_models())
def name(request) -> str:
    return request.param


def test_loads_and_answers(name):
    model = xai.load_model(name)
    assert model.classes == CLASSES
    answers = model.predict_proba(EXAMPLES)
    assert np.isfinite(answers).all()
    assert len(set(answers.argmax(1))) > 1


def test_stored_in_half_precision_at_no_cost(name):
    tensors = load_file(CHECKPOINTS / name / "model.safetensors")
    assert {t.dtype for t in tensors.values()} <= {torch.float16, torch.int64}
    for measured in record(name)["data"].values():
        assert abs(measured["test"]["accuracy"] - measured["test"]["accuracy_full_precision"]) <= 0.3


def test_record_adds_up(name):
    metrics, history = record(name), record(name, "history.json")
    assert [row["epoch"] for row in history] == list(range(1, metrics["epochs"] + 1))
    assert metrics["parameters"] == sum(p.numel() for p in xai.load_model(name).parameters())
    best = max(row["val_accuracy"] for row in history)
    assert history[metrics["chosen_epoch"] - 1]["val_accuracy"] == best
    for data, photos in (("trashnet", 431), ("webwaste", 620)):
        test = metrics["data"][data]["test"]
        matrix = np.array(test["confusion"])
        assert matrix.sum() == test["photos"] == photos
        assert test["accuracy"] == pytest.approx(100 * matrix.trace() / photos, abs=0.01)


def test_card_says_what_it_must(name):
    card = (CHECKPOINTS / name / "README.md").read_text()
    metrics = record(name)
    assert card.startswith("---\n")
    for word in (
        "TrashNet",
        "CC BY 4.0",
        "python -m train.classifier",
        f"{metrics['data']['trashnet']['test']['accuracy']:.2f}",
    ):
        assert word in card
    if "efficientnet" in name:
        assert "license: apache-2.0" in card
        assert "Apache-2.0" in card


def test_the_readme_says_what_was_measured(name):
    metrics = record(name)
    row = next(line for line in README.splitlines() if line.startswith(f"| `{name}`"))
    assert f"| {metrics['parameters']:,} |" in row
    for measured in metrics["data"].values():
        assert f"{measured['test']['accuracy']:.2f} % ({measured['test']['ece']:.1f} %)" in row


def test_the_three_resnets_differ_in_attention_alone():
    recipes = [{**record(name)["recipe"], "model": ""} for name in ATTENTION]
    assert recipes[0] == recipes[1] == recipes[2]


@pytest.mark.parametrize("name", [*ATTENTION, "garbage-efficientnet_lite0"])
def test_maps_have_seven_cells_a_side(name):
    raw = xai.explain(xai.load_model(name), EXAMPLES[0]).raw
    assert min(raw.shape) >= 7


def test_small_enough():
    files = [path for path in Path(CHECKPOINTS).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 250 * MEGABYTE
    assert max(path.stat().st_size for path in files) < 60 * MEGABYTE
    assert {path.suffix for path in files} <= {".json", ".npz", ".safetensors", ".md", ""}
