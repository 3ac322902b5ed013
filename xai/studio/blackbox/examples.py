"""The photos to pick from: a black box's examples show what it knows."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from PIL import Image

from xai.photo import load_photo
from xai.studio.blackbox.answers import NO_ANSWER, get_black_box
from xai.studio.blackbox.kinds import shorten
from xai.studio.examples import EVERYDAY_EXAMPLES, GARBAGE_EXAMPLES, read_class
from xai.studio.photo_input import MAX_SIDE


def list_known_examples(title: str) -> Sequence[Path]:
    """The photos whose class a black box knows; everyday photos where it knows none, or cannot be had."""
    try:
        known = {shorten(c) for c in get_black_box(title).classes}
    except NO_ANSWER:
        known = set()
    return [path for path in (*GARBAGE_EXAMPLES, *EVERYDAY_EXAMPLES) if read_class(path) in known] or EVERYDAY_EXAMPLES


def is_among(photo: Image.Image, examples: Iterable[Path]) -> bool:
    """Whether a photo on the page is one of these files."""
    return any(photo == load_photo(path, MAX_SIDE) for path in examples)
