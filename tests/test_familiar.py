"""Photos unlike those a network was trained on."""

import dataclasses
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

import xai
from tests.conftest import EXAMPLES, fresh, load_once
from train.data.splits import Split
from train.publish.familiarity import LEAST, describe_training_photos
from xai import familiar, zoo
from xai.blackbox import from_checkpoint, from_function
from xai.familiar import Known, describe_once, is_familiar, squeeze_photo
from xai.studio import pyramid
from xai.surfaces import KINDS, draw_surface, draw_surfaces
from xai.zoo import CHECKPOINTS, FAMILIAR, GARBAGE, IMAGENET, PYRAMID, SHARED, STUDENTS, SURFACES, find_familiar_file

CARD = "garbage-cnn"
MEGABYTE = 10**6


def examples_of(name: str) -> list:
    return list(pyramid.EXAMPLES if name in PYRAMID else EXAMPLES)


def noise(kind: str, side: int) -> Image.Image:
    """Noise and plain grounds made in another way than those the notice knows."""
    rng = np.random.default_rng([side, len(kind)])
    levels = {
        "uniform": lambda: rng.integers(0, 256, (side, side, 3)),
        "grey uniform": lambda: rng.integers(0, 256, (side, side, 1)).repeat(3, 2),
        "triangular": lambda: rng.triangular(0, 128, 255, (side, side, 3)),
        "laplace": lambda: rng.laplace(128, 30, (side, side, 1)).repeat(3, 2),
        "black": lambda: np.zeros((side, side, 3)),
        "white": lambda: np.full((side, side, 3), 255),
        "teal": lambda: np.broadcast_to([0, 128, 128], (side, side, 3)),
        "ramp": lambda: np.broadcast_to(np.linspace(100, 140, side)[:, None, None], (side, side, 3)),
        "bars": lambda: np.broadcast_to((np.arange(side) // 10 % 2 * 255)[None, :, None], (side, side, 3)),
    }[kind]()
    return Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8))


