"""The mosaic test and what maps share: literal forms, chance by construction, a network that must get all right."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import xai
from tests.conftest import fresh
from tests.test_evaluate import rows, without_seconds
from xai import metrics
from xai.blackbox import BlackBox, from_checkpoint
from xai.evaluation import Settings, evaluate
from xai.evaluation.bootstrap import resample_sameness
from xai.evaluation.mosaics import plan_mosaics, remember_answers
from xai.evaluation.plan import plan_rows
from xai.methods.controls import gaussian, random
from xai.metrics.controls import pair_photos
from xai.metrics.mosaic import join_photos, own_share
from xai.metrics.shared import inner_products, sameness, weighted_sameness
from xai.models import Classifier

COLORS = {"red": (250, 10, 10), "green": (10, 250, 10), "blue": (10, 10, 250), "black": (10, 10, 10)}


class Planted(Classifier):
    """It sees colours: channel k of its only layer is 1 where a pixel has the k-th colour, and votes for class k."""

    def __init__(self, classes=tuple(COLORS), input_size=32, weights=None):
        super().__init__(classes, input_size, (0, 0, 0), (1, 1, 1))
        self.layers = {"colours": self.colours}
        self.fc = nn.Linear(len(classes), len(classes), bias=False)
        nn.init.eye_(self.fc.weight)
        self.fc.weight.data *= 20

    @property
    def linear_head(self):
        return self.fc

    def colours(self, x):
        prototypes = torch.tensor(list(COLORS.values())).to(x) / 255  # K, 3
        return ((x[:, None] - prototypes[:, :, None, None]).abs().amax(2) < 0.1).float()  # B, K, S, S

    def head(self, features):
        return self.fc(features.mean((2, 3)))


@pytest.fixture
def planted():
    return Planted().eval()


@pytest.fixture
def coloured():
    """Photos of one colour each, all of another shape."""
    return [Image.new("RGB", (40 + 7 * i, 60 - 5 * i), color) for i, color in enumerate(COLORS.values())]


@pytest.fixture
def folder(tmp_path):
    """Three photos of each colour, CLASS/PHOTO."""
    for label, color in COLORS.items():
        (tmp_path / "photos" / label).mkdir(parents=True)
        for i in range(3):
            Image.new("RGB", (30 + i, 40), tuple(c + i for c in color)).save(tmp_path / f"photos/{label}/{i}.png")
    return tmp_path / "photos"


def literal_share(raw, side, grid, cell):
    """Pixel by pixel: what of a map lies in its cell."""
    m = torch.nn.functional.interpolate(raw[None, None].double(), (side, side), mode="bilinear")[0, 0]
    m = np.maximum(m.numpy(), 0)
    m = m - m.min()
    inside = total = 0.0
    for y in range(side):
        for x in range(side):
            total += m[y, x]
            row = next(r for r in range(grid) if y < round((r + 1) * side / grid))
            column = next(c for c in range(grid) if x < round((c + 1) * side / grid))
            inside += m[y, x] * (row * grid + column == cell)
    return inside / total if total else 1 / grid**2


@pytest.mark.parametrize(("side", "grid"), [(32, 2), (32, 3), (29, 2)])
def test_the_share_equals_a_literal_loop(side, grid):
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(grid**2, 7, 7, generator=generator)
    found = own_share(maps, side, grid)
    np.testing.assert_allclose(found, [literal_share(raw, side, grid, i) for i, raw in enumerate(maps)], rtol=1e-6)
    assert np.ptp(found.numpy()) > 0.05


@pytest.mark.parametrize("grid", [2, 3])
@pytest.mark.parametrize("kind", ["constant", "negative", "random", "gaussian"])
def test_maps_that_are_alike_for_all_classes_get_chance(grid, kind):
    """On the mean exactly, whatever they show: of a map that all classes have, all cells together hold everything."""
    like = torch.empty(1, 3, 32, 32)
    one = {
        "constant": torch.ones(32, 32), "negative": -torch.rand(32, 32),
        "random": random(like, [3])[0], "gaussian": gaussian(like, ())[0],
    }[kind]  # fmt: skip
    shares = own_share(one.expand(grid**2, -1, -1), 32, grid)
    assert shares.mean().item() == pytest.approx(1 / grid**2, abs=1e-12)
    if kind in ("constant", "negative"):
        assert shares.tolist() == [1 / grid**2] * grid**2
    if kind == "gaussian" and grid == 2:
        np.testing.assert_allclose(shares, 1 / 4, atol=1e-6)  # it is symmetrical


def test_what_a_map_adds_everywhere_does_not_count():
    maps = torch.rand(4, 8, 8, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(own_share(maps, 32), own_share(maps + 3, 32), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(own_share(maps, 32), own_share(maps * 5, 32), rtol=1e-5, atol=1e-6)


def test_a_mosaic_is_the_photos_side_by_side(coloured):
    picture = join_photos([*coloured, *coloured, coloured[0]], 32)
    edges = [0, 11, 21, 32]
    for i, color in enumerate([*COLORS.values(), *COLORS.values(), COLORS["red"]]):
        (y, z), (x, w) = ((edges[p], edges[p + 1]) for p in divmod(i, 3))
        expected = torch.tensor(color).view(3, 1, 1).expand(3, z - y, w - x) / 255
        torch.testing.assert_close(picture[:, y:z, x:w], expected)
    with pytest.raises(ValueError, match="4, 9, 16, … photos, not of 3"):
        join_photos(coloured[:3], 32)


def test_a_planted_network_gets_all_right_and_a_blind_one_chance(planted, coloured):
    assert metrics.mosaic_test(planted, coloured) == pytest.approx([1] * 4, abs=1e-6)
    assert metrics.mosaic_test(planted, coloured[::-1], "cam") == pytest.approx([1] * 4, abs=1e-6)
    assert np.mean(metrics.mosaic_test(planted, coloured, "eigencam")) == pytest.approx(0.25)
    others = planted.colours(join_photos(coloured, 32)[None])[0].roll(1, 0)  # each class's map on another one's photo
    assert own_share(others, 32).tolist() == [0] * 4


def test_two_photos_of_one_class_cannot_be_told_apart(planted, coloured):
    with pytest.raises(ValueError, match="two of the photos are of one class"):
        metrics.mosaic_test(planted, [coloured[0], *coloured[:3]])
    with pytest.raises(ValueError, match="no layer 'x'"):
        metrics.mosaic_test(planted, coloured, target_layer="x")


def test_the_test_of_one_mosaic_equals_its_maps_one_by_one():
    """By the public functions alone, on a network and photos where nothing is planted."""
    model, generator = fresh("cnn", input_size=64), np.random.default_rng(0)
    noise = [Image.fromarray(generator.integers(0, 256, (16 + i, 20, 3), dtype=np.uint8)) for i in range(40)]
    last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    with torch.no_grad():
        last.bias -= model(model.preprocess(noise)).mean(0)  # untrained, it would answer all with one class
    answers = model.predict_proba(noise).argmax(1).tolist()
    photos = [noise[answers.index(k)] for k in sorted(set(answers))][:4]
    found = metrics.mosaic_test(model, photos)
    pixels = join_photos(photos, 64)
    picture = Image.fromarray((pixels * 255).round().byte().permute(1, 2, 0).numpy())
    classes = model.predict_proba(photos).argmax(1)
    maps = [torch.from_numpy(xai.explain(model, picture, target=int(k)).raw) for k in classes]
    np.testing.assert_allclose(found, [literal_share(m, 64, 2, i) for i, m in enumerate(maps)], atol=1e-3)
    assert np.ptp(found) > 0.01


def answers_of(labels, confidence):
    return {f"{label}/{i}.png": (label, confidence(label, i)) for label in labels for i in range(10)}


def test_mosaics_are_of_different_classes_and_use_all_as_often():
    answers = {"a": answers_of("uvwxyz", lambda _, i: 0.5 + i / 100)}
    (plan,) = plan_mosaics(answers, {"a": list("uvwxyz")}, Settings(mosaics=30)).values()
    assert len(plan) == 30
    for mosaic in plan:
        assert len(set(mosaic.classes)) == 4
        assert [photo.split("/")[0] for photo in mosaic.photos] == list(mosaic.classes)
    used = [photo for mosaic in plan for photo in mosaic.photos]
    assert {photo.split("/")[1] for photo in used} == {f"{i}.png" for i in range(5, 10)}  # the surer half
    counts = [used.count(photo) for photo in set(used)]
    assert (len(counts), min(counts), max(counts)) == (30, 4, 4)
    corners = [mosaic.classes[0] for mosaic in plan]
    assert len(set(corners)) == 6  # no class has a corner of its own
    again = plan_mosaics(answers, {"a": list("uvwxyz")}, Settings(mosaics=30, seed=1))["a"]
    assert again != plan


def test_half_of_the_mosaics_are_the_same_for_all_networks():
    labels = list("uvwxyz")
    answers = {"a": answers_of(labels, lambda _, i: 0.5 + i / 100), "b": answers_of(labels, lambda _, i: 0.9 - i / 100)}
    answers["b"]["u/9.png"] = ("v", 0.99)  # wrong: in no mosaic of b, and in none that both get
    plan = plan_mosaics(answers, dict.fromkeys("ab", labels), Settings(mosaics=11))
    assert plan["a"][:6] == plan["b"][:6]
    assert [m.shared for m in plan["a"]] == [True] * 6 + [False] * 5
    assert not set(plan["a"][6:]) & set(plan["b"][6:])
    for mosaics in (plan["a"][:6], plan["b"]):
        assert all("u/9.png" not in m.photos for m in mosaics)
    with pytest.raises(
        ValueError, match="3×3 needs photos of 9 classes, and there are 6 of which all of these networks"
    ):
        plan_mosaics(answers, dict.fromkeys("ab", labels), Settings(mosaics=2, grid=3))


def test_a_black_box_of_other_classes_is_taken_at_its_word():
    answers = {"far": {f"n{i}/a.jpg": (f"thing {i % 5}", 0.5) for i in range(10)}}
    plan = plan_mosaics(answers, {"far": [f"thing {i}" for i in range(5)]}, Settings(mosaics=2))
    assert all(label.startswith("thing") for mosaic in plan["far"] for label in mosaic.classes)


def subject_of(model, name="planted"):
    return from_checkpoint(model, name=name)


def test_evaluate_gives_every_row_its_mosaics(planted, folder, tmp_path):
    settings = Settings(mosaics=6, slow_mosaics=2, options={"rise": {"masks": 40, "cells": 4}})
    methods = ["gradcam", "eigencam", "rise", "gaussian", "random", "constant"]
    evaluate([subject_of(planted)], methods, ["mosaic", "shared"], folder, tmp_path / "out", settings=settings)
    found = {row["method"]: row for row in rows(tmp_path / "out" / "results.csv")}
    assert list(found) == methods
    assert float(found["gradcam"]["mosaic"]) == pytest.approx(100)
    for name in ("eigencam", "gaussian", "random", "constant"):
        assert float(found[name]["mosaic"]) == pytest.approx(25, abs=1e-3)
        assert float(found[name]["mosaic high"]) == pytest.approx(25, abs=1e-3)
    assert 25 < float(found["rise"]["mosaic"]) < 100
    assert [found[name]["mosaics"] for name in ("gradcam", "rise")] == ["6", "2"]
    assert found["gaussian"]["shared"] == ""
    lines = [json.loads(line) for line in (tmp_path / "out" / "mosaics.jsonl").read_text().splitlines()]
    assert [line["mosaic"] for line in lines] == [f"own-{i}" for i in range(6)]
    assert all(np.mean(each["shares"]) == pytest.approx(each["mosaic"], abs=2e-6) for each in lines[0]["maps"].values())
    text = (tmp_path / "out" / "results.md").read_text(encoding="utf-8")
    assert "chance 25.0 %; by slow methods 2 of them" in text
    assert Image.open(tmp_path / "out" / "plot.png").width > 500


def test_a_black_box_and_its_student_are_tested(planted, folder, tmp_path):
    """The student's maps of the black box's classes, at another size than the black box's."""
    network = Planted(input_size=48).eval()
    box = BlackBox(lambda pixels: network(pixels).softmax(1), list(COLORS), "far", 48, student=planted)
    settings = Settings(mosaics=3, slow_mosaics=1, options={"rise": {"masks": 200, "cells": 4}})
    outcome = evaluate([box], ["gradcam", "rise"], ["mosaic"], folder, tmp_path, settings=settings)
    student, rise = outcome.lines
    assert (student.values["mosaic"] > 98).all()  # enlarged from 32 to 48 pixels, maps reach over their borders
    assert len(rise.values["mosaic"]) == 1
    assert rise.values["mosaic"][0] > 30


