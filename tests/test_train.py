import io
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from PIL import Image
from safetensors.torch import load_file
from torch.utils.data import DataLoader

import xai
from tests.conftest import fresh
from train.calibrate import fit_temperature, fold
from train.classifier import learning_rate, main, train
from train.data import Split, Views, Whole, joined, read
from train.evaluate import Evaluation, chosen, evaluate
from train.measure import predict, score
from train.objective import Distilled
from train.paste import cut_out, paste
from train.publish import card, command, lineage
from train.recipe import PRESETS, Recipe
from train.start import load_imagenet_weights
from xai.activations import Activations

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.usefixtures("no_curves")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Two classes anybody can tell apart, with split files: dark and bright noise."""
    root, generator = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    lists = {"train": [], "val": [], "test": []}
    for label, base in (("bright", 150), ("dark", 0)):
        (root / label).mkdir()
        for i in range(24):
            noise = generator.integers(base, base + 100, (48, 40, 3), np.uint8)
            Image.fromarray(noise).save(root / label / f"{i}.png")
            lists["test" if i >= 20 else "val" if i >= 16 else "train"].append(f"{label}/{i}.png")
    for name, lines in lists.items():
        (root / f"{name}.txt").write_text("\n".join(lines) + "\n")
    return root


def small_recipe(folder: Path, out: Path) -> Recipe:
    return replace(
        PRESETS["paper-cnn"][1], data=[str(folder)], out=out, epochs=4, sizes=[32], test_size=32, batch=8, lr=0.02,
        augmentation="life", workers=1,
    )  # fmt: skip


@pytest.fixture
def recipe(folder, tmp_path) -> Recipe:
    return small_recipe(folder, tmp_path / "run")


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory) -> Path:
    """The folder of a run that was left alone."""
    return train(small_recipe(folder, tmp_path_factory.mktemp("trained") / "run"))


def test_reads_split_files(folder):
    splits = read(str(folder))
    assert {name: len(split) for name, split in splits.items()} == {"train": 32, "val": 8, "test": 8}
    assert splits["val"].labels == [p.parent.name for p in splits["val"].photos]


def test_reads_folders_per_split_and_takes_what_is_missing_from_train(tmp_path):
    for label in "ab":
        (tmp_path / "train" / label).mkdir(parents=True)
        for i in range(42):
            Image.new("RGB", (20, 20), (5 * i, 0, 0)).save(tmp_path / "train" / label / f"{i:02}.png")
    splits = read(str(tmp_path))
    assert sum(map(len, splits.values())) == 84
    assert all(1 <= len(splits[name]) <= 25 for name in ("val", "test"))  # 12 are to be expected, give or take 3
    assert not set(splits["train"].photos) & set(splits["val"].photos + splits["test"].photos)
    assert read(str(tmp_path))["val"].photos == splits["val"].photos


def test_reads_a_hub_data_set(tmp_path):
    """datasets.load_dataset reads a local folder by the same call as a repository of the Hub."""
    for split, label in (("train", "a"), ("train", "b"), ("validation", "a"), ("test", "b")):
        (tmp_path / split / label).mkdir(parents=True)
        for i in range(3):
            Image.new("RGB", (20, 20), (i, 0, 0)).save(tmp_path / split / label / f"{i}.png")
    splits = read(f"hub:{tmp_path}")
    assert {name: len(split) for name, split in splits.items()} == {"train": 6, "val": 3, "test": 3}
    assert splits["train"].labels == ["a"] * 3 + ["b"] * 3
    views = Views(splits["train"], ["a", "b"], "paper", seed=0, cache_side=0)
    assert [views.load(i).shape for i in (0, 5)] == [(3, 20, 20), (3, 20, 20)]
    assert views.load(1)[0, 0, 0] == 1


@pytest.mark.parametrize("lists", [True, False])
def test_reads_a_zip_on_the_hub(tmp_path, lists):
    """As torchgeo/ucmerced is laid out: TIFFs by class deep in an archive, beside lists of their names, or not."""
    with zipfile.ZipFile(tmp_path / "Landscapes.zip", "w") as archive:
        for i in range(14):
            for label, grey in (("beach", 0), ("river", 200)):
                tiff = io.BytesIO()
                Image.new("RGB", (20, 20), (grey, i, 0)).save(tiff, "TIFF")
                archive.writestr(f"Landscapes/Images/{label}/{label}{i:02}.tif", tiff.getvalue())
        archive.writestr("Landscapes/readme.txt", "Photos of the world")
    if lists:
        (tmp_path / "landscapes-train.txt").write_text("beach00.tif\n")
    splits = read(f"hub:{tmp_path}")
    assert sum(map(len, splits.values())) == 28
    whole = joined(list(splits.values()))
    views = Views(whole, ["beach", "river"], "paper", seed=0, cache_side=0)
    for i, label in enumerate(whole.labels):
        assert views.load(i)[0, 0, 0] == {"beach": 0, "river": 200}[label]


def test_nothing_to_read_is_said(tmp_path):
    with pytest.raises(ValueError, match=r"train\.txt"):
        read(str(tmp_path))


def test_views_depend_on_seed_epoch_and_photo_alone(folder):
    split = read(str(folder))["train"]
    views = Views(split, ["bright", "dark"], "life", seed=3, cache_side=0)
    cached = Views(split, ["bright", "dark"], "life", seed=3, cache_side=256)
    views.draw(5, 24)
    cached.draw(5, 24)
    torch.manual_seed(1)
    first = views[7][0]
    torch.manual_seed(2)
    after = torch.rand(1)
    torch.manual_seed(2)
    assert torch.equal(views[7][0], first)
    assert torch.equal(torch.rand(1), after)  # drawing a view moves no other random stream
    assert torch.equal(cached[7][0], first)
    assert first.shape == (3, 24, 24)
    views.draw(6, 24)
    assert not torch.equal(views[7][0], first)


def on_board():
    """A dark disc on a light board, and where it is."""
    y, x = np.mgrid[:96, :128]
    disc = (y - 50) ** 2 + (x - 60) ** 2 < 30**2
    noise = np.random.default_rng(0).integers(-8, 8, (96, 128, 1))
    return torch.from_numpy((np.where(disc[..., None], 60, 210) + noise).astype(np.uint8).repeat(3, 2)).permute(
        2, 0, 1
    ), disc


def test_cut_out_finds_the_object_on_a_plain_board_and_nothing_elsewhere():
    photo, disc = on_board()
    mask = cut_out(photo)[0].numpy() > 0.5
    assert (mask & disc).sum() / (mask | disc).sum() > 0.9
    assert cut_out(torch.randint(0, 255, (3, 96, 128), dtype=torch.uint8)) is None
    assert cut_out(torch.full((3, 96, 128), 200, dtype=torch.uint8)) is None


def test_pasted_objects_keep_their_label_and_leave_the_ground_as_it_was():
    photo, _ = on_board()
    ground = torch.full((3, 80, 80), 255, dtype=torch.uint8)
    torch.manual_seed(0)
    pasted = paste(photo, cut_out(photo), ground)
    assert pasted.shape == ground.shape
    assert ground.min() == 255
    assert 0.02 < (pasted < 128).float().mean() < 0.6
    busy = Image.fromarray(np.random.default_rng(1).integers(0, 255, (96, 128, 3), np.uint8))
    board = Image.fromarray(photo.permute(1, 2, 0).numpy())
    split = Split([lambda: board, lambda: busy, lambda: busy], ["a", "a", "b"])
    views = Views(split, ["a", "b"], "paper", seed=0, cache_side=96, pasted=1.0)
    assert list(views.masks) == [0]
    assert views.grounds == {0: [1], 1: [2]}
    plain = Views(split, ["a", "b"], "paper", seed=0, cache_side=96)
    assert not torch.equal(views[0][0], plain[0][0])
    assert torch.equal(views[1][0], plain[1][0])


def test_validation_sees_what_the_shipped_model_sees(folder):
    split, model = read(str(folder))["val"], fresh("cnn")
    pixels, _ = Whole(split, ["bright", "dark"], model.input_size, cache=False)[0]
    expected = model.preprocess([split.photos[0]])[0]
    torch.testing.assert_close(model.normalize(pixels.float() / 255), expected, rtol=1e-4, atol=1e-4)


def test_learning_rate():
    recipe = replace(PRESETS["life"][1], lr=1.0, warmup=0.1)
    rates = [learning_rate(recipe, step, 100) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9] == rates[10] == 1.0
    assert rates[55] == pytest.approx(0.5)
    assert rates[99] < 0.001


def test_sizes_follow_the_epochs():
    recipe = replace(PRESETS["life"][1], epochs=10, sizes=[96, 128, 192], until=[0.5, 0.9])
    assert [recipe.size_at(epoch) for epoch in range(10)] == [96] * 5 + [128] * 4 + [192]


def test_training_learns_and_writes_a_checkpoint(trained, folder):
    out = trained
    metrics = json.loads((out / "checkpoint/metrics.json").read_text())
    assert metrics["data"][folder.name]["test"]["accuracy"] == 100.0
    assert metrics["data"][folder.name]["test"]["confusion"] == [[4, 0], [0, 4]]
    history = json.loads((out / "checkpoint/history.json").read_text())
    assert [row["epoch"] for row in history] == [1, 2, 3, 4]
    assert history[-1]["train_loss"] < history[0]["train_loss"]
    assert Image.open(out / "curves.png").width > 600
    card = (out / "checkpoint/README.md").read_text()
    for word in ("100.00 %", "python -m train.classifier paper-cnn", "license: mit", folder.name):
        assert word in card
    assert {t.dtype for t in load_file(out / "checkpoint/model.safetensors").values()} == {torch.float16}
    model = xai.load_model(out / "checkpoint")
    bright = Image.new("RGB", (40, 40), (200, 200, 200))
    assert xai.explain(model, bright).label == "bright"


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_stopped_at_any_epoch_and_started_again_it_ends_alike(recipe, tmp_path, optimizer):
    recipe = replace(recipe, optimizer=optimizer, workers=0 if optimizer == "adam" else 1)
    whole = train(replace(recipe, out=tmp_path / "whole"))
    for stop in (1, 3):
        train(replace(recipe, out=tmp_path / "parts", stop_after=stop))
    parts = train(replace(recipe, out=tmp_path / "parts"))
    a, b = load_file(whole / "state.safetensors"), load_file(parts / "state.safetensors")
    assert a.keys() == b.keys()
    assert any(key.startswith("optimizer.") for key in a)
    assert all(torch.equal(a[key], b[key]) for key in a)
    assert (whole / "checkpoint/model.safetensors").read_bytes() == (
        parts / "checkpoint/model.safetensors"
    ).read_bytes()


def test_killed_in_the_middle_of_an_epoch_it_goes_on(recipe, trained, tmp_path):
    """Killed hard while training, then run again: the same weights as a run left alone."""
    line = ["-m", "train.classifier", *command(recipe).split()[3:], "--out", str(tmp_path / "killed"), "--workers", "1"]
    line[line.index("--data") + 1] = recipe.data[0]
    run = subprocess.Popen(
        [sys.executable, *line], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    for text in run.stdout:
        if "epoch 2 " in text:
            run.kill()
            break
    run.wait()
    assert (tmp_path / "killed/state.safetensors").is_file()
    assert not (tmp_path / "killed/checkpoint").exists()
    killed = train(replace(recipe, out=tmp_path / "killed"))
    assert len(json.loads((killed / "history.json").read_text())) == 4
    a, b = load_file(trained / "kept.safetensors"), load_file(killed / "kept.safetensors")
    assert all(torch.equal(a[key], b[key]) for key in a)


def test_the_run_of_another_recipe_is_not_gone_on_with(recipe):
    train(replace(recipe, stop_after=1))
    with pytest.raises(ValueError, match=r"seed 0 instead of 1.*--out"):
        train(replace(recipe, seed=1))
    assert len(json.loads((recipe.out / "history.json").read_text())) == 1


def test_any_seed_will_do(recipe):
    train(replace(recipe, seed=10**6, epochs=1, test=False))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"until": [0.5]}, "--until must have one number less"),
        ({"pretrained": True}, "no ImageNet weights for cnn"),
        ({"data": ["a/photos", "b/photos"]}, "same name"),
        ({"sizes": [64]}, "fully connected"),
        ({"hint_weight": 1.0}, "needs a --teacher"),
        ({"data": ["nowhere"]}, r"train\.txt"),
        ({"teacher": "nobody"}, "no model 'nobody'"),
    ],
)
def test_what_cannot_work_is_said_at_once(recipe, change, sentence):
    with pytest.raises(ValueError, match=sentence):
        train(replace(recipe, **change))
    assert not (recipe.out / "state.safetensors").exists()


def test_classes_that_only_test_photos_show_are_found_before_training(recipe, tmp_path):
    for split, labels in (("train", "ab"), ("val", "ab"), ("test", "abc")):
        for label in labels:
            (tmp_path / "data" / split / label).mkdir(parents=True)
            Image.new("RGB", (20, 20)).save(tmp_path / "data" / split / label / "1.png")
    with pytest.raises(ValueError, match="no training photo shows c"):
        train(replace(recipe, data=[str(tmp_path / "data")]))


def test_the_command_line_answers_a_mistake_with_one_sentence(tmp_path, monkeypatch):
    line = f"train.classifier paper --data {tmp_path} --out {tmp_path / 'out'} --precision no"
    monkeypatch.setattr(sys, "argv", line.split())
    with pytest.raises(SystemExit, match=r"expected train\.txt"):
        main()


def test_measured_in_the_precision_it_ships(folder):
    AcceleratorState._reset_state(reset_partial_state=True)
    model = fresh("cnn")
    photos = Whole(read(str(folder))["val"], ["bright", "dark"], 128, cache=False)
    loader = DataLoader(photos, batch_size=8)
    logits, _ = predict(model, loader, Accelerator(mixed_precision="bf16"))
    pixels = next(iter(loader))[0]
    with torch.no_grad():
        torch.testing.assert_close(logits, model(model.normalize(pixels.float() / 255)), rtol=1e-5, atol=1e-6)
    AcceleratorState._reset_state(reset_partial_state=True)


def test_evaluate_measures_any_split_of_any_checkpoint(trained, folder):
    checkpoint = trained / "checkpoint"
    (row,) = evaluate(Evaluation(data=[str(folder)], models=[str(checkpoint)]))
    recorded = json.loads((checkpoint / "metrics.json").read_text())["data"][folder.name]["test"]
    assert {key: row[key] for key in ("accuracy", "ece", "photos")} == {
        key: recorded[key] for key in ("accuracy", "ece", "photos")
    }
    rows = evaluate(Evaluation(data=[str(folder)], models=[str(checkpoint)], split="val", sizes=[32]))
    assert [(row["size"], row["photos"], row["accuracy"]) for row in rows] == [(32, 8, 100.0)]


def test_two_processes_train_together(recipe, folder, tmp_path):
    launch = ["-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2", "--num_machines", "1"]
    launch += ["--mixed_precision", "no", "--dynamo_backend", "no"]
    options = command(recipe).split()[2:]
    options[options.index("--data") + 1] = str(folder)
    line = [sys.executable, *launch, "-m", *options, "--out", str(tmp_path / "two"), "--workers", "0"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "two/checkpoint/metrics.json").read_text())
    assert metrics["data"][folder.name]["test"]["photos"] == 8
    assert metrics["data"][folder.name]["test"]["accuracy"] == 100.0


def test_no_test_photo_is_touched_while_choosing(recipe, folder, monkeypatch):
    test_photos = set(read(str(folder))["test"].photos)
    opened = []
    monkeypatch.setattr("train.data.as_photo", lambda path: opened.append(path) or xai.load_photo(path))
    out = train(replace(recipe, epochs=1, test=False, workers=0))
    assert opened
    assert not test_photos & set(opened)
    assert not (out / "checkpoint").exists()


def test_score_by_hand():
    logits = torch.tensor([[4.0, 0, 0], [4.0, 0, 0], [0, 4.0, 0], [0, 0, 4.0]])
    measured = score(logits, torch.tensor([0, 1, 1, 1]), ["a", "b", "c"])
    assert measured["accuracy"] == 50.0
    assert measured["recall"] == {"a": 100.0, "b": 33.33, "c": None}
    assert measured["confusion"] == [[1, 0, 0], [1, 1, 1], [0, 0, 0]]
    sure = float(logits[0].softmax(0)[0])
    assert measured["ece"] == pytest.approx(100 * abs(sure - 0.5), abs=0.01)
    assert measured["loss"] == pytest.approx((-2 * np.log(sure) - 2 * np.log((1 - sure) / 2)) / 4, abs=1e-3)


def test_temperature_makes_confidences_honest_and_leaves_answers_alone():
    generator = torch.Generator().manual_seed(0)
    probabilities = torch.tensor([[0.7, 0.2, 0.1]]).repeat(4000, 1)
    labels = probabilities.multinomial(1, generator=generator)[:, 0]
    temperature = fit_temperature(probabilities.log() * 3, labels)  # three times too sure of itself
    assert temperature == pytest.approx(3, rel=0.1)
    model = fresh("cnn")
    x = torch.rand(2, 3, 128, 128)
    with torch.no_grad():
        before = model(x)
        fold(model, temperature)
        torch.testing.assert_close(model(x), before / temperature)


def test_imagenet_weights_fill_all_but_the_classifier():
    model = fresh("efficientnet_lite0")
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    load_imagenet_weights(model)
    known = ("num_batches", "classifier")
    same = [k for k, t in model.state_dict().items() if torch.equal(t, before[k]) and not any(w in k for w in known)]
    assert same == []
    assert not model.linear_head.weight.any()


def test_distillation_by_its_formula():
    student, teacher = fresh("resnet50"), fresh("efficientnet_lite0")
    objective = Distilled(student, teacher, weight=0.7, hint_weight=3.0, teacher_size=64).eval()
    pixels, labels = torch.rand(2, 3, 64, 64), torch.tensor([1, 4])
    loss, logits = objective(pixels, labels)
    t = teacher(teacher.normalize(pixels)).softmax(1)
    s = logits.softmax(1)
    kl = sum((t[i] * (t[i] / s[i]).log()).sum() for i in range(2)) / 2
    ce = -sum(s[i, labels[i]].log() for i in range(2)) / 2
    hints = 0
    pairs = {4: ("layer1", "stage2"), 8: ("layer2", "stage3"), 16: ("layer3", "stage5"), 32: ("layer4", "conv_head")}
    assert set(objective.follow.project) == set(map(str, pairs))
    for stride, (ours, theirs) in pairs.items():
        f_s = objective.follow.project[str(stride)](Activations(student, student.normalize(pixels)).at(ours))
        f_t = Activations(teacher, teacher.normalize(pixels)).at(theirs)
        z = (f_t - f_t.mean((0, 2, 3), keepdim=True)) / (f_t.std((0, 2, 3), keepdim=True) + 1e-6)
        hints = hints + (f_s - z).square().mean()
    torch.testing.assert_close(loss, 0.3 * ce + 0.7 * kl + 3 * hints, rtol=1e-4, atol=1e-5)
    loss.backward()
    assert all(p.grad is None for p in teacher.parameters())
    assert not any("teacher" in key for key in objective.state_dict())


def test_command_says_what_differs_from_the_preset():
    recipe = replace(PRESETS["life"][1], data=["/somewhere/trashnet"], model="se_resnet50", epochs=9, seed=2)
    assert command(recipe) == "python -m train.classifier life --data trashnet --model se_resnet50 --epochs 9 --seed 2"


def test_a_card_names_the_teacher_and_every_command(tmp_path, monkeypatch):
    (tmp_path / "metrics.json").write_text('{"commands": ["python -m train.classifier finetune --data photos"]}')
    monkeypatch.setattr("train.publish.find_checkpoint", lambda name: tmp_path)
    life = replace(PRESETS["life"][1], data=["photos"])
    commands = lineage(life)
    assert [line.split()[3] for line in commands] == ["finetune", "life"]
    measured = {"accuracy": 90.0, "accuracy_full_precision": 90.0, "ece": 2.0, "photos": 10}
    text = card(life, fresh("s_se_resnet50"), {"photos": {"test": measured}})
    assert "from scratch, taught by garbage-efficientnet_lite0" in text
    assert "\n".join(commands) in text


def test_joined():
    assert joined([Split([1], ["a"]), Split([2], ["b"])]) == Split([1, 2], ["a", "b"])


def test_command_line_helps(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["train.classifier", "--help"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 0
    shown = capsys.readouterr().out
    for preset in PRESETS:
        assert preset in shown


def test_photos_that_leaked_can_be_left_out(tmp_path):
    photos = [tmp_path / "glass" / "a.jpg", tmp_path / "glass" / "b.jpg", tmp_path / "metal" / "a.jpg"]
    split = Split(photos, [photo.parent.name for photo in photos])
    leaked = tmp_path / "leaked.txt"
    leaked.write_text("glass/a.jpg\n")
    assert chosen(split, "", leaked).photos == photos[1:]
    assert chosen(split, "b", leaked).labels == ["glass"]
    assert chosen(split, "", None) is split
    leaked.write_text("glass/a.jpg\nglass/b.jpg\nmetal/a.jpg\n")
    with pytest.raises(ValueError, match="no photo is left"):
        chosen(split, "", leaked)
