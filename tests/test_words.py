"""Every method, figure and layer has plain words in every language, and one line says what networks answered."""

import re

import pytest
import torch

from tests import tabs
from xai.methods import METHODS
from xai.metrics import METRICS
from xai.studio.garbage.parts import update_layers
from xai.studio.glossary import define, describe_method
from xai.studio.layer_names import name_layer
from xai.studio.text import ENGLISH, LANGUAGES
from xai.studio.verdict import say_verdict
from xai.zoo import GARBAGE, PYRAMID, STUDENTS, build_skeleton

TERMS = (
    "auc", "sim", "kl", "nats", "calibration", "confidence", "settled", "fpn", "fal", "se", "cbam", "attention",
    "gradcam", "cam", "rise", "lime", "mask", "layer", "student", "trashnet", "webwaste", "ucmerced", "blank",
    "control",
)  # fmt: skip


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_method_says_what_its_map_shows(lang):
    assert [method for method in METHODS if f"what.{method}" not in LANGUAGES[lang]] == []
    lines = [describe_method(method, lang) for method in METHODS]
    assert all(line.endswith(".") and "\n" not in line for line in lines)
    assert len(set(lines)) == len(METHODS)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_metric_and_term_is_defined(lang):
    definitions = [define(term, lang) for term in (*METRICS, *TERMS)]
    assert all(text.endswith(".") for text in definitions)
    assert len(set(definitions)) == len(METRICS) + len(TERMS)


@pytest.mark.parametrize("name", METRICS)
def test_a_definition_says_which_way_is_better(name):
    said = {
        "lower": "[Ll]ower is better|a small area .* is better",
        "higher": "[Hh]igher is better|a large area .* is better",
    }
    assert [way for way, words in said.items() if re.search(words, define(name, "en"))] == [METRICS[name].better]


def test_a_new_method_is_described_by_its_docstring(monkeypatch):
    monkeypatch.setitem(METHODS, "new", METHODS["gradcam"])
    assert describe_method("new", "ko") == METHODS["gradcam"].summary


def test_what_nobody_knows_has_no_words():
    with pytest.raises(KeyError):
        describe_method("sobel", "en")
    with pytest.raises(KeyError):
        define("sobel", "en")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_network_has_a_short_name(lang):
    short = [LANGUAGES[lang][f"brief.{name}"] for name in (*GARBAGE, *PYRAMID, *STUDENTS)]
    assert len(set(short)) == len(short)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("model", GARBAGE)
def test_every_layer_has_a_name_that_says_where_it_is(monkeypatch, model, lang):
    monkeypatch.setattr("xai.studio.layer_names.get_model", build_skeleton)
    layers = build_skeleton(model).layers
    names = [name_layer(model, layer, lang) for layer in layers]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(rf"\S.* \({layer}\)", name) for layer, name in zip(layers, names, strict=True))
    assert name_layer(model, "layer9", lang) == "layer9"


@pytest.mark.parametrize("model", GARBAGE)
def test_layers_are_as_fine_as_their_names_say(monkeypatch, model):
    monkeypatch.setattr("xai.studio.layer_names.get_model", build_skeleton)
    network = build_skeleton(model)
    x, cells = torch.zeros(1, 3, network.input_size, network.input_size, device="meta"), {}
    for layer, run in network.layers.items():
        x = run(x)
        cells[name_layer(model, layer, "en")] = x.shape[-1]
    most, least = max(cells.values()), min(cells.values())
    for name, side in cells.items():
        assert ("coarse" in name) == (side == least), name
        assert side == most or "finest" not in name, name
        assert side > network.input_size // 16 or "fine" not in name, name


def test_the_layer_menu_has_the_last_layer_first():
    choices = update_layers("garbage-cnn", tabs.REQUEST).choices
    assert choices == [
        (ENGLISH["last_layer"], "last"), (ENGLISH["layers.CNN.conv2"], "conv2"), (ENGLISH["layers.CNN.conv1"], "conv1"),
    ]  # fmt: skip


