"""The pyramid: FPN is FAL without branches, branches are the authors', four layers cost one gradient call."""

import numpy as np
import pytest
import torch
from pytorch_grad_cam import GradCAM, GradCAMPlusPlus
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn
from torch.nn import functional as F

import xai
from tests.conftest import CLASSES, fresh
from train.tasks.losses import SupervisedLoss
from xai.activations import Activations
from xai.layers import COMBINED
from xai.models import Pyramid
from xai.models.classifier import INPUT


@pytest.fixture
def fal():
    return fresh("pyramid", attended=(1, 2))


def test_fpn_is_fal_without_branches(photos):
    """The same weights but for the branches; a branch that says nothing would leave the answers as they are."""
    fal = fresh("pyramid", attended=(2, 4))
    fpn = Pyramid(CLASSES, input_size=128, backbone="resnet18", width=16, attended=()).eval()
    left_out = fpn.load_state_dict(fal.state_dict(), strict=False).unexpected_keys
    assert all(key.startswith("branches.") for key in left_out)
    assert fpn.attended_layers == ()
    x = fal.preprocess(photos[:1])
    with torch.no_grad():
        assert not torch.allclose(fal(x), fpn(x))
        for branch in fal.branches.values():
            nn.init.constant_(branch.scale.weight, 0)
            nn.init.constant_(branch.scale.bias, -100)  # M = sigmoid(−100)
        torch.testing.assert_close(fal(x), fpn(x))


