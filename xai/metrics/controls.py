"""Controls made of other photos' maps by the same method and layer: an explanation has to beat them, too."""

from collections.abc import Mapping

ANOTHER, MEAN = "another", "mean"
COMPANIONS = {  # they know photos, but not this one
    ANOTHER: "another photo's map",
    MEAN: "the mean of the maps",
}


def partners(classes: Mapping[str, str]) -> dict[str, str]:
    """The photo whose map each photo is given as another one's, by name: the next one of another class.

    After the last comes the first; where all are of one class it is the next one, and where there is but one, itself.

    Args:
        classes: which each photo is explained as, in the order of the photos.
    """
    names = list(classes)
    found = {}
    for i, name in enumerate(names):
        following = names[i + 1 :] + names[:i] or [name]
        found[name] = next((other for other in following if classes[other] != classes[name]), following[0])
    return found