def test_all_classes_of_a_mosaic_are_answered_by_the_same_questions(planted, folder, tmp_path):
    asked = []

    def answer(pixels):
        asked.append(len(pixels))
        return planted(pixels).softmax(1)

    box = BlackBox(answer, list(COLORS), "counted", 32)
    settings = Settings(mosaics=2, slow_mosaics=1, options={"rise": {"masks": 64}})
    evaluate([box], ["rise"], ["mosaic"], folder, tmp_path, settings=settings)
    photos = len(list(folder.glob("*/*.png")))
    assert 64 <= sum(asked) - photos < 2 * 64  # the masks, and what tells whether the map is blank


def test_remembered_answers_are_those_that_were_given():
    table = np.empty((4, 2), np.float32)

    def answer(pixels):
        table[: len(pixels), 0] = pixels.mean((1, 2, 3))
        table[:, 1] = 1 - table[:, 0]
        return table[: len(pixels)]

    box = remember_answers(BlackBox(answer, ["a", "b"], input_size=4, batch_size=4))
    some = [torch.rand(3, 3, 4, 4) for _ in range(3)]
    for pixels in (*some, *some, some[0].contiguous(memory_format=torch.channels_last)):
        torch.testing.assert_close(box.ask(pixels)[:, 0], pixels.mean((1, 2, 3)))


