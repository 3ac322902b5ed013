"""What a temperature changes, in records and cards."""

import json
import shutil
from contextlib import nullcontext

import pytest
import torch

import xai
from tests.conftest import CLASSES, EXAMPLES
from train.calibrate import fit_temperature, folded, possible, sentence
from train.calibration import Calibration, calibrate, in_card
from train.measure import score
from train.publish import write_sums
from xai.studio.examples import read_class
from xai.zoo import CHECKPOINTS, verify


def answers() -> tuple[torch.Tensor, torch.Tensor]:
    """Logits (200, 6) three times too sure, and labels (200)."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(200, 6, generator=generator)
    return 3 * logits, torch.multinomial(logits.softmax(1), 1, generator=generator)[:, 0]


def test_both_errors_are_those_of_the_confidences():
    logits, labels = answers()
    raw, right = (score(x, labels, CLASSES)["ece"] for x in (logits, logits / 3))
    assert raw > right + 5
    assert possible(logits, labels, CLASSES, 3.0) == {"temperature": 3.0, "before": raw, "after": right}
    assert folded(logits / 3, labels, CLASSES, 3.0) == {"temperature": 3.0, "before": raw, "after": right}
    assert fit_temperature(logits, labels) == pytest.approx(3, abs=0.6)


def test_a_card_says_it_once_behind_the_weights():
    card = "# title\n\nThe weights are stored in half precision.\n\n```\ncode\n```\n"
    data = {"photos": {"test": {"calibration": {"temperature": 1.5, "before": 9.0, "after": 2.25}}}, "others": {}}
    text = sentence(data)
    assert "1.500" in text
    assert "9.00 % and 2.25 % on photos" in text
    assert "not applied" in sentence(data, student=True)
    assert sentence({"photos": {"test": {}}}) == ""
    once = in_card(card, text)
    assert in_card(once, text) == once
    assert once.index("half precision") < once.index(text) < once.index("code")


def test_the_command_adds_to_record_card_and_checksums(tmp_path):
    folder, photos = tmp_path / "mine", tmp_path / "photos"
    shutil.copytree(CHECKPOINTS / "garbage-cnn", folder)
    for path in EXAMPLES:
        for split in ("train", "val", "test"):
            (photos / split / read_class(path)).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, photos / split / read_class(path))
    record = json.loads((folder / "metrics.json").read_text())
    labels = torch.tensor([CLASSES.index(read_class(path)) for path in EXAMPLES])
    said = torch.from_numpy(xai.load_model(folder, "cpu").predict_proba(EXAMPLES)).log()
    shipped = score(said, labels, CLASSES)["ece"]
    for ece, data, trouble in (
        (shipped + 1, [str(photos)], "the record says .* of photos, measured were"),
        (shipped, [], "tested on photos too"),
        (shipped, [str(photos)], None),
    ):
        record["data"] = {"photos": {"test": {"ece": ece, "photos": len(EXAMPLES)}}}
        (folder / "metrics.json").write_text(json.dumps(record))
        write_sums(folder)
        with pytest.raises(ValueError, match=trouble) if trouble else nullcontext():
            calibrate(Calibration([str(folder)], data))
    verify(folder)
    found = json.loads((folder / "metrics.json").read_text())["data"]["photos"]["test"]["calibration"]
    assert found["after"] == pytest.approx(shipped, abs=0.01)
    assert found["before"] != found["after"]
    assert sentence({"photos": {"test": {"calibration": found}}}) in (folder / "README.md").read_text()
