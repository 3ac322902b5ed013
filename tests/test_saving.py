"""What is saved of an explanation is what it is; nothing of others is lost, and nothing is half done."""

import io
import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from unicodedata import normalize

import numpy as np
import pytest
from PIL import Image

import xai
from tests.conftest import EXAMPLES, load_once
from xai.__main__ import main
from xai.agreement import compare_answers
from xai.filenames import name_download, name_file, name_folders
from xai.writing import check_free, encode_json, write_folder

NAMES = {"photo.png", "heatmap.png", "colors.png", "map.npz", "manifest.json"}


@pytest.fixture(scope="module")
def e():
    return xai.explain(load_once("garbage-cnn"), EXAMPLES[0])


def explain_by_asking(method, **options):
    return xai.explain(xai.load_black_box("garbage-cnn"), EXAMPLES[0], method=method, **options)


def read(folder) -> dict:
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"), parse_constant=refuse)


def contents(folder) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def assert_same(file, picture):
    with Image.open(file) as saved:
        assert (saved.mode, saved.format) == ("RGB", "PNG")
        np.testing.assert_array_equal(np.asarray(saved), np.asarray(picture))


# What is in the files


def test_what_is_read_back_is_what_was_saved(e, tmp_path):
    folder = e.save(tmp_path / "new" / "why", alpha=0.3, colormap="magma")
    assert contents(folder).keys() == NAMES
    assert_same(folder / "photo.png", e.photo)
    assert_same(folder / "heatmap.png", e.overlay(0.3, "magma"))
    assert_same(folder / "colors.png", e.overlay(1, "magma"))
    with np.load(folder / "map.npz", allow_pickle=False) as arrays:
        assert set(arrays) == {"raw", "confidences"}
        for name in arrays:
            assert arrays[name].dtype == np.float32
            assert arrays[name].tobytes() == getattr(e, name).tobytes()


def test_the_manifest_says_what_is_known(e, tmp_path):
    said = read(e.save(tmp_path / "why"))
    assert said["xai"] == xai.__version__
    assert (said["subject"], said["source"], said["layer"]) == ("garbage-cnn", "", e.target_layer)
    assert (said["method"]["name"], said["method"]["title"], said["method"]["options"]) == ("gradcam", "Grad-CAM", {})
    assert said["class"] == {"name": e.label, "index": e.target, "confidence": e.confidence}
    assert list(said["confidences"]) == load_once("garbage-cnn").classes
    assert np.float32(list(said["confidences"].values())).tobytes() == e.confidences.tobytes()
    assert (said["size"]["width"], said["size"]["height"]) == e.photo.size
    assert said["box"] == list(e.bounding_box())
    assert (said["blank"], said["familiar"], said["seconds"]) == (False, e.familiar, e.seconds)
    assert (said["opacity"], said["colormap"]) == (0.5, "turbo")
    assert said["files"].keys() | {"manifest.json"} == NAMES
    assert said["files"]["map.npz"]["arrays"]["raw"]["range"] == [e.raw.min(), e.raw.max()]
    assert said["files"]["photo.png"]["shape"] == list(np.asarray(e.photo).shape)


def test_the_colours_can_be_made_again_from_numbers_and_manifest(e, tmp_path):
    """On a scale that is shared, too, whose ends lie elsewhere."""
    for n, each in enumerate((e, replace(e, scale=(0.0, 2 * float(e.raw.max()))))):
        folder = each.save(tmp_path / str(n))
        low, high = read(folder)["scale"]
        raw, size = Image.fromarray(np.load(folder / "map.npz")["raw"]), each.photo.size
        resized = np.asarray(raw.resize(size, Image.Resampling.BILINEAR))
        np.testing.assert_allclose(((resized - low) / (high - low)).clip(0, 1), each.saliency, atol=1e-3)


