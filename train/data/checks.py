"""What cannot be trained or measured, found before hours are spent on it: one sentence says what, and what to do."""

from collections import Counter

from train.data.splits import DataSet, join_splits
from xai.folders import SPLITS, count, name_class, show

NAMED = 10  # classes that a sentence names
LEAST = 10  # photos a class, where val and test are drawn


def check_data(data: dict[str, DataSet], labelled: bool) -> None:
    """Refuse data sets that cannot be trained or measured on.

    Args:
        data: the data sets by name.
        labelled: the classes matter.

    Raises:
        ValueError: a split is empty, or, where classes matter, a class is empty, alone, too small, or in train only.
    """
    if not data:  # all is streamed
        return
    splits = {split: join_splits([each.splits[split] for each in data.values()]) for split in SPLITS}
    drawn = [split for split in SPLITS if any(split in each.drawn for each in data.values())]
    counts = {split: Counter(part.labels) for split, part in splits.items()}
    totals = sum(counts.values(), Counter())
    if labelled:
        check_names(data, set(totals))
        check_sizes(totals, drawn)
        if lost := sorted(set(totals) - set(counts["train"])):
            left = "; ".join(note for each in data.values() for note in each.notes if note.startswith("left out"))
            raise ValueError(f"no training photo of {', '.join(lost)} is left ({left})")
    for name, each in data.items():
        for split, part in each.splits.items():
            if not len(part):
                raise ValueError(f"{name}: no photo is left for {split}{explain_empty(each, split)}")
    if len(splits["train"]) < 2:
        raise ValueError("one training photo is too few: batch normalisation needs two")
    alone = [label for label in sorted(totals) if not counts["val"][label] + counts["test"][label]]
    if labelled and alone and not drawn:  # a class that chance left out of a drawn split is printed, not refused
        raise ValueError(
            f"all photos of {', '.join(alone[:NAMED])} are in train, so that nothing would be known of how well "
            "they are told: put some into val and test"
        )


def explain_empty(data: DataSet, split: str) -> str:
    """Why a split has no photos, and what to do."""
    if split in data.drawn:
        return (
            f": it is drawn from the training photos by their content. Add photos, or give it a folder, {split}/CLASS"
        )
    left = [note for note in data.notes if note.startswith("left out")]
    return f" ({'; '.join(left)})" if left else ""


def check_sizes(totals: Counter, drawn: list[str]) -> None:
    """Refuse too few classes, or too few photos of one.

    Args:
        totals: photos of each class.
        drawn: the splits that are drawn from the training photos.

    Raises:
        ValueError: there is one class, or val and test would be drawn from fewer than 10 photos of one.
    """
    if len(totals) < 2:
        (only,) = totals
        raise ValueError(
            f"all photos are of one class, {only}, and there is nothing to tell apart; where the classes are the "
            f"folders inside of {only}, name that folder in --data"
        )
    few = [label for label in sorted(totals) if totals[label] < LEAST]
    if few and len(drawn) == 2:
        raise ValueError(
            f"{', '.join(few[:NAMED])}: fewer than {LEAST} photos each ({count(totals[few[0]], 'photo')} of {few[0]}), "
            f"and val and test would have to be drawn from them. Add photos, or lay them out as "
            "train/CLASS/PHOTO, val/CLASS/PHOTO and test/CLASS/PHOTO"
        )


def check_trained_classes(data: dict[str, DataSet]) -> None:
    """Refuse classes that nothing could be learned of.

    Raises:
        ValueError: a photo of val or test, unless drawn from the training photos, shows a class that none of them does.
    """
    trained = {label for each in data.values() for label in each.splits["train"].labels}
    for split in ("val", "test"):
        given = [each.splits[split] for each in data.values() if split not in each.drawn]
        if unknown := sorted({label for part in given for label in part.labels} - trained):
            raise ValueError(f"no training photo shows {', '.join(map(show, unknown))}, which the {split} photos do")


def check_names(data: dict[str, DataSet], classes: set[str]) -> None:
    """Refuse classes that cannot be told apart, written down, or trained.

    Raises:
        ValueError: a folder of a class is empty, a name is no text or differs from another by capitals alone, or a
            `data.yaml` names other classes.
    """
    for name, each in data.items():
        own = {label for split in each.splits.values() for label in split.labels}
        empty = [folder for folder in each.empty if name_class((folder.rpartition("/")[2],)) not in own]
        if empty:
            raise ValueError(
                f"{name}: there is no photo in {', '.join(empty)}: fill the class, or take its folder away"
            )
        if each.named is not None and set(each.named) != own:
            raise ValueError(
                f"{name}: data.yaml names the classes {', '.join(sorted(each.named))}, and the folders are "
                f"{', '.join(sorted(own))}: mend one of them"
            )
    for label in sorted(classes):
        if any(0xDC80 <= ord(letter) <= 0xDCFF for letter in label):
            raise ValueError(f"the name of the class {show(label)} is not in UTF-8: call its folder otherwise")
    alike = Counter(label.casefold().strip() for label in classes)
    for label in sorted(classes):
        if alike[label.casefold().strip()] > 1:
            raise ValueError(f"two classes are called {label}, but for capitals or blanks: call their folders alike")
