"""Every benchmark runs as a reader would start it, at its smallest size, and writes what it found."""

import json
import os
import runpy
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from torch import nn
from torch.optim import SGD

import xai
from benchmarks import record
from tests.conftest import fresh
from train.presets import PRESETS
from train.run import STATE
from train.state import save_state
from xai.studio.garbage import EXAMPLES
from xai.studio.pyramid import EXAMPLES as AERIAL_EXAMPLES
from xai.zoo import CHECKPOINTS

RUNS = {
    "accuracy": "--data WASTE --model garbage-cnn garbage-efficientnet_lite0",
    "agreement": "--data WASTE --limit 2",
    "attention": "--data AERIAL --runs PYRAMIDS --mosaics 1 --work WORK",
    "combinations": "--data WASTE --photos 6 --mosaics 1 --step 40000 --rounds 0 --out WORK",
    "controls": "--data AERIAL --models pyramid-fpn --limit 2 --work WORK",
    "distilled": "--rounds 1 --timed 4",
    "duplicates": "WASTE",
    "familiar": "--trashnet WASTE --webwaste WASTE --ucmerced AERIAL --imagenet IMAGENET --each 1",
    "games": "--data WASTE --methods gradcam:student distilled --limit 2 --slow constant --few 1 "
    "--work WORK --black-box garbage-cnn",
    "folder": "WASTE --photos 2 --rounds 1 --model garbage-cnn",
    "methods": "--rounds 1 --methods smoothgrad gradcam",
    "mosaic": "--data WASTE --models garbage-cnn --mosaics 1 --slow-mosaics 1 --limit 6 --questions 8 --work WORK "
    "--checkpoints WORK",
    "pyramid": "--rounds 1",
    "rise": "--masks 4 --rounds 1 --model garbage-cnn",
    "rise_questions": "WASTE --limit 2 --few 8 --many 16 --at-once 8 --model garbage-cnn",
    "scorecam": "WASTE --limit 2 --channels 8 --model garbage-efficientnet_lite0 --scores SCORES",
    "folders": "--folders 3",
    "similar": "WASTE --model garbage-cnn --limit 2",
}
IN_A_BROWSER = {
    "first_answer": "--clicks 1",
    "live": "--networks garbage-cnn --seconds 2",
    "memory": "--tabs pyramid --visits 2 --every 1",
}
WITHOUT = {
    "browser", "objects", "record", "timing", "weight",  # they are what the others share
    "protocol", "runs",  # they only copy what trainings wrote
}  # fmt: skip


