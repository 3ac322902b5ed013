"""A student's own parts, CBAM and the distilled map, in slow, literal forms; and how far it agrees."""

import numpy as np
import pytest
import torch

import xai
from tests import literal
from tests.conftest import CLASSES, fresh
from xai.activations import Activations
from xai.agreement import Agreement, compare_answers, compute_similarity, measure_divergence, rank_classes
from xai.blackbox import from_checkpoint, from_function
from xai.explanation import resize_to_photo
from xai.methods import METHODS
from xai.methods.distilled import ALL_BLOCKS, LITERAL, SCALED, compute_parts
from xai.models import ResNet50


@pytest.fixture(scope="module")
def student():
    model = fresh("cbam_resnet50", input_size=64)
    for module in model.modules():
        if type(module).__name__ == "CBAM":  # gates that differ from place to place
            torch.nn.init.normal_(module.norm.weight)
            torch.nn.init.normal_(module.excite.bias)
    return model.double()


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def literal_cbam(cbam, features):
    """Woo et al.'s formulas for one photo's features (C, h, w): what goes on."""
    weights = {name: value.detach().numpy() for name, value in {**cbam.state_dict()}.items()}

    def mlp(pooled):
        hidden = np.maximum(weights["squeeze.weight"] @ pooled + weights["squeeze.bias"], 0)
        return weights["excite.weight"] @ hidden + weights["excite.bias"]

    channel = sigmoid(mlp(features.mean((1, 2))) + mlp(features.max((1, 2))))
    seen = channel[:, None, None] * features
    two = np.pad(np.stack([seen.max(0), seen.mean(0)]), ((0, 0), (3, 3), (3, 3)))
    spatial = np.zeros(features.shape[1:])
    for i, j in np.ndindex(*spatial.shape):
        spatial[i, j] = (two[:, i : i + 7, j : j + 7] * weights["spatial.weight"][0]).sum()
    spatial = (spatial - weights["norm.running_mean"]) / np.sqrt(weights["norm.running_var"] + 1e-5)
    return sigmoid(spatial * weights["norm.weight"] + weights["norm.bias"]) * seen


def literal_attention(model, x):
    """`F_o − F_i` (C, h, w) of all 16 blocks, and the logits, block by block, with the literal CBAM."""
    changes = []
    with torch.no_grad():
        x = model.stem(x)
        for stage in (model.layer1, model.layer2, model.layer3, model.layer4):
            for block in stage:
                residual = block.relu(block.bn1(block.conv1(x)))
                residual = block.bn3(block.conv3(block.relu(block.bn2(block.conv2(residual)))))
                attended = literal_cbam(block.attention, residual[0].numpy())
                changes.append(attended - residual[0].numpy())
                shortcut = x if block.downsample is None else block.downsample(x)
                x = (torch.from_numpy(attended)[None] + shortcut).relu()
        return changes, model.fc(x.mean((2, 3)))[0]


def test_attention_of_every_block_equals_the_formula(student, photos):
    x = student.preprocess(photos[:1]).double()
    changes, logits = literal_attention(student, x)
    batch = Activations(student, x)
    assert student.attention_blocks == tuple(f"block{k}" for k in ALL_BLOCKS)
    for block, change in zip(student.attention_blocks, changes, strict=True):
        mean, strength = batch.attention(block)[0].detach().numpy()
        np.testing.assert_allclose(mean, change.mean(0), atol=1e-10)
        np.testing.assert_allclose(strength, np.abs(change).mean(0), atol=1e-10)
    np.testing.assert_allclose(student(x)[0].detach(), logits, atol=1e-9)


def test_what_attention_adds_to_the_weights():
    with torch.device("meta"):
        sizes = [sum(p.numel() for p in ResNet50(CLASSES, attention=a).parameters()) for a in ("none", "cbam")]
    assert sizes[1] - sizes[0] == 2_532_592


