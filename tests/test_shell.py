import csv
import shutil

import numpy as np
import pytest
from PIL import Image

import xai
from tests.conftest import EXAMPLES, load_once
from tests.test_photo import BAD
from xai.__main__ import main
from xai.duplicates import find_close, find_near_duplicates, group_pairs, hash_pixels
from xai.folders import find_photos, list_splits
from xai.methods import METHODS
from xai.sheet import Tile, contact_sheet
from xai.similar import load_index
from xai.studio.examples import read_class
from xai.zoo import MODELS


@pytest.fixture
def folder(tmp_path):
    """CLASS/PHOTO of the examples."""
    for path in EXAMPLES:
        (tmp_path / "photos" / read_class(path)).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, tmp_path / "photos" / read_class(path) / path.name)
    return tmp_path / "photos"


def rows(file):
    with file.open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def test_explains_a_folder_by_several_models_and_methods(folder, tmp_path, capsys):
    out = tmp_path / "sheets"
    models, methods = ["garbage-cnn", "garbage-efficientnet_lite0"], ["gradcam", "layercam", "eigencam"]
    assert main(["explain", str(folder), "--model", *models, "--method", *methods, "--output", str(out)]) == 0
    sheets = sorted(out.rglob("*-why.jpg"))
    assert [s.relative_to(out).with_name(s.name.removesuffix("-why.jpg")) for s in sheets] == [
        p.relative_to(folder).with_suffix("") for p in sorted(folder.rglob("*.jpg"))
    ]
    found = rows(out / "explanations.csv")
    assert len(found) == len(EXAMPLES) * 6
    for row in found[:12]:
        e = xai.explain(load_once(row["model"]), row["photo"], row["method"])
        assert (row["class"], row["layer"]) == (e.label, e.target_layer)
        assert float(row["confidence"]) == pytest.approx(e.confidence, abs=2e-4)
        box = tuple(int(row[side]) for side in ("left", "top", "right", "bottom"))
        np.testing.assert_allclose(box, e.bounding_box(), atol=2)
    width, height = Image.open(sheets[0]).size
    assert width > 4 * 150
    assert height > 2 * 200
    assert f"{len(EXAMPLES)} of {len(EXAMPLES)} photos" in capsys.readouterr().out


def test_a_sheet_shows_the_explanation(folder, tmp_path):
    photo = EXAMPLES[0]
    assert main(["explain", str(photo), "--model", "garbage-cnn", "--side", "512", "--output", str(tmp_path)]) == 0
    sheet = np.asarray(Image.open(tmp_path / f"{photo.stem}-why.jpg"), int)
    heatmap = np.asarray(xai.explain(load_once("garbage-cnn"), photo).overlay(), int)
    h, w = heatmap.shape[:2]
    top, left = 34, 2 * 8 + w
    assert np.abs(sheet[top : top + h, left : left + w] - heatmap).mean() < 6  # but for JPEG


def test_one_broken_photo_does_not_stop_the_rest(folder, tmp_path, capsys):
    (folder / "glass" / "broken.jpg").write_bytes(BAD["truncated.jpg"][0])
    out = tmp_path / "sheets"
    assert main(["explain", str(folder), "--model", "garbage-cnn", "--output", str(out)]) == 1
    assert len(list(out.rglob("*-why.jpg"))) == len(EXAMPLES)
    said = capsys.readouterr().out
    assert f"{len(EXAMPLES)} of {len(EXAMPLES) + 1} photos" in said
    assert "broken.jpg: This photo cannot be used" in said
    assert "Traceback" not in said


def test_only_broken_photos(tmp_path, capsys):
    (tmp_path / "broken.jpg").write_bytes(b"")
    arguments = ["explain", str(tmp_path / "broken.jpg"), "--model", "garbage-cnn", "--output", str(tmp_path / "out")]
    assert main(arguments) == 1
    assert "0 of 1 photos" in capsys.readouterr().out