def test_every_benchmark_is_run_here():
    modules = {path.stem for path in (record.ROOT / "benchmarks").glob("*.py")}
    assert modules == RUNS.keys() | IN_A_BROWSER.keys() | WITHOUT


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Photos by class, all of them in every split, and the scores of their channels, which take minutes to ask for."""
    names = ("WASTE", "AERIAL", "IMAGENET", "SCORES", "PYRAMIDS")
    found = {name: tmp_path_factory.mktemp(name.lower()) for name in names}
    for name in ("fpn", "fal"):
        shutil.copytree(CHECKPOINTS / f"pyramid-{name}", found["PYRAMIDS"] / f"{name}-0" / "checkpoint")
    generator = np.random.default_rng(0)
    for i, example in enumerate([*EXAMPLES, *AERIAL_EXAMPLES]):
        kind, label = example.stem.rsplit("-", 1)[0].split("-", 1)
        photos = found["AERIAL" if kind == "pyramid" else "WASTE"]
        path = photos / label / f"{i}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(example.read_bytes())
        for split in ("train", "val", "test"):
            with (photos / f"{split}.txt").open("a") as lines:
                lines.write(f"{label}/{i}.jpg\n")
        features = generator.random((32, 4, 4), np.float32)
        kept = {"features": features, "scores": features[:, 0, 0] - features[:, 3, 3]}
        np.savez(found["SCORES"] / f"garbage-efficientnet_lite0 {label} {i}.jpg.npz", **kept)
    (found["IMAGENET"] / "0.jpg").write_bytes(EXAMPLES[0].read_bytes())
    (found["IMAGENET"] / "labels.csv").write_text("file,index,name\n0.jpg,0,tench\n")
    return found


def run(name, arguments, folders, tmp_path, monkeypatch):
    """What `python -m benchmarks.NAME` wrote."""
    monkeypatch.setattr(record, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(record, "ROOT", tmp_path)
    places = {**folders, "WORK": tmp_path / "work"}
    arguments = [str(places.get(argument, argument)) for argument in arguments.split()]
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    runpy.run_module(f"benchmarks.{name}", run_name="__main__", alter_sys=True)
    (file,) = (tmp_path / "results").glob("*.json")
    return json.loads(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", RUNS)
def test_it_runs_and_writes_what_it_found(name, folders, tmp_path, monkeypatch, capsys):
    found = run(name, RUNS[name], folders, tmp_path, monkeypatch)
    assert found["rows"]
    assert {"commit", "machine", "date"} <= found.keys()
    assert found["command"].startswith(f"python -m benchmarks.{name} ")
    assert str(tmp_path.parent) not in json.dumps(found)
    assert capsys.readouterr().out


@pytest.mark.browser
@pytest.mark.parametrize("name", IN_A_BROWSER)
def test_it_runs_in_a_browser(name, tmp_path):
    """In a process of its own: while it builds a page, an app that answers beside it would put parts into that page.

    With a cache of its own: an app that is closed deletes the examples there, which another one still shows.
    """
    file = tmp_path / "found.json"
    environment = {**os.environ, "GRADIO_TEMP_DIR": str(tmp_path / "gradio")}
    arguments = [*IN_A_BROWSER[name].split(), "--output", str(file)]
    command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
    done = subprocess.run(command, cwd=record.ROOT, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert json.loads(file.read_text(encoding="utf-8"))["rows"]


def test_all_methods_that_suit_a_network_are_measured_beside_their_peers(photos):
    from benchmarks.methods import UNTIMED, contenders

    model = fresh("resnet50", input_size=64)
    suited = [name for name in xai.list_methods(model) if xai.methods.METHODS[name].needs == "features"]
    runs = contenders(model, model.preprocess(photos[:1]), 3, suited)
    assert {name for name, library in runs if library == "xai"} == set(suited) - set(UNTIMED)
    for key, run in runs.items():
        assert np.isfinite(np.asarray(run().detach() if key[1] == "" else run())).all(), key


def test_the_study_s_tables_and_plots_show_every_seed(monkeypatch):
    from benchmarks.tables import attention

    def row(network, shown, metric, seeds, **less):
        return {"network": network, "map": shown, "metric": metric, "seeds": seeds} | less

    less = {"mean": -1.25, "low": -2.0, "high": -0.5, "seeds": [-1.0, -1.5], "n": 9}
    rows = []
    for network, more in (("fpn", {}), ("acting", {"less plain": less})):
        rows.append(row(network, "", "accuracy", [98.0, 96.0], **more))
        for layer in attention.LAYERS:
            rows.append(row(network, layer, "mosaic", [50.0, 51.0], **more))
            for shown in (layer, f"{layer}:another", f"{layer}:mean"):
                rows += [row(network, shown, metric, [1.0, 2.0], **more) for metric in attention.SEEN]
    found = {
        "rows": rows, "photos": 9, "validation_photos": 4, "objects": 0,
        "effects": {"acting-0": {"own_mean": 0.0153, "common": 0.01}},
        "command": "", "date": "", "commit": "", "machine": "",
    }  # fmt: skip
    monkeypatch.setattr(attention, "read", lambda name: found)
    table = attention.compared("attention-pyramids")()
    assert "| accuracy | 97.0 | −1.2 [−2.0, −0.5] |" in table
    assert "| mosaic test all together | 50.5 | −1.2 [−2.0, −0.5] |" in table
    assert "| Layer 1 | attention that acts | 1.5 / 1.5 / 1.5 * |" in attention.seen_through_maps()
    assert "| attention that acts | 0.015 | 0.01 |" in attention.effects()
    panels = attention.draw("attention-pyramids").axes
    assert len(panels) == 1 + len(attention.LAYERS)
    dots = [sorted(xy) for line in panels[0].lines for xy in line.get_xydata().tolist()]
    assert dots == [[0, 98], [0, 96], [1, 98], [1, 96]]


def test_a_training_is_kept_with_its_command(tmp_path, monkeypatch, capsys):
    from benchmarks import runs

    monkeypatch.setattr(record, "RESULTS", tmp_path / "results")
    recipe = replace(PRESETS["train.classifier"]["pyramid"][1], data=["/elsewhere/aerial"], attended=[1, 2], seed=3)
    history = [
        {"epoch": 1, "train_loss": 3.0, "train_accuracy": 10.0},
        {"epoch": 2, "train_loss": 2.0, "train_accuracy": 20.0, "val_loss": 1.5, "val_accuracy": 30.0},
    ]
    module = nn.Linear(1, 1)
    (tmp_path / "fal").mkdir()
    progress = {"epoch": 2, "history": history, "settings": recipe.settings()}
    save_state(tmp_path / "fal" / STATE, module, SGD(module.parameters()), progress)
    runs.main([str(tmp_path / "fal"), "--factor", "more seeds", "--verdict", "no"])
    assert capsys.readouterr().out == "fal.json: accuracy 30.0 %, loss 1.500, epoch 2 of 12\n"
    kept = json.loads((tmp_path / "results/runs/fal.json").read_text())
    assert kept["rows"] == history[1:]
    assert kept["command"] == "python -m train.classifier pyramid --data aerial --model pyramid --seed 3 --attended 1 2"
    assert f"| more seeds | `{kept['command']}` | accuracy 30.0 %" in runs.table([kept])


def test_attention_that_does_not_act_has_no_effect():
    from benchmarks.attention import estimate_difference, measure_effect

    photos = AERIAL_EXAMPLES[:3]
    inert = fresh("pyramid", attended=(1, 3), acting="none")
    assert measure_effect(inert, photos) == {"own_mean": 0, "common": 0}
    for acting in ("scale", "pool"):
        found = measure_effect(fresh("pyramid", attended=(1, 3), acting=acting), photos)
        assert min(found.values()) > 0, acting
        assert measure_effect(fresh("pyramid", attended=(1, 3), acting=acting), photos[:1])["common"] < 1e-12  # its own
    certain = estimate_difference(np.full((3, 20), 1.5))
    assert (certain["mean"], certain["low"], certain["high"]) == (1.5, 1.5, 1.5)
    seeds = np.array([[-1.0], [0.0], [1.0]]).repeat(50, 1)  # they disagree, whatever the photo
    assert estimate_difference(seeds)["low"] < 0 < estimate_difference(seeds)["high"]
    generator, held = np.random.default_rng(0), 0
    for _ in range(400):  # seeds, photos and both together vary around 0
        parts = [scale * generator.normal(size=size) for scale, size in ((1, (3, 1)), (5, (1, 100)), (5, (3, 100)))]
        found = estimate_difference(np.sum(np.broadcast_arrays(*parts), axis=0))
        held += found["low"] <= 0 <= found["high"]
    assert 0.92 < held / 400 < 0.98


def test_a_map_of_the_object_fits_it_and_one_of_the_ground_does_not():
    from benchmarks.objects import BOX, ENERGY, POINTING, average_others, find_objects, measure_maps

    photo = next(iter(find_objects(EXAMPLES)), None)
    assert photo is None or photo in EXAMPLES
    mask = np.zeros((48, 64), dtype=bool)
    mask[12:24, 16:32] = True
    e = replace(xai.explain(xai.load_model("garbage-cnn"), Image.new("RGB", (64, 48)), "gaussian"), blank=False)
    on, off = (replace(e, raw=m.astype(np.float32)) for m in (mask, ~mask))
    found = measure_maps("map", [on, off], {"a": mask, "b": mask})
    assert found["map", ENERGY].tolist() == [100, 0]
    assert found["map", POINTING].tolist() == [100, 0]
    assert found["map", BOX].tolist() == [100, pytest.approx(100 * 12 * 16 / (48 * 64))]
    swapped = average_others([on, off])  # of two photos, the mean of the others is the other's
    np.testing.assert_array_equal(swapped[0].raw, off.raw)
    np.testing.assert_array_equal(swapped[1].raw, on.raw)


def test_networks_that_are_no_pyramids_are_compared_without_layers(folders, tmp_path, monkeypatch):
    networks = "none-0=garbage-resnet50 se-0=garbage-efficientnet_lite0"
    arguments = f"--data WASTE --networks {networks} --plain none --mosaics 1 --work WORK"
    found = run("attention", arguments, folders, tmp_path, monkeypatch)
    assert found["networks"] == ["none-0", "se-0"]
    assert found["effects"] == {}
    metrics = {(row["map"], row["metric"]) for row in found["rows"]}
    assert {("", "accuracy"), ("gradcam", "mosaic"), ("gaussian", "mosaic")} <= metrics
    assert (("gradcam:mean", "energy inside") in metrics) == (found["objects"] > 1)


def test_networks_are_compared_with_the_plain_one_of_their_seed(tmp_path):
    from argparse import Namespace

    from benchmarks.attention import find_networks

    for name in ("se-0", "none-0", "none-1"):
        (tmp_path / name / "checkpoint").mkdir(parents=True)
    options = Namespace(runs=tmp_path, networks=["se-1=garbage-se_resnet50"], plain="none")
    assert list(find_networks(options)) == ["none-0", "none-1", "se-0", "se-1"]
    assert find_networks(options)["se-1"] == "garbage-se_resnet50"
    for networks, words in ((["se-2=x"], "no none of the seed of se-2"), (["se=x"], "wants NAME-SEED=CHECKPOINT")):
        with pytest.raises(ValueError, match=words):
            find_networks(Namespace(runs=tmp_path, networks=networks, plain="none"))
    with pytest.raises(ValueError, match="no finished training of another network than none"):
        find_networks(Namespace(runs=None, networks=["none-0=x"], plain="none"))
