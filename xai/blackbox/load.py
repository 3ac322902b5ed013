"""A black box by what the host writes for it."""

from collections.abc import Callable
from functools import partial
from os import PathLike
from pathlib import Path

import torch

from xai.blackbox.blackbox import BlackBox
from xai.blackbox.checkpoint import from_checkpoint
from xai.blackbox.endpoint import from_endpoint
from xai.blackbox.onnx_file import READERS, from_onnx
from xai.blackbox.timm_model import from_timm
from xai.blackbox.written import read_options
from xai.models import Classifier
from xai.zoo import load_model


def load_black_box(
    spec: str | PathLike,
    device: str | torch.device | None = None,
    student: str | PathLike | Classifier | None = None,
    **options,
) -> BlackBox:
    """A black box from one of four places.

    | `spec` | what is asked |
    | --- | --- |
    | NAME or FOLDER | a checkpoint of ours |
    | `timm:NAME` | a classifier of timm's; NAME may be `hf-hub:OWNER/NAME` |
    | `onnx:FILE` | a classifier in an ONNX file; `onnx:FILE?mean=0&std=1` gives options of `from_onnx` |
    | `http://…`, `https://…` | whoever answers at this address |

    Only the host may choose, by argument or configuration. What a visitor types must never get here: it could name any
    file and any machine that this one reaches.

    Args:
        spec: one of these.
        device: where to compute; None takes a GPU if there is one. An endpoint computes where it likes.
        student: a network that imitates it, or its name or folder, which methods that look into one may read.
        options: of `from_checkpoint`, `from_timm`, `from_onnx` or `from_endpoint`, `name` for one.

    Raises:
        ValueError: there is no such black box, student or option, or it is no classifier, or the student knows other
            classes.
        OSError: a file of it is missing or damaged.
        BlackBoxError: its endpoint does not answer.
        ImportError: the package it needs is not installed.
    """
    make, what = find_maker(str(spec))
    black_box = make(what, **options) if make is from_endpoint else make(what, device=device, **options)
    if student is not None:
        black_box.learn(student if isinstance(student, Classifier) else load_model(student, device))
    return black_box


def find_maker(spec: str) -> tuple[Callable[..., BlackBox], str]:
    """What makes a black box, and from what.

    Raises:
        ValueError: it is written differently, or an option is.
    """
    scheme, colon, rest = spec.partition(":")
    if not colon or Path(spec).is_dir():
        return from_checkpoint, spec
    if scheme in ("http", "https"):
        return from_endpoint, spec
    if scheme == "timm" and rest:
        return from_timm, rest
    if scheme == "onnx" and rest:
        file, options = split_options(rest)
        return (partial(from_onnx, **read_options(options, READERS)) if options else from_onnx), file
    raise ValueError(
        f"there is no black box {spec!r}: give the name or folder of a checkpoint, timm:NAME, onnx:FILE, "
        "or an address that starts with http:// or https://"
    )


def split_options(text: str) -> tuple[str, str]:
    """A file and the options behind its `?`; a `?` may also be part of the name of a file that is there."""
    marks = [i for i, letter in enumerate(text) if letter == "?"]
    ends = [end for end in (len(text), *marks[::-1]) if Path(text[:end]).is_file()]
    end = (ends or marks or [len(text)])[0]
    return text[:end], text[end + 1 :]
