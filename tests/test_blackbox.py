"""Black boxes: every way to make one, against the network it is made of, and everything that is no answer."""

import base64
import gc
import http.server
import io
import json
import pickle
import socket
import sys
import threading
import time
from argparse import Namespace
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import numpy as np
import onnx
import onnxruntime
import pytest
import timm
import torch
from huggingface_hub import constants
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from safetensors.torch import load_file, save_file
from timm.models import save_for_hf

import xai
from tests.conftest import CLASSES, fresh
from train.publish.checkpoint import write_sums
from xai import blackbox
from xai.agreement import compare_answers
from xai.blackbox import BlackBox, BlackBoxError, from_checkpoint, from_endpoint, from_function, from_onnx, from_timm
from xai.blackbox.hosted import Hosted, hosted_black_boxes, load_hosted
from xai.blackbox.load import load_black_box
from xai.models import create_model
from xai.names import tell_apart
from xai.photo import GREY
from xai.shell.evaluate import load_subjects

NETWORK = "test_resnet"  # timm's smallest: half a million parameters, 160×160
HUB_ID = "timm/test_resnet.r160_in1k"
STD = (0.229, 0.224, 0.225)


def publish(model, folder):
    model.half().save_pretrained(folder, config={**model._hub_mixin_config, "model_class": type(model).__name__})
    for name in ("metrics.json", "history.json"):
        (folder / name).write_text("{}")
    write_sums(folder)
    return folder


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return publish(fresh("cnn"), tmp_path_factory.mktemp("checkpoints") / "sorter")


def level(images: list[Image.Image]) -> np.ndarray:
    """A classifier that nobody could misread: how red, green and blue a photo is."""
    means = np.stack([np.asarray(image, np.float64).mean((0, 1)) + 1 for image in images])  # N, 3
    return means / means.sum(1, keepdims=True)


# What any of them does


def test_photos_of_all_sizes_are_squeezed_and_asked_in_parts(photos):
    asked = []

    def answer(pixels):
        asked.append(tuple(pixels.shape))
        return pixels.mean((2, 3)).softmax(1)

    black_box = BlackBox(answer, ["red", "green", "blue"], input_size=32, batch_size=3)
    thin = photos[0].resize((90, 40))
    rows = black_box.predict_proba([*photos, thin])
    assert asked == [(3, 3, 32, 32), (2, 3, 32, 32)]
    assert rows.dtype == np.float32
    expected = np.asarray(thin.resize((32, 32), Image.Resampling.BILINEAR), np.float64).mean((0, 1)) / 255
    np.testing.assert_allclose(rows[4], np.exp(expected) / np.exp(expected).sum(), atol=2e-3)
    assert black_box.predict_proba(thin).shape == (1, 3)
    assert black_box.predict_proba([]).shape == (0, 3)


WRONG = {
    "answered 2×4": lambda x: torch.full((len(x), 4), 0.25),
    "answered 1×3": lambda x: torch.full((1, 3), 1 / 3),
    "answered 2$": lambda x: torch.full((len(x),), 1.0),
    "one number": lambda x: 0.5,
    "not finite": lambda x: torch.tensor([[0.5, 0.5, float("nan")]] * len(x)),
    "finite": lambda x: np.array([[1.0, 1e300, 0.0]] * len(x)),
    "no confidences: not negative": lambda x: torch.tensor([[1.5, -0.5, 0.0]] * len(x)),
    "1 in sum": lambda x: torch.tensor([[3.0, 1.0, 2.0]] * len(x)),
    "no table": lambda x: "cat",
    "no table of numbers": lambda x: [["a", "b", "c"]] * len(x),
    "is no table": lambda x: [[1.0, 0.0, 0.0], [1.0]],
    "gave no answer: out of tea": lambda x: (_ for _ in ()).throw(OSError("out of\n tea")),
    "no answer: KeyError": lambda x: (_ for _ in ()).throw(KeyError()),
}


@pytest.mark.parametrize("sentence", WRONG)
def test_what_is_no_answer_never_becomes_one(sentence):
    black_box = BlackBox(WRONG[sentence], ["a", "b", "c"], name="Oracle")
    with pytest.raises(BlackBoxError, match=f"^Oracle .*{sentence}") as caught:
        black_box.ask(torch.rand(2, 3, 8, 8))
    assert "\n" not in str(caught.value)


def test_one_wrong_row_of_many_spoils_all():
    def answer(pixels):
        rows = torch.full((len(pixels), 2), 0.5)
        rows[-1, 0] = torch.nan if pixels.max() > 1.5 else 0.5
        return rows

    black_box = BlackBox(answer, ["a", "b"], batch_size=2)
    pixels = torch.zeros(5, 3, 8, 8)
    assert black_box.ask(pixels).shape == (5, 2)
    pixels[4] = 2
    with pytest.raises(BlackBoxError, match="finite"):
        black_box.ask(pixels)


def test_pixels_go_where_the_black_box_wants_them():
    asked = []
    black_box = BlackBox(lambda pixels: asked.append(pixels.device.type), ["a", "b"], device="meta")
    with pytest.raises(BlackBoxError, match="no table of numbers"):
        black_box.ask(torch.rand(2, 3, 8, 8))
    assert asked == ["meta"]


def test_what_a_black_box_does_in_place_stays_inside():
    """It normalises the pixels it was shown, and answers in a table that it writes anew at each question."""
    table = np.empty((8, 2), np.float32)

    def answer(pixels):
        red = pixels.mul_(0.5)[:, 0].mean((1, 2)).numpy()
        table[: len(red), 0], table[: len(red), 1] = red, 1 - red
        return table[: len(red)]

    box, pixels = BlackBox(answer, ["a", "b"], input_size=8, batch_size=8), torch.rand(20, 3, 8, 8)
    shown = pixels.clone()
    found = box.ask(pixels)
    assert torch.equal(pixels, shown)
    torch.testing.assert_close(found[:, 0], shown[:, 0].mean((1, 2)) / 2)
    kept = box.ask(pixels[:8])
    box.ask(pixels[8:16])
    torch.testing.assert_close(kept, found[:8])


def test_a_black_box_knows_a_class():
    with pytest.raises(BlackBoxError, match="without the names of its classes"):
        BlackBox(lambda pixels: np.empty((len(pixels), 0)), []).ask(torch.rand(2, 3, 8, 8))


def test_no_graph_leaves_a_black_box():
    weight = torch.ones(3, 2, requires_grad=True)
    kept = (torch.ones(1, 3) @ weight).softmax(1)  # made with a graph, elsewhere
    black_box = BlackBox(lambda pixels: kept.expand(len(pixels), -1), ["a", "b"])
    assert not black_box.ask(torch.rand(2, 3, 8, 8, requires_grad=True)).requires_grad


# Checkpoints


@pytest.mark.parametrize("architecture", ["cnn", "efficientnet_lite0", "pyramid"])
def test_a_classifier_says_what_it_says_itself(architecture, photos):
    model = fresh(architecture, input_size=64)
    black_box = from_checkpoint(model)
    np.testing.assert_allclose(black_box.predict_proba(photos), model.predict_proba(photos), atol=1e-6)
    assert black_box.classes == CLASSES
    assert black_box.network is model
    assert black_box.input_size == 64


def test_a_grey_pyramid_sees_grey_as_a_black_box_too(photos):
    model = fresh("pyramid", input_size=64, grey=True)
    black_box = from_checkpoint(model)
    np.testing.assert_allclose(black_box.predict_proba(photos), model.predict_proba(photos), atol=1e-6)
    pixels = black_box.pixels(photos)
    turned = (pixels * torch.tensor([0.2989, 0.587, 0.114]).view(3, 1, 1)).sum(1, keepdim=True).expand_as(pixels)
    torch.testing.assert_close(black_box.ask(turned), black_box.ask(pixels), atol=1e-3, rtol=0)


def test_a_checkpoint_by_folder(checkpoint, photos):
    black_box = load_black_box(checkpoint, "cpu")
    assert black_box.name == "sorter"
    assert not black_box.network.training
    np.testing.assert_allclose(black_box.predict_proba(photos), black_box.network.predict_proba(photos), atol=1e-6)


def test_evaluation_mode_is_for_the_question_only(photos):
    model = fresh("efficientnet_lite0", input_size=64).train()
    expected = fresh("efficientnet_lite0", input_size=64).predict_proba(photos)
    np.testing.assert_allclose(from_checkpoint(model).predict_proba(photos), expected, atol=1e-6)
    assert all(module.training for module in model.modules())


def test_half_precision_is_what_is_asked_for(photos, monkeypatch):
    monkeypatch.setattr("xai.precision.is_faster_in_half", lambda model, device: True)
    model = fresh("cnn")
    exact = from_checkpoint(model).predict_proba(photos)
    rows = from_checkpoint(model, half_precision=True).predict_proba(photos)
    assert rows.dtype == np.float32
    assert 0 < np.abs(rows - exact).max() < 0.05
    np.testing.assert_allclose(rows.sum(1), 1, atol=1e-5)


# timm


def saved_network(folder, **options):
    """A small network of timm's with random weights, in the layout of the Hub."""
    torch.manual_seed(1)
    network = timm.create_model(NETWORK, **options).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.running_mean, std=0.2)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
    save_for_hf(network, folder, safe_serialization=True)
    return network


