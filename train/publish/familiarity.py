"""What training photos look like, so that others can be told from them."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from train.data.sources import read_splits
from train.data.splits import LazyPhoto, Split, join_splits, open_photo
from xai import familiar
from xai.familiar import Known

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


def write_looks(options: Looks) -> Path:
    """Write the file that the options name, and return it.

    Raises:
        ValueError: the data cannot be read, or there are too few photos.
    """
    known = describe_training_photos([read_splits(source) for source in options.data], options.grey)
    if known is None:
        raise ValueError("there are too few photos, or the network that reads them is not there")
    familiar.save(known, options.out)
    return options.out


def describe_training_photos(sources: list[dict[str, Split]], grey: bool = False) -> Known | None:
    """Features of up to 2,000 training photos drawn by chance, and the threshold that all validation photos set.

    None with fewer than 20 validation photos, or without the network that reads them.
    """
    training, validation = (join_splits([splits[name] for splits in sources]).photos for name in ("train", "val"))
    if len(validation) < LEAST:
        return None
    drawn = random.Random(0).sample(training, min(LISTED, len(training)))
    return familiar.describe_training(
        open_photos(drawn, "training photos"), open_photos(validation, "validation photos"), grey
    )


def open_photos(photos: Iterable[LazyPhoto], title: str) -> Iterator[Image.Image]:
    """Photos one by one, with a progress bar."""
    yield from map(open_photo, tqdm(photos, title, leave=False))