def test_networks_are_compared_on_the_mosaics_that_both_got(planted, folder, tmp_path):
    other = Planted().eval()
    outcome = evaluate(
        [subject_of(planted, "a"), subject_of(other, "b")], ["gradcam", "eigencam"], ["mosaic"], folder, tmp_path,
        settings=Settings(mosaics=5),
    )  # fmt: skip
    assert [line.paired for line in outcome.lines] == [3] * 4
    text = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert "less that of `a`, of the 3 mosaics that all networks got" in text
    assert "| b | `gradcam` | 0.0 [0.0, 0.0] |" in text
    assert "half of the mosaics are the same for all networks" in text


def test_goes_on_where_it_was_killed(planted, folder, tmp_path, monkeypatch):
    """Among the mosaics, and among the controls of other photos, in the middle of a line."""
    from xai.evaluation import run

    arguments = [subject_of(planted)], ["gradcam", "layercam", "another", "mean"], ["drop", "mosaic", "shared"], folder
    settings = Settings(mosaics=7, batch=5)
    evaluate(*arguments, tmp_path / "whole", settings=settings)
    for killed, file in (("measure_given", "companions.jsonl"), ("measure_mosaics", "mosaics.jsonl")):
        out, original, written = tmp_path / killed, getattr(run, killed), []

        def dying(*given, original=original, written=written):
            for record in original(*given):
                if len(written) == 3:
                    raise KeyboardInterrupt
                written.append(record)
                yield record

        monkeypatch.setattr(run, killed, dying)
        with pytest.raises(KeyboardInterrupt):
            evaluate(*arguments, out, settings=settings)
        monkeypatch.setattr(run, killed, original)
        assert len((out / file).read_text().splitlines()) == 3
        with (out / file).open("a") as lines:
            lines.write('{"model": "pla')
        before = (out / file).read_text().splitlines()[:3]
        evaluate(*arguments, out, settings=settings)
        assert (out / file).read_text().splitlines()[:3] == before  # not measured again
        assert without_seconds(rows(out / "results.csv")) == without_seconds(rows(tmp_path / "whole" / "results.csv"))


