"""Evidence that is not there is not painted; what is there is."""

import numpy as np
import pytest
import torch
from PIL import Image

import xai
from tests.conftest import CLASSES, fresh
from xai import noise
from xai.activations import Activations
from xai.blackbox import BlackBox, from_checkpoint
from xai.class_evidence import evidence
from xai.explaining import explain
from xai.methods import METHODS, list_methods
from xai.methods.reading import Reading
from xai.models import Classifier
from xai.running import compute_maps, find_blank
from xai.steps import finish

SIDE = 64
ASKING = {"rise": {"masks": 200}, "lime": {"samples": 150}}
NETWORKS = {
    "cnn": {},
    "resnet50": {"attention": "cbam"},
    "efficientnet_lite0": {},
    "pyramid": {},
}


@pytest.fixture(scope="module", params=NETWORKS)
def network(request):
    return fresh(request.param, input_size=SIDE, **NETWORKS[request.param])


def reading_methods(model):
    """All methods that read the features of a network; those that ask have tests of their own."""
    return [name for name in list_methods(model) if METHODS[name].needs == "features"]


def quick_methods(model):
    """All methods that suit a network, without those that take minutes where there are hundreds of channels."""
    small = isinstance(model, xai.models.CNN)
    return [name for name in reading_methods(model) if small or METHODS[name].pace != "minutes"]


