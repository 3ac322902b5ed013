"""What the package cannot do is refused by one sentence, the same whichever function is asked."""

import numpy as np
import pytest

import xai
from tests.conftest import fresh
from xai import metrics
from xai.blackbox import from_function
from xai.class_evidence import evidence
from xai.methods import METHODS
from xai.methods.registry import method
from xai.studio.garbage import EXAMPLES


@pytest.fixture(scope="module")
def cnn():
    return fresh("cnn", input_size=64)


@pytest.fixture(scope="module")
def closed():
    return from_function(lambda photos: np.full((len(photos), 2), 0.5), ["a", "b"], input_size=64)


@pytest.fixture(scope="module")
def photo(photos):
    return photos[0]


EXPLAIN = [
    ({"method": "smoothgrad", "samples": 0}, "a whole number of 1 or more for samples"),
    ({"method": "smooth-gradcam++", "samples": "a"}, "a whole number of 1 or more for samples"),
    ({"method": "smoothgrad", "noise": -1}, "0.0 or more for noise"),
    ({"method": "smoothgrad", "seed": 2**70}, "for seed"),
    ({"method": "rise", "seed": 2**70}, "for seed"),
    ({"method": "random", "cells": 0}, "for cells"),
    ({"target_layer": 0}, "no layer 0; choose one of conv1"),
    ({"target_layer": ""}, "no layer ''; choose one of conv1"),
    ({"target": True}, "no class True"),
    ({"target": "2"}, "no class '2'; choose one of cardboard, .*, trash$"),
    ({"target": 99}, "no class 99; .*, or an index from 0 to 5$"),
    ({"reads": "student"}, "no network 'student' to read; choose one of itself$"),
    ({"method": "distilled"}, "these blocks have none: use a student with CBAM"),
]


