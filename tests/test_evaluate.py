"""python -m xai evaluate: its figures against literal loops, going on after a stop, and what it refuses."""

import csv
import json
from copy import copy

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image
from scipy import stats

import xai
from tests import literal_games
from tests.conftest import CLASSES, EXAMPLES, fresh, load_once
from tests.test_photo import BAD
from xai import metrics
from xai.__main__ import main
from xai.blackbox import BlackBox, BlackBoxError, from_checkpoint, load_black_box
from xai.evaluation import Settings, evaluate
from xai.evaluation.bootstrap import FEW, interval, interval_around, resample_means
from xai.evaluation.intervals import estimate_all
from xai.evaluation.plan import plan_rows
from xai.evaluation.plot import COLORS, draw_dots
from xai.evaluation.subset import choose_photos, stratify
from xai.explanation import resize_to_photo
from xai.methods import METHODS
from xai.methods.controls import gaussian, random
from xai.metrics.games import auc
from xai.studio.examples import read_class

SHARP = 50  # an untrained network is hardly sure of anything, and its curves are flat


@pytest.fixture
def folder(tmp_path):
    """CLASS/PHOTO of the examples, small, so that reading them takes no time; all are of the test split."""
    for path in EXAMPLES[:5]:
        file = tmp_path / "photos" / read_class(path) / f"{path.stem}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(path) as photo:
            photo.resize((48, 64)).save(file)
    names = sorted(p.relative_to(tmp_path / "photos").as_posix() for p in (tmp_path / "photos").rglob("*.png"))
    (tmp_path / "photos" / "test.txt").write_text("".join(f"{name}\n" for name in names))
    (tmp_path / "photos" / "train.txt").write_text("elsewhere/a.png\n")
    return tmp_path / "photos"


@pytest.fixture(scope="module")
def student():
    return fresh("cnn", input_size=32)


@pytest.fixture
def asked():
    return []


@pytest.fixture
def subject(student, asked):
    """A black box that nobody can look into, and a network that is no good imitation of it."""
    teacher = fresh("cnn", seed=1, input_size=64)

    def answer(pixels):
        asked.append(len(pixels))
        return (SHARP * teacher(teacher.normalize(pixels))).softmax(1)

    student.name = "imitation"
    return BlackBox(answer, CLASSES, "teacher", 64, batch_size=7, student=student)


def names_in(folder):
    return (folder / "test.txt").read_text().split()


def rows(file):
    with file.open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def without_seconds(table):
    return [{key: value for key, value in row.items() if key != "seconds"} for row in table]


def test_games_in_the_table_equal_a_literal_loop(subject, student, folder, tmp_path):
    methods = ["gradcam", "layercam:student@conv1", "gaussian"]
    settings = Settings(step=512, batch=2)
    evaluate([subject], methods, ["deletion", "insertion"], folder, tmp_path / "out", settings=settings)
    expected = {method: {"del": [], "ins": []} for method in methods}
    for name in names_in(folder):
        pixels = subject.pixels([folder / name])
        target = int(subject.ask(pixels).argmax())
        raws = {
            "gradcam": xai.explain(student, folder / name, "gradcam", target).raw,
            "layercam:student@conv1": xai.explain(student, folder / name, "layercam", target, "conv1").raw,
            "gaussian": gaussian(pixels, ())[0].numpy(),
        }
        for method, raw in raws.items():
            saliency = resize_to_photo(raw.astype(np.float32), 64, 64)
            stable = -np.argsort(np.argsort(-saliency.ravel(), kind="stable"), kind="stable").reshape(64, 64)
            for mode in ("del", "ins"):
                curve = literal_games.game(normalized_model(subject), pixels, stable, mode, 512)
                expected[method][mode].append(literal_games.auc(curve))
    found = rows(tmp_path / "out" / "results.csv")
    assert [row["method"] for row in found] == ["gradcam:student", "layercam:student@conv1", "gaussian"]
    assert [row["asked"] for row in found] == ["imitation", "imitation", ""]
    for row, means in zip(found, expected.values(), strict=True):
        assert float(row["deletion"]) == pytest.approx(np.mean(means["del"]), abs=1e-4)
        assert float(row["insertion"]) == pytest.approx(np.mean(means["ins"]), abs=1e-4)
        assert float(row["deletion low"]) < float(row["deletion"]) < float(row["deletion high"])
        assert row["photos"] == "5"
    assert np.ptp([float(row["deletion"]) for row in found]) > 1e-3  # there was something to tell apart
    assert float(found[0]["seconds"]) > 0
    assert found[2]["seconds"] == ""