def test_batches_do_not_matter(folder, tmp_path, monkeypatch):
    """Nor the other mosaics of a forward pass."""
    model = fresh("cnn", input_size=64)
    model.classes = [*COLORS, "e", "f"]
    tables = []
    for at_once in (1, 3):
        monkeypatch.setattr("xai.evaluation.run.MOSAICS_AT_ONCE", at_once)
        monkeypatch.setattr("xai.evaluation.mosaics.read_own_class", lambda photo, answer, classes: answer)
        monkeypatch.setattr("xai.evaluation.run.plan_mosaics", planned(folder))
        out = tmp_path / str(at_once)
        evaluate([subject_of(model)], ["gradcam", "layercam@conv1"], ["mosaic"], folder, out, settings=Settings())
        tables.append([[float(row[key]) for key in ("mosaic", "mosaic low")] for row in rows(out / "results.csv")])
    np.testing.assert_allclose(*tables, rtol=1e-3)
    assert abs(tables[0][0][0] - 25) > 0.01


def planned(folder):
    """Mosaics of the folder's photos, whatever a network takes them for."""
    from xai.evaluation.mosaics import draw_mosaics

    photos = {label: [f"{label}/{i}.png" for i in range(3)] for label in COLORS}
    return lambda answers, classes, settings: {
        name: draw_mosaics(photos, "own", 5, settings, "it is") for name in answers
    }


