"""Whoever calls in `torch.inference_mode()` or `torch.no_grad()` gets what others get, bit by bit."""

import csv

import numpy as np
import pytest
import torch

import xai
from tests.conftest import CLASSES, fresh, load_once
from xai.blackbox import from_checkpoint
from xai.evaluation import Settings, evaluate
from xai.explaining import explain_steps
from xai.methods import METHODS
from xai.methods.reading import plan_reading
from xai.models import ARCHITECTURES
from xai.steps import finish
from xai.studio.garbage import EXAMPLES

MODES = {"inference_mode": torch.inference_mode, "no_grad": torch.no_grad}
ABLE = {"attention": "pyramid", "distilled": "cbam_resnet50"}
FEW = {
    "attention": {"target_layer": "layer1"},
    "smoothgrad": {"samples": 4},
    "rise": {"masks": 32},
    "lime": {"samples": 32},
    "mask": {"iterations": 2},
}


@pytest.fixture(params=MODES)
def mode(request):
    return MODES[request.param]


@pytest.fixture(scope="module")
def cnn():
    return fresh("cnn", input_size=64)


@pytest.mark.parametrize("method", METHODS)
def test_every_method(method, photos, cnn):
    model = cnn if METHODS[method].unsuitable(cnn) is None else fresh(ABLE.get(method, "resnet50"), input_size=64)
    outside = xai.explain(model, photos[0], method, **FEW.get(method, {}))
    with torch.inference_mode():
        inside = xai.explain(model, photos[0], method, **FEW.get(method, {}))
    np.testing.assert_array_equal(inside.raw, outside.raw)
    np.testing.assert_array_equal(inside.confidences, outside.confidences)
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_network(architecture, photos):
    model = fresh(architecture, input_size=64)
    layer = list(model.layers)[-2]  # above the last one there may be too little for a graph
    outside = xai.explain(model, photos[0], "gradcam", target_layer=layer)
    with torch.inference_mode():
        inside = xai.explain(model, photos[0], "gradcam", target_layer=layer)
    np.testing.assert_array_equal(inside.raw, outside.raw)


@pytest.mark.parametrize("method", ["rise", "lime", "mask", "gradcam"])
def test_explanations_of_a_black_box(method, photos, cnn):
    def run():
        return xai.explain(from_checkpoint(cnn), photos[0], method, **FEW.get(method, {}))

    outside = run()
    with torch.inference_mode():
        assert np.array_equal(run().raw, outside.raw)


def of_layers(model, photos, tmp_path):
    return {name: e.raw for name, e in xai.explain_layers(model, photos[0], "gradcam++").items()}


def of_evidence(model, photos, tmp_path):
    return {"maps": xai.evidence(model, photos[0]).maps}


def of_scores(model, photos, tmp_path):
    scores = xai.metrics.score_layers(model, photos[:2], "gradcam++")
    return {name: each.after.numpy() for name, each in scores.items()}


def of_mosaics(model, photos, tmp_path):
    trained = load_once("garbage-cnn")
    of_classes = dict(zip(trained.predict_proba(list(EXAMPLES)).argmax(1), EXAMPLES, strict=True))
    return {"shares": xai.metrics.mosaic_test(trained, list(of_classes.values())[:4], "gradcam++")}


def of_games(model, photos, tmp_path):
    black_box = from_checkpoint(model)
    pixels, raws = black_box.pixels(photos[:1]), torch.linspace(0, 1, 16).view(1, 4, 4)
    played = xai.metrics.play(black_box, photos[0], {"map": raws[0]}, 0, step=1000)["insertion"]
    return played | {"deletion": xai.metrics.deletion(black_box, pixels, raws, 0, 1000).numpy()}


def of_evaluation(model, photos, tmp_path):
    folder = tmp_path / "photos" / CLASSES[0]
    folder.mkdir(parents=True, exist_ok=True)
    photos[0].resize((48, 48)).save(folder / "0.png")
    output = tmp_path / f"out {torch.is_inference_mode_enabled()}"
    subject = from_checkpoint(model, name="cnn")
    subject.learn(model)
    evaluate([subject], ["gradcam++", "smoothgrad"], ["deletion"], folder.parent, output,
             settings=Settings(options={"smoothgrad": {"samples": 2}}))  # fmt: skip
    figures = list(csv.DictReader((output / "results.csv").open(encoding="utf-8")))
    return {i: {key: value for key, value in row.items() if key != "seconds"} for i, row in enumerate(figures)}


@pytest.mark.parametrize("run", [of_layers, of_evidence, of_scores, of_mosaics, of_games, of_evaluation])
def test_all_else(run, photos, cnn, tmp_path):
    outside = run(cnn, photos, tmp_path)
    with torch.inference_mode():
        inside = run(cnn, photos, tmp_path)
    np.testing.assert_equal(inside, outside)


def test_a_network_that_was_loaded_there_is_like_any(mode, photos):
    with mode():
        model = xai.load_model("garbage-cnn")
    again = xai.load_model("garbage-cnn")
    for method in ("gradcam++", "smoothgrad"):
        found = [xai.explain(each, photos[0], method, **FEW.get(method, {})).raw for each in (model, again)]
        np.testing.assert_array_equal(*found)


def test_steps_may_begin_there_and_end_elsewhere(mode, photos, cnn):
    expected = xai.explain(cnn, photos[0], "smoothgrad", samples=8)
    with mode():
        steps = explain_steps(cnn, photos[0], plan_reading(cnn, "smoothgrad", options={"samples": 8}))
        next(steps)
        assert not torch.is_grad_enabled()
        assert torch.is_inference_mode_enabled() == (mode is torch.inference_mode)
    assert torch.is_grad_enabled()
    np.testing.assert_array_equal(finish(steps).raw, expected.raw)