@pytest.mark.parametrize(("method", "options"), [("rise", {"masks": 16}), ("lime", {"samples": 16})])
def test_estimates_come_with_their_error(method, options, tmp_path):
    e = explain_by_asking(method, **options)
    folder = e.save(tmp_path / "why")
    with np.load(folder / "map.npz", allow_pickle=False) as arrays:
        assert arrays["error"].tobytes() == e.error.tobytes()
        assert arrays["raw"].tobytes() == e.raw.tobytes()
    said = read(folder)
    assert (said["source"], said["questions"], said["settled"]) == ("black box", e.questions, e.settled)
    assert said["method"]["options"].items() >= {**options, "seed": 0}.items()
    assert said["files"]["map.npz"]["arrays"]["error"]["shape"] == list(e.error.shape)


def test_a_blank_map_says_so(tmp_path):
    e = xai.explain(load_once("garbage-cnn"), EXAMPLES[0], method="constant")
    assert e.blank
    said = read(e.save(tmp_path / "why"))
    assert (said["blank"], said["box"], said["scale"]) == (True, None, None)
    assert_same(tmp_path / "why" / "heatmap.png", e.photo)
    with Image.open(tmp_path / "why" / "colors.png") as colours:
        assert len(colours.getcolors()) == 1


def test_a_students_agreement_comes_along(e, tmp_path):
    agreed = compare_answers(e.confidences, e.confidences, e.classes)
    said = read(replace(e, agreement=agreed).save(tmp_path / "why"))["agreement"]
    assert said == {"teacher": said["student"], "student": said["student"], "divergence": 0, "agreed": 5}
    assert said["teacher"][0] == [e.label, e.confidence]


def test_names_of_classes_and_people_are_no_paths(e, tmp_path):
    odd = {"../../up": "..\\a/b", "con": "유리/병", "C:\\": "\udc80", "a/../..": ""}
    given = {title: replace(e, label=label, classes=(*"abcde", "유리/병")) for title, label in odd.items()}
    folder = xai.save_all(tmp_path / "inside" / "all", given)
    assert [p.name for p in tmp_path.iterdir()] == ["inside"]
    assert [p.name for p in (tmp_path / "inside").iterdir()] == ["all"]
    listed = read(folder)["explanations"]
    assert [(one["title"], one["class"]["name"]) for one in listed] == list(odd.items())
    assert {one["folder"] for one in listed} == {p.name for p in folder.iterdir()} - {"manifest.json"}
    assert "유리/병" in read(folder / listed[0]["folder"])["confidences"]


def test_several_are_each_as_saved_alone(e, tmp_path):
    other = xai.explain(load_once("garbage-cnn"), EXAMPLES[1], method="layercam")
    folder = xai.save_all(tmp_path / "all", {"first one": e, "other": other}, 0.7, "jet")
    assert contents(folder / "first-one") == contents(e.save(tmp_path / "e", 0.7, "jet"))
    assert contents(folder / "other") == contents(other.save(tmp_path / "o", 0.7, "jet"))


def test_the_zip_holds_what_the_folder_does(e, tmp_path):
    given = {"../up": e, "/etc/x": e, "C:\\y": e}
    with zipfile.ZipFile(io.BytesIO(xai.pack(given))) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            assert not PurePosixPath(name).is_absolute()
            assert not PureWindowsPath(name).anchor
            assert ".." not in PureWindowsPath(name).parts
        packed = {name: archive.read(name) for name in archive.namelist()}
    assert packed == contents(xai.save_all(tmp_path / "all", given))
    assert len(packed) == 3 * len(NAMES) + 1


def test_mistakes_get_a_sentence(e, tmp_path):
    for wrong in (-0.1, 1.5, float("nan")):
        with pytest.raises(ValueError, match="from 0 to 1"):
            e.save(tmp_path / "why", alpha=wrong)
    with pytest.raises(ValueError, match="no colour map 'rainbow'"):
        e.save(tmp_path / "why", colormap="rainbow")
    with pytest.raises(ValueError, match="no explanation"):
        xai.pack({})
    assert not list(tmp_path.iterdir())


