import io

import numpy as np
import pytest
import torch
from PIL import Image

from tests.conftest import EXAMPLES, fresh, load_once
from xai.activations import Activations
from xai.similar import compute_low_frequencies, load_index, make_indices, save_indices, to_bits
from xai.studio.examples import read_class
from xai.zoo import CHECKPOINTS, GARBAGE


@pytest.fixture(scope="module")
def made():
    model = fresh("resnet50", input_size=64)
    labels = [read_class(path) for path in EXAMPLES]
    (index,) = make_indices([model], EXAMPLES, [path.name for path in EXAMPLES], labels)
    return model, index


def test_frequencies_are_a_type_2_dct_over_the_channels():
    features = torch.rand(2, 70, 3, 3)
    pooled = features.double().mean((2, 3)).numpy()
    k, n = np.arange(64)[:, None], np.arange(70)[None]
    basis = np.cos(np.pi * k * (2 * n + 1) / 140) * np.where(k == 0, np.sqrt(1 / 70), np.sqrt(2 / 70))
    np.testing.assert_allclose(compute_low_frequencies(features), pooled @ basis.T, rtol=1e-4, atol=1e-5)


def test_nearest_is_by_the_number_of_bits_that_differ(made):
    model, index = made
    with torch.no_grad():
        asked = compute_low_frequencies(Activations(model, model.preprocess([EXAMPLES[3]])).last)
    bits = [np.unpackbits(np.array([h]).view(np.uint8)) for h in index.hashes]
    own = (asked[0] > index.medians).astype(np.uint8)
    literal = [int((b != own).sum()) for b in bits]
    found = index.nearest(model, EXAMPLES[3], count=12)
    assert [n.distance for n in found] == sorted(literal)
    assert found[0].name == EXAMPLES[3].name
    assert found[0].distance == 0
    assert found[1].distance > 0


def test_every_bit_is_set_for_half_of_the_photos(made):
    _, index = made
    bits = np.unpackbits(index.hashes.view(np.uint8)).reshape(len(EXAMPLES), 64)
    assert (bits.sum(0) == len(EXAMPLES) // 2).mean() > 0.8  # all but coefficients that are equal for two photos


def test_saved_and_loaded(made, tmp_path):
    model, index = made
    save_indices(tmp_path / "i.npz", {"a": index, "b": index})
    loaded = load_index("b", tmp_path / "i.npz")
    assert (loaded.names, loaded.labels, loaded.thumbnails) == (index.names, index.labels, index.thumbnails)
    assert loaded.nearest(model, EXAMPLES[0])[0].name == EXAMPLES[0].name
    with pytest.raises(ValueError, match="no index for c, only for a, b"):
        load_index("c", tmp_path / "i.npz")
    with pytest.raises(FileNotFoundError, match="python -m xai index"):
        load_index("a", tmp_path / "none.npz")
    (tmp_path / "i.npz").write_bytes((tmp_path / "i.npz").read_bytes()[:500])
    with pytest.raises(ValueError, match="no index, or a damaged one"):
        load_index("a", tmp_path / "i.npz")


def test_no_pickle_is_loaded(made, tmp_path):
    _, index = made
    save_indices(tmp_path / "i.npz", {"a": index})
    with np.load(tmp_path / "i.npz") as saved:
        arrays = dict(saved)
    arrays["names"] = arrays["names"].astype(object)  # numpy pickles objects
    np.savez(tmp_path / "evil.npz", **arrays)
    with pytest.raises(ValueError, match="no index, or a damaged one") as refused:
        load_index("a", tmp_path / "evil.npz")
    assert "allow_pickle=False" in str(refused.value.__cause__)


def test_hashes_do_not_depend_on_the_machine():
    frequencies = np.zeros((1, 64))
    frequencies[0, 63] = 1
    assert to_bits(frequencies, np.zeros(64)).tobytes() == bytes(7) + b"\x01"


@pytest.mark.parametrize("name", GARBAGE)
def test_shipped_index(name):
    index = load_index(name)
    assert len(index.names) == len(index.labels) == len(index.hashes) == len(index.thumbnails) == 1768
    assert all(label == photo.partition("/")[0] for label, photo in zip(index.labels, index.names, strict=True))
    assert not {path.name.removeprefix("garbage-").replace("-", "") for path in EXAMPLES} & {
        photo.partition("/")[2] for photo in index.names
    }  # the examples are test photos
    assert max(Image.open(io.BytesIO(index.thumbnails[5])).size) == 120


def test_shipped_index_is_small_and_finds_photos_of_the_same_kind():
    assert (CHECKPOINTS / "garbage-photos.npz").stat().st_size < 8e6
    model, index = load_once("garbage-efficientnet_lite0"), load_index("garbage-efficientnet_lite0")
    shares = [np.mean([n.label == read_class(path) for n in index.nearest(model, path)]) for path in EXAMPLES]
    assert np.mean(shares) > 0.5  # some examples are chosen for being hard; by chance it would be 0.18
