"""The search for the best combination of a student's maps, against the method, the games and the mosaic test."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torchvision.transforms.v2.functional import to_pil_image

import xai
from tests.conftest import fresh
from train.measure.map_search import LAST_STAGE, Combination, Scores, Search, list_neighbours, search_maps
from xai.activations import Activations
from xai.blackbox import BlackBox
from xai.evaluation.mosaics import plan_mosaics
from xai.evaluation.plan import Settings
from xai.methods import METHODS
from xai.methods.controls import gaussian
from xai.methods.distilled import LITERAL
from xai.metrics.games import auc, deletion, insertion
from xai.metrics.mosaic import join_photos, own_share


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """A search on photos of five classes, its folder, and the black box and the student it was about."""
    root, student = tmp_path_factory.mktemp("search"), fresh("cbam_resnet50", input_size=64)
    generator = torch.Generator().manual_seed(0)
    weights = torch.randn(192, 6, generator=generator)
    box = BlackBox(
        lambda x: (F.adaptive_avg_pool2d(x - 0.5, 8).flatten(1) @ weights).softmax(1), student.classes, "b", 64
    )
    names = []
    for i in range(40):
        coarse = torch.rand(1, 3, 4, 4, generator=generator)
        photo = to_pil_image(F.interpolate(coarse, size=(64, 64), mode="bilinear")[0])
        names.append(f"{box.classes[int(box.predict_proba(photo).argmax())]}/{i}.png")
        (root / names[-1]).parent.mkdir(exist_ok=True)
        photo.save(root / names[-1])
    (root / "val.txt").write_text("\n".join(names))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("train.measure.map_search.load_black_box", lambda name: box)
        patch.setattr("train.measure.map_search.load_model", lambda name: student)
        found = search_maps(Search(str(root), out=root / "out", photos=10, mosaics=3, step=512))
    return found, root, box, student


def options_of(row: dict) -> dict:
    return {key: row[key] for key in ("blocks", "stages", "operator", "sign", "scaled", "unit", "softmax")}


def read_combination(row: dict) -> Combination:
    return Combination(
        **{key: tuple(value) if isinstance(value, list) else value for key, value in options_of(row).items()}
    )


def test_the_best_combination_is_the_best_of_those_that_tell_classes_apart(searched):
    found, root, *_ = searched
    assert found["columns"] == ["mosaic", "deletion:blur", "insertion"]
    scores = {read_combination(row): row["scores"] for row in found["tried"]}
    best, bar = read_combination(found["shown"]["the best"]), scores[LAST_STAGE][0]
    assert found["shown"]["the best"]["scores"] == scores[best]
    admitted = {c: row for c, row in scores.items() if c.blocks and c.stages and row[0] >= bar}
    assert 3 < len(admitted) < len(scores)
    assert best in {*admitted, LAST_STAGE}
    beside = list_neighbours(best)
    assert len(beside) >= 4 + 2 + 1 + 2 + 1
    assert all(c in scores for c in beside)  # it ended where no single change helps
    for row in found["shown"].values():
        assert len(row["scores"]) == 3
    assert {sign for c in scores if not c.stages for sign in [c.sign]} == {"signed", "negated", "absolute"}
    assert {c.stages for c in scores if not c.blocks} >= {(1,), (2,), (3,), (4,)}
    printed = read_combination(found["shown"]["eq. 9 as printed"])
    assert vars(printed) == LITERAL
    difference = found["differences"]["the best less Grad-CAM of stage 4"]
    expected = [a - b for a, b in zip(scores[best], scores[LAST_STAGE], strict=True)]
    assert [each["mean"] for each in difference.values()] == pytest.approx(expected, abs=1e-6)
    assert all(each["low"] <= each["mean"] <= each["high"] for each in difference.values())
    written = json.loads((root / "out/combinations.json").read_text())
    assert written == json.loads(json.dumps(found))
    table = (root / "out/combinations.md").read_text()
    for name, row in {**{k: v["scores"] for k, v in found["shown"].items()}, **found["controls"]}.items():
        assert f"| {name} | {row[0]:.4f} | {row[1]:.4f} | {row[2]:.4f} |" in table


def test_no_game_is_won_at_the_other_ones_cost():
    even, better, loser, coarse = (Combination((i,), (4,)) for i in (1, 2, 3, 4))
    alone, noise = replace(LAST_STAGE, stages=(3,)), np.array([-0.3, 0.3] * 10)

    def games(deletion, insertion):
        return np.stack([0.7 + deletion + noise, 0.8 + insertion - noise], axis=1)  # N, 2

    shares = {even: 0.6, better: 0.6, loser: 0.7, coarse: 0.5, alone: 1.0, LAST_STAGE: 0.6}
    scores = Scores(None, [], [], 64, 512, {c: np.full(5, share) for c, share in shares.items()})
    scores.areas = {LAST_STAGE: np.array([[0.7, 0.8]] * 20), alone: games(-0.5, 0.5), coarse: games(-0.5, 0.5)}
    assert scores.find_best() == LAST_STAGE  # the one has no attention, the other tells classes apart less
    scores.areas[loser] = games(-0.6, -0.2) + np.array([0, 1]) * noise[:, None]
    assert scores.find_best() == LAST_STAGE  # its insertion is lower on every photo
    scores.areas[even] = games(0.01, 0.02)
    assert scores.find_best() == even
    scores.areas[better] = games(-0.03, -0.01)
    assert scores.find_best() == better  # one figure a little lower, by chance


def test_scores_are_the_games_and_mosaics_of_the_distilled_map(searched):
    found, root, box, student = searched
    rows = list(found["shown"].values())
    assert len({row["operator"] for row in rows} | {row["sign"] for row in rows}) >= 4
    files = [root / name for name in found["photos"]]
    assert len(files) == 10

    def play(file, maps, target):
        pixels = box.pixels([file])
        gone = deletion(box, pixels, maps, target, step=512, substrate="blur")
        return [float(auc(game)[0]) for game in (gone, insertion(box, pixels, maps, target, step=512))]

    answers = {}
    for name, file in zip(found["photos"], files, strict=True):
        said = box.ask(box.pixels([file]))[0]
        answers[name] = (box.classes[int(said.argmax())], float(said.max()))
    planned = plan_mosaics({"b": answers}, {"b": box.classes}, Settings(mosaics=3, seed=0))["b"]
    for row in rows:
        areas, shares = [], []
        for file in files:
            target = int(box.predict_proba(file).argmax())
            e = xai.explain(student, file, method="distilled", target=target, **options_of(row))
            areas.append(play(file, torch.as_tensor(e.raw)[None], target))
        for mosaic in planned:
            picture = join_photos([root / name for name in mosaic.photos], 64)[None]
            targets = torch.tensor([student.classes.index(label) for label in mosaic.classes])
            batch = Activations(student.eval(), student.normalize(picture).expand(4, -1, -1, -1))
            maps = METHODS["distilled"].run(batch, targets, "layer4", **options_of(row))
            shares.append(own_share(maps.detach(), 64).mean())
        assert row["scores"] == pytest.approx([np.mean(shares), *np.mean(areas, axis=0)], abs=2e-4)
    areas = [play(file, gaussian(box.pixels([file]), ()), int(box.predict_proba(file).argmax())) for file in files]
    assert found["controls"]["gaussian"] == pytest.approx([0.25, *np.mean(areas, axis=0)], abs=1e-5)
