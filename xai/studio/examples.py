"""The photos to pick from, named `TAB-CLASS-NUMBER.jpg`."""

from pathlib import Path

FOLDER = Path(__file__).parent / "examples"


def list_examples(tab: str, opening: str) -> list[Path]:
    """A tab's examples by name, but the one that opens the tab first."""
    return sorted(FOLDER.glob(f"{tab}-*.jpg"), key=lambda path: (path.name != opening, path.name))


def read_class(example: Path) -> str:
    """The class of what an example shows."""
    return example.stem.split("-")[1]


GARBAGE_EXAMPLES = list_examples("garbage", "garbage-glass-181.jpg")  # a bottle that the opening networks disagree on
PYRAMID_EXAMPLES = list_examples("pyramid", "pyramid-airplane-17.jpg")
