import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

import xai
from benchmarks.weight import weight
from tests.conftest import CLASSES, EXAMPLES, fresh
from xai.explanation import COLORMAPS, Explanation, colorize, draw_box, load_palette, on_common_scale
from xai.models import classifier
from xai.photo import as_photo


@pytest.fixture(scope="module")
def resnet():
    return fresh("resnet50")


def made(saliency, raw=None):
    saliency = np.asarray(saliency, np.float32)
    photo = Image.new("RGB", saliency.shape[::-1], "gray")
    raw = saliency if raw is None else np.asarray(raw, np.float32)
    return Explanation(photo, raw, 0, "a", 0.5, np.array([0.5, 0.5]), "gradcam", "layer4", 0.1)


def test_contract(resnet, photos):
    e = xai.explain(resnet, photos[0], method="gradcam", target=None, target_layer=None)
    width, height = photos[0].size
    assert e.saliency.shape == (height, width)
    assert e.saliency.dtype == e.raw.dtype == np.float32
    assert e.saliency.min() == 0
    assert e.saliency.max() == 1
    assert e.raw.shape == (4, 4)
    assert e.label == CLASSES[e.target]
    assert e.target == resnet.predict_proba(photos[0]).argmax()
    assert e.confidence == pytest.approx(resnet.predict_proba(photos[0]).max(), rel=1e-4)
    assert (e.method, e.target_layer) == ("gradcam", "layer4")
    assert e.seconds > 0
    assert e.overlay(alpha=0.5).size == photos[0].size
    left, top, right, bottom = e.bounding_box(threshold=0.2)
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height


def test_map_and_box_are_in_the_pixels_of_a_large_photo():
    photo = np.zeros((3000, 4000, 3), np.uint8)
    photo[500:1500, 2500:3500] = 255
    e = xai.explain(fresh("cnn"), photo)
    assert e.saliency.shape == (3000, 4000)
    assert e.overlay().size == (4000, 3000)
    assert max(e.bounding_box()) > 2048


def test_image_may_be_path_array_or_pil(resnet):
    expected = xai.explain(resnet, str(EXAMPLES[0])).raw
    for image in (EXAMPLES[0], Image.open(EXAMPLES[0]), np.asarray(Image.open(EXAMPLES[0]))):
        np.testing.assert_array_equal(xai.explain(resnet, image).raw, expected)


def test_a_list_gives_a_list(resnet, photos):
    assert [type(e) for e in xai.explain(resnet, photos[:2])] == [Explanation, Explanation]
    assert xai.explain(resnet, []) == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"method": "gradcan"}, "gradcam"),
        ({"target": "bottle"}, "cardboard, glass"),
        ({"target": 6}, "cardboard, glass"),
        ({"target": -1}, "cardboard, glass"),
        ({"target": 1.7}, "cardboard, glass"),
        ({"target": ["glass"]}, "cardboard, glass"),
        ({"method": "cam", "target_layer": "layer5"}, "layer4"),
        ({"target_layer": "layer5"}, "layer4"),
        ({"image": "nowhere.jpg"}, "no file nowhere.jpg"),
        ({"image": np.zeros((4, 4), np.float32)}, "uint8"),
        ({"image": 3}, "int"),
    ],
)
def test_mistakes_get_a_sentence(resnet, photos, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        xai.explain(resnet, **{"image": photos[0], **options})


def test_targets_must_be_as_many_as_images(resnet, photos):
    with pytest.raises(ValueError, match="2 images but 3 targets"):
        xai.explain(resnet, photos[:2], target=[0, 1, 2])


def test_lists_longer_than_a_batch(photos):
    model = fresh("cnn")
    many = xai.explain(model, [photos[i % 4] for i in range(35)], target=1)
    assert len(many) == 35
    np.testing.assert_allclose(many[34].raw, xai.explain(model, photos[2], target=1).raw, rtol=1e-4, atol=1e-6)


def test_saliency_is_the_raw_map_at_photo_size():
    model = fresh("resnet50")
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 80, 3), np.uint8))
    e = xai.explain(model, photo)
    assert not e.blank
    resized = torch.nn.functional.interpolate(torch.from_numpy(e.raw)[None, None], (40, 80), mode="bilinear")[0, 0]
    low, high = resized.min(), resized.max()
    np.testing.assert_allclose(e.saliency, ((resized - low) / (high - low)).numpy(), atol=1e-6)