def test_layers_halve_in_size_and_are_attended(fal, photos):
    batch = Activations(fal, fal.preprocess(photos[:2]))
    with torch.no_grad():
        plain = fal.feature_pyramid(batch.x)
        for i, (layer, attended) in enumerate(zip(fal.layer_names, fal.attended_names, strict=True)):
            assert batch.at(attended).shape == (2, 16, 32 // 2**i, 32 // 2**i)
            factor = 1 + batch.attention(layer) if layer in ("layer1", "layer2") else 1
            torch.testing.assert_close(batch.at(attended), factor * plain[layer])
            torch.testing.assert_close(batch.at(layer), fal.perception[layer](batch.at(attended)))
            assert (batch.at(attended) >= 0).all()
            assert (batch.at(layer) >= 0).all()


def test_the_layers_maps_add_up_to_the_logit(fal, photos):
    found = xai.explain_layers(fal, photos[0], "cam", target=4)
    total = fal.fc.bias[4].item() + sum(found[layer].raw.mean() for layer in fal.layer_names)
    assert total == pytest.approx(fal(fal.preprocess(photos[:1]))[0, 4].item(), rel=1e-4)
    found = xai.evidence(fal, photos[0])
    logits = fal(fal.preprocess(photos[:1]))[0].detach() - fal.fc.bias.detach()
    np.testing.assert_allclose(found.maps.sum((1, 2)), logits - logits.mean(), atol=0.02)  # resizing moves a little


def test_the_branch_is_the_authors(fal):
    """Class maps, map and scores written out as in the official code, from the weights."""
    branch, p = fal.branches["layer2"], torch.rand(2, 16, 12, 12)
    with torch.no_grad():
        attention, maps = branch(p)
        scores = branch.scores(maps)
        ax = torch.relu(branch.class_maps[1](F.conv2d(branch.features(p), branch.class_maps[0].weight)))
        torch.testing.assert_close(maps, ax)
        expected = torch.sigmoid(branch.scale(F.conv2d(ax, branch.attention.weight.abs(), padding=1)))
        torch.testing.assert_close(attention, expected)
        torch.testing.assert_close(scores, F.adaptive_avg_pool2d(F.conv2d(ax, branch.score.weight), 1)[..., 0, 0])
    assert attention.shape == (2, 1, 12, 12)
    assert scores.shape == (2, 6)


def test_evidence_weighs_the_positions_as_they_are_pooled(photos):
    """`Σ M R / Σ M`, with M the class maps weighted by the branch's own confidences, and a floor of 0.1."""
    fal = fresh("pyramid", attended=(1, 3), acting="pool", padding="replicate")
    batch = Activations(fal, fal.preprocess(photos[:2]))
    with torch.no_grad():
        for layer in fal.attended_layers:
            branch, p = fal.branches[layer], batch.at(f"attended{layer[-1]}")
            _, maps = branch(p)
            evidence = 0.1 + (branch.scores(maps).softmax(1)[:, :, None, None] * maps).sum(1, keepdim=True)
            torch.testing.assert_close(batch.attention(layer), evidence)
            read = fal.perception[layer](p)
            pooled = (evidence * read).sum((2, 3)) / evidence.sum((2, 3))
            torch.testing.assert_close(batch.at(layer).mean((2, 3)), pooled)
        torch.testing.assert_close(fal.all_logits(batch.x)[0], fal(batch.x))
    together = xai.explain_layers(fal, photos[0], "hirescam", layers=fal.attended_names)
    for layer in fal.attended_names:  # the evidence is of the features, and their gradient goes through it
        alone = xai.explain(fal, photos[0], "hirescam", target_layer=layer)
        np.testing.assert_allclose(together[layer].raw, alone.raw, rtol=1e-3, atol=1e-5)


def test_branches_that_do_not_act_only_train(photos):
    fal, fpn = fresh("pyramid", attended=(1, 2), acting="none"), fresh("pyramid", attended=())
    fpn.load_state_dict(fal.state_dict(), strict=False)
    x = fal.preprocess(photos[:2])
    with torch.no_grad():
        torch.testing.assert_close(fal(x), fpn(x))
        assert len(fal.all_logits(x)) == 3


@pytest.mark.parametrize(("padding", "alike"), [("zeros", False), ("replicate", True)])
def test_what_is_alike_everywhere_stays_so_where_the_border_is_repeated(padding, alike):
    fal = fresh("pyramid", attended=(1,), padding=padding)
    plain = {name: torch.ones(1, channels, 8, 8) for name, channels in zip("abcd", (64, 128, 256, 512), strict=True)}
    with torch.no_grad():
        p = fal.fpn({name: x[..., : 8 >> i, : 8 >> i] for i, (name, x) in enumerate(plain.items())})["a"]
        for features in (p, fal.perception["layer1"](p), fal.branches["layer1"](p)[0]):
            assert torch.allclose(features, features[..., :1, :1].expand_as(features), atol=1e-5) == alike


def test_the_loss_weighs_every_branch_like_the_answer(fal):
    pixels, labels = torch.rand(3, 3, 128, 128), torch.tensor([0, 3, 5])
    loss, logits = SupervisedLoss(fal)(pixels, labels)
    answers = fal.all_logits(fal.normalize(pixels))
    assert len(answers) == 3
    torch.testing.assert_close(logits, fal(fal.normalize(pixels)))
    torch.testing.assert_close(loss, sum(F.cross_entropy(a, labels) for a in answers))


@pytest.mark.parametrize("backbone", ["resnet50", "tf_efficientnet_lite0", "mobilenetv3_small_050"])
def test_any_backbone_with_these_strides(backbone):
    model = fresh("pyramid", backbone=backbone, attended=(3,), branch_depth=2)
    assert model.predict_proba([np.zeros((50, 70, 3), np.uint8)]).shape == (1, 6)


def test_what_is_no_pyramid_is_refused():
    with pytest.raises(ValueError, match="no features of stride 4"):
        Pyramid(CLASSES, backbone="vit_tiny_patch16_224")
    with pytest.raises(ValueError, match="layers 1 to 4, not on 5"):
        Pyramid(CLASSES, backbone="resnet18", attended=(1, 5))


def test_grey_models_see_no_colour(photos):
    grey = [photo.convert("L").convert("RGB") for photo in photos]
    seen = fresh("pyramid", grey=True).preprocess(photos)
    assert (seen - fresh("pyramid", grey=True).preprocess(grey)).abs().max() < 0.03  # a level or two of 256
    coloured = fresh("pyramid").preprocess(photos)
    assert (coloured - fresh("pyramid").preprocess(grey)).abs().max() > 0.3


class Seen(nn.Module):
    """A pyramid with a module whose output is one layer's features, for libraries that need one to hook."""

    def __init__(self, model, layer):
        super().__init__()
        self.model, self.layer, self.target = model, layer, nn.Identity()

    def forward(self, x):
        known = {INPUT: x}
        self.model.advance(known, self.layer)
        known[self.layer] = self.target(known[self.layer])
        return self.model.conclude(known)


@pytest.mark.parametrize("layer", ["attended1", "attended2", "attended3", "attended4"])
def test_equals_pypi_grad_cam_at_every_attended_map(fal, photos, layer):
    photo = photos[0].resize((128, 128))
    seen = Seen(fal, layer)
    with GradCAM(seen, [seen.target]) as cam:
        theirs = cam(fal.preprocess([photo]), [ClassifierOutputTarget(2)])[0]
    assert theirs.max() > 0
    ours = xai.explain(fal, photo, "gradcam", target=2, target_layer=layer)
    np.testing.assert_allclose(ours.saliency, theirs, atol=1e-4)
    with GradCAMPlusPlus(seen, [seen.target]) as cam:
        cam(fal.preprocess([photo]), [ClassifierOutputTarget(2)])  # its formula differs; that it runs is enough
    assert xai.explain(fal, photo, "gradcam++", target=2, target_layer=layer).raw.max() > 0


@pytest.mark.parametrize("method", ["gradcam", "gradcam++", "hirescam", "finercam", "eigencam"])
def test_all_layers_are_what_each_is_alone(fal, photos, method):
    targets = ["glass", None, 5]
    found = xai.explain_layers(fal, photos[:3], method, targets)
    for photo, target, layers in zip(photos[:3], targets, found, strict=True):
        assert list(layers) == [*fal.layer_names, COMBINED]
        for layer in fal.layer_names:
            alone = xai.explain(fal, photo, method, target, layer)
            assert (alone.target, alone.target_layer) == (layers[layer].target, layer)
            np.testing.assert_allclose(alone.raw, layers[layer].raw, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("architecture", "layers"),
    [
        ("pyramid", Pyramid.layer_names),
        ("pyramid", Pyramid.attended_names),
        ("resnet50", ("layer1", "layer2", "layer3")),
    ],
)
def test_all_layers_cost_one_forward_pass_and_one_gradient_call(photos, monkeypatch, architecture, layers):
    model, calls = fresh(architecture), []
    first = model.backbone.conv1 if architecture == "pyramid" else model.conv1
    first.register_forward_hook(lambda *_: calls.append("forward"))
    grad = torch.autograd.grad
    monkeypatch.setattr(torch.autograd, "grad", lambda *args: calls.append("gradient") or grad(*args))
    xai.explain_layers(model, photos[0], "hirescam", layers=layers)
    assert calls == ["forward", "gradient"]


def test_a_chains_layers_are_explained_together_as_each_alone(photos):
    model = fresh("resnet50")
    found = xai.explain_layers(model, photos[0], layers=["layer4", "layer2", "layer3"])
    for layer in ("layer2", "layer3", "layer4"):
        alone = xai.explain(model, photos[0], target_layer=layer)
        np.testing.assert_allclose(found[layer].raw, alone.raw, rtol=1e-3, atol=1e-6)


def test_the_combination_is_the_mean_of_scaled_maps(fal, photos):
    found = xai.explain_layers(fal, photos[0], "eigencam")
    total = np.zeros((32, 32))
    for layer in fal.layer_names:
        raw = F.interpolate(torch.from_numpy(found[layer].raw)[None, None], (32, 32), mode="bilinear")[0, 0].numpy()
        assert raw.max() > raw.min()
        total += (raw - raw.min()) / (raw.max() - raw.min()) / 4
    np.testing.assert_allclose(found[COMBINED].raw, total, atol=1e-5)
    assert found[COMBINED].saliency.max() == 1


def test_attention_is_there_where_a_branch_is(fal, photos):
    found = xai.explain_layers(fal, photos[0], "attention")
    assert list(found) == ["layer1", "layer2", COMBINED]
    assert 0 < found["layer1"].raw.min() <= found["layer1"].raw.max() < 1
    with pytest.raises(ValueError, match=r"layer3 has none.*layer1, layer2"):
        xai.explain(fal, photos[0], "attention", target_layer="layer3")
    with pytest.raises(ValueError, match="has none"):
        xai.explain_layers(fresh("resnet50"), photos[0], "attention")
