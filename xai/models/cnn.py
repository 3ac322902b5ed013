"""The small baseline: two convolutions, two poolings, three fully connected layers."""

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from xai.models.classifier import Classifier
from xai.models.resnet import IMAGENET_MEAN, IMAGENET_STD


class CNN(Classifier):
    """conv → pool → conv → pool → three fully connected layers, on which CAM is impossible.

    Paper: BaiNa and Joe, Deep Learning Methods for Explainable Image Recognition, 2024 (its figure 1).

    Args:
        classes: the names of the K classes.
        input_size: side of the input in pixels, a multiple of 16.
        mean, std: of the input normalisation.
    """

    def __init__(
        self,
        classes: Sequence[str],
        input_size: int = 128,
        mean: Sequence[float] = IMAGENET_MEAN,
        std: Sequence[float] = IMAGENET_STD,
    ) -> None:
        super().__init__(classes, input_size, mean, std)
        self.conv1 = nn.Sequential(nn.Conv2d(3, 32, 5, padding=2), nn.ReLU())
        self.conv2 = nn.Sequential(nn.MaxPool2d(4), nn.Conv2d(32, 64, 5, padding=2), nn.ReLU())
        self.pool = nn.MaxPool2d(4)
        self.fc = nn.Sequential(
            nn.Linear(64 * (input_size // 16) ** 2, 256), nn.ReLU(),
            nn.Linear(256, 64), nn.ReLU(),
            nn.Linear(64, len(self.classes)),
        )  # fmt: skip

    @property
    def layers(self) -> dict[str, Callable[..., Tensor]]:
        return {"conv1": self.conv1, "conv2": self.conv2}  # B, 32, S, S  and  B, 64, S/4, S/4

    def head(self, features: Tensor) -> Tensor:
        return self.fc(self.pool(features).flatten(1))  # B, K