def test_blank_map_is_zero_and_has_no_box(photos):
    model = fresh("resnet50")
    torch.nn.init.constant_(model.fc.weight, -1)  # every feature speaks against every class
    e = xai.explain(model, photos[0])
    assert e.blank
    assert not e.saliency.any()
    assert e.bounding_box() is None
    assert e.overlay().size == photos[0].size


def test_box_is_around_the_largest_region():
    saliency = np.zeros((20, 30))
    saliency[2:4, 2:4] = 1.0
    saliency[10:16, 12:25] = 0.3
    saliency[17, 2] = 0.1
    assert made(saliency).bounding_box(0.2) == (12, 10, 25, 16)
    assert made(saliency).bounding_box(0.5) == (2, 2, 4, 4)
    with pytest.raises(ValueError, match="threshold"):
        made(saliency).bounding_box(0)


def test_common_scale_keeps_the_ratio_of_raw_values():
    weak, strong = made(np.ones((8, 8)), [[0, 1], [1, 2]]), made(np.ones((8, 8)), [[0, 4], [4, 8]])
    a, b = on_common_scale([weak, strong])
    assert b.saliency.max() == 1
    np.testing.assert_allclose(a.saliency * 4, b.saliency, atol=1e-6)


def test_a_blank_map_has_no_part_in_a_common_scale():
    shown, other = made(np.ones((8, 8)), [[0, 1], [1, 2]]), made(np.ones((8, 8)), [[0, 0], [0, 4]])
    blank = replace(made(np.zeros((8, 8)), [[0, 100], [0, 0]]), blank=True)
    found = on_common_scale([shown, blank, other])
    assert found[1] is blank
    assert found[2].saliency.max() == 1
    assert found[0].saliency.max() == pytest.approx(0.5)
    assert on_common_scale([blank]) == [blank]


def test_a_blank_map_is_shown_as_the_plain_photo():
    e = replace(made(np.zeros((8, 8)), [[0, 100], [0, 0]]), blank=True)
    assert e.overlay().tobytes() == e.photo.tobytes()
    assert e.bounding_box() is None


@pytest.mark.parametrize("colormap", COLORMAPS)
def test_colour_is_linear_in_the_value(colormap):
    values = np.linspace(0, 1, 256, dtype=np.float32)[None]
    np.testing.assert_array_equal(colorize(values, colormap)[0], load_palette(colormap))


def test_overlay_blends():
    e = made(np.eye(16))
    assert e.overlay(0).tobytes() == e.photo.tobytes()
    assert np.array_equal(np.asarray(e.overlay(1, "magma")), colorize(e.saliency, "magma"))
    with pytest.raises(ValueError, match="turbo"):
        e.overlay(colormap="rainbow")


def test_a_drawn_box_leaves_the_picture_itself_alone():
    picture = Image.new("RGB", (50, 40), "gray")
    drawn = draw_box(picture, (5, 5, 45, 35))
    assert drawn.tobytes() != picture.tobytes()
    assert picture.getcolors() == [(2000, (128, 128, 128))]
    assert draw_box(picture, None).tobytes() == picture.tobytes()


def test_an_explanation_keeps_one_picture_of_the_photo_size():
    e = xai.explain(fresh("cnn", input_size=64), Image.new("RGB", (1000, 800), "white"))
    assert weight(e) < 1000 * 800 * 4 + 100_000
    assert e.saliency.shape == (800, 1000)


def test_a_list_is_read_one_photo_at_a_time(monkeypatch, resnet):
    read, most = [], []

    def counted(photo):
        image = as_photo(photo)
        read.append(weakref.ref(image))
        most.append(sum(each() is not None for each in read))
        return image

    monkeypatch.setattr(classifier, "as_photo", counted)
    resnet.preprocess([EXAMPLES[0]] * 4)
    assert len(most) == 4
    assert max(most) <= 2  # the former one, until the next one is there
