"""The weights in the repository: whole, small, documented, and as good as their cards say."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import xai
from tests.conftest import CLASSES, EXAMPLES, load_once
from xai.agreement import compute_similarity
from xai.metrics import COMPANIONS
from xai.studio import pyramid
from xai.zoo import CHECKPOINTS, GARBAGE, IMAGENET, PYRAMID, STUDENTS

ATTENTION = ("garbage-resnet50", "garbage-se_resnet50", "garbage-s_se_resnet50")
MEGABYTE = 10**6
README = (Path(__file__).parent.parent / "README.md").read_text()


def record(name: str, file: str = "metrics.json"):
    return json.loads((CHECKPOINTS / name / file).read_text())


@pytest.fixture(params=[*GARBAGE, *PYRAMID])
def name(request) -> str:
    return request.param


def test_loads_and_answers(name):
    model = load_once(name)
    if name in GARBAGE:
        assert model.classes == CLASSES
    answers = model.predict_proba(EXAMPLES if name in GARBAGE else pyramid.EXAMPLES)
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
    assert metrics["parameters"] == sum(p.numel() for p in load_once(name).parameters())
    if metrics["recipe"].get("kept", "best") == "last":
        assert metrics["chosen_epoch"] == metrics["epochs"]
    else:
        best = max(row["val_accuracy"] for row in history)
        assert history[metrics["chosen_epoch"] - 1]["val_accuracy"] == best
    for data, photos in (("trashnet", 431), ("webwaste", 620)) if name in GARBAGE else (("ucmerced", 420),):
        test = metrics["data"][data]["test"]
        matrix = np.array(test["confusion"])
        assert matrix.sum() == test["photos"] == photos
        assert test["accuracy"] == pytest.approx(100 * matrix.trace() / photos, abs=0.01)


def test_card_says_what_it_must(name):
    card = (CHECKPOINTS / name / "README.md").read_text()
    metrics = record(name)
    assert card.startswith("---\n")
    sources = ("TrashNet", "CC BY 4.0") if name in GARBAGE else ("UC Merced", "public domain", "grey")
    accuracies = [f"{measured['test']['accuracy']:.2f}" for measured in metrics["data"].values()]
    for word in (*sources, "python -m train.classifier", *accuracies):
        assert word in card
    if metrics["recipe"]["pretrained"]:
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
    raw = xai.explain(load_once(name), EXAMPLES[0]).raw
    assert min(raw.shape) >= 7


@pytest.mark.parametrize("name", PYRAMID)
def test_every_class_has_its_layers_measured_with_controls(name):
    layers, classes = record(name)["layers"], load_once(name).classes
    assert set(layers["photos"]) == {"all", *classes}
    assert layers["photos"]["all"] == sum(layers["photos"][label] for label in classes) == 420
    rows = ["layer1", "layer2", "layer3", "layer4", "combined"]
    for way, controls in (("soft", ["constant", "gaussian"]), ("strongest", ["gaussian"])):
        for group, found in layers[way].items():
            companions = [f"{row}:{companion}" for row in rows for companion in COMPANIONS]
            assert list(found) == [*rows, *controls, *companions], group
            assert all(0 <= value <= 100 for row in found.values() for value in row.values())
    everything = layers["soft"]["all"]["constant"]
    assert (everything["drop"], everything["increase"], everything["adcc"]) == (0, 0, 0)


def test_fpn_and_fal_differ_in_branches_alone():
    fpn, fal = (record(name)["recipe"] for name in PYRAMID)
    assert fpn["attended"] == []
    assert fal["attended"]
    assert {**fpn, "attended": None} == {**fal, "attended": None}


def test_small_enough():
    files = [path for path in Path(CHECKPOINTS).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 250 * MEGABYTE
    assert max(path.stat().st_size for path in files) < 60 * MEGABYTE
    assert {path.suffix for path in files} <= {".json", ".npz", ".safetensors", ".md", ".png", ""}


def test_every_model_is_one_of_these():
    assert set(xai.list_models()) == {*GARBAGE, *PYRAMID, *STUDENTS, IMAGENET}


@pytest.mark.parametrize("name", STUDENTS)
def test_a_student_is_what_its_record_and_its_card_say(name):
    metrics, card = record(name), (CHECKPOINTS / name / "README.md").read_text()
    student, black_box = load_once(name), xai.load_black_box(metrics["recipe"]["teacher"])
    assert student.classes == black_box.classes
    assert len(student.attention_blocks) == 16
    assert metrics["parameters"] == sum(p.numel() for p in student.parameters())
    dtypes = {tensor.dtype for tensor in load_file(CHECKPOINTS / name / "model.safetensors").values()}
    assert dtypes <= {torch.float16, torch.int64}
    assert metrics["recipe"]["labels"] == "none"
    for data, photos in (("trashnet", 431), ("webwaste", 620)):
        found = metrics["similarity"][data]["test"]
        assert found["photos"] == photos
        sims = " | ".join(f"{100 * sim:.1f} %" for sim in found["sim"])
        assert f"| {sims} | {found['kl']:.3f} | {photos} |" in card


@pytest.mark.parametrize("name", STUDENTS)
def test_a_student_agrees_on_most_examples(name):
    teacher = xai.load_black_box(record(name)["recipe"]["teacher"]).predict_proba(EXAMPLES)
    student = load_once(name).predict_proba(EXAMPLES)
    assert compute_similarity(teacher, student, 1) >= 0.6


@pytest.mark.parametrize("name", [*GARBAGE, *PYRAMID, *STUDENTS])
def test_a_card_says_what_the_temperature_changes(name):
    card = (CHECKPOINTS / name / "README.md").read_text()
    for data, measured in record(name)["data"].items():
        found = measured["test"]["calibration"]
        assert f"temperature of {found['temperature']:.3f}" in card
        assert f"{found['before']:.2f} % and {found['after']:.2f} % on {data}" in card
        shipped = found["before" if name in STUDENTS else "after"]  # a student's is not folded in
        assert shipped == pytest.approx(measured["test"]["ece"], abs=0.2)
