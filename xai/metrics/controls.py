"""Controls made of the maps of other photos by the same method and layer: an explanation has to beat them, too."""

from collections.abc import Mapping
from typing import TypeVar

Name = TypeVar("Name")

ANOTHER, MEAN = "another", "mean"
COMPANIONS = {
    ANOTHER: "another photo's map",
    MEAN: "the mean of the maps",
}


def pair_photos(classes: Mapping[Name, object]) -> dict[Name, Name]:
    """For each photo the one whose map stands in for its own: the next of another class, by name.

    After the last photo comes the first. Where all are of one class it is simply the next one, and a single photo's is
    its own.

    Args:
        classes: the explained class of each photo, in the order of the photos.
    """
    names = list(classes)
    found = {}
    for i, name in enumerate(names):
        following = names[i + 1 :] + names[:i] or [name]
        found[name] = next((other for other in following if classes[other] != classes[name]), following[0])
    return found
