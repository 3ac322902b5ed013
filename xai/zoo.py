"""Trained models by name: where their files lie, whether they are whole, and loading them."""

import hashlib
import json
import logging
import os
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
from safetensors import SafetensorError

from xai.models import CLASSES, Classifier
from xai.modes import without_gradients

GARBAGE = (
    "garbage-cnn",
    "garbage-resnet50",
    "garbage-se_resnet50",
    "garbage-s_se_resnet50",
    "garbage-efficientnet_lite0",
)
PYRAMID = ("pyramid-fpn", "pyramid-fal")
STUDENTS = ("blackbox-student",)
IMAGENET = "imagenet-efficientnet_lite0"  # its features tell familiar photos from others
SURFACES = "surfaces.npz"  # beside it: the features of pictures that show nothing
FAMILIAR = "familiar.npz"  # what a network's training photos look like to it
SHARED = {
    **dict.fromkeys(GARBAGE + STUDENTS, "garbage-familiar.npz"),
    **dict.fromkeys(PYRAMID, "pyramid-familiar.npz"),
}  # of networks that saw the same photos
SUMS = "SHA256SUMS"
NEEDED = ("config.json", "model.safetensors", "metrics.json", "history.json")  # the card may be edited, these not
EXPLAINED = "explained.json"  # what its maps have in common, where that was measured
PHOTOS = "photos.json"  # which photos it was trained on, by their contents
OPTIONAL = (EXPLAINED, PHOTOS)
LOG = logging.getLogger(__name__)
REMEDY = "fetch it again, in a clone of this project with `git checkout -- checkpoints`, else from where it came"
CHECKPOINTS = Path(os.environ.get("XAI_CHECKPOINTS") or Path(__file__).parent.parent / "checkpoints")
MODELS = (*GARBAGE, *PYRAMID, *STUDENTS, IMAGENET)


def list_models() -> list[str]:
    """Names that `load_model` takes."""
    return list(MODELS)


@without_gradients
def load_model(name: str | PathLike, device: str | torch.device | None = None) -> Classifier:
    """A trained classifier in evaluation mode.

    Args:
        name: one of `list_models()`, or the folder of a checkpoint of your own.
        device: where to compute; None takes a GPU if there is one.

    Raises:
        ValueError: there is no model of this name.
        OSError: a file of the checkpoint is missing, truncated or altered; the sentence names file and remedy.
    """
    folder = find_checkpoint(name)
    verify(folder)
    config = read_json(folder / "config.json")
    model_class = CLASSES.get(config.get("model_class"))
    if model_class is None:
        raise make_damage_error(folder / "config.json", "names no model class of this package")
    try:
        model = model_class.from_pretrained(folder, strict=True)
    except (SafetensorError, RuntimeError) as error:
        raise make_damage_error(folder / "model.safetensors", "does not hold the weights of this model") from error
    model.name, model.familiar_file = Path(name).name, find_familiar_file(name)
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    return model.to(device).to(memory_format=torch.channels_last)  # the faster order, on CPUs too


def build_skeleton(name: str | PathLike) -> Classifier:
    """A model without its weights, on the `meta` device: its layers and shapes.

    Raises:
        ValueError: there is no model of this name.
        OSError: its configuration is missing or damaged.
    """
    config = read_json(find_checkpoint(name) / "config.json")
    with torch.device("meta"):
        return CLASSES[config.pop("model_class")](**config).eval()


def find_familiar_file(name: str | PathLike) -> Path | None:
    """What a model's training photos look like: the list in its folder, else the one it shares; None without either.

    Raises:
        ValueError: there is no model of this name.
        OSError: its folder is missing.
    """
    shared = SHARED.get(str(name))
    files = [find_checkpoint(name) / FAMILIAR, *([CHECKPOINTS / shared] if shared else [])]
    return next((file for file in files if file.is_file()), None)


def read_hub_repositories() -> dict[str, tuple[str, str]]:
    """Hub repositories by model name, each with a pinned commit, from `XAI_HUB`: `NAME=OWNER/REPO@COMMIT,…`.

    Raises:
        ValueError: an entry is written differently.
    """
    repositories = {}
    for entry in filter(None, os.environ.get("XAI_HUB", "").split(",")):
        name, _, address = entry.strip().partition("=")
        repository, _, commit = address.partition("@")
        if not (name and repository.count("/") == 1 and commit):
            raise ValueError(f"XAI_HUB must read NAME=OWNER/REPO@COMMIT,… but has {entry!r}")
        repositories[name] = (repository, commit)
    return repositories


def find_checkpoint(name: str | PathLike) -> Path:
    """The folder of a checkpoint: the local cache of the Hub, the Hub, or `checkpoints/`, in this order.

    The Hub is asked only for a model that `XAI_HUB` names.

    Raises:
        ValueError: there is no model of this name.
        OSError: it is in none of these places.
    """
    path = Path(name)
    if str(name) not in MODELS and path.is_dir():
        return path
    repositories = read_hub_repositories()
    if str(name) not in MODELS and str(name) not in repositories:
        raise ValueError(f"there is no model {str(name)!r}; choose one of {', '.join(MODELS)}, or a folder")
    if str(name) in repositories:
        found = fetch_from_hub(*repositories[str(name)])
        if found:
            return found
        LOG.warning("%s: neither the local cache nor the Hub has %s at %s", name, *repositories[str(name)])
    if (CHECKPOINTS / path).is_dir():
        return CHECKPOINTS / path
    raise FileNotFoundError(f"there is no checkpoint {CHECKPOINTS / path}: {REMEDY}")


def fetch_from_hub(repository: str, commit: str) -> Path | None:
    """A repository's files at a commit, from the local cache or else from the Hub; None where neither has them all."""
    for offline in (True, False):
        try:
            folder = snapshot_download(
                repository,
                revision=commit,
                allow_patterns=[*NEEDED, *OPTIONAL, SUMS, FAMILIAR],
                local_files_only=offline,
            )
        except (HfHubHTTPError, LocalEntryNotFoundError, HFValidationError):
            continue
        if all((Path(folder) / name).is_file() for name in (*NEEDED, SUMS)):
            return Path(folder)
    return None


def make_damage_error(file: Path, trouble: str) -> OSError:
    return OSError(f"{file} {trouble}: {REMEDY}")


def verify(folder: Path) -> None:
    """Compare every file of a checkpoint with its checksum.

    Raises:
        OSError: a file is missing, truncated or altered.
    """
    sums = folder / SUMS
    if not sums.is_file():
        raise make_damage_error(sums, "is missing")
    lines = sums.read_text(encoding="utf-8", errors="replace").splitlines()
    parts = [line.split("  ", 1) for line in lines if "  " in line]
    expected = {name: checksum for checksum, name in parts}
    for name in (*NEEDED, *(name for name in OPTIONAL if name in expected)):
        file = folder / name
        if not file.is_file():
            raise make_damage_error(file, "is missing")
        with file.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != expected.get(name):
                raise make_damage_error(file, "is truncated or altered")


def read_json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise make_damage_error(file, "is missing") from error
    except ValueError as error:
        raise make_damage_error(file, "is truncated or altered") from error