def test_numbers_are_plain_json():
    value = {"a": np.float32(0.1), 1: (np.int64(2), np.bool_(True)), "n": [float("nan"), -np.inf], "o": np.zeros(2)}
    assert json.loads(encode_json(value)) == {
        "a": float(np.float32(0.1)), "1": [2, True], "n": [None, None], "o": [0, 0]
    }  # fmt: skip


# Where it is put


def test_what_was_saved_may_be_saved_anew(e, tmp_path):
    xai.save_all(tmp_path / "why", {"a": e, "b": e})
    (tmp_path / "why" / ".DS_Store").write_bytes(b"seen")
    e.save(tmp_path / "why", colormap="jet")
    assert contents(tmp_path / "why").keys() == NAMES | {".DS_Store"}
    assert {p.name for p in (tmp_path / "why").iterdir()} == NAMES | {".DS_Store"}  # nor empty folders
    assert read(tmp_path / "why")["colormap"] == "jet"


def add_a_file(folder):
    (folder / "notes.txt").write_text("mine")


def add_one_inside(folder):
    (folder / "mine").mkdir()
    (folder / "mine" / "photo.png").write_bytes((folder / "photo.png").read_bytes())


def paint_on_a_picture(folder):
    Image.new("RGB", (9, 9)).save(folder / "heatmap.png")


def write_into_the_manifest(folder):
    facts = read(folder)
    (folder / "manifest.json").write_bytes(encode_json({**facts, "notes": "mine"}))


def lose_the_manifest(folder):
    (folder / "manifest.json").unlink()


def put_another_manifest(folder):
    (folder / "manifest.json").write_text('{"sha256": []}')


@pytest.mark.parametrize(
    "change",
    [add_a_file, add_one_inside, paint_on_a_picture, write_into_the_manifest, lose_the_manifest, put_another_manifest],
)
def test_what_somebody_else_wrote_stays(change, e, tmp_path):
    folder = e.save(tmp_path / "why")
    change(folder)
    before = contents(folder)
    with pytest.raises(FileExistsError, match="choose another folder"):
        e.save(folder, colormap="jet")
    assert contents(folder) == before


def test_a_file_is_no_folder(e, tmp_path):
    (tmp_path / "why").write_text("mine")
    with pytest.raises(FileExistsError, match="is a file"):
        e.save(tmp_path / "why")
    assert (tmp_path / "why").read_text() == "mine"


@pytest.mark.parametrize("before", ["nothing", "an empty folder", "an earlier one"])
@pytest.mark.parametrize("failing", range(5))
def test_a_failing_write_leaves_everything_as_it_was(before, failing, e, tmp_path, monkeypatch):
    folder = tmp_path / "why"
    if before == "an empty folder":
        folder.mkdir()
    elif before == "an earlier one":
        e.save(folder, colormap="jet")
    found, places, write, written = contents(tmp_path), sorted(tmp_path.rglob("*")), Path.write_bytes, []

    def fail(path, data):
        written.append(path)
        if len(written) > failing:
            write(path, data[: len(data) // 2])
            raise OSError(28, "No space left on device")
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OSError, match="No space left"):
        e.save(folder)
    assert len(written) == failing + 1
    assert (contents(tmp_path), sorted(tmp_path.rglob("*"))) == (found, places)


def test_what_the_system_refuses_to_write_leaves_nothing(e, tmp_path):
    """Files may have 20,000 bytes here; the photo has more."""
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            e.save(tmp_path / "why")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.iterdir())