@pytest.fixture
def local(tmp_path):
    """Four classes, of a size and normalisation of their own."""
    network = saved_network(tmp_path / "net", num_classes=4)
    file = tmp_path / "net" / "config.json"
    config = json.loads(file.read_text())
    config["pretrained_cfg"] |= {"input_size": [3, 96, 96], "mean": [0.4, 0.5, 0.6], "std": [0.2, 0.3, 0.4]}
    config["label_names"] = ["ant", "bee", "cow", "dog"]
    file.write_text(json.dumps(config))
    return network, tmp_path / "net"


@torch.no_grad()
def literal(network, pixels, mean, std):
    """Softmax of the network's answers, photo by photo, colour by colour."""
    rows = []
    for photo in pixels:
        x = torch.stack([(photo[c] - mean[c]) / std[c] for c in range(3)])
        z = network(x[None])[0].double()
        rows.append((z.exp() / z.exp().sum()).tolist())
    return torch.tensor(rows)


def test_a_network_in_timms_format(local, photos):
    network, folder = local
    black_box = load_black_box(f"timm:local-dir:{folder}", "cpu")
    assert (black_box.name, black_box.input_size, black_box.network) == ("net", 96, None)
    assert black_box.classes == ["ant", "bee", "cow", "dog"]
    pixels = black_box.pixels(photos)
    expected = literal(network, pixels, (0.4, 0.5, 0.6), (0.2, 0.3, 0.4))
    assert expected.std(0).max() > 1e-4  # the photos do not all look the same to it
    torch.testing.assert_close(black_box.ask(pixels), expected, atol=1e-5, rtol=0)


def set_config(folder, **changes):
    file = folder / "config.json"
    config = json.loads(file.read_text())
    for key, value in changes.items():
        config.pop(key, None) if value is None else config.update({key: value})
    config["pretrained_cfg"] |= {key: value for key, value in changes.items() if key in config["pretrained_cfg"]}
    file.write_text(json.dumps(config))


def test_names_of_classes(local):
    _, folder = local

    def names(**options):
        return from_timm(f"local-dir:{folder}", device="cpu", **options).classes

    assert names(classes=["w", "x", "y", "z"]) == ["w", "x", "y", "z"]
    with pytest.raises(ValueError, match="knows 4 classes, but 3 names"):
        names(classes=["x", "y", "z"])
    set_config(folder, label_names={"0": "ant", "1": "bee", "2": "bee", "3": "dog"})
    assert names() == ["ant", "bee", "bee (2)", "dog"]
    set_config(folder, label_descriptions={"ant": "an ant", "bee": "a bee", "dog": "a dog"})
    assert names()[0] == "an ant"
    assert from_timm(f"local-dir:{folder}", device="cpu").assumed == {}
    set_config(folder, label_names={"0": "ant", "3": "dog"}, label_descriptions=None)
    assert names() == ["0", "1", "2", "3"]
    set_config(folder, label_names=None)
    assert names() == ["0", "1", "2", "3"]
    assert from_timm(f"local-dir:{folder}", device="cpu").assumed == {"classes": "0…3"}