def test_a_method_that_does_not_suit_is_left_out_and_said(tmp_path, capsys):
    arguments = ["explain", str(EXAMPLES[0]), "--model", "garbage-cnn", "--output", str(tmp_path)]
    assert main([*arguments, "--method", "cam", "gradcam"]) == 0
    assert "left out: cam on garbage-cnn: CAM needs nothing but global average pooling" in capsys.readouterr().out
    assert [row["method"] for row in rows(tmp_path / "explanations.csv")] == ["gradcam"]
    assert main([*arguments, "--method", "cam"]) == 2
    assert "none of these methods suits" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere"], "no file or folder nowhere"),
        (["{empty}"], "no photo in the folder"),
        (["{photo}", "--model", "garbage-resnet51"], "no model 'garbage-resnet51'"),
        (["{photo}", "--method", "gradcan"], "no method 'gradcan'"),
        (["{photo}", "--target", "bottle"], "no class 'bottle'"),
        (["{photo}", "--layer", "layer9"], "no layer 'layer9'"),
        (["{photo}", "--alpha", "2"], "--alpha must be"),
    ],
)
def test_mistakes_get_a_sentence(tmp_path, capsys, arguments, sentence):
    (tmp_path / "empty").mkdir()
    filled = [a.format(photo=EXAMPLES[0], empty=tmp_path / "empty") for a in arguments]
    model = [] if "--model" in filled else ["--model", "garbage-cnn"]
    assert main(["explain", *filled, *model, "--output", str(tmp_path / "out")]) == 2
    said = capsys.readouterr()
    assert sentence in said.err
    assert "Traceback" not in said.err


def test_target_and_layer(tmp_path):
    arguments = ["--model", "garbage-cnn", "--target", "metal", "--layer", "conv1", "--output", str(tmp_path)]
    assert main(["explain", str(EXAMPLES[0]), *arguments]) == 0
    (row,) = rows(tmp_path / "explanations.csv")
    assert (row["class"], row["layer"]) == ("metal", "conv1")


