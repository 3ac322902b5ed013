"""The pyramid's procedure: train, measure, choose layers, train again, compare."""

import csv
import json
import shutil
from dataclasses import replace

import pytest
import torch
from accelerate.state import AcceleratorState
from PIL import Image

import train.fal
import xai
from tests.test_train import folder  # noqa: F401  # a fixture
from train.data.augment import HideParts
from train.data.sources import read_splits
from train.data.splits import DataSet
from train.fal import Procedure, read_photos, run_procedure
from train.measure.layer_scores import average_by_class, find_weak_layers
from train.presets import CLASSIFIER_PRESETS
from train.publish.checkpoint import record_layers
from train.publish.remeasure import LayerMeasurement, measure_layers
from train.report import list_not_better
from train.tasks.supervised import Supervised
from xai.metrics import score_layers
from xai.models import create_model


@pytest.fixture(scope="module")
def procedure(folder, tmp_path_factory) -> Procedure:  # noqa: F811
    recipe = replace(
        CLASSIFIER_PRESETS["pyramid"][1], pretrained=False, backbone="resnet18", width=16, epochs=2, sizes=[64],
        test_size=64, batch=8, workers=0,
    )  # fmt: skip
    out = tmp_path_factory.mktemp("pyramid")
    return Procedure(str(folder), out, seeds=[0, 1], recipe=recipe)


@pytest.fixture(scope="module")
def done(procedure):
    return run_procedure(procedure)


def names(done):
    """The two runs of each network, by their folders."""
    return sorted(path.name for path in done.iterdir() if path.is_dir() and path.name != "figures")


def test_trains_both_networks_with_every_seed(done):
    fals, fpns = names(done)[:2], names(done)[2:]
    assert fpns == ["fpn-0", "fpn-1"]
    assert [name[-2:] for name in fals] == ["-0", "-1"]
    attended = [int(digit) for digit in fals[0].removeprefix("fal-").removesuffix("-0")]
    found = [json.loads((done / name / "scores-val-layer-gradcam-black.json").read_text()) for name in fpns]
    mean = {
        layer: {key: (row[key] + found[1]["soft"]["all"][layer][key]) / 2 for key in row}
        for layer, row in found[0]["soft"]["all"].items()
    }
    assert attended == find_weak_layers(mean)
    model = xai.load_model(done / fals[0] / "checkpoint")
    assert model.attended_layers == tuple(f"layer{i}" for i in attended)
    assert xai.load_model(done / "fpn-1" / "checkpoint").attended_layers == ()


def test_measures_what_the_metrics_say(done, procedure):
    split = read_splits(procedure.data)["test"]
    model = xai.load_model(done / "fpn-0" / "checkpoint")
    scores = {"soft": score_layers(model, split.photos), "strongest": score_layers(model, split.photos, share=0.2)}
    record = json.loads((done / "fpn-0" / "checkpoint" / "metrics.json").read_text())
    expected = average_by_class(scores, split.labels)
    assert record["layers"]["photos"] == expected["photos"] == {"all": 8, "bright": 4, "dark": 4}
    assert record["layers"]["soft"]["dark"]["layer2"] == pytest.approx(expected["soft"]["dark"]["layer2"], abs=0.1)
    assert record["layers"]["method"] == "gradcam"


def test_layers_of_a_pyramid_that_is_there_are_measured_alike(done, procedure, tmp_path):
    own = json.loads((done / "fpn-0" / "checkpoint" / "metrics.json").read_text())["layers"]
    copy = tmp_path / "copy"
    shutil.copytree(done / "fpn-0" / "checkpoint", copy)
    record_layers(copy, {})
    measure_layers(LayerMeasurement([str(copy)], str(procedure.data)))
    again = json.loads((copy / "metrics.json").read_text())["layers"]
    assert again["photos"] == own["photos"]
    assert again["hiding"] == own["hiding"]
    assert again["soft"]["dark"]["layer2"] == pytest.approx(own["soft"]["dark"]["layer2"], abs=0.1)
    assert "layer2:another" in again["soft"]["all"]
    assert xai.load_model(copy).attended_layers == ()  # its list of checksums holds


def test_layers_are_measured_on_photos_of_its_own_classes_only(done, procedure, tmp_path):
    checkpoint = done / "fpn-0" / "checkpoint"
    for photo in ("dark/0.png", "light/0.png"):
        (tmp_path / photo).parent.mkdir(exist_ok=True)
        Image.new("RGB", (9, 9)).save(tmp_path / photo)
    before = (checkpoint / "metrics.json").read_text()
    for models, data, method, trouble in (
        ([], procedure.data, "gradcam", "must name a checkpoint"),
        ([str(checkpoint)], str(tmp_path), "gradcam", "no test photos of the classes"),
        (["garbage-cnn"], procedure.data, "gradcam", "is no pyramid"),
        ([str(checkpoint)], procedure.data, "bogus", "bogus"),
    ):
        with pytest.raises(ValueError, match=trouble):
            measure_layers(LayerMeasurement(models, data, method))
    assert (checkpoint / "metrics.json").read_text() == before


def test_writes_table_and_figures_for_every_class_and_all(done):
    text = (done / "table1.md").read_text()
    for group in ("all", "bright", "dark"):
        assert f"## {group}\n" in text
        heights = [Image.open(done / "figures" / f"figure{n}-{group}.png").height for n in (4, 5)]
        assert heights[1] > 1.5 * heights[0]  # FPN alone, FPN against FAL
    assert "parameters" in text
    rows = list(csv.DictReader((done / "table1.csv").open()))
    found = [json.loads((done / f"fpn-{i}" / "scores-test-layer-gradcam-black.json").read_text()) for i in (0, 1)]
    (row,) = [
        row for row in rows
        if (row["class"], row["kept"], row["map"], row["network"], row["metric"])
        == ("dark", "strongest", "layer3", "FPN", "drop")
    ]  # fmt: skip
    values = [each["strongest"]["dark"]["layer3"]["drop"] for each in found]
    assert float(row["mean"]) == pytest.approx(sum(values) / 2, abs=0.01)
    assert float(row["standard deviation"]) == pytest.approx(abs(values[0] - values[1]) / 2**0.5, abs=0.01)