@pytest.fixture
def hub_cache(tmp_path, monkeypatch):
    """The Hub's local cache with repositories in it; the Hub itself is out of reach."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    commit = "0123456789abcdef0123456789abcdef01234567"

    def repository(name):
        folder = tmp_path / "cache" / f"models--{name.replace('/', '--')}"
        (folder / "refs").mkdir(parents=True)
        (folder / "refs" / "main").write_text(commit)
        (folder / "snapshots" / commit).mkdir(parents=True)
        return folder / "snapshots" / commit

    return repository


def test_a_pretrained_network_knows_imagenet(hub_cache, photos):
    network = saved_network(hub_cache(HUB_ID))
    for name in (NETWORK, f"hf-hub:{HUB_ID}"):
        black_box = from_timm(name, device="cpu")
        assert black_box.input_size == 160
        assert len(set(black_box.classes)) == 1000
        assert black_box.classes[0] == "tench, Tinca tinca"
        assert [name for name in black_box.classes if name.startswith("crane")] == [
            "crane (n02012849)",
            "crane (n03126707)",
        ]
        pixels = black_box.pixels(photos[:2])
        mean, std = network.pretrained_cfg["mean"], network.pretrained_cfg["std"]
        torch.testing.assert_close(black_box.ask(pixels), literal(network, pixels, mean, std), atol=1e-5, rtol=0)


def test_an_architecture_with_weights_of_ones_own(tmp_path, photos):
    torch.manual_seed(3)
    network = timm.create_model(NETWORK, num_classes=3).eval()
    file = tmp_path / "own.safetensors"
    save_file(network.state_dict(), file)
    black_box = from_timm(NETWORK, classes=["a", "b", "c"], weights=file, device="cpu")
    pixels = black_box.pixels(photos[:2])
    mean, std = network.pretrained_cfg["mean"], network.pretrained_cfg["std"]
    torch.testing.assert_close(black_box.ask(pixels), literal(network, pixels, mean, std), atol=1e-5, rtol=0)
    with pytest.raises(ValueError, match="what its classes are called"):
        from_timm(NETWORK, weights=file)
    with pytest.raises(ValueError, match="cannot make test_resnet"):  # never a head with random weights
        from_timm(NETWORK, classes=["a", "b"], weights=file)
    weights = load_file(file)
    save_file({key: value for key, value in weights.items() if not key.startswith("fc")}, file)
    with pytest.raises(ValueError, match=r"cannot make test_resnet.*fc\.weight"):
        from_timm(NETWORK, classes=["a", "b", "c"], weights=file)
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(OSError, match="truncated"):
        from_timm(NETWORK, classes=["a", "b", "c"], weights=file)
    with pytest.raises(OSError, match="no file"):
        from_timm(NETWORK, classes=["a", "b", "c"], weights=tmp_path / "none.safetensors")


class Bomb:
    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return open, (self.file, "w")


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pth"])
def test_no_pickle_is_read(local, hub_cache, tmp_path, name, monkeypatch):
    _, folder = local
    (folder / "model.safetensors").unlink()
    in_cache = hub_cache("somebody/net")
    in_cache.joinpath("config.json").write_text((folder / "config.json").read_text())
    for place in (folder, in_cache):
        place.joinpath(name).write_bytes(pickle.dumps(Bomb(str(tmp_path / "ran"))))
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("a pickle was opened"))
    with pytest.raises(OSError, match="no pickle beside it is read"):
        from_timm(f"local-dir:{folder}")
    with pytest.raises(OSError, match=r"has model\.safetensors of somebody/net"):
        from_timm("hf-hub:somebody/net")
    with pytest.raises(OSError, match="in a pickle, which is not read"):
        from_timm("legacy_seresnet18")
    assert not (tmp_path / "ran").exists()


def test_what_timm_has_not(local, tmp_path):
    _, folder = local
    for name, sentence in {
        "resnet51": "timm knows no pre-trained network 'resnet51'",
        "resnet50.no_such_weights": "no pre-trained network",
        "ftp:somebody/net": "hf-hub:OWNER/NAME or local-dir:FOLDER",
    }.items():
        with pytest.raises(ValueError, match=sentence):
            from_timm(name)
    with pytest.raises(OSError, match="neither the local cache nor the Hub"):
        from_timm("hf-hub:somebody/nothing@v1")
    with pytest.raises(OSError, match="there is no file"):
        from_timm(f"local-dir:{tmp_path / 'nowhere'}")
    set_config(folder, input_size=[3, 96, 128])
    with pytest.raises(ValueError, match="no classifier of square RGB photos"):
        from_timm(f"local-dir:{folder}")
    set_config(folder, architecture="resnet51")
    with pytest.raises(ValueError, match="Unknown model"):
        from_timm(f"local-dir:{folder}")
    (folder / "config.json").write_text("{")
    with pytest.raises(ValueError, match="timm cannot make"):
        from_timm(f"local-dir:{folder}")


# ONNX files

WEIGHT = np.array([[3, -1, 0, 2], [-2, 4, 1, 0], [1, 0, -3, 2]], np.float32)  # 3, K
BIAS = np.array([0.1, -0.2, 0.3, 0], np.float32)


def save_graph(file, nodes, inputs, outputs, constants=None, metadata=None):
    """An ONNX file of operators (name, inputs, outputs, attributes); inputs and outputs are (name, type, shape)."""
    graph = helper.make_graph(
        [helper.make_node(name, read, written, **attributes) for name, read, written, attributes in nodes],
        "graph",
        [helper.make_tensor_value_info(*value) for value in inputs],
        [helper.make_tensor_value_info(*value) for value in outputs],
        [numpy_helper.from_array(value, name) for name, value in (constants or {}).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, metadata or {})
    onnx.save(model, file)
    return file


def save_onnx(
    file,
    shape=("N", 3, 32, 32),
    head="Identity",
    dtype=TensorProto.FLOAT,
    metadata=None,
    extra=(),
    reads=None,
    axes=(2, 3),
    weight=WEIGHT,
    bias=BIAS,
    answers=None,
    rows=None,
    **attributes,
):
    """Global average pooling over two axes, a linear layer, and an operator as the head.

    It reads `reads` where that is not what it computes in; `rows` is the shape before the linear layer, and `answers`
    that of the answer, where these are fixed.
    """
    kind = helper.tensor_dtype_to_np_dtype(dtype)
    nodes = [
        ("Cast", ["photos"], ["numbers"], {"to": dtype}),
        ("ReduceMean", ["numbers", "axes"], ["mean"], {"keepdims": 0}),
        ("Reshape", ["mean", "rows"], ["pooled"], {}),
        ("Gemm", ["pooled", "w", "b"], ["z"], {}),
        (head, ["z"], ["said"], attributes),
        ("Reshape", ["said", "answers"], ["answer"], {}),
    ]
    constants = {
        "w": weight.astype(kind),
        "b": bias.astype(kind),
        "axes": np.array(axes),
        "rows": np.array(rows or [-1, len(weight)]),
        "answers": np.array(answers or [-1, weight.shape[1]]),
    }
    outputs = [(name, dtype, None) for name in ("answer", *extra)]
    return save_graph(file, nodes, [("photos", reads or dtype, shape)], outputs, constants, metadata)


def literal_onnx(pixels, mean=GREY, std=STD):
    """What the file above means, one number at a time."""
    rows = []
    for photo in pixels.double().numpy():
        pooled = [(photo[c].mean() - mean[c]) / std[c] for c in range(3)]
        z = [sum(pooled[c] * float(WEIGHT[c, k]) for c in range(3)) + float(BIAS[k]) for k in range(4)]
        rows.append([np.exp(value) / sum(np.exp(other) for other in z) for value in z])
    return torch.tensor(rows, dtype=torch.float32)


@pytest.mark.parametrize("head", ["Identity", "Softmax", "LogSoftmax"])
@pytest.mark.parametrize("batch", ["N", 1, 3])
def test_logits_confidences_and_batches_of_any_size(tmp_path, photos, head, batch):
    black_box = load_black_box(f"onnx:{save_onnx(tmp_path / 'net.onnx', (batch, 3, 32, 32), head)}")
    assert (black_box.name, black_box.input_size, black_box.network) == ("net", 32, None)
    assert black_box.classes == ["0", "1", "2", "3"]
    for n in (1, 3, 4):
        pixels = black_box.pixels(photos[:n])
        torch.testing.assert_close(black_box.ask(pixels), literal_onnx(pixels), atol=1e-5, rtol=0)
    assert black_box.predict_proba([*photos, *photos]).shape == (8, 4)


def test_a_network_of_ours_exported_by_torch(tmp_path, photos):
    model = fresh("cnn", input_size=32)
    sample = torch.zeros(2, 3, 32, 32)
    batch = {0: torch.export.Dim("batch")}
    torch.onnx.export(model, (sample,), tmp_path / "cnn.onnx", dynamic_shapes=(batch,), dynamo=True, verbose=False)
    mean, std = model.mean.flatten().tolist(), model.std.flatten().tolist()
    black_box = from_onnx(tmp_path / "cnn.onnx", CLASSES, mean=mean, std=std)
    np.testing.assert_allclose(black_box.predict_proba(photos), model.predict_proba(photos), atol=1e-5)


def test_a_file_describes_itself(tmp_path, photos):
    said = {"classes": ["a", "b", "c", "d"], "mean": [0.4, 0.5, 0.6], "std": [1, 0.5, 0.25]}
    metadata = {key: json.dumps(value) for key, value in said.items()}
    file = save_onnx(tmp_path / "net.onnx", ("N", 3, "H", "W"), metadata=metadata)
    black_box = from_onnx(file)
    assert (black_box.classes, black_box.input_size) == (["a", "b", "c", "d"], 224)
    black_box = from_onnx(file, input_size=48)
    pixels = black_box.pixels(photos)
    assert pixels.shape[-1] == 48
    torch.testing.assert_close(
        black_box.ask(pixels), literal_onnx(pixels, said["mean"], said["std"]), atol=1e-5, rtol=0
    )
    black_box = from_onnx(file, list("wxyz"), mean=(0, 0, 0), std=(1, 1, 1))
    torch.testing.assert_close(black_box.ask(pixels), literal_onnx(pixels, (0, 0, 0), (1, 1, 1)), atol=1e-5, rtol=0)
    assert black_box.classes == list("wxyz")


def test_half_a_precision_in_a_file(tmp_path, photos):
    black_box = from_onnx(save_onnx(tmp_path / "net.onnx", head="Softmax", dtype=TensorProto.FLOAT16))
    pixels = black_box.pixels(photos)
    torch.testing.assert_close(black_box.ask(pixels), literal_onnx(pixels), atol=5e-3, rtol=0)


def test_one_output_of_several(tmp_path, photos):
    file = save_onnx(tmp_path / "net.onnx", head="Softmax", extra=["pooled", "z"])
    with pytest.raises(ValueError, match=r"answer 4×4, pooled 4×3, z 4×4: say which `output`"):
        from_onnx(file)
    pixels = torch.rand(2, 3, 32, 32)
    for output in ("z", "answer"):
        torch.testing.assert_close(from_onnx(file, output=output).ask(pixels), literal_onnx(pixels), atol=1e-5, rtol=0)
    with pytest.raises(ValueError, match="no output 'y', only answer, pooled, z"):
        from_onnx(file, output="y")


def test_what_may_be_confidences_or_not_is_not_guessed(tmp_path):
    file = save_onnx(tmp_path / "net.onnx", head="Exp")
    with pytest.raises(ValueError, match=r"none is below 0.*: say `logits=True` if logits they are"):
        from_onnx(file)
    with pytest.raises(BlackBoxError, match="1 in sum"):
        from_onnx(file, logits=False).ask(torch.rand(1, 3, 32, 32))


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ({"head": "Sigmoid"}, "from 0 to 1 that are not 1 in sum, as several independent yes-or-no answers (sigmoids)"),
        ({"head": "LpNormalization", "p": 2, "axis": 1, "weight": abs(WEIGHT), "bias": abs(BIAS)}, "(sigmoids)"),
        ({"weight": np.zeros((3, 4)), "bias": np.array([10, 20, 30, 40])}, "numbers that are 100 in sum, whatever"),
        ({"bias": np.array([0, 0, 0, np.nan])}, "numbers that are not finite, whatever it is shown"),
    ],
)
def test_no_advice_that_would_make_numbers_without_meaning(tmp_path, file, sentence):
    with pytest.raises(ValueError, match=r"^net\.onnx answers") as caught:
        from_onnx(save_onnx(tmp_path / "net.onnx", **file), mean=0, std=1)
    assert sentence in str(caught.value)
    assert "logits" not in str(caught.value)


def test_a_file_without_an_answer_for_plain_pictures(tmp_path, photos):
    """It divides by the contrast, as files do that normalise photo by photo."""
    nodes = [
        ("ReduceMean", ["x", "sides"], ["middle"], {}),
        ("Sub", ["x", "middle"], ["apart"], {}),
        ("ReduceMax", ["apart", "all"], ["most"], {}),
        ("Div", ["apart", "most"], ["even"], {}),
        ("ReduceMax", ["even", "sides"], ["z"], {"keepdims": 0}),
        ("Softmax", ["z"], ["y"], {}),
    ]
    inputs, outputs = [("x", TensorProto.FLOAT, ("N", 3, 32, 32))], [("y", TensorProto.FLOAT, None)]
    constants = {"sides": np.array([2, 3]), "all": np.array([1, 2, 3])}
    black_box = from_onnx(save_graph(tmp_path / "net.onnx", nodes, inputs, outputs, constants), mean=0, std=1)
    assert black_box.assumed["logits"] == "false"
    pixels = black_box.pixels(photos)
    apart = pixels - pixels.mean((2, 3), keepdim=True)
    expected = (apart.amax((2, 3)) / apart.amax((1, 2, 3))[:, None]).softmax(1)
    torch.testing.assert_close(black_box.ask(pixels), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("answers", [[-1, 1], [-1], [-1, 1, 1, 1]])
def test_one_number_a_photo_is_two_confidences_where_its_owner_says_so(tmp_path, photos, answers):
    parts = {"weight": WEIGHT[:, :1], "bias": BIAS[:1], "answers": answers}
    file = save_onnx(tmp_path / "net.onnx", head="Sigmoid", **parts)
    with pytest.raises(ValueError, match=r"one number a photo.* say `sigmoid=True` and name both by `classes`"):
        from_onnx(file, ["no", "yes"])
    black_box = load_black_box(f"onnx:{file}?sigmoid=true&classes=no,yes&mean=0&std=1&scale=1")
    assert (black_box.classes, black_box.assumed) == (["no", "yes"], {"logits": "false"})
    pixels = black_box.pixels(photos)
    z = pixels.mean((2, 3)) @ torch.from_numpy(WEIGHT[:, 0]) + float(BIAS[0])
    torch.testing.assert_close(black_box.ask(pixels), torch.stack([1 - z.sigmoid(), z.sigmoid()], 1), atol=1e-5, rtol=0)
    again = from_onnx(save_onnx(file, **parts), ["no", "yes"], mean=0, std=1, sigmoid=True)
    torch.testing.assert_close(again.ask(pixels), black_box.ask(pixels), atol=1e-5, rtol=0)
    assert again.assumed["logits"] == "true"
    with pytest.raises(ValueError, match="knows 2 classes, but 3 names"):
        from_onnx(file, ["no", "yes", "perhaps"], sigmoid=True)
    with pytest.raises(ValueError, match="a classifier answers one row"):
        from_onnx(save_onnx(file), sigmoid=True)


FORMS = {  # of files: how they differ from the usual one, and how their owner's program would fill them
    "nhwc": ({"shape": ("N", 32, 32, 3), "axes": (1, 2)}, lambda x: x.transpose(0, 2, 3, 1)),
    "nhwc of any size": ({"shape": ("N", "H", "W", 3), "axes": (1, 2)}, lambda x: x.transpose(0, 2, 3, 1)),
    "no axis is known": ({"shape": ("N", "A", "B", "C"), "axes": (1, 2)}, lambda x: x.transpose(0, 2, 3, 1)),
    "no shape is known": ({"shape": None}, lambda x: x),
    "half": ({"reads": TensorProto.FLOAT16}, lambda x: x.astype(np.float16)),
    "double": ({"reads": TensorProto.DOUBLE}, lambda x: x.astype(np.float64)),
    "all double": ({"dtype": TensorProto.DOUBLE}, lambda x: x.astype(np.float64)),
    "N×K×1×1": ({"answers": [-1, 4, 1, 1]}, lambda x: x),
    "N×1×1×K": ({"answers": [-1, 1, 1, 4]}, lambda x: x),
    "K of one photo": ({"shape": (1, 3, 32, 32), "answers": [4]}, lambda x: x),
    "any number, but one inside": ({"rows": [1, 3]}, lambda x: x),
    "no axis for photos": ({"shape": (3, 32, 32), "axes": (1, 2), "answers": [4]}, lambda x: x[0]),
    "no axis for photos, last": ({"shape": (32, 32, 3), "axes": (0, 1)}, lambda x: x[0].transpose(1, 2, 0)),
}


@pytest.mark.parametrize("form", FORMS)
def test_photos_are_put_into_the_form_that_a_file_reads(tmp_path, photos, form):
    options, fill = FORMS[form]
    file = save_onnx(tmp_path / "net.onnx", head="Softmax", **options)
    black_box = from_onnx(file, input_size=32, mean=(0.4, 0.5, 0.6), std=(1, 0.5, 0.25))
    pixels = black_box.pixels(photos)
    session = onnxruntime.InferenceSession(file)
    for photo, row in zip(pixels.numpy(), black_box.ask(pixels).numpy(), strict=True):
        x = (photo - np.float32([0.4, 0.5, 0.6])[:, None, None]) / np.float32([1, 0.5, 0.25])[:, None, None]
        np.testing.assert_allclose(row, session.run(None, {"photos": fill(x[None])})[0].ravel(), atol=2e-3)
    expected = literal_onnx(pixels, (0.4, 0.5, 0.6), (1, 0.5, 0.25))
    torch.testing.assert_close(black_box.ask(pixels), expected, atol=5e-3, rtol=0)
    assert ("layout" in black_box.assumed) == (form in ("no axis is known", "no shape is known"))


def test_a_layout_that_the_shape_leaves_open_is_told(tmp_path, photos):
    file = save_onnx(tmp_path / "net.onnx", ("N", "A", "B", "C"), head="Softmax", axes=(1, 2))
    black_box = load_black_box(f"onnx:{file}?layout=nhwc&input_size=32")
    assert not {"layout", "input_size"} & black_box.assumed.keys()
    pixels = black_box.pixels(photos)
    torch.testing.assert_close(black_box.ask(pixels), literal_onnx(pixels), atol=1e-5, rtol=0)
    with pytest.raises(ValueError, match="say which `input_size` or `layout`"):
        from_onnx(file, layout="nchw", input_size=32)
    with pytest.raises(ValueError, match="photos, NHWC with 1 or 3 channels, but reads float N×3×32×32"):
        from_onnx(save_onnx(file), layout="nhwc")
    with pytest.raises(ValueError, match="layout must be one of nchw, nhwc, not 'chw'"):
        from_onnx(file, layout="chw")


def test_a_file_that_reads_bytes(tmp_path, photos):
    """Pixels as they stand, and no normalisation."""
    file = save_onnx(tmp_path / "net.onnx", head="Softmax", reads=TensorProto.UINT8, weight=WEIGHT / 255)
    black_box = from_onnx(file)
    assert not {"mean", "std", "scale"} & black_box.assumed.keys()
    x = np.stack([np.asarray(photo.resize((32, 32), Image.Resampling.BILINEAR)) for photo in photos])
    direct = onnxruntime.InferenceSession(file).run(None, {"photos": x.transpose(0, 3, 1, 2)})[0]
    np.testing.assert_allclose(black_box.predict_proba(photos), direct, atol=2e-3)
    pixels = torch.rand(3, 3, 32, 32) * 1.2 - 0.1  # sums of masks may leave [0, 1]
    x = (pixels.clamp(0, 1) * 255).round().byte().numpy()
    direct = onnxruntime.InferenceSession(file).run(None, {"photos": x})[0]
    np.testing.assert_allclose(black_box.ask(pixels), direct, atol=1e-6)
    for option in ("mean", "std", "scale"):
        with pytest.raises(ValueError, match="reads colours as bytes"):
            from_onnx(file, **{option: 1})


def test_photos_are_squeezed_into_a_rectangle(tmp_path, photos):
    """As their owner's program would squeeze them, to 48 pixels in width and 24 in height."""
    weight = np.random.default_rng(0).normal(size=(3, 24, 48, 4)).cumsum(1).cumsum(2).reshape(-1, 4) / 5e3
    nodes = [("Flatten", ["x"], ["flat"], {}), ("MatMul", ["flat", "w"], ["z"], {}), ("Softmax", ["z"], ["y"], {})]
    inputs, outputs = [("x", TensorProto.FLOAT, ("N", 3, 24, 48))], [("y", TensorProto.FLOAT, None)]
    file = save_graph(tmp_path / "net.onnx", nodes, inputs, outputs, {"w": weight.astype(np.float32)})
    black_box = from_onnx(file, mean=0, std=1)
    assert black_box.input_size == 48
    owns = [np.asarray(photo.resize((48, 24), Image.Resampling.BILINEAR), np.float32) / 255 for photo in photos]
    direct = onnxruntime.InferenceSession(file).run(None, {"x": np.stack(owns).transpose(0, 3, 1, 2)})[0]
    assert np.ptp(direct, 0).max() > 0.1
    np.testing.assert_allclose(black_box.predict_proba(photos), direct, atol=0.01)
    with pytest.raises(ValueError, match="reads photos of 24×48 pixels, not 48"):
        from_onnx(file, input_size=48)