def test_photos_of_the_same_name_get_sheets_of_their_own(tmp_path):
    for name in ("a/x.jpg", "b/x.jpg", "b/x.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (20, 20)).save(tmp_path / name)
    names = find_photos([tmp_path / "a", tmp_path / "b", tmp_path / "a" / "x.jpg"])
    assert len(names) == len(set(names.values())) == 3


def test_lists_models_and_methods(capsys):
    assert main(["models"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in MODELS)
    assert "layer1, layer2, layer3, layer4" in said
    assert main(["methods"]) == 0
    said = capsys.readouterr().out
    assert all(f"\n{name}\n" in f"\n{said}" for name in METHODS)
    assert "not for garbage-cnn" in said
    assert main(["methods", "layercam"]) == 0
    assert "Formula: `L^c = ReLU(Σ_k ReLU(∂y^c/∂A^k) ⊙ A^k)`" in capsys.readouterr().out
    assert main(["methods", "rise"]) == 0
    assert "Formula: `S = Σ_i f_i M_i / Σ_i M_i`" in capsys.readouterr().out
    assert main(["methods", "distilled"]) == 0
    assert "distilled:literal: blocks=(1, 2, 3" in capsys.readouterr().out
    assert main(["methods", "gradcan"]) == 2


@pytest.mark.parametrize("command", [[], ["explain"], ["models"], ["methods"], ["index"], ["duplicates"], ["evaluate"]])
def test_help(command, capsys):
    with pytest.raises(SystemExit) as end:
        main([*command, "--help"])
    assert end.value.code == 0
    assert "usage: python -m xai" in capsys.readouterr().out


def test_index_made_in_a_shell_finds_its_own_photos(folder, tmp_path):
    (folder / "train.txt").write_text("".join(f"{read_class(p)}/{p.name}\n" for p in EXAMPLES[:9]))
    file = tmp_path / "index.npz"
    assert main(["index", str(folder), "--model", "garbage-cnn", "--output", str(file)]) == 0
    index, model = load_index("garbage-cnn", file), load_once("garbage-cnn")
    assert len(index.names) == 9
    for path in EXAMPLES[:9]:
        first, *_ = index.nearest(model, path)
        assert (first.name, first.label, first.distance) == (f"{read_class(path)}/{path.name}", read_class(path), 0)
        assert first.thumbnail.size == (90, 120)
    assert main(["index", str(tmp_path / "nowhere"), "--output", str(file)]) == 2


def test_near_duplicates_are_found_and_others_not(folder, tmp_path, capsys):
    originals = sorted(folder.rglob("*.jpg"))
    copies = {
        "glass/small.jpg": lambda p: p.resize((p.width // 2, p.height // 2)),
        "metal/dark.jpg": lambda p: p.point(lambda v: int(0.8 * v)),
        "paper/again.png": lambda p: p,
    }
    for (name, change), path in zip(copies.items(), originals[2:5], strict=True):
        change(Image.open(path)).save(folder / name)
    (folder / "glass" / "broken.jpg").write_bytes(b"no photo")
    names = [p.relative_to(folder).as_posix() for p in originals]
    (folder / "train.txt").write_text("".join(f"{n}\n" for n in names))
    (folder / "test.txt").write_text("".join(f"{n}\n" for n in [*copies, "glass/broken.jpg"]))
    out = tmp_path / "out"
    assert main(["duplicates", str(folder), "--output", str(out)]) == 1
    said = capsys.readouterr().out
    assert "3 near-duplicate pairs in 3 groups" in said
    assert "3 across train and test" in said
    assert "not compared" in said
    assert "broken.jpg" in said
    assert (out / "leaked.txt").read_text().split() == sorted(copies)
    pairs = {(row["first"], row["second"]) for row in rows(out / "duplicates.csv")}
    assert pairs == set(zip(names[2:5], copies, strict=True))
    assert Image.open(out / "duplicates-1.jpg").width > 400


def test_no_duplicates_among_the_examples(folder, tmp_path, capsys):
    assert main(["duplicates", str(folder), "--output", str(tmp_path / "out")]) == 0
    assert "0 near-duplicate pairs" in capsys.readouterr().out
    assert (tmp_path / "out" / "leaked.txt").read_text() == ""


def test_close_compares_every_pair():
    hashes = np.random.default_rng(0).integers(0, 2**64, 40, dtype=np.uint64)
    hashes[7], hashes[30] = hashes[3], hashes[3] ^ np.uint64(0b1011)
    literal = [
        (i, j) for i in range(40) for j in range(i + 1, 40) if bin(int(hashes[i]) ^ int(hashes[j])).count("1") <= 3
    ]
    assert list(find_close(hashes, 3)) == literal
    assert (3, 7) in literal
    assert (7, 30) in literal


def test_pixel_hash_is_the_sign_of_low_frequencies():
    rng = np.random.default_rng(1)
    grey = rng.random((1, 32, 32)).astype(np.float32)
    k = np.arange(32)
    basis = np.cos(np.pi * (2 * k[None] + 1) * k[:8, None] / 64)  # 8, 32
    corner = basis @ grey[0].astype(float) @ basis.T
    corner *= np.where(np.arange(8) == 0, np.sqrt(1 / 32), np.sqrt(2 / 32))[:, None]
    corner *= np.where(np.arange(8) == 0, np.sqrt(1 / 32), np.sqrt(2 / 32))[None]
    bits = (corner > np.median(corner)).ravel()
    np.testing.assert_array_equal(np.unpackbits(hash_pixels(grey).view(np.uint8)).astype(bool), bits)


def test_pairs_that_share_a_photo_are_one_group(tmp_path):
    for name in ("a.png", "b.png", "c.png"):
        shutil.copy(EXAMPLES[0], tmp_path / name)
    model, index = load_once("garbage-efficientnet_lite0"), load_index("garbage-efficientnet_lite0")
    pairs, failures = find_near_duplicates(list_splits(tmp_path)["train"], model, index.medians)
    assert (len(pairs), failures) == (3, {})
    assert [len(group) for group in group_pairs(pairs)] == [3]


def test_a_sheet_shortens_long_lines_and_leaves_empty_places():
    tiles = [Tile(Image.new("RGB", (400, 100), "red"), ("a" * 200, "b")), Tile(None, ("nothing here",))]
    sheet = contact_sheet([tiles, tiles[:1]], 100, heading="h" * 500)
    assert sheet.width == 8 + 2 * 108
    assert sheet.getpixel((20, 50))[0] > 200
    assert sheet.getpixel((180, 40)) == (255, 255, 255)