def normalized_model(black_box):
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (literal_games.MEAN, literal_games.STD))
    return lambda x: black_box.ask((x * std + mean).float())


@pytest.mark.parametrize("share", [None, 0.2])
def test_seen_through_maps_equals_score_layers(folder, tmp_path, share):
    """All layers, their combination and controls, from the same building blocks but another loop."""
    models = {"a": fresh("pyramid", attended=(1, 2), input_size=64), "b": fresh("pyramid", seed=1, input_size=64)}
    subjects = [from_checkpoint(model, name=name) for name, model in models.items()]
    methods = ["gradcam++", "gaussian", *([] if share else ["constant"])]
    wanted = ["drop", "increase", "gain", "adcc"]
    out = tmp_path / "out"
    names = names_in(folder)[:3]
    evaluate(subjects, methods, wanted, folder, out, names, ["all"], Settings(share=share, batch=2))
    found = {(row["model"], row["method"]): row for row in rows(out / "results.csv")}
    assert len(found) == 2 * (5 + len(methods) - 1)
    for name, model in models.items():
        expected = metrics.score_layers(model, [folder / n for n in names], "gradcam++", share=share)
        for layer, scores in expected.items():
            row = found[name, layer if layer in METHODS else f"gradcam++@{layer}"]
            for metric, value in scores.row().items():
                if metric in wanted:
                    assert float(row[metric]) == pytest.approx(value, rel=1e-3, abs=1e-3), (layer, metric)
    text = (out / "results.md").read_text(encoding="utf-8")
    assert ("the strongest 20% of the pixels kept" if share else "every pixel dimmed") in text
    assert Image.open(out / "plot.png").width > 1000


def test_more_networks_than_colours_are_told_apart(folder, tmp_path):
    model, names = fresh("pyramid", input_size=64), [f"network-{i}" for i in range(len(COLORS) + 2)]
    subjects = [from_checkpoint(model, name=name) for name in names]
    lines = evaluate(subjects, ["gaussian"], ["drop"], folder, tmp_path / "out", names_in(folder)[:2]).lines
    axes = Figure().subplots()
    draw_dots(axes, "drop", lines, estimate_all(lines, ["drop"], 10, 0)[0], names, ["gaussian"])
    dots = [(bars[0].get_color(), bars[0].get_marker(), *bars[0].get_ydata()) for bars in axes.containers]
    assert len({(color, marker) for color, marker, _ in dots}) == len({y for *_, y in dots}) == len(names)
    assert all(abs(y) < 0.5 for *_, y in dots)  # within the line of the method


def test_goes_on_where_it_was_killed(subject, asked, folder, tmp_path, monkeypatch):
    """After two photos of a batch of three, in the middle of writing the next one's line."""
    arguments = [subject], ["gradcam", "layercam", "random"], ["deletion", "insertion"], folder
    settings = Settings(step=1024, batch=3, reference="random")
    evaluate(*arguments, tmp_path / "whole", settings=settings)
    questions, part = sum(asked), tmp_path / "part"

    from xai.evaluation import run

    measure, written = run.measure, []

    def killed(*a):
        for record in measure(*a):
            if len(written) == 2:
                raise KeyboardInterrupt
            written.append(record["photo"])
            yield record

    monkeypatch.setattr(run, "measure", killed)
    with pytest.raises(KeyboardInterrupt):
        evaluate(*arguments, part, settings=settings)
    monkeypatch.undo()
    assert written == names_in(folder)[:2]
    with (part / "photos.jsonl").open("a") as file:
        file.write('{"photo": "glass/hal')
    asked.clear()
    evaluate(*arguments, part, settings=settings)
    assert without_seconds(rows(part / "results.csv")) == without_seconds(rows(tmp_path / "whole" / "results.csv"))
    first, second = ((tmp_path / out / "photos.jsonl").read_text().splitlines() for out in ("whole", "part"))
    for one, other in zip(map(json.loads, first), map(json.loads, second), strict=True):
        for name in one["maps"]:
            one["maps"][name].pop("seconds")
            other["maps"][name].pop("seconds")
        assert one == other
    assert sum(asked) < 0.7 * questions  # what was measured before was not asked again
    asked.clear()
    evaluate(*arguments, part, settings=settings)
    assert not asked