@pytest.mark.parametrize(("shape", "axes"), [(("N", 1, 32, 32), (2, 3)), (("N", 32, 32, 1), (1, 2))])
def test_a_file_that_reads_grey_photos_gets_their_luma(tmp_path, photos, shape, axes):
    file = save_onnx(tmp_path / "net.onnx", shape, "Softmax", axes=axes, weight=WEIGHT[:1])
    black_box = from_onnx(file)
    assert black_box.assumed == {"scale": "1", "mean": "0", "std": "1", "classes": "0…3", "logits": "false"}
    pixels = black_box.pixels(photos)
    luma = 0.299 * pixels[:, 0] + 0.587 * pixels[:, 1] + 0.114 * pixels[:, 2]  # N, H, W
    expected = (luma.mean((1, 2))[:, None] * torch.from_numpy(WEIGHT[:1]) + torch.from_numpy(BIAS)).softmax(1)
    torch.testing.assert_close(black_box.ask(pixels), expected, atol=1e-5, rtol=0)
    with pytest.raises(ValueError, match=r"mean must be one number, not \(0, 0, 0\)"):
        from_onnx(file, mean=(0, 0, 0))


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ([("x", TensorProto.FLOAT, ("N", 4, 32, 32))], "must read photos, N×3×H×W or N×H×W×3, or grey"),
        ([("x", TensorProto.FLOAT, ("N", 4, 32, 32))], "but reads float N×4×32×32"),
        ([("x", TensorProto.FLOAT, ("N", 3, 32))], "but reads float N×3×32"),
        ([("x", TensorProto.FLOAT, ("N", 3072))], "but reads float N×3072"),
        ([("x", TensorProto.FLOAT, ("N", 3, 8, 32, 32))], "but reads float N×3×8×32×32"),
        ([("x", TensorProto.INT64, ("N", 3, 32, 32))], "as float, float16, double or uint8, but reads int64 N×3×32×32"),
        ([("x", TensorProto.BFLOAT16, ("N", 3, 32, 32))], "or uint8, but reads bfloat16 N×3×32×32"),
        (
            [("x", TensorProto.FLOAT, (1, 3, 32, 32)), ("age", TensorProto.FLOAT, (1,))],
            "must read photos alone, but has 2 inputs: float 1×3×32×32, float 1",
        ),
    ],
)
def test_files_that_read_no_photos(tmp_path, inputs, sentence):
    file = save_graph(tmp_path / "net.onnx", [("Flatten", ["x"], ["y"], {})], inputs, [("y", inputs[0][1], None)])
    with pytest.raises(ValueError, match=r"^net\.onnx must read photos") as caught:
        from_onnx(file)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("nodes", "sentence"),
    [
        ([("Identity", ["x"], ["y"], {})], "answers 4 photos with y 4×3×32×32: a classifier answers one row"),
        ([("ReduceMean", ["x", "all"], ["y"], {"keepdims": 0})], "answers 4 photos with y 4: one number a photo"),
        ([("Flatten", ["x"], ["z"], {}), ("ReduceMax", ["z", "one"], ["y"], {})], "photos with y 4×1: one number a"),
        ([("Reshape", ["x", "two"], ["y"], {})], "fails when it is asked about photos of 32×32 pixels"),
        ([("ReduceMean", ["x", "all"], ["z"], {}), ("Reshape", ["z", "two"], ["y"], {})], "fails when"),
        (
            [
                ("ReduceMean", ["x", "sides"], ["z"], {"keepdims": 0}),
                ("ArgMax", ["z"], ["i"], {"axis": 1}),
                ("Cast", ["i"], ["y"], {"to": TensorProto.FLOAT}),
            ],
            "answers 4 photos with y 4×1: one number a photo",
        ),
    ],
)
def test_files_that_answer_no_table(tmp_path, nodes, sentence):
    constants = {"all": np.array([1, 2, 3]), "one": np.array([1]), "two": np.array([2, 3 * 32 * 32])}
    constants["sides"] = np.array([2, 3])
    inputs, outputs = [("x", TensorProto.FLOAT, ("N", 3, 32, 32))], [("y", TensorProto.FLOAT, None)]
    with pytest.raises(ValueError, match=r"^net\.onnx") as caught:
        from_onnx(save_graph(tmp_path / "net.onnx", nodes, inputs, outputs, constants))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_options_that_do_not_fit_a_file(tmp_path):
    file = save_onnx(tmp_path / "net.onnx")
    with pytest.raises(ValueError, match="32 pixels a side, not 64"):
        from_onnx(file, input_size=64)
    with pytest.raises(ValueError, match="knows 4 classes, but 2 names"):
        from_onnx(file, ["a", "b"])
    with pytest.raises(ValueError, match="knows 4 classes, but 0 names"):
        from_onnx(file, [])
    with pytest.raises(ValueError, match="classes must be a list of names, not the one text 'abcd'"):
        from_onnx(file, "abcd")
    for size in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="needs a whole number of 1 or more for input_size"):
            from_onnx(file, input_size=size)
    with pytest.raises(ValueError, match="would read photos of 10000000 pixels a side; 4096 are the most"):
        from_onnx(save_onnx(tmp_path / "any.onnx", ("N", 3, "H", "W")), input_size=10**7)
    for option in ("logits", "sigmoid"):
        with pytest.raises(ValueError, match=f"{option} must be True or False, not 'no'"):
            from_onnx(file, **{option: "no"})
    with pytest.raises(ValueError, match="cannot compute on cuda:0"):  # the first GPU, not whatever there is
        from_onnx(file, device=0)


