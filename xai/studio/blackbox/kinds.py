"""What kind of animal or thing some of ImageNet's classes are, so that a search for "dog" finds the beagle."""

import re

SYNSET = re.compile(r" \((n\d{8})\)$")  # how the classes of our ImageNet checkpoint end: crane (n02012849)

KINDS = {  # first and last id: WordNet 3.0 numbers its animals in the order of its hierarchy
    "dog": [("n02085620", "n02113978")],
    "cat": [("n02123045", "n02124075")],
    "bird": [("n01514668", "n01622779"), ("n01795545", "n01860187"), ("n02002556", "n02058221")],
    "fish": [("n01440764", "n01498041"), ("n02514041", "n02655020")],
    "snake": [("n01728572", "n01756291")],
}
CARS = {  # things stand by their names
    "n02814533", "n02930766", "n03100240", "n03594945", "n03670208",
    "n03770679", "n03777568", "n03930630", "n04037443", "n04285008",
}  # fmt: skip


def find_kind(label: str) -> str | None:
    """The kind of a class that ends in its WordNet id; None where there is no id, or it is of no kind listed here."""
    if not (ending := SYNSET.search(label)):
        return None
    synset = ending.group(1)
    if synset in CARS:
        return "car"
    return next((kind for kind, spans in KINDS.items() if any(a <= synset <= b for a, b in spans)), None)


def shorten(label: str) -> str:
    """A class without its WordNet id."""
    return SYNSET.sub("", label)