def test_other_settings_do_not_mix(subject, asked, folder, tmp_path):
    out = tmp_path / "out"
    evaluate([subject], ["gaussian"], ["deletion"], folder, out)
    asked.clear()
    with pytest.raises(ValueError, match=r"holds a run with other settings \(games; see .*settings.json\)"):
        evaluate([subject], ["gaussian"], ["deletion"], folder, out, settings=Settings(step=224))
    with pytest.raises(ValueError, match="other settings \\(models, photos"):
        evaluate([subject], ["gaussian", "random"], ["deletion"], folder, out, photos=names_in(folder)[:2])
    again, retrained = copy(subject), fresh("cnn", seed=5, input_size=32)
    retrained.name = "imitation"
    again.learn(retrained)
    with pytest.raises(ValueError, match="other settings \\(models;"):
        evaluate([again], ["gaussian"], ["deletion"], folder, out)  # trained again, under the same name
    evaluate([subject], ["gaussian"], ["deletion"], folder, out, settings=Settings(resamples=9, reference="gaussian"))
    assert not asked  # only the report is another
    assert json.loads((out / "settings.json").read_text())["report"]["resamples"] == 9
    assert "Less `gaussian`" in (out / "results.md").read_text(encoding="utf-8")


def test_settings_say_what_a_figure_depends_on(subject, folder, tmp_path):
    settings = Settings(step=512, substrates={"deletion": "black", "insertion": "grey"}, seed=3)
    evaluate([subject], ["layercam", "random"], ["insertion", "deletion"], folder, tmp_path / "out", settings=settings)
    written = json.loads((tmp_path / "out" / "settings.json").read_text(encoding="utf-8"))
    assert written["games"]["step"] == 512
    assert written["games"]["substrates"] == {"deletion": "black", "insertion": "grey"}
    assert written["models"]["teacher"]["rows"]["layercam:student"] == {"layer": "conv2"}
    assert (written["seed"], written["photos"]["number"], written["models"]["teacher"]["input"]) == (3, 5, 64)
    assert (written["photos"]["folder"], written["photos"]["split"]) == ("photos", "test")
    assert (tmp_path / "out" / "subset.txt").read_text().split() == names_in(folder)
    assert written["versions"]["torch"] == torch.__version__
    said = (tmp_path / "out" / "results.md").read_text(encoding="utf-8")
    assert "512 pixels a step; substrates: insertion grey, deletion black" in said
    assert "predicted on the whole photo" in said
    assert "5 of photos, test split" in said


def test_random_maps_are_a_photos_own(subject, folder, tmp_path):
    """Whatever else is measured, and in whatever batch."""
    names = names_in(folder)
    for out, photos, batch in (("all", names, 3), ("one", names[3:4], 1)):
        settings = Settings(step=512, batch=batch)
        evaluate([subject], ["random"], ["deletion"], folder, tmp_path / out, photos=photos, settings=settings)
    curves = {}
    for out in ("all", "one"):
        lines = (tmp_path / out / "photos.jsonl").read_text().splitlines()
        curves[out] = {r["photo"]: r["maps"]["random"]["deletion"] for r in map(json.loads, lines)}
    np.testing.assert_allclose(curves["all"][names[3]], curves["one"][names[3]], atol=1e-5)
    assert curves["all"][names[3]] != curves["all"][names[2]]


def test_random_maps_of_cells_are_as_smooth_as_a_layers():
    like = torch.empty(2, 3, 64, 64)
    fine, coarse, again = random(like, [5, 6]), random(like, [5, 6], cells=7), random(like, [6], cells=7)
    assert fine.shape == coarse.shape == (2, 64, 64)
    assert 0 <= fine.min() < 0.01
    assert 0.99 < fine.max() < 1
    torch.testing.assert_close(fine.std(), torch.tensor(12**-0.5), atol=0.01, rtol=0)
    torch.testing.assert_close(coarse[1], again[0])
    grid = torch.rand(7, 7, generator=torch.Generator().manual_seed(5)).numpy()
    np.testing.assert_allclose(coarse[0], resize_to_photo(grid, 64, 64), atol=1e-6)
    (row,), _ = plan_rows(BlackBox(lambda pixels: pixels, CLASSES), ["random:7"], Settings())
    assert (row.name, row.options) == ("random:7", {"cells": 7})


