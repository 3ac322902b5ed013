import pytest
import torch
import torchvision
from torch import nn

from tests.conftest import CLASSES, fresh
from xai.activations import Activations
from xai.models import ARCHITECTURES, Pyramid, create_model
from xai.models.resnet import ResNet50


def test_forward_backward(model):
    model.train()
    x = torch.rand(2, 3, 128, 128)
    logits = model(x)
    assert logits.shape == (2, 6)
    sum(each.square().sum() for each in model.all_logits(x)).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_features_and_tail_are_the_forward_pass(model):
    x = torch.rand(2, 3, 128, 128)
    with torch.no_grad():
        expected = model(x)
        for layer in model.layers:
            batch = Activations(model, x)
            torch.testing.assert_close(model.tail(batch.at(layer), layer, batch.beside([layer])), expected)


def test_activations_are_computed_once(model):
    """Asked for from the middle, the last and the first layer, no layer runs twice above what is known."""
    if isinstance(model, Pyramid):
        pytest.skip("its layers are not one chain")
    x, calls, names, step = torch.rand(1, 3, 128, 128), [], list(model.layers), type(model).step

    def counted(self, known, layer, features):
        calls.append(layer)
        return step(self, known, layer, features)

    model.__class__ = type("Counted", (type(model),), {"step": counted})
    with torch.no_grad():
        batch = Activations(model, x)
        batch.at(names[-2])
        batch.at(names[-1])
        batch.logits()
    assert calls == names


def test_unknown_layer_names_the_known_ones(model):
    with pytest.raises(ValueError, match=model.last_layer):
        Activations(model, torch.rand(1, 3, 128, 128)).at("layer9")


def test_unknown_architecture():
    with pytest.raises(ValueError, match="resnet50"):
        create_model("resnet51", CLASSES)


def test_weights_attention_adds():
    count = {name: sum(p.numel() for p in create_model(name, CLASSES).parameters()) for name in ARCHITECTURES}
    assert count["se_resnet50"] - count["resnet50"] == 2_514_944
    assert count["s_se_resnet50"] - count["resnet50"] == 696_320


def test_resnet50_is_torchvisions():
    ours, theirs = fresh("resnet50"), torchvision.models.resnet50(num_classes=6).eval()
    theirs.load_state_dict(ours.state_dict())
    x = torch.rand(2, 3, 128, 128)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), theirs(x))


@pytest.mark.parametrize("architecture", ["se_resnet50", "s_se_resnet50"])
def test_attention_against_a_literal_stage(architecture):
    """Stage 2 written out: the scale is on the last batch norm's output, before the sum; one a block or one a stage."""
    model = fresh(architecture)
    stage, x = model.layer2, torch.rand(2, 256, 16, 16)
    with torch.no_grad():
        expected, stored = x, None
        for i, block in enumerate(stage):
            f = torch.relu(block.bn1(block.conv1(expected)))
            f = torch.relu(block.bn2(block.conv2(f)))
            f = block.bn3(block.conv3(f))
            if architecture == "se_resnet50" or i == 0:
                hidden = torch.relu(f.mean((2, 3)) @ block.attention.squeeze.weight.T)
                stored = torch.sigmoid(hidden @ block.attention.excite.weight.T)
            shortcut = block.downsample(expected) if i == 0 else expected
            expected = torch.relu(f * stored[:, :, None, None] + shortcut)
        torch.testing.assert_close(stage(x), expected)
    assert sum(isinstance(m, nn.Linear) for m in stage.modules()) == (8 if architecture == "se_resnet50" else 2)


def test_shared_attention_keeps_nothing_between_images():
    model = fresh("s_se_resnet50")
    a, b = torch.rand(1, 3, 128, 128), torch.rand(1, 3, 128, 128)
    with torch.no_grad():
        alone = model(b)
        model(a)
        torch.testing.assert_close(model(b), alone, rtol=0, atol=0)
        torch.testing.assert_close(model(torch.cat([a, b]))[1:], alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("size", "side"), [(128, 4), (200, 7), (224, 7)])
def test_last_map_side(size, side):
    model = ResNet50(CLASSES, input_size=size).eval()
    with torch.no_grad():
        assert model.features(torch.rand(1, 3, size, size)).shape == (1, 2048, side, side)


def test_predict_proba(model, photos):
    one, many = model.predict_proba(photos[0]), model.predict_proba(photos)
    assert one.shape == (1, 6)
    assert many.shape == (4, 6)
    assert many.dtype == "float32"
    torch.testing.assert_close(many.sum(1), torch.ones(4).numpy(), check_dtype=False)
    torch.testing.assert_close(many[0], one[0], rtol=1e-4, atol=1e-5)


def test_predict_proba_of_no_photos(model):
    assert model.predict_proba([]).shape == (0, 6)


def test_predict_proba_leaves_training_mode_alone(photos):
    model = fresh("resnet50").train()
    model.layer1.eval()
    before = {name: module.training for name, module in model.named_modules()}
    running = model.bn1.running_mean.clone()
    model.predict_proba(photos[0])
    assert {name: module.training for name, module in model.named_modules()} == before
    torch.testing.assert_close(model.bn1.running_mean, running, rtol=0, atol=0)