@pytest.mark.parametrize(("arguments", "sentence"), EXPLAIN)
def test_explain_refuses(cnn, photo, arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        xai.explain(cnn, photo, **arguments)


@pytest.mark.parametrize("subject", ["garbage-cnn", lambda photos: photos, None])
def test_what_is_no_subject_is_refused(subject, photo):
    for function in (xai.explain, xai.explain_layers):
        with pytest.raises(ValueError, match=r"a network of load_model.* or a black box of load_black_box"):
            function(subject, photo)
    if subject is not None:
        with pytest.raises(ValueError, match="a network of load_model"):
            xai.list_methods(subject)


def test_what_only_answers_is_no_network(closed, photo):
    explanation = xai.explain(closed, photo, method="gaussian")
    for function in (
        lambda: evidence(closed, photo),
        lambda: metrics.score_layers(closed, [photo]),
        lambda: metrics.see_through(closed, [explanation]),
        lambda: closed.learn("blackbox-student"),
        lambda: closed.learn(None),
    ):
        with pytest.raises(ValueError, match=r"needs a network, as load_model"):
            function()
    with pytest.raises(ValueError, match="only answers"):
        xai.explain(closed, photo)


@pytest.mark.parametrize("classes", ["red", 3, None])
def test_classes_are_a_list(classes):
    with pytest.raises(ValueError, match="classes must be a list of names"):
        from_function(len, classes)


LAYERS = [
    ({"layers": ["nope"]}, "no layer 'nope'"),
    ({"layers": ["input"]}, "the input has only red, green and blue"),
    ({"layers": "conv2"}, "a list of names, not 'conv2'"),
    ({"method": "attention", "layers": ["conv2"]}, "conv2 has none"),
    ({"layers": ["conv2"], "samples": 3}, "no option 'samples'"),
    ({"target_layer": "conv2"}, "`target_layer` is of `explain`"),
]


@pytest.mark.parametrize(("arguments", "sentence"), LAYERS)
def test_what_reads_layers_refuses(cnn, photo, arguments, sentence):
    for function in (xai.explain_layers, metrics.score_layers):
        with pytest.raises(ValueError, match=sentence):
            function(cnn, [photo], **arguments)


@pytest.mark.parametrize(
    ("images", "arguments", "sentence"),
    [
        ([], {}, "needs photos"),
        (None, {"share": 0}, r"in \(0, 1\]"),
        (None, {"share": 2}, r"in \(0, 1\]"),
        (None, {"method": "rise", "masks": 10}, "explains the photo as a whole"),
        (None, {"method": "gaussian"}, "explains the photo as a whole"),
    ],
)
def test_score_layers_refuses(cnn, photo, images, arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        metrics.score_layers(cnn, [photo] if images is None else images, **arguments)


def test_one_photo_is_scored_as_a_list_of_one(cnn, photo):
    assert len(metrics.score_layers(cnn, photo, layers=["conv2"])["conv2"].before) == 1


GAMES = [
    ({"maps": {}}, "needs maps by their names"),
    ({"maps": [np.zeros((4, 4))]}, "needs maps by their names"),
    ({"maps": {"a": np.zeros((4, 4, 3))}}, r"two dimensions \(h, w\), not \(4, 4, 3\)"),
    ({"target": "nope"}, "no class 'nope'"),
    ({"target": -1}, "no class -1"),
    ({"step": 0}, "a whole number of 1 or more for step"),
    ({"step": 2.5}, "a whole number of 1 or more for step"),
    ({"games": "deletion"}, "needs games by their names"),
]


@pytest.mark.parametrize(("arguments", "sentence"), GAMES)
def test_play_refuses(cnn, photo, arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        metrics.play(cnn, photo, **{"maps": {"a": np.eye(4)}, **arguments})


def test_play_takes_a_class_by_name(cnn, photo):
    named = metrics.play(cnn, photo, {"a": np.eye(4)}, target="glass")
    assert (named["deletion"]["a"] == metrics.play(cnn, photo, {"a": np.eye(4)}, target=1)["deletion"]["a"]).all()


@pytest.mark.parametrize("explanations", [[], None])
def test_see_through_wants_explanations(cnn, photo, explanations):
    with pytest.raises(ValueError, match="a list of explanations"):
        metrics.see_through(cnn, xai.explain(cnn, photo) if explanations is None else explanations)


def test_the_mosaic_test_takes_a_black_box_and_refuses_one_photo(photo):
    four = list(EXAMPLES[:8:2])
    black_box = xai.load_black_box("garbage-cnn")
    assert metrics.mosaic_test(black_box, four, method="gaussian") == pytest.approx([0.25] * 4)
    assert len(metrics.mosaic_test(black_box, four, method="rise", masks=8)) == 4
    with pytest.raises(ValueError, match="not of 1"):
        metrics.mosaic_test(black_box, photo)


def test_the_combination_does_not_depend_on_the_order_of_the_layers(cnn, photo):
    there, back = (
        xai.explain_layers(cnn, photo, method="smoothgrad", samples=2, layers=layers)["combined"].raw
        for layers in (["input", "conv1"], ["conv1", "input"])
    )
    assert np.allclose(there, back, atol=1e-6)


@pytest.mark.parametrize(
    ("known", "sentence"),
    [({"source": "zz"}, "does not list"), ({"needs": "answer"}, "needs of"), ({"pace": "fast"}, "pace of")],
)
def test_a_method_that_is_refused_is_not_entered(known, sentence):
    with pytest.raises(ValueError, match=sentence):
        method("of-my-own", **known)(lambda batch, targets, layer: batch.last[:, 0])
    assert "of-my-own" not in METHODS


def test_a_method_needs_no_more_than_a_name(cnn, photo):
    try:
        method("of-my-own")(lambda batch, targets, layer: batch.last[:, 0])
        assert METHODS["of-my-own"].title == "of-my-own"
        assert METHODS["of-my-own"].summary == ""
        assert xai.explain(cnn, photo, method="of-my-own").raw.ndim == 2
    finally:
        METHODS.pop("of-my-own", None)