def test_the_table_says_which_layers_other_photos_maps_would_do_for():
    own, better, worse = (
        {"drop": drop, "increase": rise, "gain": 1.0, "adcc": 50.0} for drop, rise in ((5, 20), (4, 30), (6, 10))
    )
    figures = {"layer1": own, "layer1:another": worse | {"gain": 0.5, "adcc": 40.0}, "layer1:mean": better}
    (said,) = list_not_better(figures, "FPN")
    assert said == "- FPN, layer1: no better than the mean of the maps (drop, increase, gain, adcc)."
    assert list_not_better({"layer1": own, "gaussian": better}, "FPN") == []


def test_the_card_says_which_network_it_is_and_that_photos_turn_grey(done):
    cards = [(done / name / "checkpoint" / "README.md").read_text() for name in (names(done)[0], "fpn-0")]
    assert "# FAL, attention branches on layers" in cards[0]
    assert "# FPN of resnet18, 16 channels wide" in cards[1]
    for card in cards:
        assert "turned grey and squeezed to 64×64" in card
        assert "python -m train.classifier pyramid" in card


def test_goes_on_where_it_was_stopped(done, procedure, monkeypatch):
    """Nothing is trained or measured twice; what is missing is made again."""
    monkeypatch.setattr(train.fal, "train_classifier", None)
    monkeypatch.setattr(train.fal, "score_split", None)
    before = (done / "table1.md").read_text()
    (done / "table1.md").unlink()
    run_procedure(procedure)
    assert (done / "table1.md").read_text() == before


def test_another_recipe_is_refused(procedure, done):
    with pytest.raises(ValueError, match="width 16 instead of 8"):
        run_procedure(replace(procedure, recipe=replace(procedure.recipe, width=8)))
    with pytest.raises(ValueError, match="no validation photo shows 'airplane'"):
        run_procedure(replace(procedure, chosen_on="airplane"))


def test_changed_photos_are_refused_once_a_network_has_ended(done, procedure, folder, tmp_path, monkeypatch):  # noqa: F811
    data, out = tmp_path / folder.name, tmp_path / "out"
    shutil.copytree(folder, data)
    shutil.copytree(done, out)
    tests = (data / "test.txt").read_text().splitlines()
    (data / "test.txt").write_text("\n".join(tests[1:]))
    changed = replace(procedure, data=str(data), out=out)
    monkeypatch.setattr(train.fal, "train_classifier", None)
    for answer in ("refuse", "accept"):
        with pytest.raises(ValueError, match=r"has ended.*1 photo gone"):
            run_procedure(replace(changed, data_changed=answer))
    with pytest.raises(ValueError, match="layers from 1 to 4, not 9"):
        run_procedure(replace(procedure, attended=[9]))


def test_the_checkpoint_is_whole_after_measuring(done):
    for name in names(done):
        assert xai.load_model(done / name / "checkpoint").classes == ["bright", "dark"]


def test_both_networks_start_from_the_same_weights():
    recipe = replace(CLASSIFIER_PRESETS["pyramid"][1], data=["x"], pretrained=False, backbone="resnet18", width=16)
    states = []
    for attended in ([], [1, 2]):
        torch.manual_seed(0)
        chosen = replace(recipe, attended=attended)
        model = create_model("pyramid", ["a", "b"], **chosen.model_options())
        Supervised.add_loss(chosen, model)
        states.append(model.state_dict())
    shared = {key for key in states[1] if not key.startswith("branches.")}
    assert shared == set(states[0])
    assert all(torch.equal(states[0][key], states[1][key]) for key in shared)


def test_photos_are_read_in_the_precision_of_the_networks(procedure, tmp_path, monkeypatch):
    """Since accelerate refuses a second precision in a process."""
    found = []
    monkeypatch.setattr(train.fal, "prepare_data", lambda run, sources: found.append(run) or {"x": DataSet({})})
    AcceleratorState._reset_state(reset_partial_state=True)
    read_photos(replace(procedure, out=tmp_path, recipe=replace(procedure.recipe, precision="bf16")))
    assert found[0].accelerator.mixed_precision == "bf16"
    AcceleratorState._reset_state(reset_partial_state=True)


def test_a_pyramid_takes_no_teacher():
    with pytest.raises(ValueError, match="learns from labels"):
        replace(CLASSIFIER_PRESETS["pyramid"][1], data=["x"], teacher="garbage-cnn").check()


def test_hidden_views_are_black_or_dimmed_in_places():
    pixels, soft = torch.full((3, 40, 40), 200, dtype=torch.uint8), set()
    for seed in range(20):
        torch.manual_seed(seed)
        seen = HideParts()(pixels)
        assert (seen.dtype, seen.shape) == (torch.uint8, pixels.shape)
        assert 0.1 < (seen == 0).float().mean() < 0.9 or len(seen.unique()) > 10
        assert seen.float().mean() < 190
        soft.add(len(seen.unique()) > 2)
    assert soft == {True, False}


def test_weak_layers_are_the_two_that_explain_least():
    figures = {f"layer{i}": {"drop": d, "increase": u} for i, d, u in ((1, 30, 0), (2, 12, 0), (3, 9, 30), (4, 8, 20))}
    assert find_weak_layers({**figures, "combined": {"drop": 90, "increase": 0}}) == [1, 2]
