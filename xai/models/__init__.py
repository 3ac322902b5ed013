"""The architectures, by name."""

from collections.abc import Sequence
from functools import partial
from typing import Literal

from xai.models.classifier import Classifier, name_attention
from xai.models.cnn import CNN
from xai.models.efficientnet import EfficientNetLite0
from xai.models.pyramid import Pyramid
from xai.models.resnet import ResNet50

Architecture = Literal[
    "cnn", "resnet50", "se_resnet50", "s_se_resnet50", "cbam_resnet50", "efficientnet_lite0", "pyramid"
]  # fmt: skip
ARCHITECTURES = {
    "cnn": CNN,
    "resnet50": partial(ResNet50, attention="none"),
    "se_resnet50": partial(ResNet50, attention="se"),
    "s_se_resnet50": partial(ResNet50, attention="shared_se"),
    "cbam_resnet50": partial(ResNet50, attention="cbam"),
    "efficientnet_lite0": EfficientNetLite0,
    "pyramid": Pyramid,
}
CLASSES = {
    cls.__name__: cls for cls in (CNN, ResNet50, EfficientNetLite0, Pyramid)
}  # as a checkpoint's config names them


def create_model(architecture: str, classes: Sequence[str], **options) -> Classifier:
    """A classifier with fresh weights.

    Args:
        architecture: a key of `ARCHITECTURES`.
        classes: the names of the K classes.
        options: of the architecture, `input_size` for one.

    Raises:
        ValueError: there is no such architecture.
    """
    if architecture not in ARCHITECTURES:
        raise ValueError(f"there is no architecture {architecture!r}; choose one of {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[architecture](classes=list(classes), **options)


__all__ = [
    "ARCHITECTURES",
    "CLASSES",
    "CNN",
    "Architecture",
    "Classifier",
    "EfficientNetLite0",
    "Pyramid",
    "ResNet50",
    "create_model",
    "name_attention",
]  # fmt: skip