def test_other_mosaics_do_not_mix(planted, folder, tmp_path):
    evaluate([subject_of(planted)], ["gradcam"], ["mosaic"], folder, tmp_path, settings=Settings(mosaics=2))
    with pytest.raises(ValueError, match=r"other settings \(mosaics"):
        evaluate([subject_of(planted)], ["gradcam"], ["mosaic"], folder, tmp_path, settings=Settings(mosaics=3))
    with pytest.raises(ValueError, match="evaluate needs a whole number of 2 or more for grid"):
        evaluate([subject_of(planted)], ["gradcam"], ["mosaic"], folder, tmp_path / "x", settings=Settings(grid=1))


def literal_sameness(maps):
    """Each photo's map against each other photo's."""
    scaled = [(m - m.min()) / (m.max() - m.min()) for m in maps.double().numpy()]
    centred = [(m - m.mean()).ravel() for m in scaled]
    pairs = [a @ b for i, a in enumerate(centred) for j, b in enumerate(centred) if i != j]
    return np.mean(pairs) / np.mean([a @ a for a in centred])


def test_sameness_equals_a_literal_loop_and_its_ends():
    generator = torch.Generator().manual_seed(0)
    apart = torch.rand(12, 9, 9, generator=generator)
    common = torch.rand(9, 9, generator=generator)
    for maps in (apart, apart + 2 * common, apart + common):
        assert sameness(maps) == pytest.approx(literal_sameness(maps))
    assert sameness(common.expand(5, -1, -1) * torch.arange(1, 6)[:, None, None]) == pytest.approx(1)
    assert sameness(torch.ones(3, 4, 4)) == 1
    many = torch.rand(300, 9, 9, generator=generator)
    assert abs(sameness(many)) < 0.01  # nothing in common, and few photos do not seem alike:
    few = [sameness(many[i : i + 5]) for i in range(0, 300, 5)]
    assert abs(np.mean(few)) < 4 * np.std(few) / len(few) ** 0.5
    assert metrics.nearly_the_same(sameness(apart / 4 + common))
    assert not metrics.nearly_the_same(sameness(apart))
    with pytest.raises(ValueError, match="two photos or more"):
        sameness(common[None])


def test_the_interval_of_what_is_shared_is_that_of_resampled_photos():
    maps = torch.rand(15, 6, 6, generator=torch.Generator().manual_seed(2)) + torch.rand(6, 6)
    generator, found = np.random.default_rng(4), resample_sameness(inner_products(maps), 20, seed=4)
    gram = inner_products(maps)
    for share in found:
        draw = generator.integers(15, size=15)
        pairs = [gram[i, j] for i in draw for j in draw if i != j]  # a photo drawn twice is no pair
        assert share / 100 == pytest.approx(np.mean(pairs) / np.mean(gram.diagonal()[draw]))
    assert weighted_sameness(gram, np.ones((1, 15)))[0] == pytest.approx(sameness(maps))


def test_another_photo_is_the_next_of_another_class():
    assert pair_photos({"a": "x", "b": "x", "c": "y", "d": "x"}) == {"a": "c", "b": "c", "c": "d", "d": "c"}
    assert pair_photos({"a": "x", "b": "x"}) == {"a": "b", "b": "a"}
    assert pair_photos({"a": "x"}) == {"a": "a"}


