"""Deletion and insertion against a literal form of the published evaluation."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from tests import literal_games
from xai.blackbox import BlackBox
from xai.explanation import Explanation
from xai.metrics import games
from xai.metrics.games import auc, deletion, insertion, play

CLASSES = ["a", "b", "c", "d"]


@pytest.fixture(scope="module")
def literal_model():
    """A small network from normalised photos (N, 3, 64, 64) to probabilities (N, 4)."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 16, 7, 4), nn.ReLU(), nn.Conv2d(16, 16, 5, 2), nn.ReLU(), nn.Flatten())
    logits = nn.Linear(16 * 6 * 6, 4)

    def model(x):
        with torch.no_grad():
            return (20 * logits(network(x))).softmax(1)

    return model


@pytest.fixture(scope="module")
def asked():
    """The shapes of all questions so far."""
    return []


@pytest.fixture
def black_box(literal_model, asked):
    asked.clear()

    def answer(pixels):
        asked.append(tuple(pixels.shape))
        return literal_model(literal_games.normalized(pixels).float())

    return BlackBox(answer, CLASSES, input_size=64, batch_size=16)


def random_maps(n, side=64):
    """Maps with some large hills, and no two pixels alike."""
    generator = torch.Generator().manual_seed(0)
    hills = F.interpolate(torch.rand(n, 1, 4, 4, generator=generator), (side, side), mode="bilinear")[:, 0]
    return hills + 1e-3 * torch.rand(n, side, side, generator=generator)


def test_the_kernel_is_the_published_one():
    kernel = games.kernel()
    assert kernel.shape == (11, 11)
    assert kernel.sum().item() == pytest.approx(1)
    assert (kernel[5, 5].item(), kernel[0, 0].item()) == pytest.approx((0.008833, 0.007737), abs=5e-7)


