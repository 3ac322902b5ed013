"""A black box that remembers; apart from the tests, so that other processes can have it soon."""

import torch

from xai.blackbox import BlackBox


class Recorder:
    """A black box that goes by brightness and notes every view it is shown."""

    def __init__(self, classes=("bright", "dark")) -> None:
        self.shown: list[torch.Tensor] = []
        self.box = BlackBox(self.answer, classes, "brightness", input_size=32)

    def answer(self, pixels):
        self.shown += list(pixels)
        brightness = pixels.mean((1, 2, 3))[:, None]
        shades = torch.linspace(0.8, 0.2, len(self.box.classes))
        return (-8 * (brightness - shades) ** 2).softmax(1)

    def questions(self) -> int:
        return len(self.shown)
