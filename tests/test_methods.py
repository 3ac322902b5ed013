import threading

import numpy as np
import pytest
import torch
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch.nn import functional as F

import xai
from tests.conftest import fresh
from xai.activations import Activations
from xai.models import Pyramid


def module_of(model, layer):
    found = model.layers[layer]
    return found if isinstance(found, torch.nn.Module) and not layer.startswith("attended") else None


def literal_gradcam(model, x, target, layer):
    """The formula, with the graph over the whole network and explicit sums."""
    batch = Activations(model, x)
    features = batch.at(layer)
    features.retain_grad()
    model.tail(features, layer, batch.beside([layer]))[0, target].backward()
    c, h, w = features.shape[1:]
    raw = torch.zeros(h, w)
    for k in range(c):
        a = features.grad[0, k].sum() / (h * w)
        raw += a * features[0, k].detach()
    model.zero_grad()
    return raw.clamp(min=0).numpy()


def test_gradcam_equals_the_formula(model, photos):
    x = model.preprocess([photos[0]])
    for layer in model.layers:
        e = xai.explain(model, photos[0], target=3, target_layer=layer)
        np.testing.assert_allclose(e.raw, literal_gradcam(model, x, 3, layer), rtol=1e-3, atol=1e-5)


def test_gradcam_equals_pypi_grad_cam(model, photos):
    side = model.input_size
    photos = [photo.resize((side, side)) for photo in photos]
    targets = [0, 5, 2, 3]
    x, shown = model.preprocess(photos), 0
    for layer in model.layers:
        if module_of(model, layer) is None:
            continue
        ours = xai.explain(model, photos, target=targets, target_layer=layer)
        with GradCAM(model, [module_of(model, layer)]) as cam:
            theirs = cam(x, [ClassifierOutputTarget(t) for t in targets])
        for e, expected in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(e.saliency, expected, atol=1e-4)
            shown += expected.any()
    assert shown >= 4  # blank maps agree too easily


def test_cam_adds_up_to_the_logit(model, photos):
    if model.linear_head is None:
        pytest.skip("CAM is impossible here")
    e = xai.explain(model, photos[1], method="cam", target=4)
    with torch.no_grad():
        logit = model(model.preprocess([photos[1]]))[0, 4].item()
    assert e.raw.mean() + model.linear_head.bias[4].item() == pytest.approx(logit, rel=1e-4, abs=1e-4)


def test_gradcam_is_cam_rectified_over_hw(model, photos):
    if model.linear_head is None:
        pytest.skip("CAM is impossible here")
    cam = xai.explain(model, photos[2], method="cam", target=1)
    gradcam = xai.explain(model, photos[2], method="gradcam", target=1)
    np.testing.assert_allclose(gradcam.raw, np.maximum(cam.raw, 0) / cam.raw.size, rtol=1e-5)


def test_cam_on_cnn_says_why_not_and_what_to_use(photos):
    with pytest.raises(ValueError, match=r"nothing but global average pooling and one linear layer.*gradcam"):
        xai.explain(fresh("cnn"), photos[0], method="cam")


def test_cam_reads_the_last_layer_only(photos):
    with pytest.raises(ValueError, match="layer4"):
        xai.explain(fresh("resnet50"), photos[0], method="cam", target_layer="layer2")


def trace(model):
    """Everything an explanation could leave behind."""
    hooks = [len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks) for m in model.modules()]
    grads = [p.grad is None for p in model.parameters()]
    modes = [m.training for m in model.modules()]
    buffers = [b.clone() for b in model.buffers()]
    return hooks, grads, modes, [p.requires_grad for p in model.parameters()], buffers


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("fails", [False, True])
def test_no_trace(model, photos, training, fails):
    model.train(training)
    before = trace(model)
    for layer in (next(iter(model.layers)), model.last_layer):
        if fails:
            conclude, model.conclude = model.conclude, None
            with pytest.raises(TypeError):
                xai.explain(model, photos[0], target_layer=layer)
            model.conclude = conclude
        else:
            xai.explain(model, photos[0], target_layer=layer)
    xai.evidence(model, photos[0])
    after = trace(model)
    assert before[:4] == after[:4]
    assert all(torch.equal(a, b) for a, b in zip(before[4], after[4], strict=True))


def test_works_inside_no_grad_and_on_frozen_weights(photos):
    model = fresh("s_se_resnet50")
    expected = xai.explain(model, photos[0], target_layer="layer3").raw
    model.requires_grad_(False)
    with torch.no_grad():
        np.testing.assert_array_equal(xai.explain(model, photos[0], target_layer="layer3").raw, expected)


def test_two_threads_share_a_model(photos):
    model = fresh("s_se_resnet50")
    jobs = [(photo, target) for photo in photos for target in (0, 5)]
    expected = [xai.explain(model, p, target=t, target_layer="layer2").raw for p, t in jobs]
    found = [None] * len(jobs)

    def work(half):
        for i in range(half, len(jobs), 2):
            found[i] = xai.explain(model, jobs[i][0], target=jobs[i][1], target_layer="layer2").raw

    threads = [threading.Thread(target=work, args=(half,)) for half in (0, 1)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_batches_equal_single_photos(model, photos):
    targets = ["glass", None, 5, 0]
    for layer in (list(model.layers)[1], None):
        many = xai.explain(model, photos, target=targets, target_layer=layer)
        for photo, target, e in zip(photos, targets, many, strict=True):
            one = xai.explain(model, photo, target=target, target_layer=layer)
            assert one.target == e.target
            np.testing.assert_allclose(one.raw, e.raw, rtol=1e-3, atol=1e-5)


def test_evidence_is_every_class_against_the_mean(model, photos):
    found = xai.evidence(model, photos[0])
    assert found.maps.shape[0] == 6
    np.testing.assert_allclose(found.maps.sum(0), 0, atol=1e-4)
    np.testing.assert_allclose(found.confidences, model.predict_proba(photos[0])[0], rtol=1e-4, atol=1e-6)
    x = model.preprocess([photos[0]])
    read = model.explained_layers if isinstance(model, Pyramid) else [model.last_layer]
    signed = np.zeros(found.maps.shape)
    for layer in read:
        batch = Activations(model, x)
        features = batch.at(layer).detach().requires_grad_()
        for target in range(6):
            (g,) = torch.autograd.grad(model.tail(features, layer, batch.beside([layer]))[0, target], features)
            added = (g.mean((2, 3), keepdim=True) * features).sum(1, keepdim=True).detach()  # 1, 1, h, w
            cells = added.numel() / found.maps[0].size  # a coarse cell's share is spread over the fine ones in it
            signed[target] += cells * F.interpolate(added, found.maps.shape[1:], mode="bilinear")[0, 0].numpy()
    np.testing.assert_allclose(found.maps, signed - signed.mean(0), rtol=1e-3, atol=1e-5)
    assert found.picture().size == photos[0].size
    assert sum(found.shares().values()) == pytest.approx(1)