@pytest.mark.parametrize("step", [224, 1792])
def test_curves_equal_the_published_evaluation(black_box, literal_model, photos, step):
    maps = random_maps(3)
    for photo in photos[:2]:
        pixels = black_box.pixels([photo])
        target = int(black_box.ask(pixels).argmax())
        for mode, ours in (("del", deletion), ("ins", insertion)):
            found = ours(black_box, pixels, maps, target, step=step)
            expected = [literal_games.game(literal_model, pixels, m.numpy(), mode, step) for m in maps]
            assert np.ptp(found.numpy()) > 0.05  # there is something to be equal to
            assert found.shape == (3, -(-64 * 64 // step) + 1)
            np.testing.assert_allclose(found, expected, atol=2e-5)
            np.testing.assert_allclose(auc(found), [literal_games.auc(e) for e in expected], atol=2e-5)


def test_of_equal_pixels_the_first_go_first():
    assert torch.equal(games.rank_pixels(torch.zeros(1, 100, 100)), torch.arange(10_000).view(1, 100, 100))
    ranks = games.rank_pixels(torch.tensor([[[0.0, 1.0], [1.0, 0.0]], [[5.0, 5.0], [5.0, 5.0]]]))
    assert ranks.tolist() == [[[2, 0], [1, 3]], [[0, 1], [2, 3]]]


def test_a_map_that_knows_beats_one_that_does_not():
    """A black box that looks at one corner alone: taking it away first costs everything at once."""

    def corner(pixels):
        bright = pixels[:, :, :16, :16].mean((1, 2, 3))
        return torch.stack([bright, 1 - bright], 1)

    black_box = BlackBox(corner, ["bright", "dark"], input_size=32)
    knows = torch.zeros(32, 32)
    knows[:16, :16] = 1
    pixels, maps = torch.ones(1, 3, 32, 32), torch.stack([knows, -knows])
    gone = deletion(black_box, pixels, maps, 0, step=256, substrate="black")
    assert gone.tolist() == [[1, 0, 0, 0, 0], [1, 1, 1, 1, 0]]
    assert auc(gone).tolist() == [0.125, 0.875]
    came = insertion(black_box, pixels, maps, 0, step=256, substrate="black")
    assert came.tolist() == [[0, 1, 1, 1, 1], [0, 0, 0, 0, 1]]


def test_play_asks_endpoints_once_and_never_too_much_at_once(black_box, asked, photos):
    maps = dict(zip("abc", random_maps(3), strict=True))
    found = play(black_box, photos[0], maps, step=224)
    steps = -(-64 * 64 // 224)
    assert sum(shape[0] for shape in asked) == 3 + 2 * 3 * (steps - 1)
    assert max(shape[0] for shape in asked) <= 16
    assert list(found) == ["deletion", "insertion"]
    pixels = black_box.pixels([photos[0]])
    target = int(black_box.ask(pixels).argmax())
    for game, ours in (("deletion", deletion), ("insertion", insertion)):
        one_by_one = [ours(black_box, pixels, m[None], target, step=224)[0] for m in maps.values()]
        np.testing.assert_allclose(np.stack(list(found[game].values())), torch.stack(one_by_one), atol=2e-5)
    other = play(black_box, photos[0], maps, target=(target + 1) % 4, step=1792)
    assert other["deletion"]["a"][0] < found["deletion"]["a"][0]


def test_play_takes_explanations_and_maps_of_any_size(black_box, photos):
    raw = np.random.default_rng(0).random((5, 7), np.float32)
    empty = Image.new("RGB", (64, 64))
    e = Explanation(empty, raw, 0, "a", 1.0, raw[0, :4], "gradcam", "layer4", 0.1)
    found = play(black_box, photos[0], {"explanation": e, "array": raw, "tensor": torch.from_numpy(raw)}, target=2)
    resized = F.interpolate(torch.from_numpy(raw)[None, None], (64, 64), mode="bilinear")[0]
    expected = deletion(black_box, black_box.pixels([photos[0]]), resized, 2)[0]
    for curve in found["deletion"].values():
        np.testing.assert_allclose(curve, expected, atol=2e-5)


def test_games_tell_how_far_they_are_and_stop(black_box, asked, photos):
    steps = games.play_steps(black_box, photos[0], dict(enumerate(random_maps(4))), step=224)
    shares = [next(steps).done, next(steps).done]
    steps.close()
    questions = len(asked)
    assert 0 < shares[0] < shares[1] < 1
    assert questions == 3  # endpoints, and a part for each share
    again = [done for done, _ in games.play_steps(black_box, photos[0], dict(enumerate(random_maps(4))), step=224)]
    assert again == sorted(again)
    assert again[-1] == 1


def test_blurred_borders_fade_to_grey():
    white = torch.ones(1, 3, 32, 32)
    soft = games.blur(white)
    torch.testing.assert_close(soft[:, :, 5:-5, 5:-5], white[:, :, 5:-5, 5:-5])
    torch.testing.assert_close(games.blur(games.grey(white)), games.grey(white))
    assert (soft[0, :, 0, 0] < 0.65).all()


def test_a_single_step_is_both_ends_and_asks_nothing_else(black_box, asked, photos):
    found = play(black_box, photos[0], {"a": random_maps(1)[0]}, step=64 * 64)
    assert sum(shape[0] for shape in asked) == 3
    assert found["deletion"]["a"].shape == (2,)
    assert found["deletion"]["a"][0] == found["insertion"]["a"][1]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"games": {"hide": "grey"}}, "no game 'hide'; choose one of deletion, insertion"),
        ({"games": {"deletion": "pink"}}, "no substrate 'pink'; choose one of grey, black, blur"),
        ({"maps": {"a": torch.full((4, 4), torch.nan)}}, "not finite"),
    ],
)
def test_mistakes_get_a_sentence(black_box, photos, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        play(black_box, photos[0], **{"maps": {"a": random_maps(1)[0]}, **options})
