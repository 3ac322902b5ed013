"""An image classifier of timm's, or of the Hub in timm's format, as a black box."""

from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from os import PathLike
from pathlib import Path
from typing import Any

import timm
import torch
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, HFValidationError
from safetensors import SafetensorError
from timm.data import ImageNetInfo, infer_imagenet_subset, resolve_model_data_config
from timm.models import get_pretrained_cfg
from torch import Tensor, nn

from xai.blackbox.blackbox import REASON, BlackBox
from xai.models.classifier import WEIGHTS
from xai.precision import in_half_precision


def from_timm(
    network: str,
    classes: Sequence[str] | None = None,
    weights: str | PathLike | None = None,
    device: str | torch.device | None = None,
    half_precision: bool = False,
    name: str | None = None,
) -> BlackBox:
    """A pre-trained classifier by the name timm has for it, or an architecture of timm's with weights of your own.

    Formula: `softmax(network((pixels − mean) / std))`, with size, mean and standard deviation from the network's own
    configuration. The whole photo is squeezed into the square, where timm's own evaluation cuts out the centre:
    an explanation covers all of the photo.

    Args:
        network: `resnet50.a1_in1k` and what else `timm.list_pretrained()` names, `hf-hub:OWNER/NAME` or
            `hf-hub:OWNER/NAME@REVISION`, or `local-dir:FOLDER`.
        classes: the names of the K classes. None takes those of its configuration; else, as timm does, it goes by
            their number that it knows ImageNet's; else they are called "0" to "K-1".
        weights: a safetensors file of your own, with a head for `classes`; None takes the pre-trained weights.
            No pickle is ever read, so weights that are to be had only as one are refused.
        device: where to compute; None takes a GPU if there is one.
        half_precision: compute in bfloat16 where that is faster, which changes confidences in the third digit.
        name: what it is called; None takes the network's.

    Raises:
        ValueError: timm knows no such network, it is no classifier of square RGB photos, or weights or classes do not
            fit.
        OSError: the weights are nowhere to be found, or damaged.
    """
    model: Any = create_model(network, weights, classes)
    config = resolve_model_data_config(model)
    channels, height, width = config["input_size"]
    if channels != 3 or height != width or model.num_classes < 2:
        raise ValueError(
            f"{network} answers {model.num_classes} numbers to {channels}×{height}×{width}, "
            "which is no classifier of square RGB photos"
        )
    names, assumed = read_class_names(model) if classes is None else list(classes), {}
    if names is None:  # nobody knows
        names, assumed["classes"] = [str(i) for i in range(model.num_classes)], f"0…{model.num_classes - 1}"
    if len(names) != model.num_classes:
        raise ValueError(f"{network} knows {model.num_classes} classes, but {len(names)} names were given")
    device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    model = model.eval().to(device, memory_format=torch.channels_last)
    mean, std = (torch.tensor(config[key], device=device).view(3, 1, 1) for key in ("mean", "std"))

    def answer(pixels: Tensor) -> Tensor:
        with in_half_precision(model, device) if half_precision else nullcontext():
            logits = model((pixels - mean) / std)  # N, K
        return logits.float().softmax(1)

    return BlackBox(answer, names, name or network.rpartition("/")[2], height, device, assumed=assumed)


def create_model(network: str, weights: str | PathLike | None, classes: Sequence[str] | None) -> nn.Module:
    """timm's network, with weights from a safetensors file alone.

    Raises:
        ValueError: timm knows no such network, or the weights do not fit it, or their classes have no names.
        OSError: the weights are nowhere to be found, or damaged.
    """
    file = find_safetensors(network) if weights is None else Path(weights)
    if not file.is_file():
        raise FileNotFoundError(f"there is no file {file}, and no pickle beside it is read")
    # The file in place of any other source: timm itself would fall back on a pickle.
    source = {"source": None, "url": None, "hf_hub_id": None, "file": str(file), "custom_load": False}
    if weights is not None:
        if classes is None:
            raise ValueError(f"{file.name} does not say what its classes are called: name them")
        source |= {"num_classes": len(classes), "label_offset": None}
    try:
        return timm.create_model(network, pretrained=True, pretrained_cfg_overlay=source)
    except SafetensorError as error:
        raise OSError(f"{file} is truncated or altered: fetch it again") from error
    except OSError:
        raise
    except Exception as error:  # timm raises whatever it likes
        reason = " ".join(str(error).split())[:REASON]
        raise ValueError(f"timm cannot make {network} of {file}: {reason}") from error


def find_safetensors(network: str) -> Path:
    """The file with the pre-trained weights of a network, from a folder, the local cache or else the Hub.

    Raises:
        ValueError: timm knows no such network.
        OSError: there is no such file.
    """
    source, colon, address = network.partition(":")
    if source == "local-dir":
        return Path(address) / WEIGHTS
    if colon and source != "hf-hub":
        raise ValueError(f"a network of timm's is NAME, hf-hub:OWNER/NAME or local-dir:FOLDER, not {network!r}")
    if not colon:
        try:
            known = get_pretrained_cfg(network, allow_unregistered=False)
        except RuntimeError as error:
            raise ValueError(f"timm knows no pre-trained network {network!r}; timm.list_pretrained() does") from error
        if known is None or not known.hf_hub_id:
            raise FileNotFoundError(f"no weights of {network} are to be had but in a pickle, which is not read")
        address = known.hf_hub_id
    repository, _, revision = address.partition("@")
    try:
        return Path(hf_hub_download(repository, WEIGHTS, revision=revision or None))
    except (EntryNotFoundError, HfHubHTTPError, HFValidationError) as error:
        where = f"{repository}@{revision}" if revision else repository
        raise FileNotFoundError(f"neither the local cache nor the Hub has {WEIGHTS} of {where}") from error


def read_class_names(model: Any) -> list[str] | None:
    """What a network of timm's calls its classes; None where that is not known."""
    k, config = model.num_classes, model.pretrained_cfg
    labels: Any = config.get("label_names") or ()
    descriptions: Any = config.get("label_descriptions") or {}
    if isinstance(labels, dict):  # JSON knows no keys but strings
        labels = [labels.get(str(i)) for i in range(k)]
    elif not labels and (subset := infer_imagenet_subset(model)):
        info = ImageNetInfo(subset)
        labels, descriptions = info.label_names(), info.label_descriptions(as_dict=True)
    if len(labels) != k or not all(isinstance(label, str) for label in labels):
        return None
    names = [descriptions.get(label, label) for label in labels]
    seen = Counter(names)  # ImageNet has two cranes: a bird, n02012849, and a machine, n03126707
    return [
        name if seen[name] == 1 or name == label else f"{name} ({label})"
        for name, label in zip(names, labels, strict=True)
    ]