def test_intervals_are_those_of_resampled_photos():
    values = np.random.default_rng(1).normal([3, -1], [1, 4], (200, 2))
    means = resample_means(values, 2000, seed=0)
    generator = np.random.default_rng(0)
    literal = [values[generator.integers(200, size=200)].mean(0) for _ in range(2000)]
    np.testing.assert_allclose(means, literal)
    np.testing.assert_allclose(interval(means), np.percentile(literal, [2.5, 97.5], axis=0))
    other = stats.bootstrap((values,), np.mean, axis=0, method="percentile", rng=np.random.default_rng(5))
    np.testing.assert_allclose(interval(means), other.confidence_interval, atol=0.1)
    width = np.diff(interval(means), axis=0)[0]
    np.testing.assert_allclose(width, 2 * 1.96 * values.std(0) / np.sqrt(200), rtol=0.06)


def test_intervals_of_few_photos_are_students():
    rng = np.random.default_rng(0)
    for n in (2, 3, 12):
        values = rng.normal(5, 2, n)
        expected = stats.t.interval(0.95, n - 1, values.mean(), stats.sem(values))
        means = resample_means(values[:, None], 20_000, seed=0)[:, 0]
        np.testing.assert_allclose(interval_around(values.mean(), means, n), expected, rtol=0.03)
    many = rng.normal(size=FEW)
    means = resample_means(many[:, None], 500, seed=0)
    np.testing.assert_allclose(interval_around(many.mean(), means[:, 0], FEW), interval(means)[:, 0])
    assert np.isnan(interval_around(5.0, np.array([5.0, 5.0]), 1)).all()


def test_differences_are_paired(subject, folder, tmp_path):
    """Photos differ much more than methods: only photo by photo is the difference sure."""
    outcome = evaluate([subject], ["gaussian", "random"], ["deletion"], folder, tmp_path / "out")
    line, other = outcome.lines
    hard = np.random.default_rng(0).random(100)
    line.values["deletion"], other.values["deletion"] = hard, hard + 0.01
    figures, differences = estimate_all(outcome.lines, ["deletion"], 500, 0, reference="gaussian")
    assert figures[0]["deletion"].high > figures[1]["deletion"].low
    assert differences[1]["deletion"].low == pytest.approx(0.01)
    assert differences[1]["deletion"].excludes_zero
    assert (differences[0]["deletion"].low, differences[0]["deletion"].high) == (0, 0)


def test_a_subset_is_stratified_and_always_the_same():
    names = [f"{label}/{i}.jpg" for label, n in (("a", 100), ("b", 50), ("c", 10)) for i in range(n)]
    found = stratify(names, 32, seed=0)
    assert [sum(name.startswith(label) for name in found) for label in "abc"] == [20, 10, 2]
    assert found == [name for name in names if name in found]
    assert set(stratify(names[::-1], 32, seed=0)) == set(found)
    assert set(stratify(names, 16, seed=0)) < set(found)
    assert set(stratify(names, 32, seed=1)) != set(found)
    assert stratify(names, 1000, seed=0) == names
    assert stratify(["x/1.jpg", "x/2.jpg", "x/3.jpg"], 1, seed=0) == ["x/2.jpg"]  # on every machine


def test_photos_are_of_the_test_split_or_all(folder, tmp_path):
    assert choose_photos(folder) == names_in(folder)
    assert choose_photos(folder, "train") == ["elsewhere/a.png"]
    with pytest.raises(ValueError, match="has no split 'val'; it has train, test"):
        choose_photos(folder, "val")
    (folder / "test.txt").unlink()
    (folder / "train.txt").unlink()
    assert choose_photos(folder) == sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.png"))