METADATA = {
    "classes": '["a", "b", "c", "d"]',
    "names": "{0: 'a', 1: 'b', 2: 'c', 3: 'd'}",
    "id2label": '{"1": "b", "0": "a", "2": "c", "3": "d"}',
    "label2id": '{"b": 1, "a": 0, "c": 2, "d": 3}',
    "class_to_idx": "{'b': 1, 'a': 0, 'c': 2, 'd': 3}",
    "labels": "a, b,c , d",
    "class_names": "a\nb\r\nc\nd\n",
    "label_names": "('a', 'b', 'c', 'd')",
}


@pytest.mark.parametrize("key", METADATA)
def test_names_as_files_write_them(tmp_path, key):
    black_box = from_onnx(save_onnx(tmp_path / "net.onnx", metadata={key: METADATA[key]}))
    assert black_box.classes == ["a", "b", "c", "d"]
    assert "classes" not in black_box.assumed
    assert from_onnx(tmp_path / "net.onnx", list("wxyz")).classes == ["w", "x", "y", "z"]


def test_names_with_commas_stand_on_lines_or_in_quotes(tmp_path):
    names = ["tench, Tinca tinca", "goldfish, Carassius auratus", "kite", "crane"]
    for text in ("\n".join(names), json.dumps(names), repr(dict(enumerate(names)))):
        assert from_onnx(save_onnx(tmp_path / "net.onnx", metadata={"labels": text})).classes == names


@pytest.mark.parametrize(
    ("metadata", "sentence"),
    [
        ({"classes": "a, b"}, "knows 4 classes, but 2 names were given: name them by `classes`"),
        ({"classes": '["a", 2, "c", "d"]'}, "metadata of net.onnx is wrong in classes: a list of names"),
        (
            {"classes": "4"},
            "is wrong in classes: a list of names, or a dictionary of them by index, is needed, not '4'",
        ),
        ({"names": "{0: 'a', 1: 'b', 2: 'c', 4: 'd'}"}, "is wrong in names"),
        ({"names": "__import__('os').getcwd()"}, "but 1 names"),
        ({"names": "{0: __import__('os').getcwd()}"}, "but 1 names"),
        ({"names": "[" * 100_000}, "but 1 names"),
        ({"labels": ""}, "is wrong in labels"),
        ({"mean": "[0.5]"}, "metadata of net.onnx is wrong: mean must be one number, or 3"),
        ({"mean": "grey"}, "is wrong in mean: a number, or a list of numbers, is needed, not 'grey'"),
        ({"mean": "NaN"}, "mean must be one number"),
        ({"std": "[1, 0, 1]"}, "std must be above 0, not 1,0,1"),
        ({"scale": "0.00392"}, "scale must be what white is for the file, 1 or 255 for most, not 0.00392"),
        ({"mean": "[123.675, 116.28, 103.53]", "std": "[58.395, 57.12, 57.375]"}, "say `scale=255` where they are"),
    ],
)
def test_metadata_that_means_nothing(tmp_path, metadata, sentence):
    with pytest.raises(ValueError, match=r".") as caught:  # compared below, letter by letter
        from_onnx(save_onnx(tmp_path / "net.onnx", metadata=metadata))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_classifier_of_ultralytics_takes_colours_as_they_are(tmp_path, photos):
    metadata = {"task": "classify", "stride": "1", "imgsz": "[48, 48]", "names": METADATA["names"]}
    black_box = from_onnx(save_onnx(tmp_path / "net.onnx", (1, 3, "H", "W"), "Softmax", metadata=metadata))
    assert (black_box.classes, black_box.input_size) == (["a", "b", "c", "d"], 48)
    assert black_box.assumed == {"logits": "false"}
    pixels = black_box.pixels(photos)
    torch.testing.assert_close(black_box.ask(pixels), literal_onnx(pixels, (0, 0, 0), (1, 1, 1)), atol=1e-5, rtol=0)
    del metadata["task"]  # an older export, which was normalised as ImageNet
    black_box = from_onnx(save_onnx(tmp_path / "net.onnx", (1, 3, 48, 48), "Softmax", metadata=metadata))
    assert black_box.assumed["mean"] == "0.485,0.456,0.406"
    torch.testing.assert_close(black_box.ask(pixels), literal_onnx(pixels), atol=1e-5, rtol=0)