def test_networks_are_called_by_letters_not_by_sides():
    for lang, texts in LANGUAGES.items():
        for key in [key for key in texts if re.search(r"_[ab](_alt)?$", key)]:
            letter = re.search(r"_([ab])(?:_alt)?$", key)[1].upper()
            assert re.search(rf"(?<![A-Za-z]){letter}(?![A-Za-z])", texts[key]), (lang, key)
            assert not re.search("left|right|왼쪽|오른쪽", texts[key], re.IGNORECASE), (lang, key)


A, B, C = ("ResNet-50", "metal", 0.664), ("shared SE", "glass", 0.638), ("small CNN", "metal", 0.5)
VERDICTS = [
    ([A], None, "ResNet-50 says metal (66%)."),
    ([A], "metal", "ResNet-50 says metal (66%). The correct answer is metal, so that is right."),
    ([A], "glass", "ResNet-50 says metal (66%). The correct answer is glass, so that is wrong."),
    ([C], None, "Small CNN says metal (50%)."),
    ([A, C], None, "Both say metal (ResNet-50 66%, small CNN 50%)."),
    (
        [A, C],
        "metal",
        "Both say metal (ResNet-50 66%, small CNN 50%). The correct answer is metal: both are right.",
    ),
    (
        [A, C],
        "glass",
        "Both say metal (ResNet-50 66%, small CNN 50%). The correct answer is glass: both are wrong.",
    ),
    ([A, B], None, "They disagree: metal (ResNet-50 66%) or glass (shared SE 64%)."),
    (
        [A, B],
        "glass",
        "They disagree: metal (ResNet-50 66%) or glass (shared SE 64%). "
        "The correct answer is glass: shared SE is right, ResNet-50 is wrong.",
    ),
    (
        [A, B],
        "paper",
        "They disagree: metal (ResNet-50 66%) or glass (shared SE 64%). The correct answer is paper: both are wrong.",
    ),
    ([A, B, C], None, "They disagree: metal (ResNet-50 66%, small CNN 50%) or glass (shared SE 64%)."),
    (
        [A, B, C],
        "metal",
        "They disagree: metal (ResNet-50 66%, small CNN 50%) or glass (shared SE 64%). "
        "The correct answer is metal. Right: ResNet-50, small CNN. Wrong: shared SE.",
    ),
    (
        [A, B, C],
        "paper",
        "They disagree: metal (ResNet-50 66%, small CNN 50%) or glass (shared SE 64%). "
        "The correct answer is paper: all are wrong.",
    ),
    (
        [A, C, ("FPN", "metal", 1.0)],
        "metal",
        "All 3 say metal (ResNet-50 66%, small CNN 50%, FPN 100%). The correct answer is metal: all are right.",
    ),
]


@pytest.mark.parametrize(("answers", "truth", "line"), VERDICTS)
def test_the_verdict(answers, truth, line):
    assert say_verdict(answers, truth, "en") == line


def test_the_verdict_in_korean():
    assert say_verdict([A, B], "glass", "ko") == (
        "답이 다릅니다: 금속(ResNet-50 66%) 또는 유리(shared SE 64%). 정답: 유리. 맞음: shared SE, 틀림: ResNet-50."
    )
    assert say_verdict([A, C], "metal", "ko") == (
        "둘 다 같은 답: 금속(ResNet-50 66%, small CNN 50%). 정답: 금속. 둘 다 맞았습니다."
    )
    assert say_verdict([A], None, "ko") == "ResNet-50의 답: 금속(66%)."


def test_a_class_of_a_foreign_network_is_called_as_it_calls_it():
    assert say_verdict([("it", "a {tabby}", 0.9)], None, "en") == "It says a {tabby} (90%)."


def test_nobody_who_answered_gives_no_verdict():
    with pytest.raises(ValueError, match="needs the answer"):
        say_verdict([], None, "en")