def test_the_gates_start_nearly_open():
    cbam = ResNet50(CLASSES, attention="cbam").layer1[0].attention
    scale = cbam(torch.randn(2, 256, 8, 8) * 0.1)
    assert 0.6 < scale.min() < scale.max() < 0.9


def test_attention_shines_through_at_a_planted_object():
    """A gate that lets only the object through changes all but the object: the negated map is high where it looked."""
    model = fresh("cbam_resnet50", input_size=64)
    cbam = model.layer1[0].attention
    x = torch.zeros(1, 256, 16, 16)
    x[..., 4:9, 6:11] = 3
    torch.nn.init.zeros_(cbam.spatial.weight)
    cbam.spatial.weight.data[0, 0, 3, 3] = 10
    cbam.norm.weight.data.fill_(1), cbam.norm.bias.data.fill_(-4)
    cbam.norm.running_mean.zero_(), cbam.norm.running_var.fill_(1)
    with torch.no_grad():
        scale = cbam(x)
    assert scale[..., 4:9, 6:11].min() > 0.5 > 0.1 > scale[..., :3, :3].max()


def literal_distilled(model, photo, target, prepare=lambda part: part):
    """Eqs. 7 to 9 of Kang et al. (2021): MATT × ML, softmax over the pixels; either part is prepared before."""
    x = model.preprocess([photo]).double()
    changes, _ = literal_attention(model, x)
    matt = sum(resize_to_photo(change.mean(0), 64, 64) for change in changes)
    ml = sum(resize_to_photo(literal.gradcam(model, x, target, f"layer{k}"), 64, 64) for k in (2, 3, 4))
    product = prepare(matt) * prepare(ml)
    weights = np.exp(product - product.max())
    return weights / weights.sum()


def unit(m):
    return (m - m.min()) / (m.max() - m.min())


def test_the_literal_form_is_eq_9_as_printed(student, photos):
    """Neither MATT nor ML is scaled before they are multiplied: where attention held features back, MATT is negative,
    and the product is lowest where Grad-CAM is highest."""
    e = xai.explain(student, photos[0], "distilled", target="glass", **LITERAL)
    expected = literal_distilled(student, photos[0], 1)
    np.testing.assert_allclose(e.raw, expected, rtol=1e-4, atol=1e-9)
    assert e.raw.sum() == pytest.approx(1, rel=1e-4)


def test_the_scaled_form_scales_both_parts_first(student, photos):
    e = xai.explain(student, photos[0], "distilled", target="glass", **SCALED)
    expected = literal_distilled(student, photos[0], 1, prepare=unit)
    np.testing.assert_allclose(e.raw, expected, rtol=1e-5)
    printed = literal_distilled(student, photos[0], 1)
    assert np.corrcoef(expected.ravel(), printed.ravel())[0, 1] < 0.9  # so that the test above could fail


@pytest.mark.parametrize("sign", ["signed", "negated", "absolute"])
@pytest.mark.parametrize("operator", ["product", "sum"])
@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("whole", [False, True])
def test_every_combination_is_what_its_options_say(student, photos, sign, operator, scaled, whole):
    x = student.preprocess(photos[:1]).double()
    changes, _ = literal_attention(student, x)
    form = {"signed": lambda c: c.mean(0), "negated": lambda c: -c.mean(0), "absolute": lambda c: np.abs(c).mean(0)}
    attention = [resize_to_photo(form[sign](changes[k - 1]), 64, 64) for k in (2, 9)]
    evidence = [resize_to_photo(literal.gradcam(student, x, 3, f"layer{k}"), 64, 64) for k in (1, 4)]
    matt, ml = (sum(unit(m) if scaled else m for m in maps) for maps in (attention, evidence))
    matt, ml = (unit(matt), unit(ml)) if whole else (matt, ml)
    options = {"blocks": (2, 9), "stages": (1, 4), "operator": operator, "sign": sign, "scaled": scaled, "unit": whole}
    e = xai.explain(student, photos[0], "distilled", target=3, softmax=False, **options)
    np.testing.assert_allclose(e.raw, matt * ml if operator == "product" else matt + ml, atol=1e-5)


