"""The photos to pick from, named `SET-CLASS-NUMBER.jpg`, in CLASS `_` for a space."""

from functools import cache
from hashlib import sha256
from pathlib import Path

from PIL import Image

from xai.photo import load_photo
from xai.studio.photo_input import MAX_SIDE

FOLDER = Path(__file__).parent / "examples"


def list_examples(of: str, opening: str) -> list[Path]:
    """A set's examples by name, but the one that opens a tab first."""
    return sorted(FOLDER.glob(f"{of}-*.jpg"), key=lambda path: (path.name != opening, path.name))


def read_class(example: Path) -> str:
    """The class of what an example shows."""
    return example.stem.split("-")[1].replace("_", " ")


GARBAGE_EXAMPLES = list_examples("garbage", "garbage-glass-181.jpg")  # a bottle that the opening networks disagree on
PYRAMID_EXAMPLES = list_examples("pyramid", "pyramid-airplane-17.jpg")
EVERYDAY_EXAMPLES = list_examples("imagenet", "imagenet-German_shepherd-1.jpg")


def find_example(photo: Image.Image) -> Path | None:
    """The example that a photo is; None where it is a visitor's own."""
    return list_known().get(sign(photo))


@cache
def list_known() -> dict[str, Path]:
    """The examples by what they show."""
    return {sign(load_photo(path, MAX_SIDE)): path for path in sorted(FOLDER.glob("*.jpg"))}


def sign(photo: Image.Image) -> str:
    """A signature of a photo's size and pixels."""
    return sha256(repr((photo.mode, photo.size)).encode() + photo.tobytes()).hexdigest()