def unit(rows: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(rows / np.linalg.norm(rows, axis=1, keepdims=True)).float()


@pytest.mark.parametrize("name", [*GARBAGE, *STUDENTS, *PYRAMID])
def test_every_shipped_network_has_a_list_that_fits_it(name):
    known = familiar.load(find_familiar_file(name))
    assert known.grey == getattr(load_once(name, "cpu"), "grey", False)
    assert known.photos.shape[1] == 1280
    assert 1000 <= len(known.photos) <= 2000
    torch.testing.assert_close(known.photos.norm(dim=1), torch.ones(len(known.photos)))
    assert 0 < known.threshold < 1


@pytest.mark.parametrize("name", [GARBAGE[0], PYRAMID[0]])
@pytest.mark.parametrize("side", [64, 300])
def test_noise_and_plain_grounds_are_noticed(name, side):
    kinds = ("uniform", "grey uniform", "triangular", "laplace", "black", "white", "teal", "ramp", "bars")
    assert [kind for kind in kinds if is_familiar(noise(kind, side), name)] == []


@pytest.mark.parametrize("name", [GARBAGE[0], PYRAMID[0]])
def test_own_examples_are_familiar_and_those_of_the_others_are_not(name):
    others = EXAMPLES if name in PYRAMID else pyramid.EXAMPLES
    own = [is_familiar(photo, name) for photo in examples_of(name)]
    assert sum(own) >= len(own) - 1
    assert sum(is_familiar(photo, name) for photo in others) <= 1


def test_a_photo_may_come_as_path_picture_or_array():
    photo = Image.open(EXAMPLES[0]).convert("RGB")
    answers = [is_familiar(form, CARD) for form in (EXAMPLES[0], str(EXAMPLES[0]), photo, np.asarray(photo))]
    assert answers == [True] * 4
    with pytest.raises(ValueError, match="cannot be used"):
        is_familiar(np.zeros((4, 4, 3), np.float32), CARD)


def test_a_network_may_be_named_loaded_or_a_black_box():
    model = xai.load_model(CARD, "cpu")
    known, strange = EXAMPLES[0], noise("uniform", 96)
    for network in (CARD, CHECKPOINTS / CARD, model, from_checkpoint(model)):
        expected = [None, None] if network == CHECKPOINTS / CARD else [True, False]  # a folder has no shared list
        assert [is_familiar(photo, network) for photo in (known, strange)] == expected
    asked = from_function(lambda photos: np.full((len(photos), 2), 0.5), ["a", "b"])
    assert is_familiar(known, asked) is None
    assert is_familiar(known, fresh("cnn")) is None
    with pytest.raises(ValueError, match="there is no model"):
        is_familiar(known, "no-such-model")


def test_one_pass_serves_all_networks_of_a_page(monkeypatch):
    passes, describe = [], familiar.describe
    monkeypatch.setattr(familiar, "describe", lambda *given: passes.append(1) or describe(*given))
    describe_once.cache_clear()
    photo = Image.open(EXAMPLES[1]).convert("RGB")
    assert {is_familiar(photo, name) for name in (*GARBAGE, *STUDENTS)} <= {True, False}
    assert len(passes) == 1
    is_familiar(Image.open(EXAMPLES[2]).convert("RGB"), CARD)
    assert len(passes) == 2


def test_without_the_network_that_reads_photos_nothing_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(zoo, "CHECKPOINTS", tmp_path)
    model = xai.load_model(CHECKPOINTS / CARD, "cpu")
    model.familiar_file = CHECKPOINTS / SHARED[CARD]
    familiar.load_frozen_network.cache_clear()
    try:
        assert is_familiar(EXAMPLES[0], model) is None
    finally:
        familiar.load_frozen_network.cache_clear()


def test_every_explanation_says_whether_its_photo_is_familiar():
    photo, stranger = EXAMPLES[0], noise("laplace", 96)
    model = xai.load_model(CARD, "cpu")
    assert [e.familiar for e in xai.explain(model, [photo, stranger])] == [True, False]
    assert xai.explain(fresh("cnn"), photo).familiar is None
    layers = xai.explain_layers(load_once(PYRAMID[0], "cpu"), photo)
    assert {e.familiar for e in layers.values()} == {False}
    black_box = from_function(model.predict_proba, model.classes)
    for student, known in ((model, True), (None, None)):
        black_box.student = student
        e = xai.explain(black_box, photo, "rise", masks=4)
        assert e.familiar is known
    assert xai.explain(from_checkpoint(model), stranger, "rise", masks=4).familiar is False


def test_a_list_is_what_its_formula_says(monkeypatch):
    rng = np.random.default_rng(0)
    rows, nothing = unit(rng.normal(size=(9, 4))), unit(rng.normal(size=(3, 4)))
    monkeypatch.setattr(familiar, "load_surfaces", lambda grey: nothing)
    for threshold, margin in ((0.2, 0.0), (0.6, -0.5), (1.5, 0.3)):
        known, asked = Known(rows, threshold, margin), unit(rng.normal(size=(50, 4)))
        for vector, found, distance in zip(asked, known.knows(asked), known.distance(asked), strict=True):
            alike = sorted(float(vector @ row) for row in rows)
            assert distance == pytest.approx(1 - np.mean(alike[-5:]), abs=1e-6)
            lead = alike[-1] - max(float(vector @ row) for row in nothing)
            assert found == (distance <= threshold and lead >= margin)


def test_a_list_comes_back_from_its_file_in_8_bits(tmp_path):
    rows = unit(np.random.default_rng(0).random((40, 1280)) ** 4)
    familiar.save(Known(rows, 0.375, -0.25, True), tmp_path / "list.npz")
    found = familiar.load(tmp_path / "list.npz")
    assert (found.threshold, found.margin, found.grey) == (0.375, -0.25, True)
    assert ((found.photos * rows).sum(1) > 0.9999).all()
    assert (tmp_path / "list.npz").stat().st_size < 40 * 1280 + 2000
    (tmp_path / "list.npz").write_bytes(b"no list")
    with pytest.raises(ValueError, match="damaged"):
        familiar.load(tmp_path / "list.npz", 1)


def test_training_lists_its_photos_and_notices_a_share_of_the_validation_photos():
    training, validation = ([Image.open(path).convert("RGB") for path in part] for part in (EXAMPLES[:6], EXAMPLES[6:]))
    validation = [photo.rotate(angle) for photo in validation for angle in range(0, 60, 5)][:24]
    sources = [{"train": Split(training, [""] * len(training)), "val": Split(validation, [""] * len(validation))}]
    known = describe_training_photos(sources)
    assert len(known.photos) == len(training)
    network = familiar.load_frozen_network()
    rows = torch.cat([familiar.describe(network, squeeze_photo(photo)[None]) for photo in validation])
    assert (~known.knows(rows)).sum() == 1  # 3 % of 24, rounded up
    few = dataclasses.replace(sources[0]["val"], photos=validation[: LEAST - 1])
    assert describe_training_photos([{**sources[0], "val": few}]) is None


def test_a_list_in_the_folder_comes_before_the_shared_one(tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(CHECKPOINTS / CARD, folder)
    assert xai.load_model(folder, "cpu").familiar_file is None
    everything = Known(unit(np.ones((5, 1280))), 2.0)
    familiar.save(everything, folder / FAMILIAR)
    assert xai.load_model(folder, "cpu").familiar_file == folder / FAMILIAR
    assert familiar.load(folder / FAMILIAR).threshold == 2


def test_folding_changes_nothing_but_the_speed():
    photo = squeeze_photo(EXAMPLES[0])[None]
    plain, fast = xai.load_model(IMAGENET, "cpu"), familiar.load_frozen_network()
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in fast.modules())
    torch.testing.assert_close(familiar.describe(fast, photo), familiar.describe(plain, photo), atol=1e-5, rtol=0)


def test_validation_photos_set_margin_and_threshold(monkeypatch):
    rng = np.random.default_rng(0)
    rows, others, nothing = (unit(rng.random((n, 8))) for n in (50, 400, 5))
    monkeypatch.setattr(familiar, "load_surfaces", lambda grey: nothing)
    known = familiar.fit_limits(Known(rows, np.inf), others)
    assert (~known.knows(others)).sum() == 12  # 3 % of 400
    assert (known.lead(others) < known.margin).sum() <= 4  # 1 %
    assert known.margin <= familiar.MARGIN
    monkeypatch.setattr(familiar, "load_surfaces", lambda grey: -nothing)  # none is anywhere near
    assert familiar.fit_limits(Known(rows, np.inf), others).margin == familiar.MARGIN


def test_shipped_files_are_small():
    files = [CHECKPOINTS / file for file in set(SHARED.values())] + [CHECKPOINTS / IMAGENET / SURFACES]
    assert max(file.stat().st_size for file in files) < 3 * MEGABYTE


def test_a_large_photo_is_shrunk_first_and_looks_the_same():
    photo = Image.open(EXAMPLES[0]).convert("RGB")
    large = photo.resize((photo.width * 6, photo.height * 6))
    assert (squeeze_photo(large).float() - squeeze_photo(photo).float()).abs().mean() < 2
    assert is_familiar(large, CARD)


@pytest.mark.parametrize("kind", KINDS)
def test_surfaces_are_pictures_of_every_kind_and_always_the_same(kind):
    first, again, other = (draw_surface(np.random.default_rng(seed), kind) for seed in (0, 0, 1))
    assert first.mode == "RGB"
    assert first == again
    assert first != other


def test_surfaces_are_drawn_of_all_kinds_in_turn():
    assert draw_surfaces(3) == draw_surfaces(5)[:3]
    assert draw_surfaces(3, seed=1) != draw_surfaces(3)
