"""A feature pyramid that classifies, with attention branches on any of its layers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import timm
import torch
from torch import Tensor, nn
from torchvision.ops import FeaturePyramidNetwork
from torchvision.transforms.v2 import functional as F

from xai.models.attention import AttentionBranch, Padding, set_padding
from xai.models.classifier import INPUT, Classifier, name_attention

STRIDES = (4, 8, 16, 32)
Acting = Literal["scale", "pool", "none"]  # how the attention of a branch acts on its layer


class Pyramid(Classifier):
    """FPN, and FAL(S): the same with an attention branch on each layer of a set S; without any it is plain FPN.

    Formula: `P1…P4 = ReLU(FPN(C2…C5))`; on the layers in S `P_i ← (1 + M_i) ⊙ P_i`, the attended map; `R_i =
    ReLU(BN(conv3×3(P_i)))`; `logits = Σ_i W_i GAP(R_i) + b`. Layer 1 is the finest, of stride 4, Layer 4 the coarsest,
    of stride 32. What is explained of Layer i is `R_i`, called `layer1` to `layer4`: there a class activation map is
    exactly what every position adds to the logit. The attended maps are `attended1` to `attended4`.

    So much is source 3's. Whatever is trained, its `1 + M` changes hardly an answer. Two variants are our own: with
    `pool` the attention decides how much each position counts, `P_i` stays, and `R_i ← M_i / mean(M_i) ⊙ R_i` with the
    branch's evidence as `M_i`, so that `GAP(R_i)` is the mean weighted by it; with `none` the branches' losses train
    the pyramid, and nothing else comes of them.
    Papers: Lin et al., Feature Pyramid Networks, CVPR 2017; Fukui et al., Attention Branch Network, CVPR 2019; for
    branches on chosen layers only the FPN-ABN layered model (FAL), whose text names no authors.

    Args:
        classes: the names of the K classes.
        input_size: side of the input in pixels.
        backbone: any network of timm with features at strides 4, 8, 16 and 32.
        width: channels of every pyramid layer.
        attended: S, a subset of {1, 2, 3, 4}.
        branch_width, branch_depth: of the attention branches.
        acting: of the attention: `scale` the features P_i, weigh the positions of R_i as they `pool`, or `none`.
        branch_gradient: let the branches' losses train the pyramid below them too; without it a branch learns to read
            the pyramid as it is. The text of FAL says nothing of it.
        padding: what the pyramid's, the branches' and the last 3×3 convolutions see beyond the border.
        grey: turn photos grey first, for networks trained on grey photos.
        mean, std: of the input normalisation.

    Raises:
        ValueError: the backbone has no features at these strides, or S names a layer there is not.
    """

    backbone: Any  # timm's types know it as some module only
    branches: Any  # nn.ModuleDict, whose values are some modules to its types: `AttentionBranch`
    layer_names = tuple(f"layer{i + 1}" for i in range(len(STRIDES)))
    attended_names = tuple(f"attended{i + 1}" for i in range(len(STRIDES)))

    def __init__(
        self,
        classes: Sequence[str],
        input_size: int = 224,
        backbone: str = "resnet50",
        width: int = 256,
        attended: Sequence[int] = (),
        branch_width: int = 32,
        branch_depth: int = 1,
        acting: Acting = "scale",
        branch_gradient: bool = True,
        padding: Padding = "zeros",
        grey: bool = False,
        mean: Sequence[float] = (0.485, 0.456, 0.406),
        std: Sequence[float] = (0.229, 0.224, 0.225),
    ) -> None:
        super().__init__(classes, input_size, mean, std)
        if unknown := set(attended) - set(range(1, len(STRIDES) + 1)):
            raise ValueError(f"attention branches can be on layers 1 to 4, not on {', '.join(map(str, unknown))}")
        self.grey, self.backbone_name = grey, backbone
        self.acting, self.branch_gradient = acting, branch_gradient
        self.attended_layers = tuple(f"layer{i}" for i in sorted(set(attended)))
        features: Any = timm.create_model(backbone, features_only=True, out_indices=find_levels(backbone))
        self.backbone = features
        self.fpn = FeaturePyramidNetwork(features.feature_info.channels(), width, norm_layer=nn.BatchNorm2d)
        self.perception = nn.ModuleDict({name: make_perception(width, width // 2) for name in self.layer_names})
        self.fc = nn.Linear(len(STRIDES) * (width // 2), len(self.classes))
        # last, so that with the same seed all else starts from the same weights, whatever S
        self.branches = nn.ModuleDict(
            {
                name: AttentionBranch(width, len(self.classes), branch_width, branch_depth)
                for name in self.attended_layers
            }
        )
        for part in (self.fpn, self.perception, self.branches):
            set_padding(part, padding)

    @property
    def layers(self) -> dict[str, Callable[..., Tensor]]:
        attended: dict[str, Callable[..., Tensor]] = dict.fromkeys(
            self.attended_names, self.fpn
        )  # B, width, S/4, S/4 … B, width, S/32, S/32
        return attended | dict(self.perception.items())  # B, width / 2, and the same sizes

    @property
    def explained_layers(self) -> list[str]:
        return list(self.layer_names)

    def linear_weights(self, layer: str) -> Tensor | None:
        if layer not in self.layer_names:
            return None
        return self.fc.weight.chunk(len(STRIDES), dim=1)[self.layer_names.index(layer)]  # K, width / 2

    def roots(self, layers: Sequence[str]) -> list[str]:
        return [name for name in layers if name in self.attended_names or name_attended(name) not in layers]

    def beside(self, layers: Sequence[str]) -> list[str]:
        numbers = {name[-1] for name in layers}
        return [name for name in self.layer_names if name[-1] not in numbers]

    def normalize(self, pixels: Tensor) -> Tensor:
        return super().normalize(F.rgb_to_grayscale(pixels, num_output_channels=3) if self.grey else pixels)

    def feature_pyramid(self, x: Tensor) -> dict[str, Tensor]:
        """Normalised pixels (B, 3, H, W) to every layer's features before attention, by name."""
        features = self.fpn(dict(zip(self.layer_names, self.backbone(x), strict=True)))
        return {name: p.relu() for name, p in features.items()}

    def advance(self, known: dict[str, Tensor], layer: str) -> None:
        """Add a layer's features to those known; with an attended map come all four, and their attention."""
        if layer in known:
            return
        if layer in self.layer_names:
            self.advance(known, name_attended(layer))
            known[layer] = self.read(known, layer)
            return
        for name, features in self.feature_pyramid(known[INPUT]).items():
            if name in self.branches and self.acting != "pool":
                known[name_attention(name)], _ = self.branches[name](features)
                features = self.attend(features, known[name_attention(name)])
            known[name_attended(name)] = features

    def attend(self, features: Tensor, attention: Tensor) -> Tensor:
        """A layer's attended map (B, width, h, w), of its features and its attention (B, 1, h, w)."""
        return (1 + attention) * features if self.acting == "scale" else features

    def read(self, known: dict[str, Tensor], layer: str) -> Tensor:
        """What is read of a layer's attended map (B, width / 2, h, w), weighed where attention decides the pooling."""
        attended = known[name_attended(layer)]
        features = self.perception[layer](attended)
        if layer in self.branches and self.acting == "pool":
            if name_attention(layer) not in known:
                known[name_attention(layer)], _ = self.branches[layer].weigh_evidence(attended)
            attention = known[name_attention(layer)]  # B, 1, h, w
            features = attention / attention.mean((2, 3), keepdim=True) * features
        return features

    def conclude(self, known: Mapping[str, Tensor]) -> Tensor:
        """All four layers' features to logits; a layer may have those of one photo where another has those of many."""
        read = dict(known)
        for name in self.layer_names:
            self.advance(read, name)
        means = [read[name].mean(dim=(2, 3)) for name in self.layer_names]  # B, width / 2 each
        photos = max(len(mean) for mean in means)
        return self.fc(torch.cat([mean.expand(photos, -1) for mean in means], dim=1))  # B, K

    def all_logits(self, x: Tensor) -> list[Tensor]:
        """The logits and those of every branch, (B, K) each."""
        known, scores = {}, []
        for name, features in self.feature_pyramid(x).items():
            if name in self.branches:
                branch, read = self.branches[name], features if self.branch_gradient else features.detach()
                attention, class_maps = branch.weigh_evidence(read) if self.acting == "pool" else branch(read)
                known[name_attention(name)] = attention
                scores.append(branch.scores(class_maps))
                features = self.attend(features, attention)
            known[name_attended(name)] = features
        return [self.conclude(known), *scores]


def name_attended(layer: str) -> str:
    """The attended map that a layer reads."""
    return layer.replace("layer", "attended")


def make_perception(width: int, out: int) -> nn.Sequential:
    """What is read of one layer: B, width, h, w to B, out, h, w."""
    return nn.Sequential(nn.Conv2d(width, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU())


def find_levels(backbone: str) -> tuple[int, ...]:
    """Which of a backbone's feature maps have the strides of the pyramid."""
    with torch.device("meta"):
        network: Any = timm.create_model(backbone, features_only=True)
    strides = network.feature_info.reduction()
    if missing := set(STRIDES) - set(strides):
        raise ValueError(f"{backbone} has no features of stride {', '.join(map(str, sorted(missing)))}")
    return tuple(strides.index(stride) for stride in STRIDES)
