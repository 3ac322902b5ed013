from copy import copy
from itertools import pairwise

import numpy as np
import pytest
import torch

import xai
from benchmarks.timing import with_peak
from tests import literal_blackbox as literal
from tests.conftest import CLASSES, fresh
from xai import steps as stepping
from xai.agreement import Agreement
from xai.blackbox import BlackBox, from_checkpoint
from xai.explaining import explain, explain_steps
from xai.methods import METHODS
from xai.methods.lime import draw_samples, find_superpixels, lime
from xai.methods.mask import mask
from xai.methods.reading import plan_reading
from xai.methods.rise import draw_masks, rise
from xai.models import Classifier
from xai.photo import GREY
from xai.steps import finish

SIDE = 64
RED = (1.0, 0.0, 0.0)
SPOT = (slice(8, 24), slice(40, 56))  # rows and columns


@pytest.fixture(scope="module")
def network():
    return fresh("cnn", input_size=SIDE)


@pytest.fixture(scope="module")
def black_box(network):
    """It answers differently for every way of covering a photo."""
    grey = network(torch.zeros(1, 3, SIDE, SIDE)).detach()
    return BlackBox(
        lambda pixels: (60 * (network(network.normalize(pixels)) - grey)).softmax(1), CLASSES, input_size=SIDE
    )


@pytest.fixture(scope="module")
def pixels(black_box, photos):
    return black_box.pixels(photos[1:2])


class Spotter(Classifier):
    """It sees its first class where the photo is full of contrast within the spot, whatever is elsewhere."""

    def __init__(self):
        super().__init__(["spot", "none"], SIDE, (0.5,) * 3, (0.25,) * 3)

    @property
    def layers(self):
        return {"contrast": lambda x: x[:, :, SPOT[0], SPOT[1]].square()}

    def head(self, features):
        contrast = features.mean((1, 2, 3))
        return torch.stack([2 * contrast, torch.full_like(contrast, 4)], dim=1)


@pytest.fixture(scope="module")
def spotter():
    return from_checkpoint(Spotter())


