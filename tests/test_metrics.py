"""Every metric against a slow, literal form, and what each must say of maps that know nothing."""

import numpy as np
import pytest
import torch

import xai
from tests import literal
from tests.conftest import fresh
from xai import metrics
from xai.activations import Activations
from xai.evaluation.lines import measure_values
from xai.layers import COMBINED
from xai.methods.controls import constant, gaussian
from xai.metrics.registry import TABLE_1
from xai.metrics.reliability import adcc, coherency, complexity
from xai.references import REFERENCES
from xai.studio.cards import name_metric
from xai.studio.text import LANGUAGES


@pytest.fixture(scope="module")
def fal():
    return fresh("pyramid", attended=(1, 2), input_size=64).double()


def random(n, seed=0):
    return torch.rand(n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("name", ["average_drop", "increase_in_confidence", "average_gain"])
def test_confidence_metrics_equal_the_formula(name):
    before, after = random(50), random(50, 1)
    expected = getattr(literal, name)(before.tolist(), after.tolist())
    assert getattr(metrics, name)(before, after) == pytest.approx(expected)


def test_what_cannot_rise_gains_nothing():
    assert metrics.average_gain(torch.ones(2).double(), torch.tensor([1.0, 0.5]).double()) == 0


def test_adcc_equals_the_formula():
    first, second, drop = random(6 * 64).view(6, 1, 8, 8), random(6 * 64, 1).view(6, 1, 8, 8), random(6, 2)
    found = adcc(drop, coherency(first, second), complexity(first))
    expected = [literal.adcc(d, a.numpy(), b.numpy()) for d, a, b in zip(drop.tolist(), first, second, strict=True)]
    np.testing.assert_allclose(found, expected)


def test_adcc_is_not_fooled_by_a_map_of_everything():
    """It drops nothing and is coherent, and still worth nothing; nor is a map of nothing worth anything."""
    everything = constant(torch.empty(2, 3, 8, 8).double(), ())[:, None]
    worth = adcc(torch.zeros(2), coherency(everything, everything), complexity(everything))
    assert worth.tolist() == [0, 0]
    nothing = torch.zeros(2, 1, 8, 8).double()
    assert adcc(torch.ones(2), coherency(nothing, nothing), complexity(nothing)).tolist() == [0, 0]


def test_coherency_of_opposites_and_of_a_constant_with_another():
    ramp = torch.linspace(0, 1, 16).double().view(1, 1, 4, 4)
    found = coherency(torch.cat([ramp, ramp, ramp]), torch.cat([ramp, 1 - ramp, torch.ones_like(ramp)]))
    np.testing.assert_allclose(found, [1, 0, 0.5], atol=1e-9)


def test_hidden_pixels_become_black_or_the_mean(photos):
    model = fresh("cnn")
    x = model.preprocess(photos[:2])
    left = torch.zeros(2, 1, 128, 128)
    left[..., :64] = 1
    for hiding, value in (("black", model.normalize(torch.zeros(1, 3, 1, 1))), ("mean", torch.zeros(1, 3, 1, 1))):
        seen = metrics.hide(model, x, left, hiding)
        assert torch.equal(seen[..., :64], x[..., :64])
        torch.testing.assert_close(seen[..., 64:], value.expand(2, 3, 128, 64))
    pixels = x * model.std + model.mean  # black is x ⊙ L of Grad-CAM++ (WACV 2018), on the photo itself
    soft = torch.rand(2, 1, 128, 128)
    torch.testing.assert_close(metrics.hide(model, x, soft, "black"), model.normalize(pixels * soft))
    with pytest.raises(ValueError, match="black, mean"):
        metrics.hide(model, x, soft, "white")


def test_strongest_keeps_the_largest_values():
    maps = random(3 * 100).view(3, 1, 10, 10)
    kept = metrics.keep_strongest(maps, 0.2)
    assert kept.sum((1, 2, 3)).tolist() == [20, 20, 20]
    for each, mask in zip(maps, kept.bool(), strict=True):
        assert each[mask].min() > each[~mask].max()


def test_the_gaussian_is_in_the_middle():
    bell = gaussian(torch.empty(2, 3, 65, 65), ())[:, None]
    assert bell.shape == (2, 1, 65, 65)
    assert bell[0, 0, 32, 32] == bell.max() == 1
    assert bell[0, 0, 32, 32 + 16].item() == pytest.approx(np.exp(-0.5), rel=1e-4)


@pytest.mark.parametrize("hiding", metrics.HIDINGS)
@pytest.mark.parametrize("share", [None, 0.2])
def test_scores_equal_a_literal_loop(fal, photos, hiding, share):
    """Photo by photo and map by map, by the public functions alone."""
    found = metrics.score_layers(fal, photos, "gradcam++", hiding=hiding, share=share)
    controls = ["gaussian"] if share else ["constant", "gaussian"]
    assert list(found) == [*fal.layer_names, COMBINED, *controls]
    for i, photo in enumerate(photos):
        x = fal.preprocess([photo])
        before = fal(x).softmax(1)[0]
        target = int(before.argmax())
        explanations = xai.explain_layers(fal, photo, "gradcam++", target)
        for name in (*fal.layer_names, COMBINED):
            saliency = scaled(explanations[name].raw)
            least = np.sort(saliency.ravel())[-round((share or 1) * saliency.size)]
            shown = torch.from_numpy(saliency if share is None else (saliency >= least).astype(float))
            black = fal.normalize(torch.zeros(1, 3, 64, 64).double())
            hidden = x * shown + (black if hiding == "black" else 0) * (1 - shown)
            after = fal(hidden).softmax(1)[0, target].item()
            assert found[name].before[i].item() == pytest.approx(before[target].item(), rel=1e-6)
            tie = 1e-2 if share else 1e-5  # of equal values, which a coarse layer has many of, any may go
            assert found[name].after[i].item() == pytest.approx(after, rel=tie), name
            if share is None:
                again = scaled(raw_of(fal, hidden, target, name))
                drop = max(0, before[target].item() - after) / before[target].item()
                expected = 100 * literal.adcc(drop, saliency, again)
                assert found[name][[i]].adcc() == pytest.approx(expected, rel=1e-3), name


def scaled(raw):
    raw = torch.nn.functional.interpolate(torch.as_tensor(raw)[None, None].double(), (64, 64), mode="bilinear")[0, 0]
    return ((raw - raw.min()) / (raw.max() - raw.min())).detach().numpy()


def raw_of(model, x, target, name):
    """A layer's Grad-CAM++ of an input that is no photo, or the combination's."""
    if name != COMBINED:
        return literal.gradcam_pp(model, x, target, name)
    maps = [literal.gradcam_pp(model, x, target, layer) for layer in model.layer_names]
    size = maps[0].shape
    total = 0
    for raw in maps:
        raw = torch.nn.functional.interpolate(torch.as_tensor(raw)[None, None], size, mode="bilinear")[0, 0]
        total = total + (raw - raw.min()) / (raw.max() - raw.min())
    return total / len(maps)


def test_controls_say_what_they_must(fal, photos):
    found = metrics.score_layers(fal, photos)
    row = found["constant"].row()
    assert (row["drop"], row["increase"], row["gain"], row["adcc"], row["complexity"]) == (0, 0, 0, 0, 100)
    assert found["gaussian"].row()["coherency"] == pytest.approx(100)
    assert found["gaussian"][[0, 2]].before.shape == (2,)


@pytest.mark.parametrize("share", [None, 0.2])
def test_other_photos_maps_equal_a_literal_loop(fal, photos, share):
    """The map of the next photo of another class, and the mean of all; of a layer and of the combination."""
    found = metrics.score_layers(fal, photos, share=share, companions=True)
    targets = fal.predict_proba(photos).argmax(1).tolist()
    explained = [xai.explain_layers(fal, photo, target=target) for photo, target in zip(photos, targets, strict=True)]
    black = fal.normalize(torch.zeros(1, 3, 64, 64).double())
    for name in ("layer2", COMBINED):
        maps = [scaled(e[name].raw) for e in explained]
        for i, photo in enumerate(photos):
            following = [*range(i + 1, len(photos)), *range(i)]
            other = next((j for j in following if targets[j] != targets[i]), following[0])
            for companion, its_map in (("another", maps[other]), ("mean", scaled(np.mean(maps, 0)))):
                least = np.sort(its_map.ravel())[-round((share or 1) * its_map.size)]
                shown = torch.from_numpy(its_map if share is None else (its_map >= least).astype(float))
                x = fal.preprocess([photo])
                after = fal(x * shown + (1 - shown) * black).softmax(1)[0, targets[i]].item()
                scores = found[f"{name}:{companion}"][[i]]
                assert scores.after.item() == pytest.approx(after, rel=2e-2 if share else 2e-3)
    assert not set(metrics.score_layers(fal, photos[:1])) & set(found) - {
        *fal.layer_names,
        COMBINED,
        "constant",
        "gaussian",
    }


def test_batches_do_not_matter(fal, photos, monkeypatch):
    whole = metrics.score_layers(fal, photos)
    monkeypatch.setattr("xai.metrics.scores.BATCH", 3)
    told = []
    parts = metrics.score_layers(fal, photos, step=told.append)
    assert told == [3, 1]
    for name, scores in whole.items():
        np.testing.assert_allclose(scores.after, parts[name].after, rtol=1e-4)


def test_leaves_no_trace(photos):
    model = fresh("pyramid", input_size=64).train()
    metrics.score_layers(model, photos[:1])
    assert all(module.training for module in model.modules())
    assert all(p.grad is None for p in model.parameters())
    assert not any(m._forward_hooks or m._backward_hooks for m in model.modules())
    assert Activations(model, model.preprocess(photos[:1])).logits().requires_grad  # gradients are still on


def test_a_metrics_direction_says_which_value_is_best():
    drop, adcc = metrics.METRICS["drop"], metrics.METRICS["adcc"]
    assert (drop.heading, drop.label, adcc.heading) == ("average drop, % ↓", "average drop ↓", "ADCC, % ↑")
    assert metrics.METRICS["deletion:blur"].heading == "deletion AUC, to blur ↓"
    assert (drop.best([3, 1, 2]), adcc.best([3, 1, 2])) == (1, 3)
    assert drop.beats(1, 2)
    assert not drop.beats(2, 2)
    assert adcc.beats(2, 1)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_has_a_name_for_every_metric_it_shows(lang):
    for metric in (*TABLE_1, *metrics.GAMES):
        name, arrow = name_metric(metric, lang).rsplit(" ", 1)
        assert name
        assert arrow == metrics.METRICS[metric].arrow


def test_every_metric_of_others_names_its_source():
    sources = {name: metric.source for name, metric in metrics.METRICS.items()}
    assert set(sources.values()) <= {*REFERENCES, ""}
    assert [name for name, source in sources.items() if not source] == ["shared"]


def test_arrays_are_measured_as_tensors_are(fal, photos):
    scores = metrics.score_layers(fal, photos)["layer3"]
    arrays = {part: values.numpy() for part, values in vars(scores).items()}
    for name in TABLE_1:
        metric = metrics.METRICS[name]
        values = np.asarray(metric.measure(arrays))
        assert values.shape == (len(photos),)
        assert scores.average(name) == pytest.approx(metric.scale * values.mean())
    assert scores.row()["drop"] == scores.average_drop() == scores.average("drop")
    curves = random(6).numpy().reshape(2, 3)
    np.testing.assert_array_equal(metrics.METRICS["deletion"].measure({"deletion": curves}), metrics.auc(curves))


def test_confidences_near_one_are_told_apart_in_records():
    """In single precision both would be 1, and nothing would be gained."""
    records = [{"before": 1 - 2e-9, "after": 1 - 1e-9, "complexity": 0.5}]
    assert measure_values("gain", records) == pytest.approx([50], rel=1e-6)
    assert measure_values("increase", records) == [100]
    assert np.isnan(measure_values("adcc", records)).all()  # its coherency was not measured


def test_coherency_is_left_out_where_it_is_not_wanted(fal, photos):
    batch = Activations(fal, fal.preprocess(photos))
    maps = gaussian(batch.x, ())[:, None]
    scores = metrics.score_maps(batch, maps, batch.logits().argmax(1), coherent=False)
    assert scores.coherency.isnan().all()
    assert scores.average_drop() == pytest.approx(metrics.score_layers(fal, photos)["gaussian"].average_drop())