def plain(colour, noise_of=0, size=(80, 60)):
    """A photo of one colour, if wanted with noise of so many levels."""
    pixels = np.full((size[1], size[0], 3), colour, np.int64)
    pixels += np.random.default_rng(0).integers(-noise_of, noise_of + 1, pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


PLAIN = {
    "black": plain(0), "white": plain(255), "grey": plain(128), "red": plain((200, 30, 40)),
    "noisy grey": plain(128, 1), "noisy white": plain(255, 1), "noisy green": plain((20, 160, 70), 1),
}  # fmt: skip


def is_shown_as_blank(e):
    return e.blank and not e.saliency.any() and e.bounding_box() is None and e.overlay().tobytes() == e.photo.tobytes()


def test_photos_without_contrast_are_blank_by_every_method(network):
    for method in quick_methods(network):
        found = xai.explain(network, list(PLAIN.values()), method)
        assert all(map(is_shown_as_blank, found)), method
    for name, photo in PLAIN.items():
        e = evidence(network, photo)
        assert e.blank, name
        assert e.picture().tobytes() == photo.tobytes()
        assert e.shares() == {}


def test_photos_without_contrast_are_blank_however_saved(network, tmp_path):
    for quality in (30, 75, 95):
        plain((90, 120, 60), 1).save(tmp_path / "plain.jpg", quality=quality)
        assert xai.explain(network, tmp_path / "plain.jpg").blank


def test_a_black_box_finds_nothing_in_photos_without_contrast():
    black_box = from_checkpoint(fresh("cnn", input_size=SIDE))
    for photo in PLAIN.values():
        assert is_shown_as_blank(explain(black_box, photo, "mask", iterations=2, disc_step=80))
        for method, options in ASKING.items():
            assert is_shown_as_blank(explain(black_box, photo, method, **options))


def test_ordinary_photos_are_not_blank(network, photos):
    for method in quick_methods(network):
        found = [e for target in range(3) for e in xai.explain(network, photos[:2], method, target)]
        assert all(e.blank == (not e.raw.any()) for e in found), method  # rectified, a map may be zero in earnest
        assert not all(e.blank for e in found), method
        assert all(e.saliency.max() == 1 for e in found if not e.blank)
    assert not evidence(network, photos[0]).blank
    assert evidence(network, photos[0]).shares()


def test_a_faint_object_is_not_blank(network):
    pixels = np.full((SIDE, SIDE, 3), 100, np.uint8)
    pixels[20:40, 20:40] = 108
    assert not noise.lacks_contrast(torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255).item()
    few = np.full((SIDE, SIDE, 3), 0, np.uint8)
    few[30, 30] = 40  # a star
    assert not noise.lacks_contrast(torch.from_numpy(few).permute(2, 0, 1)[None] / 255).item()


def test_an_ordinary_map_is_computed_once(network, photos, monkeypatch):
    monkeypatch.setattr("xai.running.to_double", None)
    xai.explain(network, photos, "gradcam")


class Mean(Classifier):
    """It reads the mean colour, at every position the same but for rounding."""

    def __init__(self, rounding=0.0):
        super().__init__(CLASSES[:3], SIDE, (0.5,) * 3, (0.25,) * 3)
        self.linear, self.rounding = torch.nn.Linear(3, 3), rounding
        torch.nn.init.eye_(self.linear.weight)
        torch.nn.init.ones_(self.linear.bias)

    @property
    def linear_head(self):
        return self.linear

    @property
    def layers(self):
        return {"mean": self.spread}

    def spread(self, x):
        mean = x.mean((2, 3), keepdim=True).expand(-1, -1, 7, 7).abs() + 1
        pattern = torch.linspace(-1, 1, 49).view(7, 7).to(x)
        return mean * (1 + pattern * self.rounding * torch.finfo(x.dtype).eps)

    def head(self, features):
        return self.linear(features.mean((2, 3)))


@pytest.mark.parametrize("rounding", [0.0, 1.0, 8.0])
def test_what_reads_only_the_mean_colour_has_no_map(photos, rounding):
    model = Mean(rounding)
    for method in reading_methods(model):
        if method != "smoothgrad":  # the gradient at the pixels, which are all alike, is not a matter of rounding
            assert all(e.blank for e in xai.explain(model, photos, method)), method
    assert evidence(model, photos[0]).blank
    assert explain(from_checkpoint(model), photos[0], "mask", iterations=5, disc_step=40).blank


def test_what_always_answers_the_same_has_no_evidence(photos):
    for architecture in ("cnn", "resnet50", "efficientnet_lite0", "pyramid"):
        model = fresh(architecture, input_size=SIDE)
        last = [module for module in model.modules() if isinstance(module, torch.nn.Linear)][-1]
        with torch.no_grad():
            last.weight.copy_(last.weight[:1].expand_as(last.weight))
            last.bias.zero_()
        assert evidence(model, photos[0]).blank, architecture
        assert all(e.blank for e in xai.explain(model, photos[:2], "finercam")), architecture
        torch.nn.init.zeros_(last.weight)
        for method in quick_methods(model):
            if METHODS[method].reads_class and "scorecam" not in method and method != "distilled":
                assert all(e.blank for e in xai.explain(model, photos[:2], method)), (architecture, method)


def test_a_constant_gradient_is_blank(photos):
    model = fresh("resnet50", input_size=128)
    batch = Activations(model, model.preprocess(photos))
    with torch.no_grad():
        smoothgrad = METHODS["smoothgrad"]
        raws = finish(compute_maps(batch, smoothgrad, None, "layer4", samples=4))
        reading = Reading(smoothgrad, "itself", model, "layer4", "", {"samples": 4})
        assert finish(find_blank(raws, batch, reading, None)).all()


def test_combined_layers_leave_blank_ones_out(photos):
    model = fresh("pyramid", input_size=SIDE)
    found = xai.explain_layers(model, photos[0])
    assert not found["combined"].blank
    found = xai.explain_layers(model, PLAIN["noisy grey"])
    assert all(e.blank for e in found.values())


CONSTANT = (0.25, 1 / 3, 0.5, 0.7, 1 - 1e-9, 1.0)


@pytest.mark.parametrize("confidence", CONSTANT)
@pytest.mark.parametrize("jitter", [0, 1e-7])
def test_a_black_box_that_always_answers_the_same_has_no_map(photos, confidence, jitter):
    generator = torch.Generator().manual_seed(0)

    def answer(pixels):
        first = confidence + jitter * torch.randn(len(pixels), 1, generator=generator)
        return torch.cat([first, 1 - first], dim=1)

    black_box = BlackBox(answer, ["a", "b"], input_size=SIDE)
    for method, options in (*ASKING.items(), ("rise", {"masks": 200, "normalised": False})):
        for target in (0, 1):
            assert is_shown_as_blank(explain(black_box, photos[0], method, target, **options))


def brightness(pixels):
    bright = pixels.mean((1, 2, 3))
    return torch.stack([bright, 1 - bright], dim=1)


@pytest.mark.parametrize(
    "answer",
    [
        brightness,
        lambda pixels: pixels.mean((2, 3)).softmax(1),
        lambda pixels: (20 * pixels.mean((2, 3))).softmax(1),
        lambda pixels: (100 * pixels.mean((2, 3))).softmax(1),
    ],
    ids=["brightness", "flat", "steep", "steeper"],
)
def test_a_black_box_that_reads_only_the_mean_colour_has_no_map(photos, answer):
    black_box = BlackBox(answer, CLASSES[: answer(torch.zeros(1, 3, 8, 8)).shape[1]], input_size=SIDE)
    for photo in photos:
        for method, options in ASKING.items():
            assert explain(black_box, photo, method, **options).blank


def quarter(pixels):
    """It sees only what is in the upper left quarter: how much the pixels there differ."""
    side = pixels.shape[-1] // 2
    contrast = 2 * pixels[:, :, :side, :side].std((1, 2, 3), correction=0)
    return torch.stack([contrast, 1 - contrast], dim=1)


def test_a_black_box_that_looks_at_a_place_has_a_map(photos):
    black_box = BlackBox(quarter, ["a", "b"], input_size=SIDE)
    for photo in photos:
        for method, options in ASKING.items():
            e = explain(black_box, photo, method, 0, **options)
            assert not e.blank, method
            assert e.questions == next(iter(options.values()))
            assert e.raw.shape == e.error.shape
            assert 0 < e.settled < 1


def test_what_is_estimated_says_how_well(photos):
    """Standard errors and the expected correlation, against maps from other random masks."""
    black_box = BlackBox(quarter, ["a", "b"], input_size=SIDE)
    for form in ({"normalised": True}, {"normalised": False}):
        found = [explain(black_box, photos[0], "rise", 0, seed=s, masks=100, **form) for s in range(30)]
        maps = np.stack([e.raw for e in found])
        claimed, true = np.mean([e.error for e in found]), maps.std(0, ddof=1).mean()
        assert claimed == pytest.approx(true, rel=0.15)
        correlations = np.corrcoef(maps.reshape(30, -1))[np.triu_indices(30, 1)]
        assert np.mean([e.settled for e in found]) == pytest.approx(correlations.mean(), abs=0.12)
    found = [explain(black_box, photos[0], "lime", 0, seed=s, samples=200, max_dist=10) for s in range(2)]
    assert all(e.error.max() > 0 for e in found)


def test_more_masks_settle_a_map_and_it_stops_by_itself(photos):
    black_box = BlackBox(quarter, ["a", "b"], input_size=SIDE)
    few, many = (explain(black_box, photos[0], "rise", 0, masks=n) for n in (100, 1600))
    assert many.settled > few.settled
    assert many.error.mean() == pytest.approx(few.error.mean() / 4, rel=0.2)
    stopped = explain(black_box, photos[0], "rise", 0, masks=4000, until=many.settled)
    assert 100 <= stopped.questions < 4000
    assert stopped.settled >= many.settled
    same = explain(black_box, photos[0], "rise", 0, masks=stopped.questions)
    np.testing.assert_array_equal(stopped.raw, same.raw)
    assert explain(black_box, photos[0], "rise", 0, masks=300, until=1).questions == 300
    with pytest.raises(ValueError, match="until=2"):
        explain(black_box, photos[0], "rise", 0, until=2)


def test_coverage_does_not_show(photos):
    """A pixel that more masks show is no brighter for it: answers that are nearly the same make a flat map."""
    answers = lambda pixels: 0.9 + 0.02 * quarter(pixels) - 0.01  # noqa: E731
    black_box = BlackBox(lambda pixels: torch.stack([answers(pixels)[:, 0], 1 - answers(pixels)[:, 0]], 1), ["a", "b"],
                         input_size=SIDE)  # fmt: skip
    own, published = (
        explain(black_box, photos[0], "rise", 0, masks=200, normalised=form).raw for form in (True, False)
    )
    assert np.ptp(own) < 0.02
    assert np.ptp(published) > 0.05