@pytest.fixture(scope="module")
def patches():
    """A photo of square patches, each of another colour than its neighbours, all as far from grey."""
    colour = (2 * torch.arange(8)[:, None] + 3 * torch.arange(8)) % 8
    coarse = torch.stack([colour // 4, colour // 2 % 2, colour % 2]).float()[None]  # 1, 3, 8, 8
    return coarse.repeat_interleave(8, 2).repeat_interleave(8, 3)


def counted(answer, classes=("a", "b"), **options):
    """A black box, and how many photos it was shown with every question."""
    shown = []

    def count(pixels):
        shown.append(len(pixels))
        return answer(pixels)

    return BlackBox(count, classes, **options), shown


def brightness(pixels):
    bright = pixels.mean((1, 2, 3))
    return torch.stack([bright, 1 - bright], dim=1)


def one_by_one(black_box, target):
    asked = []

    def answer(photo):
        asked.append(black_box.ask(torch.from_numpy(photo).float()[None])[0, target].item())
        return asked[-1]

    return answer, asked


@pytest.mark.parametrize(
    ("options", "batch_size"),
    [({}, 7), ({"cells": 10, "p": 0.1}, 64), ({"seed": 3, "substrate": (0.0, 0.0, 0.0)}, 1), ({"cells": 1}, 16)],
)
def test_rise_equals_the_published_code(black_box, pixels, options, batch_size):
    set_ = {"cells": 7, "p": 0.5, "seed": 0, "substrate": GREY, **options}
    found = finish(rise(black_box, pixels, 2, masks=30, batch_size=batch_size, normalised=False, **options)).raw
    grids, shifts = draw_masks(30, set_["cells"], set_["p"], set_["seed"], SIDE)
    answer, asked = one_by_one(black_box, 2)
    photo = pixels[0].double().numpy()
    expected = literal.rise(answer, photo, grids.numpy(), shifts.tolist(), set_["p"], set_["substrate"])
    assert found.shape == (SIDE, SIDE)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.ptp(asked) > 0.1 or set_["cells"] == 1  # answers that are all alike would agree too easily


def test_rise_draws_cells_and_shifts_evenly():
    grids, shifts = draw_masks(4000, 7, 0.3, 0, 224)
    assert grids.float().mean() == pytest.approx(0.3, abs=0.01)
    assert (grids.float().mean(0) - 0.3).abs().max() < 0.04
    for axis in (0, 1):
        counts = shifts[:, axis].long().bincount(minlength=32)
        assert len(counts) == 32
        assert counts.min() > 80  # 125 are expected
    assert np.abs(np.corrcoef(shifts.T.numpy())[0, 1]) < 0.05


def test_a_map_of_n_masks_is_the_same_however_many_follow(black_box, pixels):
    steps = rise(black_box, pixels, 0, masks=48, batch_size=8)
    shares, maps = zip(*steps, strict=True)
    assert shares == (1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1)
    maps = [so_far.raw for so_far in maps]
    for n, so_far in zip(range(8, 49, 8), maps, strict=True):
        assert torch.equal(so_far, finish(rise(black_box, pixels, 0, masks=n, batch_size=8)).raw)
    assert all((a - b).abs().max() > 1e-3 for a, b in pairwise(maps))  # it grows


def test_baselines_repeat_for_a_seed_and_do_not_depend_on_the_size_of_questions(black_box, pixels):
    for method, size in ((rise, "masks"), (lime, "samples")):
        first, again, others, seed = (
            finish(method(black_box, pixels, 1, **{size: 50, "batch_size": batch_size, "seed": seed})).raw
            for batch_size, seed in ((10, 5), (10, 5), (33, 5), (10, 6))
        )
        assert torch.equal(first, again)
        torch.testing.assert_close(others, first, rtol=1e-4, atol=1e-6)
        assert (seed - first).abs().max() > 1e-3


@pytest.mark.parametrize(
    "options",
    [{}, {"substrate": RED}, {"kernel_width": 0.6, "alpha": 0.1, "kernel_size": 2, "max_dist": 8, "ratio": 0.7}],
)
def test_lime_equals_the_published_code(black_box, pixels, options):
    found = finish(lime(black_box, pixels, 2, samples=60, batch_size=25, seed=4, **options)).raw
    cut = [options.get(key, usual) for key, usual in (("kernel_size", 4), ("max_dist", 200), ("ratio", 0.2))]
    segments = find_superpixels(pixels, *cut, seed=4).numpy()
    assert len(np.unique(segments)) == segments.max() + 1 >= 4
    seen = draw_samples(60, segments.max() + 1, 4).numpy().astype(int)
    assert seen[0].all()
    assert seen[1:].mean() == pytest.approx(0.5, abs=0.1)
    answer, asked = one_by_one(black_box, 2)
    photo, width = pixels[0].double().numpy(), options.get("kernel_width", 0.25)
    expected = literal.lime(answer, photo, segments, seen, width, options.get("alpha", 1), options.get("substrate"))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.ptp(asked) > 0.1


@pytest.mark.parametrize("options", [{}, {"cell": 4, "tv": 0.3, "tv_power": 2.5, "jitter": 0, "l1": 0.02}])
def test_mask_equals_the_formula(photos, options):
    model = fresh("cnn", input_size=32).double()
    torch.nn.init.normal_(model.fc[-1].weight, std=3)
    pixels = from_checkpoint(model).pixels(photos[:1]).double()
    set_ = {"cell": 8, "l1": 1e-4, "tv": 1e-2, "tv_power": 3, "jitter": 4, **options}
    corners = torch.randint(max(set_["jitter"], 1), (12, 2), generator=torch.Generator().manual_seed(2)).tolist()
    found = finish(mask(model, pixels, 3, iterations=12, mask_blur=2, photo_blur=6, disc_blur=3, seed=2, **options)).raw
    expected = literal.mask(
        model, pixels[0].numpy(), 3, corners, set_["jitter"], 0.1, (0.9, 0.999), set_["l1"], set_["tv"],
        set_["tv_power"], set_["cell"], (2, 6, 3), 5, 0.01,
    )  # fmt: skip
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found.max() - found.min() > 0.1


def test_a_planted_object_is_found(spotter, patches):
    inside = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    inside[SPOT] = True
    hidden = torch.where(inside, torch.tensor(GREY)[:, None, None], patches)
    assert spotter.ask(patches)[0, 0] > 0.9
    assert spotter.ask(hidden)[0, 0] < 0.1
    maps = {
        "rise": finish(rise(spotter, patches, 0, masks=600)).raw,
        "published rise": finish(rise(spotter, patches, 0, masks=600, normalised=False)).raw,
        "lime": finish(lime(spotter, patches, 0, samples=300, max_dist=10, substrate=GREY)).raw,
        "mask": finish(mask(spotter.network, patches, 0, iterations=60, mask_blur=2)).raw,
    }
    for name, found in maps.items():
        row, column = divmod(int(found.argmax()), SIDE)
        assert inside[row, column], name
        assert found[inside].mean() > found[~inside].mean() + 2 * found[~inside].std(), name


def test_closing_stops_the_questions(pixels):
    for method in (rise, lime):
        black_box, shown = counted(brightness, input_size=SIDE, batch_size=16)
        steps = method(black_box, pixels, 0)
        next(steps)
        next(steps)
        steps.close()
        assert shown == [16, 16]


def test_8000_masks_need_less_than_500_megabytes():
    black_box, shown = counted(lambda photos: torch.stack([photos[:, 0, 0, 0], 1 - photos[:, 0, 0, 0]], dim=1))
    side = 128
    photo = torch.rand(1, 3, side, side)
    finish(rise(black_box, photo, 0, masks=64))
    found, _, grown = with_peak(lambda: finish(rise(black_box, photo, 0, masks=8000)))
    assert sum(shown) == 8064
    assert found.raw.isfinite().all()
    assert grown < 500 * (side / 224) ** 2  # 500 for photos of 224×224 pixels


def test_mask_leaves_the_model_as_it_was(network, pixels):
    network.train()
    before = [p.clone() for p in network.parameters()]
    for steps in (mask(network, pixels, 0, iterations=2), mask(network, pixels, 0)):
        for share, _ in steps:
            if share > 0.005:
                steps.close()
        assert all(module.training for module in network.modules())
    network.eval()
    assert all(p.grad is None and p.requires_grad for p in network.parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))


def test_mask_takes_photos_of_another_size_and_whole_and_broken_cells(network, photos):
    large = from_checkpoint(fresh("cnn")).pixels(photos[:1])
    assert finish(mask(network, large, 0, iterations=1, cell=10)).raw.shape == (SIDE, SIDE)


@pytest.mark.parametrize("method", [rise, lime])
def test_nothing_to_ask_is_refused(black_box, pixels, method):
    none = {"masks": 0} if method is rise else {"samples": 0}
    with pytest.raises(ValueError, match="needs a"):
        next(method(black_box, pixels, 0, **none))


@pytest.mark.parametrize(
    ("method", "options", "sentence"),
    [
        (rise, {"masks": 2.5}, "a whole number of 1 or more for masks, not 2.5"),
        (rise, {"masks": "400"}, "for masks, not '400'"),
        (rise, {"masks": True}, "for masks, not True"),
        (rise, {"batch_size": -3}, "for batch_size, not -3"),
        (rise, {"cells": 2.5}, "for cells"),
        (rise, {"p": float("nan")}, "a number of 0.0 or more for p, not nan"),
        (rise, {"until": "x"}, "until=x"),
        (rise, {"substrate": 0.5}, "a colour, three numbers in"),
        (rise, {"substrate": (255, 0, 0)}, "a colour"),
        (rise, {"substrate": (float("nan"), 0, 0)}, "a colour"),
        (lime, {"samples": 1.5}, "for samples"),
        (lime, {"seed": -1}, "for seed"),
        (lime, {"kernel_width": 0}, "for kernel_width"),
        (lime, {"alpha": -5}, "for alpha"),
        (lime, {"substrate": (0, 0)}, "a colour"),
    ],
)
def test_options_that_mean_nothing_are_refused(black_box, pixels, method, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        next(method(black_box, pixels, 0, **options))


@pytest.fixture(scope="module")
def student():
    return fresh("resnet50", seed=1, input_size=32, attention="cbam")


@pytest.fixture(scope="module")
def white(network):
    return from_checkpoint(network, name="the white one")


BASELINES = ("rise", "lime", "mask")
QUICK = {"rise": {"masks": 20}, "lime": {"samples": 20}, "mask": {"iterations": 2, "disc_step": 80}}


def with_student(black_box, student):
    """The same black box with a student."""
    taught = copy(black_box)
    if student is not None:
        taught.learn(student)
    return taught


@pytest.mark.parametrize("method", [*BASELINES, "gradcam", "distilled"])
@pytest.mark.parametrize("gradients", [None, "student", "teacher"])
def test_who_is_asked_and_whose_gradients_they_are(white, student, photos, method, gradients):
    if (method, gradients) == ("distilled", "teacher"):
        gradients = None
    e = explain(with_student(white, student), photos[0], method, reads=gradients, **QUICK.get(method, {}))
    asks = method in ("rise", "lime")
    imitated = not asks and (method == "distilled" or gradients == "student")
    assert e.source == ("black box" if asks else "student's gradients" if imitated else "teacher's gradients")
    confidences = white.predict_proba(photos[0])[0]
    np.testing.assert_allclose(e.confidences, confidences, atol=1e-6)
    assert (e.target, e.label) == (confidences.argmax(), CLASSES[confidences.argmax()])
    assert e.confidence == pytest.approx(confidences.max())
    assert e.method == method
    assert e.saliency.shape == photos[0].size[::-1]
    assert e.seconds > 0
    assert isinstance(e.agreement, Agreement)
    said = student.predict_proba(photos[0])[0]
    assert e.agreement.student[0] == (CLASSES[said.argmax()], pytest.approx(said.max(), abs=1e-6))
    assert e.agreement.teacher[0] == (e.label, pytest.approx(e.confidence))
    assert e.agreement.divergence == pytest.approx((confidences * np.log(confidences / said)).sum(), abs=1e-5)
    assert explain(white, photos[0], "gradcam").agreement is None


def test_the_explanation_is_the_methods_own(black_box, white, student, photos):
    pixels = black_box.pixels(photos[:1])
    e = explain(black_box, photos[0], "rise", "metal", masks=20, seed=3)
    np.testing.assert_array_equal(e.raw, finish(rise(black_box, pixels, 2, masks=20, seed=3)).raw)
    assert (e.label, e.target_layer) == ("metal", "input")
    assert e.saliency.max() == 1 - e.blank
    e = explain(white, photos[0], "mask", 2, iterations=2)
    np.testing.assert_allclose(e.raw, finish(mask(white.network, pixels, 2, iterations=2)).raw, atol=1e-5)
    e = explain(with_student(white, student), photos[0], "gradcam", 4, "layer2", reads="student")
    own = xai.explain(student, photos[0], "gradcam", 4, "layer2").raw
    np.testing.assert_allclose(e.raw, own, rtol=1e-4)  # where in memory features lie decides how sums are rounded
    assert (e.label, e.target_layer) == ("plastic", "layer2")


def test_the_class_is_the_black_boxs_own_not_the_students(photos, student):
    said = student.predict_proba(photos[0])[0].argmax()
    other = (said + 1) % len(CLASSES)
    sure = BlackBox(lambda pixels: torch.eye(len(CLASSES))[[other] * len(pixels)], CLASSES)
    e = explain(with_student(sure, student), photos[0], "gradcam")
    assert (e.target, e.confidence) == (other, 1)
    assert e.agreement.agreed == 0
    again = explain(with_student(sure, student), photos[0], "gradcam", int(other))
    np.testing.assert_array_equal(e.raw, again.raw)


def test_the_photo_itself_is_asked_about_once(photos, student):
    black_box, shown = counted(lambda pixels: torch.full((len(pixels), 6), 1 / 6), CLASSES, batch_size=8)
    explain(with_student(black_box, student), photos[0], "gradcam")
    explain(with_student(black_box, student), photos[0], "mask", iterations=1, disc_step=80)
    assert shown == [1, 1]
    explain(black_box, photos[0], "rise", masks=16)
    assert shown == [1, 1, 1, 8, 8]


def test_steps_show_the_map_growing_and_stop(black_box, photos, monkeypatch):
    monkeypatch.setattr(stepping, "EVERY", 0)
    monkeypatch.setattr(stepping, "PATIENCE", 0)
    steps = explain_steps(black_box, photos[0], plan_reading(black_box, "rise", options={"masks": 160}))
    seen = [next(steps), next(steps)]
    steps.close()
    assert [share for share, _ in seen] == [0.4, 0.8]
    first = explain(black_box, photos[0], "rise", masks=64)
    np.testing.assert_array_equal(seen[0][1].raw, first.raw)
    np.testing.assert_array_equal(seen[0][1].saliency, first.saliency)
    assert not np.array_equal(seen[1][1].raw, first.raw)
    monkeypatch.setattr(stepping, "EVERY", 1e6)
    steps = explain_steps(black_box, photos[0], plan_reading(black_box, "rise", options={"masks": 160}))
    assert {progress.so_far for progress in steps} == {None}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"method": "rice"}, "choose one of cam, gradcam"),
        ({"method": "rise", "samples": 3}, "rise has no option 'samples'; it has masks, cells"),
        ({"method": "rise", "target_layer": "layer4"}, "RISE explains the photo as a whole, and no layer"),
        ({"method": "gradcam", "samples": 3}, "gradcam has no option 'samples'; it has none"),
        ({"method": "gradcam", "target_layer": "layer9"}, "no layer 'layer9'; choose one of stem, layer1"),
        ({"method": "gradcam", "reads": "mine"}, "no network 'mine' to read; choose one of student"),
        ({"method": "gradcam", "reads": "teacher"}, "no network 'teacher' to read; choose one of student"),
        ({"method": "mask", "reads": "student", "student": None}, "a student that imitates the secret one"),
        ({"method": "mask", "student": None}, "a student that imitates the secret one"),
        ({"method": "distilled", "student": None}, "a student that imitates the secret one"),
        ({"method": "gradcam", "student": "other"}, "knows other classes"),
        ({"target": "bottle"}, "choose one of cardboard, glass"),
        ({"target": 6}, "choose one of cardboard, glass"),
        ({"image": "nowhere.jpg"}, "no file nowhere.jpg"),
    ],
)
def test_mistakes_get_a_sentence_before_anybody_is_asked(student, photos, options, sentence):
    if options.get("student") == "other":
        other = fresh("cnn", input_size=32)
        other.classes = CLASSES[::-1]
        options = options | {"student": other}
    black_box, shown = counted(brightness, CLASSES, name="the secret one")
    asked = {"image": photos[0], "student": student, "method": "rise", **options}
    with pytest.raises(ValueError, match=sentence):
        explain(with_student(black_box, asked.pop("student")), **asked)
    assert not shown


def test_distilled_needs_a_student_even_where_the_teacher_is_white(white, photos):
    with pytest.raises(ValueError, match="these blocks have none: use a student with CBAM"):
        explain(white, photos[0], "distilled")
    with pytest.raises(ValueError, match="attention"):
        explain(with_student(white, fresh("cnn", input_size=32)), photos[0], "distilled")


def test_every_baseline_says_what_it_is():
    for baseline in map(METHODS.get, BASELINES):
        assert baseline.summary
        assert baseline.reference
        assert baseline.run.__name__ in BASELINES
        for option in baseline.options:
            assert option in baseline.run.__doc__.partition("Options:")[2], option
