"""Every method against its formula, and what holds for all of them."""

import inspect
import pickle
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

import xai
from tests import literal
from tests.conftest import fresh
from tests.test_methods import trace
from xai.activations import Activations
from xai.explaining import explain_steps
from xai.methods import METHODS, UnsuitableError
from xai.methods.reading import plan_reading

FEW = {
    "smoothgrad": {"samples": 5},
    "smooth-gradcam++": {"samples": 5},
    "scorecam-fast": {"channels": 12},
    "rise": {"masks": 8},
    "lime": {"samples": 8},
    "mask": {"iterations": 2, "disc_step": 80},
}
READING = [name for name, method in METHODS.items() if method.needs == "features"]  # the others have tests of their own
OWN_TESTS = ("distilled",)  # in test_distilled
FORMULAS = {name: getattr(literal, METHODS[name].run.__name__) for name in READING if name not in OWN_TESTS}


@pytest.fixture(scope="module", params=["cnn", "efficientnet_lite0", "s_se_resnet50", "pyramid"])
def small(request):
    """In double precision: a formula must not depend on the rounding of a ReLU's input."""
    return fresh(request.param, input_size=64).double()


def layers_for(name, model):
    """The first, a middle and the last layer that suit a method and on which its literal form takes seconds."""
    layers = [layer for layer in ["input", *model.layers] if METHODS[name].unsuitable(model, layer) is None]
    if name in ("scorecam", "scorecam-fast"):
        return [layer for layer in layers if layer in ("stem", "conv2", "attended4")]
    if name == "ablationcam":
        return [layer for layer in layers if layer in ("conv1", "conv2", "stage2", model.last_layer)]
    return sorted({layers[0], layers[len(layers) // 2], layers[-1]}) if layers else []


def suited(name):
    """The first network, and its last layer, that suit a method."""
    if name not in READING:
        return fresh("cnn", input_size=64), None
    for architecture in ("cnn", "efficientnet_lite0", "pyramid", "cbam_resnet50"):
        model = fresh(architecture, input_size=64)
        for layer in reversed(list(model.layers)):
            if METHODS[name].unsuitable(model, layer) is None:
                return model, layer
    raise AssertionError(f"no network suits {name}")


@pytest.mark.parametrize("name", FORMULAS)
def test_equals_the_formula(small, photos, name):
    x, peaks = small.preprocess([photos[0]]), []
    for layer in layers_for(name, small):
        for target in (3,) if METHODS[name].pace != "instant" else (3, 0):
            e = xai.explain(small, photos[0], name, target, layer, **FEW.get(name, {}))
            expected = FORMULAS[name](small, x, target, layer, **FEW.get(name, {}))
            peaks.append(np.abs(expected).max())
            scale = peaks[-1] or 1
            np.testing.assert_allclose(e.raw / scale, expected / scale, atol=1e-5, err_msg=layer)
    if peaks:
        assert max(peaks) > 0  # blank maps agree too easily
    else:
        assert (name, small.linear_head) == ("cam", None) or (name, small.attended_layers) == ("attention", ())


def test_every_method_says_what_it_is():
    for name, method in METHODS.items():
        text = inspect.getdoc(method.run)
        assert method.summary, name
        assert method.reference or method.is_control, name
        assert "Formula: " in text or name in ("constant", "random"), name
        options = re.findall(r"^    (\w[\w, ]*): ", text.partition("Options:\n")[2].partition("\n\n")[0], re.MULTILINE)
        assert [option for line in options for option in line.split(", ")] == method.options, name


def test_what_does_not_suit_is_known_beforehand_and_refused(small, photos):
    model = small
    for name in READING:
        method = METHODS[name]
        for layer in ["input", *model.layers, "layer9"]:
            trouble = method.unsuitable(model, layer)
            if trouble is not None:
                with pytest.raises(UnsuitableError) as refused:
                    xai.explain(model, photos[0], name, target_layer=layer)
                assert str(refused.value) == str(trouble) == str(pickle.loads(pickle.dumps(trouble)))
                assert name not in xai.list_methods(model, layer)
            elif method.pace == "instant":
                assert name in xai.list_methods(model, layer)
                assert np.isfinite(xai.explain(model, photos[0], name, target_layer=layer).raw).all()


def test_signed_layers_are_those_whose_features_may_be_negative(model, photos):
    batch = Activations(model, model.preprocess(photos))
    with torch.no_grad():
        signed = {layer for layer in model.layers if (batch.at(layer) < 0).any()}
    assert signed == model.signed_layers


def test_smoothgrad_is_offered_where_the_gradient_varies_and_there_alone(model, photos):
    batch = Activations(model, model.preprocess(photos[:1]))
    for layer in model.layers:
        gradients = batch.gradients(layer)  # 1, C, h, w
        varies = bool((gradients.std((2, 3)) > 1e-4 * gradients.abs().amax((2, 3))).any())
        assert ("smoothgrad" in xai.list_methods(model, layer)) == varies, layer
    assert "smoothgrad" in xai.list_methods(model)  # at the pixels


def test_an_option_that_a_method_has_not_is_refused(photos):
    with pytest.raises(ValueError, match="no option 'samples'; it has none"):
        xai.explain(fresh("cnn"), photos[0], "gradcam", samples=3)
    with pytest.raises(ValueError, match="it has samples, noise, seed"):
        xai.explain(fresh("cnn"), photos[0], "smoothgrad", sample=3)


SLOW = [name for name in READING if METHODS[name].pace != "instant"]


@pytest.mark.parametrize("name", SLOW)
def test_slow_ones_say_how_far_they_are_and_stop_when_closed(photos, name):
    model, calls = fresh("cnn"), []
    model.fc.register_forward_hook(lambda *_: calls.append(1))
    done = [progress.done for progress in explain_steps(model, photos[:2], plan_reading(model, name, "conv2"))]
    assert len(done) >= 4
    assert done == sorted(done)
    assert 0 < done[0] < 0.5 < done[-1] <= 1
    complete = len(calls)
    calls.clear()
    steps = explain_steps(model, photos[:2], plan_reading(model, name, "conv2"))
    next(steps)
    steps.close()
    assert 0 < len(calls) < complete / 2
    assert not model.training


@pytest.mark.parametrize("name", METHODS)
def test_leaves_no_trace_even_when_stopped_or_stepped_by_several_threads(photos, name):
    model, layer = suited(name)
    model.train()
    before = trace(model)
    steps = explain_steps(model, photos[0], plan_reading(model, name, layer, options=FEW.get(name)), 1)
    while True:
        with ThreadPoolExecutor(1) as pool:  # a new thread for every step, as a web server may do it
            try:
                pool.submit(next, steps).result()
            except StopIteration as end:
                e = end.value
                break
    stopped = explain_steps(model, photos[0], plan_reading(model, name, layer, options=FEW.get(name)), 1)
    next(stopped, None)
    stopped.close()
    after = trace(model)
    assert before[:4] == after[:4]
    assert all(torch.equal(a, b) for a, b in zip(before[4], after[4], strict=True))
    assert torch.is_grad_enabled()
    np.testing.assert_array_equal(xai.explain(model, photos[0], name, 1, layer, **FEW.get(name, {})).raw, e.raw)


@pytest.mark.parametrize("name", METHODS)
def test_two_threads_get_what_one_gets(photos, name):
    model, layer = suited(name)
    jobs = [(photo, target) for photo in photos[:2] for target in (0, 5)]

    def run(job):
        return xai.explain(model, job[0], name, job[1], layer, **FEW.get(name, {})).raw

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(run, jobs))
    for raw, job in zip(found, jobs, strict=True):
        expected = run(job)
        np.testing.assert_allclose(raw, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("name", METHODS)
def test_a_batch_gives_what_single_photos_give(photos, name):
    model, layer = suited(name)
    targets = [4, None, 2]
    many = xai.explain(model, photos[:3], name, targets, layer, **FEW.get(name, {}))
    for photo, target, e in zip(photos[:3], targets, many, strict=True):
        one = xai.explain(model, photo, name, target, layer, **FEW.get(name, {}))
        assert one.target == e.target
        np.testing.assert_allclose(one.raw, e.raw, rtol=1e-3, atol=1e-4 * np.abs(one.raw).max())


def test_methods_share_one_forward_and_one_backward_pass(photos):
    model, calls = fresh("resnet50"), []
    batch = Activations(model, model.preprocess(photos[:1]))
    model.layer1.register_forward_hook(lambda *_: calls.append("below"))
    model.layer3.register_forward_hook(lambda *_: calls.append("above"))
    with torch.no_grad():
        for name in ("gradcam", "gradcam++", "hirescam", "layercam", "xgradcam", "eigengradcam", "eigencam"):
            METHODS[name].run(batch, None, "layer2")
        batch.logits()
    assert calls == ["below", "above"]


@pytest.mark.parametrize("name", ["gradcam", "hirescam", "xgradcam"])
def test_on_a_linear_head_three_methods_are_one(photos, name):
    model = fresh("se_resnet50")
    expected = xai.explain(model, photos[0], "cam", 2).raw.clip(0) / 16
    np.testing.assert_allclose(xai.explain(model, photos[0], name, 2).raw, expected, rtol=1e-4, atol=1e-6)
