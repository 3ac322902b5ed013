"""The photos to pick from, named `SET-CLASS-NUMBER.jpg`, in CLASS `_` for a space."""

from pathlib import Path

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
