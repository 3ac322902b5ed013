"""What training photos look like, so that others can be told from them: python -m train.looks --data … --out FILE.

Training writes such a list into its checkpoint; this makes one for several networks of the same photos.
"""

import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import tyro
from tqdm import tqdm

from train.data import Split, joined, read
from xai import familiar
from xai.familiar import Known
from xai.photo import Photo

LISTED = 2000  # training photos at most, which is 2.6 MB
LEAST = 20  # validation photos, to set a threshold by


@dataclass
class Looks:
    """Write what the training photos of some data sets look like."""

    data: list[str]
    """Image folders, or hub:OWNER/NAME."""
    out: Path
    """The file, NAME.npz."""
    grey: bool = False
    """Turn photos grey first."""


def looks(sources: list[dict[str, Split]], grey: bool = False) -> Known | None:
    """Up to 2,000 training photos drawn by chance, and the threshold by all validation photos.

    None with fewer than 20 validation photos, or without the network that reads them.
    """
    training, validation = (joined([splits[name] for splits in sources]).photos for name in ("train", "val"))
    if len(validation) < LEAST:
        return None
    drawn = random.Random(0).sample(training, min(LISTED, len(training)))
    return familiar.known_of(each(drawn, "training photos"), each(validation, "validation photos"), grey)


def each(photos: list, title: str) -> Iterator[Photo]:
    for photo in tqdm(photos, title, leave=False):
        yield photo() if callable(photo) else photo


def write(options: Looks) -> Path:
    """Returns the file.

    Raises:
        ValueError: the data cannot be read, or there are too few photos.
    """
    known = looks([read(source) for source in options.data], options.grey)
    if known is None:
        raise ValueError("there are too few photos, or the network that reads them is not there")
    familiar.save(known, options.out)
    return options.out


if __name__ == "__main__":
    try:
        print(write(tyro.cli(Looks)))
    except (ValueError, OSError) as error:
        sys.exit(str(error))
