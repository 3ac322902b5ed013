"""The black boxes that the host of a studio offers, each with the student that imitates it."""

import os
from typing import NamedTuple

import torch

from xai.blackbox.blackbox import BlackBox
from xai.blackbox.load import find_maker, load_black_box

VARIABLE = "XAI_BLACK_BOXES"
DEFAULT = (
    "garbage-efficientnet_lite0=garbage-efficientnet_lite0>blackbox-student;"
    "imagenet-efficientnet_lite0=imagenet-efficientnet_lite0"
)


class Hosted(NamedTuple):
    """What the host says of a black box.

    Attributes:
        spec: what `load_black_box` makes it from.
        student: name or folder of the student's checkpoint; None where it has none, and then nothing but asking the
            black box explains it, unless it is open.
    """

    spec: str
    student: str | None


def hosted_black_boxes() -> dict[str, Hosted]:
    """The black boxes offered, by title and in order, from `XAI_BLACK_BOXES`: `TITLE=SPEC>STUDENT;…`.

    `>STUDENT` may be left out. A title has no `=`, and in an address or an option `;` is written `%3B` and `>` `%3E`.

    Raises:
        ValueError: an entry or an option is written differently, or a title is given twice.
    """
    hosted: dict[str, Hosted] = {}
    for entry in filter(str.strip, (os.environ.get(VARIABLE) or DEFAULT).split(";")):
        title, _, place = (part.strip() for part in entry.partition("="))
        spec, arrow, student = (part.strip() for part in place.partition(">"))
        if not (title and spec) or (arrow and not student):
            raise ValueError(f"{VARIABLE} must read TITLE=SPEC>STUDENT;… but has {entry.strip()!r}")
        if title in hosted:
            raise ValueError(f"{VARIABLE} has the title {title!r} twice")
        find_maker(spec)  # so that a misspelt one is known at the start, not at the first visit
        hosted[title] = Hosted(spec, student or None)
    return hosted


def load_hosted(title: str, device: str | torch.device | None = None) -> BlackBox:
    """A black box that the host offers, called by its title, with its student where it has one.

    Raises:
        ValueError: there is none of this title, or the student knows other classes.
        OSError: a file of one of them is missing or damaged.
        BlackBoxError: its endpoint does not answer.
        ImportError: the package it needs is not installed.
    """
    hosted = hosted_black_boxes()
    if title not in hosted:
        raise ValueError(f"there is no black box {title!r}; choose one of {', '.join(hosted)}")
    spec, student = hosted[title]
    return load_black_box(spec, device, student, name=title)