def test_either_part_may_be_left_out(student, photos):
    batch = Activations(student, student.preprocess(photos[:1]).double())
    attention, evidence = compute_parts(batch, None, ALL_BLOCKS, (2, 3, 4))
    assert (len(attention), len(evidence)) == (16, 3)
    alone = xai.explain(student, photos[0], "distilled", blocks=(), stages=(4,))
    np.testing.assert_allclose(alone.saliency, to_size_of(evidence[-1], photos[0]), atol=1e-4)


def to_size_of(maps, photo):
    resized = resize_to_photo(maps[0].float().detach().numpy(), *photo.size)
    return (resized - resized.min()) / (resized.max() - resized.min())


def test_one_forward_pass_and_one_gradient_call(student, photos, monkeypatch):
    """The stem and every stage run once, and gradients are asked for once."""
    calls, gradient_calls, step, grad = [], [], ResNet50.step, torch.autograd.grad

    def counted(self, known, layer, features):
        calls.append(layer)
        return step(self, known, layer, features)

    monkeypatch.setattr(ResNet50, "step", counted)
    monkeypatch.setattr(torch.autograd, "grad", lambda *args, **k: (gradient_calls.append(1), grad(*args, **k))[1])
    xai.explain(student, photos[0], "distilled", **LITERAL)
    assert sorted(calls) == ["layer1", "layer2", "layer3", "layer4", "stem"]
    assert len(gradient_calls) == 1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"blocks": [0]}, "blocks must be a list of numbers from 1 to 16, each once, not \\[0\\]"),
        ({"blocks": [17]}, "from 1 to 16"),
        ({"blocks": [-1]}, "from 1 to 16"),
        ({"blocks": [1, 1, 2]}, "each once"),
        ({"blocks": [1.0]}, "list of numbers"),
        ({"blocks": "1"}, "list of numbers"),
        ({"blocks": 3}, "list of numbers"),
        ({"blocks": None}, "list of numbers"),
        ({"stages": [0]}, "stages must be a list of numbers from 1 to 4"),
        ({"stages": [3, 4, 4]}, "each once"),
        ({"stages": ["layer4"]}, "from 1 to 4"),
        ({"stages": 4}, "list of numbers"),
        ({"blocks": [], "stages": []}, "both empty: choose at least one"),
        ({"operator": "wrong"}, "operator must be one of product, sum, not 'wrong'"),
        ({"operator": None}, "operator must be"),
        ({"sign": "wrong", "blocks": []}, "sign must be one of signed, negated, absolute"),
    ],
)
def test_options_that_name_no_map(student, photos, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        xai.explain(student, photos[0], "distilled", **options)


def test_numbers_of_any_kind_name_blocks(student, photos):
    one = xai.explain(student, photos[0], "distilled", blocks=range(1, 3), stages=np.array([2, 4]).tolist())
    other = xai.explain(student, photos[0], "distilled", blocks=[np.int64(1), 2], stages=(2, 4))
    np.testing.assert_array_equal(one.raw, other.raw)


def test_a_variant_is_asked_for_by_its_name(student, photos):
    named = xai.explain(student, photos[0], "distilled:literal", target="glass")
    spelt = xai.explain(student, photos[0], "distilled", target="glass", **LITERAL)
    np.testing.assert_array_equal(named.raw, spelt.raw)
    assert (named.method, named.options) == (spelt.method, spelt.options)
    changed = xai.explain(student, photos[0], "distilled:literal", target="glass", stages=[4])
    assert changed.options == {**LITERAL, "stages": [4]}
    with pytest.raises(ValueError, match="distilled has no variant 'printed'; it has distilled:literal"):
        xai.explain(student, photos[0], "distilled:printed")
    with pytest.raises(ValueError, match="gradcam has no variant 'x'; it has none"):
        xai.explain(student, photos[0], "gradcam:x")


def test_only_students_suit_it(photos):
    with pytest.raises(ValueError, match="student with CBAM"):
        xai.explain(fresh("resnet50", input_size=64), photos[0], "distilled")
    with pytest.raises(ValueError, match="option `stages`"):
        xai.explain(fresh("cbam_resnet50", input_size=64), photos[0], "distilled", target_layer="layer2")
    assert METHODS["distilled"].unsuitable(fresh("cbam_resnet50", input_size=64)) is None


def test_training_keeps_no_maps(student, photos):
    model = fresh("cbam_resnet50", input_size=64).train()
    known = {"input": model.preprocess(photos[:2])}
    model.advance(known, "layer4")
    assert set(known) == {"input", "layer4"}


def test_agreement_by_hand():
    teacher = np.array([0.6, 0.2, 0.1, 0.05, 0.03, 0.02])
    student = np.array([0.5, 0.1, 0.3, 0.05, 0.03, 0.02])
    found = compare_answers(teacher, student, CLASSES)
    assert [name for name, _ in found.teacher] == CLASSES[:5]
    assert [name for name, _ in found.student] == ["cardboard", "metal", "glass", "paper", "plastic"]
    assert found.agreed == 1
    expected = sum(t * np.log(t / s) for t, s in zip(teacher, student, strict=True))
    assert found.divergence == pytest.approx(expected)
    assert compare_answers(teacher, teacher, CLASSES).agreed == 5
    assert compare_answers(teacher, teacher[::-1].copy(), CLASSES).agreed == 0


def test_similarity_counts_identity_and_order():
    """(cat, fish, dog) against (cat, dog, fish): Sim 1 is 1, Sim 2 is 0."""
    teacher, student = np.array([[0.6, 0.3, 0.1]]), np.array([[0.6, 0.1, 0.3]])
    assert [compute_similarity(teacher, student, n) for n in (1, 2, 3)] == [1, 0, 0]
    rows = np.random.default_rng(0).dirichlet(np.ones(6), 200)
    others = np.random.default_rng(1).dirichlet(np.ones(6), 200)
    for n in (1, 2, 3):
        same = [list(np.argsort(-a)[:n]) == list(np.argsort(-b)[:n]) for a, b in zip(rows, others, strict=True)]
        assert compute_similarity(rows, others, n) == np.mean(same)
    assert rank_classes(np.array([[0.2, 0.5, 0.2]])).tolist() == [[1, 0, 2]]
    assert measure_divergence(np.array([[1.0, 0.0]]), np.array([[1.0, 0.0]]))[0] == pytest.approx(0)


def test_agreement_comes_with_the_explanation(photos):
    student = fresh("cbam_resnet50", input_size=64)
    black_box = from_checkpoint(fresh("cnn"))
    black_box.learn(student)
    several = xai.explain(black_box, photos[:2], "distilled")
    for photo, e in zip(photos[:2], several, strict=True):
        assert isinstance(e.agreement, Agreement)
        teacher = black_box.predict_proba(photo)[0]
        assert e.agreement.teacher[0] == (CLASSES[teacher.argmax()], pytest.approx(float(teacher.max()), abs=1e-5))
        said = student.predict_proba(photo)
        assert e.agreement.student[0][1] == pytest.approx(float(said.max()), abs=1e-5)
        assert e.agreement.divergence == pytest.approx(measure_divergence(teacher[None], said)[0], rel=1e-3)
    assert xai.explain(black_box, photos[0], "gradcam").agreement is not None
    assert xai.explain(student, photos[0], "gradcam").agreement is None
    stranger = from_function(lambda images: np.full((len(images), 2), 0.5), ["a", "b"])
    with pytest.raises(ValueError, match="other classes"):
        stranger.learn(student)
