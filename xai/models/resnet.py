"""ResNet-50 with a choice of attention."""

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from xai.models.attention import CBAM, SqueezeExcitation
from xai.models.classifier import Classifier, name_attention

Attention = Literal["none", "se", "shared_se", "cbam"]
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Bottleneck(nn.Module):
    """A residual block, 1×1 → 3×3 → 1×1, whose residual may be scaled by attention.

    Formula: `y = ReLU(s ⊙ F(x) + shortcut(x))`.
    Paper: He et al., Deep Residual Learning for Image Recognition, CVPR 2016; the stride is on the 3×3 convolution.
    """

    expansion = 4

    def __init__(self, channels: int, width: int, stride: int, attention: nn.Module | None) -> None:
        super().__init__()
        out = width * self.expansion
        self.conv1, self.bn1 = nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, out, 1, bias=False), nn.BatchNorm2d(out)
        self.relu = nn.ReLU()
        self.attention = attention
        self.downsample = None
        if stride > 1 or channels != out:
            self.downsample = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x: Tensor, scale: Tensor | None = None) -> tuple[Tensor, Tensor | None, Tensor]:
        """Features (B, C, h, w), scaled by the block's own attention or else by `scale`.

        Returns the new features, the scale, and the residual before it was scaled, which has their size.
        """
        residual = self.relu(self.bn1(self.conv1(x)))  # B, width, h, w
        residual = self.relu(self.bn2(self.conv2(residual)))  # B, width, h/stride, w/stride
        residual = self.bn3(self.conv3(residual))  # B, 4 width, h/stride, w/stride
        if self.attention is not None:
            scale = self.attention(residual)  # B, 4 width, 1, 1
        attended = residual if scale is None else scale * residual
        shortcut = x if self.downsample is None else self.downsample(x)
        return self.relu(attended + shortcut), scale, residual


class Stage(nn.Sequential):
    """Blocks in turn; with `shared_se` the first block's scale serves the later ones too, within one forward pass."""

    def __init__(self, channels: int, width: int, depth: int, stride: int, attention: Attention) -> None:
        out = width * Bottleneck.expansion
        blocks = []
        for i in range(depth):
            learns = attention in ("se", "cbam") or (attention == "shared_se" and i == 0)
            own = (CBAM if attention == "cbam" else SqueezeExcitation)(out) if learns else None
            blocks.append(Bottleneck(channels if i == 0 else out, width, stride if i == 0 else 1, own))
        super().__init__(*blocks)
        self.shared = attention == "shared_se"

    def forward(self, input: Tensor, changes: list[Tensor] | None = None) -> Tensor:
        """Features (B, C, h, w) to the stage's; to `changes` comes what each block's attention changed (B, 2, h, w).

        Formula: `ATT = F_o − F_i`, the residual less what it was before attention; its mean over the channels, and the
        mean of its absolute values.
        Papers: Woo et al., ECCV 2018, for the block; Kang et al., 2021, eq. 7, for the difference.
        """
        x, shared = input, None
        for block in self:
            x, scale, residual = block(x, shared)
            shared = scale if self.shared else None
            if changes is not None:
                change = (scale - 1) * residual  # B, C, h, w
                changes.append(torch.stack([change.mean(1), change.abs().mean(1)], dim=1))
        return x


class ResNet50(Classifier):
    """ResNet-50 without attention, with SE or CBAM in every block, or with one SE shared by the blocks of a stage.

    Papers: He et al., CVPR 2016; Hu et al., CVPR 2018; Woo et al., ECCV 2018; for `shared_se` BaiNa and Joe,
    Deep Learning Methods for Explainable Image Recognition, 2024. On top of 23.5 million weights `se` has 2,514,944
    more, `shared_se` 696,320, `cbam` 2,532,592. With `cbam` the maps of each block's attention become known besides the
    layers' features. The names of the weights are torchvision's.

    Args:
        classes: the names of the K classes.
        input_size: side of the input in pixels; the last map has a side of `input_size / 32`, rounded up.
        attention: `none`, `se`, `shared_se` or `cbam`.
        mean, std: of the input normalisation.
    """

    depths = (3, 4, 6, 3)
    layer1: Stage
    layer2: Stage
    layer3: Stage
    layer4: Stage

    def __init__(
        self,
        classes: Sequence[str],
        input_size: int = 224,
        attention: Attention = "none",
        mean: Sequence[float] = IMAGENET_MEAN,
        std: Sequence[float] = IMAGENET_STD,
    ) -> None:
        super().__init__(classes, input_size, mean, std)
        if attention == "cbam":
            self.attention_blocks = tuple(f"block{i + 1}" for i in range(sum(self.depths)))
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        self.relu, self.maxpool = nn.ReLU(), nn.MaxPool2d(3, 2, 1)
        channels = 64
        for i, depth in enumerate(self.depths):
            width = 64 * 2**i
            self.add_module(f"layer{i + 1}", Stage(channels, width, depth, 1 if i == 0 else 2, attention))
            channels = width * Bottleneck.expansion
        self.fc = nn.Linear(channels, len(self.classes))
        self._initialize()

    def _initialize(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(module, Bottleneck):
                nn.init.zeros_(module.bn3.weight)  # every block starts as the identity: trains better from scratch

    @property
    def layers(self) -> dict[str, Callable[..., Tensor]]:
        return {
            "stem": self.stem,
            "layer1": self.layer1,
            "layer2": self.layer2,
            "layer3": self.layer3,
            "layer4": self.layer4,
        }

    @property
    def linear_head(self) -> nn.Linear:
        return self.fc

    def stem(self, x: Tensor) -> Tensor:
        return self.maxpool(self.relu(self.bn1(self.conv1(x))))  # B, 64, H/4, W/4

    def step(self, known: dict[str, Tensor], layer: str, features: Tensor) -> Tensor:
        if not self.attention_blocks or layer == "stem" or self.training:
            return super().step(known, layer, features)
        changes: list[Tensor] = []
        features = self.layers[layer](features, changes)
        first = sum(self.depths[: int(layer[-1]) - 1])
        known.update({name_attention(self.attention_blocks[first + i]): change for i, change in enumerate(changes)})
        return features

    def head(self, features: Tensor) -> Tensor:
        return self.fc(features.mean(dim=(2, 3)))  # B, K
