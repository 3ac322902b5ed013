"""Attention: over channels, and over positions."""

from typing import Literal

import torch
from torch import Tensor, nn

OPEN = 2.0  # what CBAM's gates start from: sigmoid(2) = 0.88
SHARPNESS = 10  # of a branch's scores at the start: how much a logit grows with the mean of its class map
FLOOR = 0.1  # of a branch's evidence: so much counts every position, lest none does
Padding = Literal["zeros", "replicate"]  # what a convolution sees beyond the border


class SqueezeExcitation(nn.Module):
    """The scale of every channel, from all channels' means.

    Formula: `s = sigmoid(W2 ReLU(W1 GAP(f)))`, with `W1: C → C / reduction` and `W2` back, both without bias.
    Paper: Hu et al., Squeeze-and-Excitation Networks, CVPR 2018.

    It returns the scale, not the scaled features, so that one scale can serve several blocks.

    Args:
        channels: C.
        reduction: how much narrower the bottleneck is.
    """

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, channels // reduction, bias=False)
        self.excite = nn.Linear(channels // reduction, channels, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """Features (B, C, h, w) to scales (B, C, 1, 1) in (0, 1)."""
        mean = features.mean(dim=(2, 3))  # B, C
        scale = self.excite(self.squeeze(mean).relu()).sigmoid()  # B, C
        return scale[:, :, None, None]  # B, C, 1, 1


class CBAM(nn.Module):
    """The scale of every channel at every position: channels first, then positions.

    Formula: `M_c = sigmoid(W2 ReLU(W1 avg(f)) + W2 ReLU(W1 max(f)))`, over the positions, both layers with bias and
    shared; `f' = M_c ⊗ f`; `M_s = sigmoid(BN(conv7×7([max(f'), mean(f')])))`, over the channels; the scale is
    `M_c ⊗ M_s`, in (0, 1), so that what goes on is `M_s ⊗ f'`.
    Paper: Woo et al., CBAM: Convolutional Block Attention Module, ECCV 2018, as in the authors' code but for the start:
    theirs is half closed twice, which would quarter every residual of a network trained without attention; this one
    starts nearly open.

    Args:
        channels: C.
        reduction: how much narrower the bottleneck is.
    """

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, channels // reduction)
        self.excite = nn.Linear(channels // reduction, channels)
        self.spatial = nn.Conv2d(2, 1, 7, padding=3, bias=False)
        self.norm = nn.BatchNorm2d(1, momentum=0.01)
        nn.init.constant_(self.excite.bias, OPEN / 2)  # it is added twice
        nn.init.zeros_(self.norm.weight)
        nn.init.constant_(self.norm.bias, OPEN)

    def forward(self, features: Tensor) -> Tensor:
        """Features (B, C, h, w) to scales (B, C, h, w) in (0, 1)."""
        pooled = features.mean(dim=(2, 3)), features.flatten(2).max(2).values  # B, C each
        average, strongest = (self.excite(self.squeeze(p).relu()) for p in pooled)  # B, C each
        channels = (average + strongest).sigmoid()[:, :, None, None]  # B, C, 1, 1
        seen = channels * features  # B, C, h, w
        # max, not amax, whose gradient is 0 / 0 where torch.compile compares rounded with unrounded features
        both = torch.cat([seen.max(1, keepdim=True).values, seen.mean(1, keepdim=True)], dim=1)  # B, 2, h, w
        return channels * self.norm(self.spatial(both)).sigmoid()


class AttentionBranch(nn.Module):
    """Where to look, learnt by having to classify from there.

    Formula: class maps `a = ReLU(BN(conv1×1(BN(f(P)))))`, one a class, attention `M = sigmoid(BN(conv3×3(a)))`, class
    scores `s = GAP(conv1×1(a))`. The features that go on are `(1 + M) ⊙ P`; the scores have a loss of their own.
    Paper: Fukui et al., Attention Branch Network, CVPR 2019, as in the authors' code. There `f` is a copy of a ResNet
    stage; here it is as wide and deep as one likes, so that it stays light on large maps.

    `weigh_evidence` is our own: `E = Σ_k softmax(s)_k a_k + 0.1`, where the branch sees what it takes the photo for.

    Args:
        channels: C, of the features P.
        classes: K.
        width: channels inside f.
        depth: 3×3 convolutions in f, behind a 1×1 convolution that brings the features to its width.
    """

    def __init__(self, channels: int, classes: int, width: int = 32, depth: int = 1) -> None:
        super().__init__()
        blocks = [nn.Conv2d(channels, width, 1, bias=False)]
        for _ in range(depth):
            blocks += [nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1, bias=False)]
        self.features = nn.Sequential(*blocks, nn.BatchNorm2d(width))
        self.class_maps = nn.Sequential(nn.Conv2d(width, classes, 1, bias=False), nn.BatchNorm2d(classes), nn.ReLU())
        self.attention = Conv2dOfAbsoluteWeights(classes, 1, 3, padding=1, bias=False)
        self.scale = nn.BatchNorm2d(1)
        self.score = nn.Conv2d(classes, classes, 1, bias=False)
        # A class map, normalised, averages to nearly the same over any photo. From small weights the scores stay too
        # close for hundreds of steps, and the features learn to speak for the class everywhere to make up for it.
        nn.init.dirac_(self.score.weight).data.mul_(SHARPNESS)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Features (B, C, h, w) to the attention map (B, 1, h, w) in (0, 1) and the class maps (B, K, h, w)."""
        maps = self.class_maps(self.features(features))
        return self.scale(self.attention(maps)).sigmoid(), maps

    def weigh_evidence(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Features (B, C, h, w) to the evidence E (B, 1, h, w), 0.1 or more, and the class maps (B, K, h, w)."""
        maps = self.class_maps(self.features(features))
        confidences = self.scores(maps).softmax(1)  # B, K
        return FLOOR + torch.einsum("bk,bkhw->bhw", confidences, maps)[:, None], maps

    def scores(self, class_maps: Tensor) -> Tensor:
        """Class maps (B, K, h, w) to the branch's own logits (B, K)."""
        return self.score(class_maps).mean(dim=(2, 3))


class Conv2dOfAbsoluteWeights(nn.Conv2d):
    """A convolution by |w|: with free signs M is high on all but the object, and flattens what it should sharpen."""

    def forward(self, input: Tensor) -> Tensor:
        return self._conv_forward(input, self.weight.abs(), self.bias)


def set_padding(module: nn.Module, padding: Padding) -> None:
    """Let all convolutions in a module that look around them see zeros beyond the border, or the border once more."""
    for each in module.modules():
        if isinstance(each, nn.Conv2d) and each.kernel_size > (1, 1):
            each.padding_mode = padding