def test_controls_of_other_photos_equal_a_literal_loop(folder, tmp_path):
    """What is left of a photo seen through another one's map, and through the mean of all maps."""
    model = fresh("cnn", input_size=64)
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.png"))[::2]
    methods = ["gradcam", "gaussian", "another", "mean"]
    evaluate(
        [subject_of(model)], methods, ["drop", "deletion:blur", "adcc"], folder, tmp_path / "out", names,
        settings=Settings(batch=4, step=1024),
    )  # fmt: skip
    found = {row["method"]: row for row in rows(tmp_path / "out" / "results.csv")}
    assert list(found) == ["gradcam", "gradcam:another", "gradcam:mean", "gaussian"]
    x = model.preprocess([folder / name for name in names])
    before = model.predict_proba([folder / name for name in names]).astype(float)
    classes = before.argmax(1)
    scaled = []
    for name in names:
        raw = torch.from_numpy(xai.explain(model, folder / name).raw)
        small = (raw - raw.min()) / (raw.max() - raw.min()) if raw.max() > raw.min() else torch.zeros_like(raw)
        scaled.append(small)
    partner = pair_photos({name: str(k) for name, k in zip(names, classes, strict=True)})
    given = {
        "another": [scaled[names.index(partner[name])] for name in names],
        "mean": [torch.stack(scaled).mean(0)] * len(names),
    }
    black = model.normalize(torch.zeros(1, 3, 1, 1))
    for kind, maps in given.items():
        drops = []
        for i, small in enumerate(maps):
            m = torch.nn.functional.interpolate(small[None, None], (64, 64), mode="bilinear")
            m = (m - m.min()) / (m.max() - m.min()) if m.max() > m.min() else torch.zeros_like(m)
            with torch.no_grad():
                after = model(m * x[i : i + 1] + (1 - m) * black).softmax(1)[0, classes[i]].item()
            drops.append(100 * max(0, before[i, classes[i]] - after) / before[i, classes[i]])
        assert float(found[f"gradcam:{kind}"]["drop"]) == pytest.approx(np.mean(drops), rel=1e-3, abs=1e-3)
        assert found[f"gradcam:{kind}"]["deletion:blur"]
        assert 0 < float(found[f"gradcam:{kind}"]["adcc"]) < 100


def test_the_table_says_what_would_do_for_any_photo(folder, tmp_path):
    """A network whose map is the same for every photo: it says so, and its own map is no better than another's."""

    class Stuck(Planted):
        def colours(self, x):
            spot = torch.zeros(len(x), 4, 8, 8)
            spot[:, :, 2:5, 3:6] = 1
            return spot * (1 + x.mean((1, 2, 3)).view(-1, 1, 1, 1))

    evaluate(
        [subject_of(Stuck().eval(), "stuck")], ["gradcam", "another", "mean"], ["drop", "shared"], folder, tmp_path
    )
    text = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert "- `gradcam`: not surely better than another photo's map (drop) nor than the mean of the maps (drop)" in text
    assert "- `gradcam` shows nearly the same for every photo: 100 % of what its maps show" in text


def test_controls_of_other_photos_are_named_after_their_row(planted):
    specs = ["another", "gradcam", "gaussian", "mean", "layercam"]
    names = [row.name for row in plan_rows(subject_of(planted), specs, Settings())[0]]
    assert names == [
        "gradcam", "gradcam:another", "gradcam:mean", "gaussian", "layercam", "layercam:another", "layercam:mean",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="another has no variant 'x'"):
        plan_rows(subject_of(planted), ["another:x"], Settings())


def test_one_table_shows_deletion_on_two_substrates(folder, tmp_path):
    subject = subject_of(fresh("cnn", input_size=64))
    for wanted, out in ((["deletion", "deletion:blur", "insertion:grey"], "both"), (["deletion"], "blur")):
        settings = Settings(step=512, substrates={"deletion": {"both": "grey", "blur": "blur"}[out]})
        evaluate([subject], ["gradcam", "gaussian"], wanted, folder, tmp_path / out, settings=settings)
    both, blur = (rows(tmp_path / out / "results.csv") for out in ("both", "blur"))
    for row, other in zip(both, blur, strict=True):
        assert row["deletion:blur"] == other["deletion"]
        assert row["deletion"] != row["deletion:blur"]
        assert row["insertion:grey"]
    settings = json.loads((tmp_path / "both" / "settings.json").read_text())
    assert settings["games"]["substrates"] == {"deletion": "grey", "deletion:blur": "blur", "insertion:grey": "grey"}


def test_what_is_known_of_a_checkpoints_layers(tmp_path):
    from benchmarks.mosaic import explain

    figures = {"mean": 42.04, "low": 40, "high": 44, "n": 9}
    row = {"method": "gradcam@layer1", "layer": "layer1", "mosaic": figures, "shared": figures}
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "SHA256SUMS").write_text("0  config.json\n1  explained.json\n")
    explain(tmp_path, "net", tmp_path / "DATA", [row, {**row, "method": "gradcam++@layer1"}])
    assert metrics.read_explained(tmp_path / "net") == {"layer1": {"shared": 0.42, "mosaic": 0.42, "chance": 0.25}}
    sums = (tmp_path / "net" / "SHA256SUMS").read_text().splitlines()
    assert [line.split("  ")[1] for line in sums] == ["config.json", "explained.json"]
    assert metrics.read_explained(tmp_path) == {}