def test_a_photo_that_cannot_be_read_is_named(folder, tmp_path, capsys):
    (folder / "glass" / "broken.png").write_bytes(BAD["truncated.jpg"][0])
    names = [*names_in(folder)[:2], "glass/broken.png"]
    (folder / "test.txt").write_text("".join(f"{name}\n" for name in names))
    arguments = ["--model", "garbage-cnn", "--methods", "gaussian", "--metrics", "drop", "--data", str(folder)]
    assert main(["evaluate", *arguments, "--output", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().out
    assert "not measured: glass/broken.png: This photo cannot be used" in said
    assert "2 of 3 photos measured" in said
    assert rows(tmp_path / "out" / "results.csv")[0]["photos"] == "2"
    (folder / "test.txt").write_text("glass/broken.png\n")
    assert main(["evaluate", *arguments, "--output", str(tmp_path / "other")]) == 2
    assert "none of the 1 photos could be read" in capsys.readouterr().err


def test_the_command_measures_a_black_box(folder, tmp_path, capsys):
    arguments = ["--black-box", "garbage-cnn", "--data", str(folder), "--output", str(tmp_path), "--step", "4096"]
    methods = ["--methods", "gradcam:teacher", "rise", "random", "--rise-masks", "8", "--rise-cells", "4"]
    assert main(["evaluate", *arguments, *methods, "--limit", "3", "--reference", "random"]) == 0
    said = capsys.readouterr().out
    assert "| method | deletion AUC ↓ | insertion AUC ↑ | seconds a map |" in said
    assert "3 of 3 photos measured" in said
    names = (tmp_path / "subset.txt").read_text().split()
    assert names == stratify(names_in(folder), 3, 0)
    model, found = load_once("garbage-cnn"), rows(tmp_path / "results.csv")
    assert [row["method"] for row in found] == ["gradcam:teacher", "rise", "random"]
    settings = json.loads((tmp_path / "settings.json").read_text())
    rise = settings["models"]["garbage-cnn"]["rows"]["rise"]
    assert (rise["masks"], rise["cells"], rise["p"], rise["seed"]) == (8, 4, 0.5, 0)  # defaults are written down too
    black_box = load_black_box("garbage-cnn")
    expected = [
        auc(metrics.play(black_box, folder / n, {"e": xai.explain(model, folder / n)}, step=4096)["insertion"]["e"])
        for n in names
    ]
    assert float(found[0]["insertion"]) == pytest.approx(np.mean(expected), abs=1e-4)
    assert Image.open(tmp_path / "plot.png").width > 1000


def test_a_method_that_does_not_suit_is_left_out_and_said(folder, tmp_path, capsys):
    arguments = ["--model", "garbage-cnn", "--data", str(folder), "--metrics", "drop", "--output", str(tmp_path)]
    assert main(["evaluate", *arguments, "--methods", "cam", "gradcam"]) == 0
    assert "left out: cam on garbage-cnn: CAM needs nothing but global average pooling" in capsys.readouterr().out
    assert [row["method"] for row in rows(tmp_path / "results.csv")] == ["gradcam"]
    assert main(["evaluate", *arguments, "--methods", "cam"]) == 2
    assert "none of these methods suits" in capsys.readouterr().err


def test_whose_network_and_which_layer(subject, student):
    names = [row.name for row in plan_rows(subject, ["gradcam", "gaussian"], Settings(), ["conv1", "conv2"])[0]]
    assert names == ["gradcam:student@conv1", "gradcam:student@conv2", "gaussian"]
    white = from_checkpoint(student, name="white")
    names = [row.name for row in plan_rows(white, ["gradcam", "gradcam@conv1"], Settings())[0]]
    assert names == ["gradcam", "gradcam@conv1"]
    pyramid = from_checkpoint(fresh("pyramid", input_size=64), name="p")
    names = [row.name for row in plan_rows(pyramid, ["gradcam@attended2", "cam"], Settings(), ["all"])[0]]
    assert names == ["gradcam@attended2", *(f"cam@{x}" for x in ("layer1", "layer2", "layer3", "layer4", "combined"))]
    both = from_checkpoint(student, name="white")
    both.learn(fresh("cnn", input_size=32))
    (row,), _ = plan_rows(both, ["gradcam"], Settings())
    assert (row.name, row.role) == ("gradcam:teacher", "teacher")


@pytest.mark.parametrize(
    ("methods", "sentence"),
    [
        (["gradcan"], "no method 'gradcan'"),
        (["a:b:c"], "written NAME"),
        (["gradcam:teacher"], "there is no network 'teacher' to read; choose one of student"),
        (["gradcam:pupil"], "no variant 'pupil'; it has teacher, student"),
        (["rise:student"], "rise has no variant 'student'; it has published"),
        (["random@conv1"], "random explains no layer, so none such as 'conv1'"),
        (["gradcam:student@conv9"], "none of these methods"),
    ],
)
def test_methods_that_make_no_sense_get_a_sentence(subject, folder, tmp_path, methods, sentence):
    with pytest.raises(ValueError, match=sentence):
        evaluate([subject], methods, ["deletion"], folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("wanted", "settings", "sentence"),
    [
        (["fidelity"], {}, "no metric 'fidelity'; choose one of deletion"),
        (["drop"], {}, "drop are measured on a network itself, as --model names it"),
        (["deletion"], {"step": 0}, "evaluate needs a whole number of 1 or more for step, not 0"),
        (["deletion"], {"share": 2.0}, "--share must be above 0"),
        (["deletion"], {"hiding": "fog"}, "no way of hiding 'fog'"),
        (["deletion"], {"substrates": {"deletion": "pink"}}, "no substrate 'pink'"),
        (["deletion"], {"reference": "rise"}, "no row 'rise' to compare with; it has gaussian"),
    ],
)
def test_settings_that_make_no_sense_get_a_sentence(subject, folder, tmp_path, wanted, settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        evaluate([subject], ["gaussian"], wanted, folder, tmp_path / "out", settings=Settings(**settings))


def test_what_would_take_too_long_or_mean_nothing_is_refused(student, folder, tmp_path):
    white = from_checkpoint(student, name="white")
    with pytest.raises(ValueError, match="adcc explains every photo twice, which takes rise too long"):
        evaluate([white], ["rise"], ["adcc"], folder, tmp_path)
    with pytest.raises(ValueError, match="leave out constant or --share"):
        evaluate([white], ["constant"], ["drop"], folder, tmp_path, settings=Settings(share=0.2))
    with pytest.raises(ValueError, match="two models of one name"):
        evaluate([white, white], ["gradcam"], ["drop"], folder, tmp_path)
    with pytest.raises(ValueError, match="knows other classes"):
        BlackBox(lambda pixels: pixels, ["x"], "teacher", student=student)
    with pytest.raises(ValueError, match="rise has no option 'mask'"):
        evaluate([white], ["rise"], ["deletion"], folder, tmp_path, settings=Settings(options={"rise": {"mask": 3}}))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--model", "garbage-cnn", "--student", "garbage-cnn"], "--student imitates a --black-box"),
        (["--model", "garbage-cnm"], "no model 'garbage-cnm'"),
        (["--black-box", "gopher:hole"], "no black box 'gopher:hole'"),
        (["--model", "garbage-cnn", "--limit", "0"], "at least one photo is needed"),
        (["--model", "garbage-cnn", "--photos", "nowhere.txt"], "no file nowhere.txt"),
    ],
)
def test_mistakes_in_a_shell_get_a_sentence(folder, tmp_path, capsys, arguments, sentence):
    common = ["--methods", "gaussian", "--data", str(folder), "--output", str(tmp_path / "out")]
    assert main(["evaluate", *arguments, *common]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said


def test_a_black_box_that_gives_no_answer_stops_the_run_with_a_sentence(folder, tmp_path, capsys, monkeypatch):
    def silent(pixels):
        raise OSError("the line is dead")

    monkeypatch.setattr("xai.shell.evaluate.load_black_box", lambda *_: BlackBox(silent, CLASSES, "far away"))
    arguments = ["--black-box", "x", "--methods", "random", "--data", str(folder), "--output", str(tmp_path / "out")]
    assert main(["evaluate", *arguments]) == 2
    assert "far away gave no answer: the line is dead" in capsys.readouterr().err
    with pytest.raises(BlackBoxError):
        evaluate([BlackBox(silent, CLASSES)], ["random"], ["deletion"], folder, tmp_path / "other")


def test_help(capsys):
    with pytest.raises(SystemExit) as end:
        main(["evaluate", "--help"])
    assert end.value.code == 0
    assert "--black-box SPEC" in capsys.readouterr().out
