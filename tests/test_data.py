"""Which photos are trained on and which are tested on, whatever folder they come in."""

import json
import os
import shutil
import zlib
from dataclasses import replace
from pathlib import Path
from unicodedata import normalize

import numpy as np
import pytest
from accelerate import Accelerator
from PIL import Image
from safetensors.torch import load_file

import xai
from benchmarks.folders import go_through
from train.data.order import draw_order
from train.data.photo_record import FILE, read_record
from train.data.prepare import prepare_data
from train.data.sources import read_data_set, read_splits
from train.data.splits import Split, draw_splits, hash_photo
from train.measure.evaluation import Evaluation, evaluate
from train.presets import CLASSIFIER_PRESETS, ClassifierRecipe
from train.publish.checkpoint import write_sums
from train.run import Run
from train.tasks.supervised import train_classifier
from train.weights import copy_weights
from xai.folders import LayoutError, list_photos, match_split, read_layout
from xai.models import create_model

pytestmark = pytest.mark.usefixtures("no_curves")


def write_photos(folder: Path, number: int, first: int = 0, ending: str = ".png") -> list[Path]:
    """Photos of noise, no two alike, the same wherever a test runs; dark ones where the folder's path says so."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{i:03}{ending}" for i in range(first, first + number)]
    for i, path in enumerate(paths, start=first):
        generator = np.random.default_rng(zlib.crc32(f"{i} {folder.parts[-3:]}".encode()))
        base = 0 if "dark" in str(folder) else 150
        Image.fromarray(generator.integers(base, base + 100, (24, 20, 3), np.uint8)).save(path)
    return paths


@pytest.fixture
def two(tmp_path) -> Path:
    """CLASS/PHOTO of two classes."""
    write_photos(tmp_path / "photos" / "dark", 28)
    write_photos(tmp_path / "photos" / "bright", 30)
    return tmp_path / "photos"


@pytest.fixture
def recipe(two, tmp_path) -> ClassifierRecipe:
    return replace(
        CLASSIFIER_PRESETS["paper-cnn"][1], data=[str(two)], out=tmp_path / "run", epochs=3, sizes=[32], test_size=32,
        batch=8, lr=0.02, workers=0,
    )  # fmt: skip


def read_run(recipe: ClassifierRecipe, begun: bool = False):
    recipe.out.mkdir(exist_ok=True)
    (data,) = prepare_data(Run(recipe, Accelerator(), begun), recipe.data).values()
    return data


def where(data) -> dict[str, str]:
    """The split of each photo, by content."""
    return {content: name for name, split in data.splits.items() for content in split.contents}


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("Train", "train"), ("TRAINING", "train"), ("training_set", "train"), ("seg_train", "train"),
        ("train2017", "train"), ("1.Training", "train"), ("valid", "val"), ("Validation", "val"), ("dev", "val"),
        ("seg_test", "test"), ("testing", "test"), ("test-images", "test"), ("검증", "val"),
        (normalize("NFD", "학습"), "train"), ("testaments", None), ("test tubes", None), ("trainval", None),
        ("glass", None), ("", None), ("train_test", None),
    ],
)  # fmt: skip
def test_a_split_is_known_by_its_usual_names(name, split):
    assert match_split(name) == split


@pytest.mark.parametrize(
    "names", [("train", "valid", "test"), ("Training", "Validation", "Testing"), ("seg_train", "dev", "seg_test")]
)
@pytest.mark.parametrize("doubled", [False, True])
def test_folders_of_splits_are_read_as_their_owner_meant(tmp_path, names, doubled):
    for name, number in zip(names, (6, 3, 4), strict=True):
        for label in ("dark", "bright"):
            write_photos(tmp_path / name / (name if doubled else "") / label / "indoor", number)
    layout = read_layout(tmp_path)
    assert {split: len(photos) for split, photos in layout.splits.items()} == {"train": 12, "val": 6, "test": 8}
    assert all(set(photos.values()) == {"dark", "bright"} for photos in layout.splits.values())
    assert f"{names[1]}/ is val" in layout.said[0]


def test_a_data_yaml_says_which_folder_is_which(tmp_path):
    for name in ("a", "b"):
        for label in ("dark", "bright"):
            write_photos(tmp_path / name / label, 5)
    text = "train: ../a\nval: b\nnc: 2\nnames: {0: bright, 1: dark}\n"
    (tmp_path / "data.yaml").write_text(text)
    layout = read_layout(tmp_path)
    assert {split: len(photos) for split, photos in layout.splits.items()} == {"train": 10, "val": 10}
    assert layout.named == ["bright", "dark"]
    for wrong, sentence in ((text + "test: c\n", "no such folder"), ("[", "as YAML"), ("- 1", "does not say")):
        (tmp_path / "data.yaml").write_text(wrong)
        with pytest.raises(LayoutError, match=sentence):
            read_layout(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lists_of_any_system_are_read(tmp_path, encoding, end):
    label = normalize("NFD", "유리 병")
    write_photos(tmp_path / label, 6)
    write_photos(tmp_path / "dark", 6)
    names = [f"{normalize('NFC', label)}\\00{i}.png" for i in range(6)] + [f"dark/00{i}.png" for i in range(5)]
    for called, part in (("Train", names[::2]), ("valid", names[1::2])):
        (tmp_path / f"{called}.txt").write_bytes((end.join(part) + end).encode(encoding))
    layout = read_layout(tmp_path)
    assert {split: len(photos) for split, photos in layout.splits.items()} == {"train": 6, "val": 5}
    assert set(layout.splits["train"].values()) == {normalize("NFC", label), "dark"}
    assert "left out: 1 photo that no list names (dark/005.png)" in layout.said


def lay_out(root: Path, *places: str) -> None:
    for place in places:
        write_photos(root / place, 3)


@pytest.mark.parametrize(
    ("places", "sentence"),
    [
        (("train/dark", "train/bright", "holdout/dark"), "beside it photos in holdout"),
        (("train/dark", "val/dark", "valid/dark"), "both mean val"),
        (("dark/train", "dark/test", "bright/train"), "inside of the class"),
        (("train/dark/test", "train/bright"), "inside of the class"),
        (("test", "dark", "bright"), "a class that is called test needs another name"),
        (("train/train", "train/test"), "name the folder that holds"),
        (("asl_alphabet_train/a", "asl_alphabet_test/a"), "look like splits"),
        (("fold1/a", "fold2/a"), "names for photos"),
        (("train/photos_2021/a", "train/photos_2022/a"), "names for photos"),
    ],
)
def test_what_could_be_a_split_or_a_class_is_not_guessed(tmp_path, places, sentence):
    lay_out(tmp_path, *places)
    with pytest.raises(LayoutError, match=sentence):
        read_layout(tmp_path)


@pytest.mark.parametrize(
    ("places", "sentence"),
    [
        ((".",), "no folders of classes"),
        (("images",), "names for photos, not for classes"),
        (("glass",), "one class, glass"),
        (("dark", "bright"), "fewer than 10 photos each"),
        (("val/dark", "test/dark"), "none to train on"),
        (("train/dark", "train/bright", "val/dark", "test/red"), "no training photo shows red"),
        (("train/dark", "train/bright", "val/dark", "test/dark"), "photos of bright are in train"),
        (("train/dark", "train/Dark", "val/dark", "test/dark"), "but for capitals"),
    ],
)
def test_what_cannot_be_trained_is_said_before(tmp_path, places, sentence):
    lay_out(tmp_path / "photos", *places)
    recipe = replace(CLASSIFIER_PRESETS["paper"][1], data=[str(tmp_path / "photos")], out=tmp_path / "run")
    with pytest.raises(ValueError, match=sentence):
        read_run(recipe)


def test_an_empty_class_and_one_that_data_yaml_does_not_name_are_refused(recipe, two):
    (two / "ceramics").mkdir()
    with pytest.raises(ValueError, match="no photo in ceramics"):
        read_run(recipe)
    (two / "ceramics").rmdir()
    (two / "data.yaml").write_text("names: [dark, bright, green]")
    with pytest.raises(ValueError, match=r"data\.yaml names the classes bright, dark, green"):
        read_run(recipe)


def test_names_and_endings_of_all_kinds(tmp_path):
    names = ["IMG 1.JPG", "b.jfif", "사진.jpeg", "c.Png", os.fsdecode(b"caf\xe9.jpg")]
    for i, name in enumerate(names):
        write_photos(tmp_path / "유리 병", 1, i)[0].rename(tmp_path / "유리 병" / name)
    (tmp_path / "유리 병" / ".hidden.jpg").write_bytes(b"")
    assert {path.name for path in list_photos(tmp_path)} == set(names)


def test_more_photos_move_none_between_splits(recipe, two):
    before = where(read_run(recipe))
    write_photos(two / "dark", 20, first=100)
    write_photos(two / "bright", 20, first=200)
    next(iter(list_photos(two))).rename(two / "bright" / "zzz.png")
    after = where(read_data_set(str(two)))
    assert len(after) == len(before) + 40
    assert {content: after[content] for content in before} == before
    assert set(before.values()) == {"train", "val", "test"}


def test_about_a_seventh_each_is_drawn_for_val_and_test():
    split = load_many(4000)
    parts = draw_splits(split, ["val", "test"])
    assert all(abs(len(parts[name]) / 4000 - 1 / 7) < 0.02 for name in ("val", "test"))
    only = draw_splits(split, ["test"])
    assert set(only) == {"train", "test"}
    assert only["test"].contents == parts["test"].contents  # whether val is drawn too or not


def load_many(number: int):
    return Split([None] * number, ["a"] * number, [str(i) for i in range(number)])


def test_a_photo_in_two_lists_is_tested_on_alone(two, tmp_path):
    names = [path.relative_to(two).as_posix() for path in list_photos(two)]
    for i, split in enumerate(("train", "val", "test")):
        (two / f"{split}.txt").write_text("\n".join([*names[i::3], names[2], names[2]]))
    data = read_run(replace(CLASSIFIER_PRESETS["paper"][1], data=[str(two)], out=tmp_path / "run"))
    assert [len(data.splits[name]) for name in ("train", "val", "test")] == [20, 19, 19]
    assert f"left out of train: 1 photo whose content is in val or test too ({names[2]})" in data.notes
    assert "left out: 4 lines that name a photo again" in data.notes


def test_a_photo_of_test_is_not_trained_on_under_another_name(tmp_path):
    for split, number in (("train", 6), ("val", 3), ("test", 3)):
        for label in ("dark", "bright"):
            write_photos(tmp_path / "photos" / split / label, number)
    shutil.copy(tmp_path / "photos/test/dark/001.png", tmp_path / "photos/train/bright/copy.png")
    shutil.copy(tmp_path / "photos/test/dark/002.png", tmp_path / "photos/val/dark/copy.png")
    data = read_run(replace(CLASSIFIER_PRESETS["paper"][1], data=[str(tmp_path / "photos")], out=tmp_path / "run"))
    assert [len(data.splits[name]) for name in ("train", "val", "test")] == [12, 6, 6]
    assert "left out of train: 1 photo whose content is in val or test too (train/bright/copy.png)" in data.notes
    assert "left out of val: 1 photo whose content is in test too (val/dark/copy.png)" in data.notes


def test_damaged_tiny_and_huge_photos_are_all_named_before_training(recipe, two):
    (two / "dark" / "002.png").write_bytes((two / "dark" / "002.png").read_bytes()[:200])
    Image.new("L", (5, 5)).save(two / "dark" / "003.png")
    Image.new("1", (9000, 8000)).save(two / "bright" / "004.png")
    with pytest.raises(ValueError, match=r"3 photos.*--broken skip") as error:
        train_classifier(recipe)
    for said in ("dark/002.png: it is empty, damaged", "dark/003.png: it has 5×5", "bright/004.png: it has 9000×8000"):
        assert said in str(error.value)
    assert not (recipe.out / "state.safetensors").exists()
    data = read_run(replace(recipe, broken="skip"))
    assert sum(map(len, data.splits.values())) == 55
    assert "left out: 3 photos that cannot be used" in data.notes[-1]


def test_changed_photos_are_named_and_no_photo_seen_is_tested_on(recipe, two):
    train_classifier(replace(recipe, stop_after=1))
    first = read_run(recipe, begun=True)
    write_photos(two / "dark", 3, first=100)
    (two / "bright" / "001.png").rename(two / "bright" / "other.png")
    (two / "bright" / "002.png").unlink()
    moved = next(p for p in first.splits["train"].photos if p.parent.name == "dark")
    moved.rename(two / "bright" / "moved.png")
    with pytest.raises(ValueError, match="was trained on other photos") as error:
        train_classifier(recipe)
    for said in (
        "4 photos new",
        "2 photos gone",
        "1 photo called otherwise (photos/bright/other.png)",
        "--data-changed",
    ):
        assert said in str(error.value)
    for out in (
        train_classifier(replace(recipe, data_changed="accept")),
        train_classifier(recipe),
    ):  # and from then on as any run
        metrics = json.loads((out / "checkpoint/metrics.json").read_text())
        assert metrics["photos"]["photos"]["train"].keys() == {"bright", "dark"}
    record = read_record(out)
    trained = set(first.splits["train"].contents)
    assert trained <= record.seen["train"]
    tested = {content for *_, split, content in record.rows if split in ("val", "test")}
    assert not tested & trained


@pytest.mark.parametrize("change", ["more", "renamed"])
def test_a_run_does_not_take_other_classes(recipe, two, change):
    train_classifier(replace(recipe, stop_after=1))
    if change == "more":
        write_photos(two / "green", 30)
    else:
        (two / "dark").rename(two / "shade")
    with pytest.raises(ValueError, match=r"was trained to tell bright, dark apart.*--start"):
        train_classifier(replace(recipe, data_changed="accept"))


def test_a_run_that_ended_learns_from_no_other_photos(recipe, two):
    train_classifier(replace(recipe, epochs=1))
    before = (recipe.out / "checkpoint/metrics.json").read_text()
    write_photos(two / "dark", 3, first=100)
    for answer in ("refuse", "accept"):
        with pytest.raises(ValueError, match=r"has ended.*3 photos new.*--start"):
            train_classifier(replace(recipe, epochs=1, data_changed=answer))
    assert (recipe.out / "checkpoint/metrics.json").read_text() == before


def test_what_a_teacher_learns_meanwhile_is_tested_on_by_nobody(recipe, tmp_path):
    teacher = train_classifier(replace(recipe, epochs=1, out=tmp_path / "teacher")) / "checkpoint"
    recipe = replace(recipe, start=str(teacher), out=tmp_path / "pupil")
    train_classifier(replace(recipe, stop_after=1))
    tested = read_run(recipe, begun=True).splits["test"].contents
    learned = json.loads((teacher / "photos.json").read_text())
    learned["train"].append(tested[0])
    (teacher / "photos.json").write_text(json.dumps(learned))
    write_sums(teacher)
    assert read_run(recipe, begun=True).splits["test"].contents == tested[1:]


def test_what_a_network_was_trained_on_is_not_evaluated(recipe, two, capsys, monkeypatch):
    checkpoint = train_classifier(replace(recipe, epochs=1)) / "checkpoint"
    data = read_run(replace(recipe, epochs=1), begun=True)
    for name, split in (("train", "test"), ("val", "val"), ("test", "train")):
        lines = [photo.relative_to(two).as_posix() for photo in data.splits[name].photos]
        (two / f"{split}.txt").write_text("\n".join(lines[:5]))
    with pytest.raises(ValueError, match="has no photo for test"):
        evaluate(Evaluation([str(two)], [str(checkpoint)]))
    assert capsys.readouterr().err.count("it was trained on") == 5
    tiny, troubles = data.splits["val"].photos[0], []
    Image.new("L", (5, 5)).save(tiny)
    monkeypatch.setattr("train.measure.evaluation.find_trouble", lambda photo: troubles.append(photo) or "it is tiny")
    rows = evaluate(Evaluation([str(two)], [str(checkpoint)], split="val", sizes=[32, 32]))
    assert [row["photos"] for row in rows] == [4, 4]
    assert [photo.name for photo in troubles] == [tiny.name]  # the others are opened once a size, to be measured
    assert capsys.readouterr().err.count(f"{tiny.name}: it is tiny") == 1


def test_the_folder_of_a_run_is_no_checkpoint(recipe, two, tmp_path):
    out = train_classifier(replace(recipe, epochs=1))
    with pytest.raises(ValueError, match=f"name {out / 'checkpoint'}"):
        train_classifier(replace(recipe, start=str(out), out=tmp_path / "more"))
    with pytest.raises(ValueError, match="lies in the folder of the photos"):
        train_classifier(replace(recipe, out=two / "run"))


@pytest.mark.parametrize("file", ["photos.json", "state.safetensors"])
def test_a_damaged_run_is_not_gone_on_with(recipe, file):
    train_classifier(replace(recipe, stop_after=1))
    (recipe.out / file).write_bytes(b"{}")
    with pytest.raises(ValueError, match="is damaged"):
        train_classifier(recipe)


def test_a_run_that_does_not_know_its_photos_is_not_gone_on_with(recipe):
    train_classifier(replace(recipe, stop_after=1))
    (recipe.out / FILE).unlink()
    with pytest.raises(ValueError, match="does not say which photos"):
        train_classifier(recipe)


def test_a_checkpoint_is_a_start_for_more_photos_and_classes(recipe, two, tmp_path, capsys):
    first = train_classifier(recipe) / "checkpoint"
    assert f'XAI_BLACK_BOXES="run={first}" python app.py' in capsys.readouterr().out
    write_photos(two / "green", 30)
    trained = set(json.loads((first / "photos.json").read_text())["train"])
    paths = {hash_photo(path): path for path in list_photos(two)}
    shutil.move(paths[min(trained)], two / "green" / "was trained on.png")  # relabelled, it draws another lot
    out = train_classifier(replace(recipe, start=str(first), out=tmp_path / "more", epochs=1))
    data = read_run(replace(recipe, start=str(first), out=tmp_path / "more"), begun=True)
    assert not trained & {*data.splits["val"].contents, *data.splits["test"].contents}
    model = xai.load_model(out / "checkpoint")
    assert model.classes == ["bright", "dark", "green"]
    card = (out / "checkpoint/README.md").read_text()
    assert f"from the weights of {first}" in card
    assert card.count("python -m train.classifier") == 2


def test_a_start_gives_each_class_what_is_known_of_it(tmp_path):
    source = xai.load_model("garbage-cnn")
    model = create_model("cnn", ["trash", "new", "glass"], input_size=128)
    fresh_row = model.fc[-1].bias[1].item()
    taken, of = copy_weights(model, "garbage-cnn")
    assert taken == of
    assert model.fc[-1].bias[0] == source.fc[-1].bias[source.classes.index("trash")]
    assert model.fc[-1].bias[2] == source.fc[-1].bias[source.classes.index("glass")]
    assert model.fc[-1].bias[1].item() == fresh_row
    with pytest.raises(ValueError, match="no weights that fit"):
        copy_weights(create_model("pyramid", ["a"], backbone="resnet18", width=16), "garbage-cnn")


def test_balance_shows_every_class_equally_often():
    labels = [0] * 50 + [1] * 7
    order = draw_order(labels, seed=3, balance=True)
    shown = [labels[i % 57] for i in order]
    assert shown.count(0) == shown.count(1) == 29
    assert len(set(order.tolist())) == 58  # a rare photo comes again as another view
    assert {i % 57 for i in order.tolist()} >= set(range(50, 57))
    assert order.tolist() != draw_order(labels, seed=4, balance=True).tolist()
    assert sorted(draw_order(labels, seed=3).tolist()) == list(range(57))


def test_a_balanced_run_goes_on_as_it_began(recipe, two, tmp_path):
    for path in sorted((two / "dark").iterdir())[14:]:
        path.unlink()
    recipe = replace(recipe, balance=True)
    whole = train_classifier(replace(recipe, out=tmp_path / "whole"))
    train_classifier(replace(recipe, stop_after=1))
    a, b = (load_file(out / "state.safetensors") for out in (whole, train_classifier(recipe)))
    assert all((a[key] == b[key]).all() for key in a)


@pytest.mark.parametrize("seed", range(24))
def test_folders_drawn_by_chance_are_read_as_meant_or_refused(seed, tmp_path):
    row = go_through(seed, tmp_path, Accelerator())
    assert row["trouble"] == []


def test_the_splits_that_lists_name_are_as_they_were(two):
    names = [path.relative_to(two).as_posix() for path in list_photos(two)]
    for i, split in enumerate(("train", "val", "test")):
        (two / f"{split}.txt").write_text("\n".join(names[i::3]))
    for i, (_, split) in enumerate(read_splits(str(two)).items()):
        assert [path.relative_to(two).as_posix() for path in split.photos] == names[i::3]
