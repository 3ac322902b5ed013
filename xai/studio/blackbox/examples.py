"""The photos to pick from: a black box's examples show what it knows."""

from collections.abc import Sequence
from pathlib import Path

from xai.studio.blackbox.answers import NO_ANSWER, get_black_box
from xai.studio.blackbox.kinds import shorten
from xai.studio.examples import EVERYDAY_EXAMPLES, GARBAGE_EXAMPLES, read_class


def list_known_examples(title: str) -> Sequence[Path]:
    """The photos whose class a black box knows; everyday photos where it knows none, or cannot be had."""
    try:
        known = {shorten(c) for c in get_black_box(title).classes}
    except NO_ANSWER:
        known = set()
    return [path for path in (*GARBAGE_EXAMPLES, *EVERYDAY_EXAMPLES) if read_class(path) in known] or EVERYDAY_EXAMPLES
