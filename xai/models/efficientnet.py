"""EfficientNet-Lite0: small, quick, and pre-trained weights for it can be had without a hub."""

from collections.abc import Callable, Sequence
from typing import Any

import timm
from torch import Tensor, nn

from xai.models.classifier import Classifier


class EfficientNetLite0(Classifier):
    """EfficientNet-Lite0, timm's `tf_efficientnet_lite0` with a head for our classes.

    Paper: Tan and Le, EfficientNet, ICML 2019; the Lite variants drop squeeze-and-excitation and use ReLU6.

    Args:
        classes: the names of the K classes.
        input_size: side of the input in pixels.
        mean, std: of the input normalisation (these weights were trained with .498 and .502).
    """

    network: Any  # timm's types know it as some module only
    signed_layers = frozenset(f"stage{i}" for i in range(1, 8))  # they end without an activation function

    def __init__(
        self,
        classes: Sequence[str],
        input_size: int = 224,
        mean: Sequence[float] = (0.498, 0.498, 0.498),
        std: Sequence[float] = (0.502, 0.502, 0.502),
    ) -> None:
        super().__init__(classes, input_size, mean, std)
        self.network = timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=len(self.classes))

    @property
    def layers(self) -> dict[str, Callable[..., Tensor]]:
        stages = {f"stage{i}": stage for i, stage in enumerate(self.network.blocks, start=1)}
        return {"stem": self.stem, **stages, "conv_head": self.conv_head}

    @property
    def linear_head(self) -> nn.Linear:
        return self.network.classifier

    def stem(self, x: Tensor) -> Tensor:
        return self.network.bn1(self.network.conv_stem(x))  # B, 32, H/2, W/2

    def conv_head(self, x: Tensor) -> Tensor:
        return self.network.bn2(self.network.conv_head(x))  # B, 1280, H/32, W/32

    def head(self, features: Tensor) -> Tensor:
        return self.network.classifier(features.mean(dim=(2, 3)))  # B, K