def test_the_working_folder_may_be_the_place(e, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert contents(e.save(".")).keys() == NAMES
    assert e.save("inside").is_dir() is True


def test_a_link_to_a_folder_is_followed(tmp_path):
    (tmp_path / "there").mkdir()
    os.symlink(tmp_path / "there", tmp_path / "link")
    write_folder(tmp_path / "link", {"a.txt": b"a"})
    assert (tmp_path / "link").is_symlink()
    assert contents(tmp_path / "there") == {"a.txt": b"a"}
    with pytest.raises(FileExistsError):
        check_free(tmp_path / "link")


# Names


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("glass", "glass"),
        ("garbage-s_se_resnet50 gradcam++", "garbage-s-se-resnet50-gradcam"),
        ("유리/병 (2)", "유리-병-2"),
        ("हिन्दी", "हिन्दी"),
        (normalize("NFD", "유리"), "유리"),
        ("../../etc/passwd", "etc-passwd"),
        (".hidden", "hidden"),
        ("a\nb\x00c\u202ed", "a-b-c-d"),
        ("NUL", "xai-NUL"),
        ("com¹", "xai-com¹"),
        ("", "unnamed"),
        ("💡…", "unnamed"),
        ("\udc80", "unnamed"),
        ("x" * 300, "x" * 80),
        ("x" * 79 + " y", "x" * 79),
    ],
)
def test_names_are_such_as_every_system_takes(text, name):
    assert name_file(text) == name


def test_downloads_say_what_they_are():
    assert name_download("glass", "gradcam") == "xai-glass-gradcam.zip"
    assert name_download("플라스틱", "rise", ending=".png") == "xai-플라스틱-rise.png"
    assert name_download() == "xai.zip"
    assert len(name_download("x" * 300)) == 80
    assert len(name_download("𠀀" * 300).encode()) <= 255


def test_folders_are_told_apart_where_capitals_do_not_count():
    found = name_folders(["Glass", "glass", "glass-2", "a/b", "a b", "x" * 90, "x" * 91])
    assert list(found.values())[:5] == ["Glass", "glass-2", "glass-2-2", "a-b", "a-b-2"]
    assert len({name.casefold() for name in found.values()}) == len(found)
    assert max(map(len, found.values())) == 80


# In a shell


def test_a_photo_is_saved_in_a_shell(tmp_path, capsys):
    arguments = ["explain", str(EXAMPLES[0]), "--model", "garbage-cnn", "--colormap", "jet"]
    assert main([*arguments, "--save", str(tmp_path / "one")]) == 0
    assert str(tmp_path / "one") in capsys.readouterr().out
    assert contents(tmp_path / "one").keys() == NAMES
    e = xai.explain(load_once("garbage-cnn"), EXAMPLES[0])
    assert_same(tmp_path / "one" / "heatmap.png", e.overlay(0.5, "jet"))
    assert read(tmp_path / "one")["familiar"] == e.familiar
    assert main([*arguments, "--method", "gradcam", "eigencam", "--save", str(tmp_path / "two")]) == 0
    assert {p.name for p in (tmp_path / "two").iterdir()} == {
        "garbage-cnn-gradcam", "garbage-cnn-eigencam", "manifest.json"
    }  # fmt: skip


def test_several_photos_are_saved_in_a_shell_with_sheets(tmp_path):
    for name in ("a/x.png", "b/x.png", "b/x-2.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.open(EXAMPLES[len(name) % 2]).save(tmp_path / name)
    photos = [str(tmp_path / "a"), str(tmp_path / "b")]
    places = ["--output", str(tmp_path / "sheets"), "--save", str(tmp_path / "saved")]
    assert main(["explain", *photos, "--model", "garbage-cnn", *places]) == 0
    assert len(list((tmp_path / "sheets").glob("*-why.jpg"))) == 3
    saved = list((tmp_path / "saved").iterdir())
    assert len(saved) == 3
    assert all(contents(folder).keys() == NAMES for folder in saved)


@pytest.mark.parametrize(
    ("places", "sentence"),
    [
        ([], "--save"),
        (["--save", "mine"], "mine holds notes.txt"),
        (["--save", "x", "--output", "x"], "need a folder each"),
    ],
)
def test_mistakes_in_a_shell_are_said_before_anything_is_computed(places, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    add_a_file(tmp_path / "mine")
    monkeypatch.setattr("xai.shell.explain.load_model", lambda *_: pytest.fail("too late"))
    assert main(["explain", str(EXAMPLES[0]), *places]) == 2
    assert sentence in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]