ZEROS = [
    ({"mean": 0, "std": 1}, (0, 0, 0), (1, 1, 1)),
    ({"mean": (0, 0, 0), "std": [1, 1, 1]}, (0, 0, 0), (1, 1, 1)),
    ({"mean": 0}, (0, 0, 0), STD),
    ({"mean": 0.5, "std": 0.5}, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    ({"std": np.float32(1)}, GREY, (1, 1, 1)),
    ({"mean": np.array([0.1, 0.2, 0.3]), "std": torch.tensor([1, 0.5, 0.25])}, (0.1, 0.2, 0.3), (1, 0.5, 0.25)),
    ({"scale": 1}, (0, 0, 0), (1, 1, 1)),
    ({"scale": 255, "mean": [123.675, 116.28, 103.53], "std": [58.395, 57.12, 57.375]}, GREY, STD),
    ({"scale": 255, "mean": 127.5, "std": 127.5}, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    ({"scale": 255, "std": 255}, (0, 0, 0), (1, 1, 1)),
]


@pytest.mark.parametrize(("options", "mean", "std"), ZEROS)
def test_numbers_of_the_normalisation_are_values_also_where_they_are_zero(tmp_path, photos, options, mean, std):
    file = save_onnx(tmp_path / "net.onnx", head="Softmax")
    black_box = from_onnx(file, **options)
    pixels = black_box.pixels(photos)
    torch.testing.assert_close(black_box.ask(pixels), literal_onnx(pixels, mean, std), atol=1e-5, rtol=0)
    assert not options.keys() & black_box.assumed.keys()
    said = {"mean": "[0.1, 0.1, 0.1]", "std": "0.9"}
    black_box = from_onnx(save_onnx(file, head="Softmax", metadata=said), mean=0, std=1)
    torch.testing.assert_close(black_box.ask(pixels), literal_onnx(pixels, (0, 0, 0), (1, 1, 1)), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"mean": (0, 0)}, r"mean must be one number, or 3 for red, green and blue, not \(0, 0\)"),
        ({"mean": "0"}, "mean must be one number, or 3 for red, green and blue, not '0'"),
        ({"mean": [0, [0], 0]}, "mean must be one number"),
        ({"mean": True}, "mean must be one number"),
        ({"mean": float("nan")}, "mean must be one number"),
        ({"std": [1, 1, None]}, "std must be one number"),
        ({"std": 0}, "std must be above 0, not 0,0,0"),
        ({"std": (1, -1, 1)}, "std must be above 0"),
        ({"scale": 0}, "scale must be what white is"),
        ({"scale": (255, 255, 255)}, "scale must be what white is"),
        ({"mean": 127.5, "std": 127.5}, "say `scale=255`"),
        ({"mean": 0, "std": 255}, "say `scale=255`"),
    ],
)
def test_numbers_that_are_none(tmp_path, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        from_onnx(save_onnx(tmp_path / "net.onnx"), **options)


def test_what_is_assumed_is_said(tmp_path):
    file = save_onnx(tmp_path / "net.onnx", ("N", 3, "H", "W"))
    black_box = from_onnx(file)
    assert black_box.assumed == {
        "scale": "1", "mean": "0.485,0.456,0.406", "std": "0.229,0.224,0.225", "input_size": "224", "classes": "0…3",
        "logits": "true",
    }  # fmt: skip
    assert repr(black_box).endswith(
        "224 pixels; assumed, as neither it nor its host says it: scale=1 mean=0.485,0.456,0.406 "
        "std=0.229,0.224,0.225 input_size=224 classes=0…3 logits=true>"
    )
    told = from_onnx(file, list("abcd"), 64, mean=0, std=1, scale=1, logits=True)
    assert told.assumed == {}
    assert repr(told) == "<BlackBox 'net': 4 classes, 64 pixels>"
    assert repr(BlackBox(None, [])) == "<BlackBox 'black box': 0 classes, 224 pixels>"


def test_the_shell_says_what_is_assumed(tmp_path, capsys):
    file = save_onnx(tmp_path / "net.onnx")
    options = Namespace(black_box=f"onnx:{file}?mean=0&std=1", model=None, student=None, device="cpu", at_once=4)
    assert load_subjects(options)[0].classes == ["0", "1", "2", "3"]
    said = capsys.readouterr().out
    assert said == "net; assumed, as neither it nor its host says it: scale=1 classes=0…3 logits=true\n"


def test_a_network_that_fails_at_the_size_assumed(tmp_path, photos):
    nodes = [("Flatten", ["x"], ["flat"], {}), ("MatMul", ["flat", "w"], ["z"], {}), ("Softmax", ["z"], ["y"], {})]
    inputs, outputs = [("x", TensorProto.FLOAT, ("N", 3, "H", "W"))], [("y", TensorProto.FLOAT, None)]
    weight = {"w": np.repeat(WEIGHT, 32 * 32, 0) / 32**2}
    file = save_graph(tmp_path / "net.onnx", nodes, inputs, outputs, weight)
    with pytest.raises(ValueError, match="about photos of 224×224 pixels: say which `input_size`"):
        from_onnx(file)
    black_box = from_onnx(file, input_size=32)
    pixels = black_box.pixels(photos)
    z = ((pixels - torch.tensor(GREY)[:, None, None]) / torch.tensor(STD)[:, None, None]).mean((2, 3))
    expected = (z @ torch.from_numpy(WEIGHT)).softmax(1)
    torch.testing.assert_close(black_box.ask(pixels), expected, atol=1e-5, rtol=0)


def test_photos_do_not_mix(tmp_path):
    """A softmax over the photos of a question: asked one at a time it answers ones, which are no confidences."""
    file = save_onnx(tmp_path / "net.onnx", head="Softmax", axis=0)
    with pytest.raises(ValueError, match="not 1 in sum"):
        from_onnx(file)
    baked = save_onnx(tmp_path / "net.onnx", head="Softmax", rows=[4, 3])  # any number, but four inside
    with pytest.raises(ValueError, match="fails when it is asked"):
        from_onnx(baked)


# Names that occur twice


def test_names_are_told_apart():
    assert tell_apart(["crane", "kite", "crane", "crane"]) == ["crane", "kite", "crane (2)", "crane (3)"]
    assert tell_apart(["crane", "crane", "crane (2)"]) == ["crane", "crane (3)", "crane (2)"]
    assert tell_apart(["crane (2)", "crane (2)", "crane"]) == ["crane (2)", "crane (2) (2)", "crane"]
    once = tell_apart(["a", "a", "b", "a (2)", "a (2)"])
    assert len(set(once)) == 5
    assert tell_apart(once) == once
    assert tell_apart([]) == []


def test_two_classes_of_one_name_keep_their_confidences(tmp_path, photos):
    file = save_onnx(tmp_path / "net.onnx", head="Softmax", metadata={"classes": '["kite", "crane", "heron", "crane"]'})
    black_box = from_onnx(file)
    assert black_box.classes == ["kite", "crane", "heron", "crane (2)"]
    row = black_box.predict_proba(photos[0])[0]
    for target, label in ((1, "crane"), (3, "crane (2)"), ("crane (2)", "crane (2)")):
        e = xai.explain(black_box, photos[0], "rise", target, masks=4)
        assert (e.label, e.confidence) == (label, pytest.approx(row[black_box.classes.index(label)], abs=1e-6))
    assert {name for name, _ in compare_answers(row, row, black_box.classes).teacher} == set(black_box.classes)
    model = create_model("cnn", ["kite", "crane", "heron", "crane"], input_size=32)
    assert model.classes == black_box.classes  # so that it may be its student
    assert from_checkpoint(model).classes == black_box.classes
    assert from_function(level, ["a", "b", "a"]).classes == ["a", "b", "a (2)"]


def test_a_black_box_asks_a_photo_at_least():
    for option in ("input_size", "batch_size"):
        with pytest.raises(ValueError, match=f"^Oracle needs a whole number of 1 or more for {option}, not 0"):
            BlackBox(None, [], "Oracle", **{option: 0})


def test_files_that_are_damaged_or_missing(tmp_path, monkeypatch):
    file = save_onnx(tmp_path / "net.onnx")
    whole = file.read_bytes()
    for data in (b"", whole[: len(whole) // 2], b"\x80\x04not an onnx file", b"\x89PNG\r\n\x1a\n" + b"0" * 100):
        file.write_bytes(data)
        with pytest.raises(OSError, match=r"net\.onnx is no ONNX file, or a damaged one$"):
            from_onnx(file)
    with pytest.raises(OSError, match="there is no file"):
        from_onnx(tmp_path)
    save_graph(file, [("Riddle", ["x"], ["y"], {})], [("x", TensorProto.FLOAT, (1, 3, 8, 8))],
               [("y", TensorProto.FLOAT, None)])  # fmt: skip
    with pytest.raises(OSError, match=r"is an ONNX file that this onnxruntime cannot run: .*Riddle"):
        from_onnx(file)
    with pytest.raises(OSError, match="there is no file"):
        from_onnx(tmp_path / "none.onnx")
    with pytest.raises(ValueError, match="cannot compute on cuda"):
        from_onnx(save_onnx(file), device="cuda")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ImportError, match="pip install onnxruntime"):
        from_onnx(file)


def test_weights_in_a_file_of_their_own(tmp_path, photos):
    whole = onnx.load(save_onnx(tmp_path / "net.onnx", head="Softmax", weight=np.repeat(WEIGHT, 100, 1),
                                bias=np.repeat(BIAS, 100)))  # fmt: skip
    whole.graph.initializer[0].name = "w"
    file, data = tmp_path / "large.onnx", tmp_path / "large.data"
    onnx.save(whole, file, save_as_external_data=True, location=data.name, size_threshold=1000)
    assert data.is_file()
    expected = from_onnx(tmp_path / "net.onnx").predict_proba(photos)
    np.testing.assert_allclose(from_onnx(file).predict_proba(photos), expected, atol=1e-6)
    data.write_bytes(b"short")
    with pytest.raises(OSError, match="keeps its weights in another file, which is missing beside"):
        from_onnx(file)
    data.unlink()
    with pytest.raises(OSError, match="keeps its weights in another file, which is missing beside"):
        from_onnx(file)


def test_a_thousand_classes(tmp_path, photos):
    weight = np.random.default_rng(0).normal(size=(3, 1000)).astype(np.float32)
    file = save_onnx(
        tmp_path / "net.onnx", head="Softmax", weight=weight, bias=np.zeros(1000), dtype=TensorProto.FLOAT16
    )
    black_box = from_onnx(file, mean=0, std=1)
    assert black_box.classes[-1] == "999"
    expected = (black_box.pixels(photos).mean((2, 3)) @ torch.from_numpy(weight)).softmax(1)
    np.testing.assert_allclose(black_box.predict_proba(photos), expected, atol=1e-4)


# Functions


def test_a_function_gets_photos_and_gives_confidences(photos):
    black_box = from_function(level, ["red", "green", "blue"], input_size=24, batch_size=3)
    assert black_box.name == "level"
    rows = black_box.predict_proba(photos)
    np.testing.assert_allclose(
        rows, level([photo.resize((24, 24), Image.Resampling.BILINEAR) for photo in photos]), atol=3e-3
    )
    pixels = torch.full((1, 3, 24, 24), 0.5)
    pixels[:, 0] = 1.2  # what sums of masks may come to
    np.testing.assert_allclose(black_box.ask(pixels)[0], np.array([256, 129, 129]) / 514, atol=1e-6)
    assert from_function(lambda photos: [[0.5, 0.5] for _ in photos], ["a", "b"]).ask(pixels).tolist() == [[0.5, 0.5]]


def test_a_function_sees_the_pixels_as_they_stand():
    pixels, seen = torch.rand(2, 3, 24, 24), []

    def answer(images):
        seen.extend(np.asarray(image) for image in images)
        return [[0.5, 0.5] for _ in images]

    from_function(answer, ["a", "b"], input_size=24).ask(pixels)
    for n, y, x, c in [(0, 0, 0, 0), (0, 23, 1, 1), (1, 5, 17, 2), (1, 17, 5, 0)]:
        assert seen[n][y, x, c] == round(255 * float(pixels[n, c, y, x]))


def test_a_function_that_fails_is_named():
    def broken(photos):
        raise RuntimeError("no GPU left")

    with pytest.raises(BlackBoxError, match=r"^broken gave no answer: no GPU left$") as caught:
        from_function(broken, ["a", "b"]).ask(torch.rand(1, 3, 24, 24))
    assert isinstance(caught.value.__cause__, RuntimeError)


# Endpoints


ABOUT = {"classes": ["red", "green", "blue"], "input_size": 24}
ANSWERS = {
    "/nan": b'{"confidences": [[NaN, 0.5, 0.5]]}',
    "/infinite": b'{"confidences": [[Infinity, 0, 0]]}',
    "/large": b'{"confidences": [[1e400, 0, 0]]}',
    "/null": b'{"confidences": [[null, 0.5, 0.5]]}',
    "/words": b'{"confidences": [["a", "b", "c"]]}',
    "/ragged": b'{"confidences": [[0.5, 0.5], [1.0]]}',
    "/classes": b'{"confidences": [[0.5, 0.5]]}',
    "/rows": b'{"confidences": [[0.2, 0.3, 0.5], [0.2, 0.3, 0.5]]}',
    "/flat": b'{"confidences": [0.2, 0.3, 0.5]}',
    "/logits": b'{"confidences": [[2.0, -1.0, 0.5]]}',
    "/percent": b'{"confidences": [[20, 30, 50]]}',
    "/other": b'{"scores": [[0.2, 0.3, 0.5]]}',
    "/list": b"[[0.2, 0.3, 0.5]]",
    "/page": b"<html>Bad gateway</html>",
    "/nothing": b"",
    "/deep": b"[" * 200_000,
    "/digits": b'{"confidences": [[' + b"9" * 5000 + b", 0, 0]]}",
    "/long": b'{"confidences": [' + b" " * 3_000_000 + b"[0.2, 0.3, 0.5]]}",
}
WRONG_ABOUT = {
    "/about/list": b"[1, 2]",
    "/about/page": b"<html></html>",
    "/about/no-classes": b'{"input_size": 24}',
    "/about/one-class": b'{"classes": ["a"], "input_size": 24}',
    "/about/numbers": b'{"classes": [1, 2], "input_size": 24}',
    "/about/no-size": b'{"classes": ["a", "b"]}',
    "/about/huge": b'{"classes": ["a", "b"], "input_size": 100000}',
    "/about/true": b'{"classes": ["a", "b"], "input_size": true}',
}


class Server(http.server.BaseHTTPRequestHandler):
    """A real endpoint, the function above, and all the ways in which it can go wrong, by path."""

    protocol_version = "HTTP/1.1"
    asked: list[tuple[str, str, str | None]]
    drop: dict[str, int]

    def do_GET(self):
        self.asked.append(("GET", self.path, self.headers["Authorization"]))
        path = self.path.split("?")[0]
        if path == "/moved":
            return self.reply(307, b"", {"Location": "/"})
        if path == "/down":
            return self.reply(503, b"", {})
        return self.reply(200, WRONG_ABOUT.get(path) or json.dumps(ABOUT).encode(), {})

    def do_POST(self):
        self.asked.append(("POST", self.path, self.headers["Authorization"]))
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self.drop.get(self.path, 0):
            self.drop[self.path] -= 1
            self.close_connection = True
            return None
        if self.path == "/slow":
            time.sleep(3)
        if self.path == "/drip":
            return self.drip()
        if self.path == "/elsewhere":
            return self.reply(307, b"", {"Location": "/"})
        if self.path == "/error":
            return self.reply(500, b'{"confidences": [[0.2, 0.3, 0.5]]}', {})
        if self.path == "/zipped":
            return self.reply(200, self.headers["Accept-Encoding"].encode(), {})
        if self.path in ANSWERS:
            return self.reply(200, ANSWERS[self.path], {})
        files = [io.BytesIO(base64.b64decode(image)) for image in json.loads(content)["images"]]
        rows = level([Image.open(file, formats=["PNG"]) for file in files])
        return self.reply(200, json.dumps({"confidences": rows.round(6).tolist()}).encode(), {})

    def drip(self):
        """An answer that never ends, a letter at a time, each in time."""
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        for _ in range(40):
            try:
                self.wfile.write(b" ")
                time.sleep(0.1)
            except OSError:
                return
        self.close_connection = True

    def reply(self, status, body, headers):
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    handler = type("Handler", (Server,), {"asked": [], "drop": {}})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    server.url = f"http://127.0.0.1:{server.server_port}"
    server.asked, server.drop = handler.asked, handler.drop
    server.handle_error = lambda *_: None  # whoever asked hung up
    yield server
    server.shutdown()
    server.server_close()


def test_an_endpoint_answers_as_the_function_behind_it(server, photos):
    black_box = load_black_box(f"{server.url}/level?key=secret", batch_size=3)
    assert (black_box.classes, black_box.input_size) == (["red", "green", "blue"], 24)
    assert black_box.name == f"{server.url}/level"  # no secret in a sentence
    here = from_function(level, black_box.classes, 24)
    pixels = black_box.pixels([*photos, photos[0]])
    torch.testing.assert_close(black_box.ask(pixels), here.ask(pixels), atol=2e-6, rtol=0)
    assert [method for method, path, _ in server.asked] == ["GET", "POST", "POST"]


def test_credentials_reach_the_endpoint_and_no_sentence(server):
    address = server.url.replace("//", "//me:secret@")
    black_box = from_endpoint(f"{address}/error")
    with pytest.raises(BlackBoxError, match="HTTP status 500") as caught:
        black_box.ask(torch.rand(1, 3, 24, 24))
    assert "secret" not in str(caught.value)
    assert {key for *_, key in server.asked} == {"Basic " + base64.b64encode(b"me:secret").decode()}
    server.asked.clear()
    from_endpoint(server.url, headers={"Authorization": "Bearer token"})
    assert server.asked == [("GET", "/", "Bearer token")]


@pytest.mark.parametrize(
    ("path", "sentence"),
    {
        "/nan": "not finite",
        "/infinite": "not finite",
        "/large": "not finite",
        "/null": "no table of numbers",
        "/words": "no table of numbers",
        "/ragged": "no table of numbers",
        "/classes": "knows 3 classes, but answered 1×2",
        "/rows": "shown 1 photos and knows 3 classes, but answered 2×3",
        "/flat": "answered 3",
        "/logits": "no confidences",
        "/percent": "no confidences",
        "/other": 'without "confidences"',
        "/list": "no object",
        "/page": "no JSON",
        "/nothing": "no JSON",
        "/deep": "no JSON",
        "/digits": "no JSON",
        "/zipped": "no JSON",
        "/long": "more than 2 MB",
        "/slow": "did not answer within 1 s",
        "/drip": "did not answer within 1 s",
        "/error": "HTTP status 500",
        "/elsewhere": "redirects elsewhere",
    }.items(),
)
def test_every_way_in_which_an_endpoint_is_no_classifier(server, path, sentence, monkeypatch):
    monkeypatch.setattr(blackbox.endpoint, "MAX_BYTES", 2_000_000)
    black_box = from_endpoint(server.url + path, timeout=1 if path in ("/slow", "/drip") else 10)
    with pytest.raises(BlackBoxError) as caught:
        black_box.ask(torch.rand(1, 3, 24, 24))
    assert str(caught.value).startswith(server.url + path)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [method for method, *_ in server.asked] == ["GET", "POST"]  # nothing followed, nothing asked twice


@pytest.mark.parametrize("path", [*WRONG_ABOUT, "/moved", "/down"])
def test_an_endpoint_that_does_not_say_what_it_knows(server, path):
    with pytest.raises(BlackBoxError, match=f"^{server.url}{path} "):
        from_endpoint(server.url + path)


def test_no_compressed_answer_is_asked_for(server):
    box = from_endpoint(f"{server.url}/zipped")
    with pytest.raises(BlackBoxError) as caught:
        box.ask(torch.rand(1, 3, 24, 24))
    assert caught.value.__cause__.doc == "identity"  # what the server saw, sent back


def test_a_connection_that_breaks_is_tried_once_more(server):
    black_box = from_endpoint(f"{server.url}/level")
    server.drop["/level"] = 1
    assert black_box.ask(torch.rand(1, 3, 24, 24)).shape == (1, 3)
    server.drop["/level"] = 2
    with pytest.raises(BlackBoxError, match="cannot be reached"):
        black_box.ask(torch.rand(1, 3, 24, 24))
    assert black_box.ask(torch.rand(1, 3, 24, 24)).shape == (1, 3)


def test_nobody_at_the_address():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
    with pytest.raises(BlackBoxError, match=f"^{url} cannot be reached"):
        from_endpoint(url)
    for address in ("nonsense", "ftp://example.org/", "http://", "http://[::1", "http://exam\nple.org"):
        with pytest.raises(ValueError, match="address of an endpoint"):
            from_endpoint(address)


def test_threads_share_an_endpoint(server):
    black_box = from_endpoint(f"{server.url}/level", batch_size=2)
    here = from_function(level, black_box.classes, 24)
    questions = [torch.rand(3, 3, 24, 24, generator=torch.Generator().manual_seed(i)) for i in range(24)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(black_box.ask, questions))
    for question, answer in zip(questions, answers, strict=True):
        torch.testing.assert_close(answer, here.ask(question), atol=2e-6, rtol=0)


def test_connections_close_with_the_black_box(server):
    black_box = from_endpoint(f"{server.url}/level")
    black_box.ask(torch.rand(1, 3, 24, 24))
    client = black_box_client(black_box)
    assert not client.is_closed
    del black_box
    gc.collect()
    assert client.is_closed


def black_box_client(black_box):
    """The HTTP client in the closure of a black box's answer."""
    return next(cell.cell_contents for cell in black_box.answer.__closure__).client


# By what the host writes


def test_specs_that_mean_nothing():
    for spec in ("ftp://example.org/", "timm:", "onnx:", "keras:net.h5"):
        with pytest.raises(ValueError, match="timm:NAME, onnx:FILE"):
            load_black_box(spec)
    with pytest.raises(ValueError, match="there is no model 'garbage-resnet51'"):
        load_black_box("garbage-resnet51")


def test_options_behind_the_name_of_a_file(tmp_path, photos):
    file = save_onnx(tmp_path / "net.onnx", ("N", 3, "H", "W"), extra=["z"])
    options = (
        "?mean=0&std=1,0.5,0.25&scale=1&input_size=48&classes=a,b%20%26%20c,d%3Be,f&logits=true&layout=nchw&output=z"
    )
    black_box = load_black_box(f"onnx:{file}{options}", "cpu", name="Mine")
    assert (black_box.name, black_box.input_size, black_box.assumed) == ("Mine", 48, {})
    assert black_box.classes == ["a", "b & c", "d;e", "f"]
    pixels = black_box.pixels(photos)
    torch.testing.assert_close(
        black_box.ask(pixels), literal_onnx(pixels, (0, 0, 0), (1, 0.5, 0.25)), atol=1e-5, rtol=0
    )
    assert load_black_box(f"onnx:{file}{options}", input_size=64).input_size == 64
    names = ["tench, Tinca tinca", "b", "c", "d"]
    assert load_black_box(f"onnx:{file}?output=z&classes={quote(json.dumps(names))}").classes == names


def test_options_may_be_hosted(monkeypatch, tmp_path, photos):
    file = save_onnx(tmp_path / "net.onnx")
    monkeypatch.setenv("XAI_BLACK_BOXES", f"Mine=onnx:{file}?mean=0&std=1;Plain=onnx:{file}")
    black_box = load_hosted("Mine", "cpu")
    assert black_box.student is None
    pixels = black_box.pixels(photos)
    torch.testing.assert_close(black_box.ask(pixels), literal_onnx(pixels, (0, 0, 0), (1, 1, 1)), atol=1e-5, rtol=0)
    torch.testing.assert_close(load_hosted("Plain").ask(pixels), literal_onnx(pixels), atol=1e-5, rtol=0)


def test_a_file_with_a_question_mark_is_a_file(tmp_path):
    file = save_onnx(tmp_path / "what?mean=1.onnx")
    assert load_black_box(f"onnx:{file}").assumed["mean"] == "0.485,0.456,0.406"
    assert "mean" not in load_black_box(f"onnx:{file}?mean=0").assumed
    assert load_black_box(f"onnx:{file}?classes=a?,b,c,d").classes[0] == "a?"


def test_a_folder_with_a_colon_is_a_folder(checkpoint, tmp_path):
    folder = tmp_path / "timm:run 1"
    folder.symlink_to(checkpoint)
    assert load_black_box(folder, "cpu").classes == CLASSES


def test_the_host_offers_two_black_boxes_unless_it_says_otherwise(monkeypatch):
    for unset in (None, ""):
        monkeypatch.delenv("XAI_BLACK_BOXES", raising=False)
        if unset is not None:
            monkeypatch.setenv("XAI_BLACK_BOXES", unset)
        assert list(hosted_black_boxes().items()) == [
            ("garbage-efficientnet_lite0", ("garbage-efficientnet_lite0", "blackbox-student")),
            ("imagenet-efficientnet_lite0", ("imagenet-efficientnet_lite0", None)),
        ]


def test_what_the_host_writes_is_kept_in_order(monkeypatch):
    monkeypatch.setenv(
        "XAI_BLACK_BOXES",
        "Waste sorter = garbage-efficientnet_lite0 > blackbox-student ; My API=https://example.org/?key=a=b>runs/student;"
        "ImageNet=timm:hf-hub:timm/resnet50.a1_in1k;Plain=onnx:net.onnx;",
    )
    hosted = hosted_black_boxes()
    assert list(hosted.items()) == [
        ("Waste sorter", Hosted("garbage-efficientnet_lite0", "blackbox-student")),
        ("My API", Hosted("https://example.org/?key=a=b", "runs/student")),
        ("ImageNet", Hosted("timm:hf-hub:timm/resnet50.a1_in1k", None)),
        ("Plain", Hosted("onnx:net.onnx", None)),
    ]


MISSPELT_OPTIONS = {
    "men=0": "no option 'men'; the options are classes, input_size, mean, std, scale, layout, logits, sigmoid,",
    "device=cpu": "no option 'device'",
    "mean": "the option mean is wrong: a number, or a list of numbers, is needed, not ''",
    "mean=": "the option mean is wrong",
    "mean=x": "the option mean is wrong",
    "mean=0&mean=0": "the option mean is given twice",
    "input_size=large": "the option input_size is wrong: a whole number is needed, not 'large'",
    "logits=perhaps": "the option logits is wrong: true or false is needed, not 'perhaps'",
    "classes=": "the option classes is wrong",
}


@pytest.mark.parametrize(
    ("entry", "sentence"),
    {
        "garbage-cnn": "TITLE=SPEC>STUDENT;… but has 'garbage-cnn'",
        "=garbage-cnn": "but has '=garbage-cnn'",
        "Sorter=": "but has 'Sorter='",
        "Sorter=>blackbox-student": "but has 'Sorter=>blackbox-student'",
        "Sorter=garbage-cnn>": "but has 'Sorter=garbage-cnn>'",
        "A=garbage-cnn;A=garbage-resnet50": "title 'A' twice",
        "A=ftp://example.org": "there is no black box 'ftp://example.org'",
        **{f"B=onnx:net.onnx?{options}>runs/student": sentence for options, sentence in MISSPELT_OPTIONS.items()},
    }.items(),
)
def test_what_the_host_misspells(monkeypatch, entry, sentence):
    monkeypatch.setenv("XAI_BLACK_BOXES", f"Fine=garbage-cnn;{entry}")
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # compared below, letter by letter
        hosted_black_boxes()
    assert sentence in str(caught.value)


def test_a_hosted_black_box_comes_with_its_student(monkeypatch, checkpoint, tmp_path, server, photos):
    student = publish(fresh("cnn", seed=5), tmp_path / "student")
    stranger = publish(fresh("cnn", seed=5), tmp_path / "stranger")
    config = json.loads((stranger / "config.json").read_text())
    config["classes"] = CLASSES[::-1]
    (stranger / "config.json").write_text(json.dumps(config))
    write_sums(stranger)
    monkeypatch.setenv(
        "XAI_BLACK_BOXES",
        f"Sorter={checkpoint}>{student};Alone={checkpoint};Wrong={checkpoint}>{stranger};API={server.url}/error",
    )
    black_box = load_hosted("Sorter", "cpu")
    loaded = black_box.student
    assert black_box.name == "Sorter"
    np.testing.assert_allclose(loaded.predict_proba(photos), fresh("cnn", seed=5).predict_proba(photos), atol=5e-3)
    assert load_hosted("Alone", "cpu").student is None
    with pytest.raises(ValueError, match="other classes than Wrong"):
        load_hosted("Wrong", "cpu")
    with pytest.raises(ValueError, match="choose one of Sorter, Alone, Wrong, API"):
        load_hosted("Nothing")
    with pytest.raises(BlackBoxError, match=r"^API answered with the HTTP status 500"):  # no address for visitors
        load_hosted("API").ask(torch.rand(1, 3, 24, 24))
