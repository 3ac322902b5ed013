"""The photos of a run: read, inspected, kept apart from those seen before, and counted, before anything is trained."""

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from train.data.checks import check_data, check_trained_classes
from train.data.photo_record import PhotoRecord, list_changes, read_parents, read_record, write_record
from train.data.sources import name_source, read_data_set
from train.data.splits import DataSet, LazyPhoto, hash_photos, open_photo
from train.run import Run
from xai.folders import SPLITS, count, name_first, show

NAMED = 10  # photos or classes that a sentence names
LISTED = 40  # classes that are counted one by one on the screen
Contents = dict[str, set[str]]  # hashes of the photos seen in `train` and `val`


def prepare_data(run: Run, sources: Iterable[str], labelled: bool = True) -> dict[str, DataSet]:
    """The data sets of a run by name; prints how they were read, and writes it to `photos.json` in the run's folder.

    No photo of `test` is in `train` or `val`, and none of `val` in `train`, by its content, in any of the data sets.
    Nor is one in `test` or `val` that the run, or a checkpoint it learns from, was trained on before.

    Args:
        run: the run; what it trained on before must not have changed.
        sources: the data sets to read.
        labelled: the classes matter.

    Raises:
        ValueError: the photos cannot be read, are too few, differ from those the run was trained on, or leave a class
            without training; one sentence says what, and what to do.
    """
    parents, silent = read_parents(run.recipe)
    before = read_record(run.folder) if run.begun else None
    data = {name_source(source): read_data_set(source) for source in sources}
    for each in data.values():
        if each.root and run.folder.resolve().is_relative_to(each.root.resolve()):
            raise ValueError(f"--out {show(run.folder)} lies in the folder of the photos: give a folder beside it")
    for each in data.values():
        for split in each.splits.values():
            split.contents = hash_photos(split)
    inspect_photos(run, data, known=before.contents if before else set())
    if labelled:
        check_trained_classes(data)
    keep_apart(data)
    now, earlier, changes = drop_seen(run, data, before, parents)
    check_data(now, labelled)
    if changes:
        run.print(f"going on with changed photos: {'; '.join(changes)}")
    for name in silent:
        run.print(f"{name} does not say which photos it was trained on: some may be among the test photos here")
    run.print(format_counts(now))
    run.accelerator.wait_for_everyone()
    if run.accelerator.is_main_process:
        write_record(run.folder, make_record(now, earlier))
    return now


def drop_seen(
    run: Run, data: dict[str, DataSet], before: PhotoRecord | None, parents: Contents
) -> tuple[dict[str, DataSet], Contents, list[str]]:
    """The data sets without validation and test photos seen before; the contents seen; how the photos have changed.

    Args:
        run: the run.
        data: all its photos.
        before: the record of what it was trained on; None where nothing was.
        parents: contents of the photos that its parent checkpoints were trained on and validated by.

    Raises:
        ValueError: the photos have changed, and that was not accepted.
    """
    if before is None:
        return exclude(data, parents), parents, []
    now = exclude(data, before.earlier)
    changes = list_changes(before, make_record(now, before.earlier))
    if changes:
        refuse_changes(run, before, now, changes)
    known = before.seen if changes else before.earlier
    earlier = {name: parents[name] | known[name] for name in parents}  # a parent may have learned more meanwhile
    return now if earlier == before.earlier else exclude(data, earlier), earlier, changes


def inspect_photos(run: Run, data: dict[str, DataSet], known: set[str]) -> None:
    """Open every photo whose content is not known, and leave out those that cannot be used, if so wished.

    Raises:
        ValueError: some cannot be used, and `--broken skip` was not given.
    """
    places = [(each, split, i) for each in data.values() for split in each.splits.values() for i in range(len(split))]
    new = [(each, split, i) for each, split, i in places if split.contents[i] not in known or not split.contents[i]]
    with ThreadPoolExecutor() as pool:
        troubles = pool.map(lambda place: find_trouble(place[1].photos[place[2]]), new)
        quiet = not run.accelerator.is_main_process
        bar = tqdm(troubles, "photos looked at", len(new), leave=False, disable=quiet)
        found = [(*place, trouble) for place, trouble in zip(new, bar, strict=True) if trouble]
    if not found:
        return
    names = [f"{show(name_photo(split.photos[i], each))}: {trouble}" for each, split, i, trouble in found]
    if run.recipe.broken == "refuse":
        raise ValueError(
            f"{count(len(found), 'photo')} cannot be used: {name_first(names, NAMED, '; ')}. "
            "Mend or remove them, or leave them out with --broken skip"
        )
    for each in data.values():
        left = [name for name, (owner, *_) in zip(names, found, strict=True) if owner is each]
        if left:
            each.notes.append(f"left out: {count(len(left), 'photo')} that cannot be used ({'; '.join(left)})")
        for name, split in each.splits.items():
            broken = {i for _, within, i, _ in found if within is split}
            each.splits[name] = split.filter(lambda i, broken=broken: i not in broken)


def find_trouble(photo: LazyPhoto) -> str:
    """Why a photo cannot be used; "" where it can."""
    try:
        open_photo(photo)
    except ValueError as error:
        return str(error).removeprefix("This photo cannot be used: ").removesuffix(".").partition(" (JPEG")[0]
    except Exception as error:  # a damaged photo of the Hub raises whatever it likes
        return " ".join(str(error).split()) or type(error).__name__
    return ""


def keep_apart(data: dict[str, DataSet]) -> None:
    """Leave out of `train` what is also in `val` or `test`, and of `val` what is also in `test`, by content."""
    for each in data.values():
        part, label_of = each.splits["train"], {}
        twice = [
            show(name_photo(photo, each))
            for photo, label, content in zip(part.photos, part.labels, part.contents, strict=True)
            if label_of.setdefault(content, label) != label
        ]
        if twice:
            each.notes.append(f"{count(len(twice), 'photo')} of train in two classes ({name_first(twice, NAMED)})")
    in_test = {content for each in data.values() for content in each.splits["test"].contents}
    in_val = {content for each in data.values() for content in each.splits["val"].contents}
    for each in data.values():
        for name, others, where in (("train", in_val | in_test, "val or test"), ("val", in_test, "test")):
            leave_out(each, name, others, f"whose content is in {where} too")


def exclude(data: dict[str, DataSet], earlier: Contents) -> dict[str, DataSet]:
    """Copies of data sets without the photos of `val` that were trained on, and those of `test` that were seen."""
    found = {}
    for name, each in data.items():
        found[name] = replace(each, splits=dict(each.splits), notes=list(each.notes))
        leave_out(found[name], "val", earlier["train"], "seen in training before")
        leave_out(found[name], "test", earlier["train"] | earlier["val"], "seen in training or validation before")
    return found


def leave_out(data: DataSet, name: str, others: set[str], why: str) -> None:
    """Take the photos of these contents out of a split, and note it."""
    split = data.splits[name]
    left = [show(name_photo(split.photos[i], data)) for i in range(len(split)) if split.contents[i] in others]
    if left:
        data.splits[name] = split.filter(lambda i: split.contents[i] not in others)
        data.notes.append(f"left out of {name}: {count(len(left), 'photo')} {why} ({name_first(left, NAMED)})")


def name_photo(photo: LazyPhoto, data: DataSet) -> str:
    """What a photo is called in its data set."""
    if not isinstance(photo, Path):
        return getattr(photo, "name", "a photo without a name")
    if data.root and photo.is_relative_to(data.root):
        photo = photo.relative_to(data.root)
    return photo.as_posix()


def make_record(data: dict[str, DataSet], earlier: Contents) -> PhotoRecord:
    """What is written down of the photos."""
    photos = {
        name: {
            split: [
                (name_photo(photo, each), label, content)
                for photo, label, content in zip(part.photos, part.labels, part.contents, strict=True)
            ]
            for split, part in each.splits.items()
        }
        for name, each in data.items()
    }
    return PhotoRecord(photos, earlier, {name: each.notes for name, each in data.items()})


def refuse_changes(run: Run, before: PhotoRecord, now: dict[str, DataSet], changes: list[str]) -> None:
    """Go no further with changed photos, unless they are accepted and show the same classes.

    Raises:
        ValueError: they are not, or do not.
    """
    out = show(run.folder)
    start = f"to go on from what it learned, --start {show(run.folder / 'checkpoint')}"
    classes = sorted({label for each in now.values() for label in each.splits["train"].labels})
    if classes != before.classes:
        raise ValueError(
            f"{out} was trained to tell {', '.join(before.classes)} apart, and the photos now show "
            f"{', '.join(map(show, classes))}. Give another --out, and {start} once it has ended"
        )
    if run.ended:
        raise ValueError(
            f"{out} has ended, and its network was trained on other photos: {'; '.join(changes)}. Give another --out, "
            f"and {start}"
        )
    if run.recipe.data_changed == "refuse":
        raise ValueError(
            f"{out} was trained on other photos: {'; '.join(changes)}. Put them back, or give another --out, or "
            "go on with --data-changed accept: no photo seen in training will then be in val or test"
        )


def format_counts(data: dict[str, DataSet]) -> str:
    """How the data sets were read, and how many photos of each class are in each split, to print."""
    lines = []
    for name, each in data.items():
        counts = {split: Counter(part.labels) for split, part in each.splits.items()}
        classes = sorted(set().union(*counts.values()))
        lines += [f"{name}: {note}" for note in each.notes]
        width = max(map(len, [*classes, "photos of all classes"]))
        rows: list[tuple[Any, ...]] = [("", *SPLITS)]
        if len(classes) <= LISTED:
            rows += [(label, *(counts[split][label] for split in SPLITS)) for label in classes]
        else:
            few = min(counts["train"].values())
            lines.append(f"{name}: {len(classes)} classes, of {few} to {max(counts['train'].values())} training photos")
        rows.append(("photos of all classes", *(len(each.splits[split]) for split in SPLITS)))
        lines += [f"  {label:<{width}}" + "".join(f"{number:>8}" for number in numbers) for label, *numbers in rows]
        for split in ("val", "test"):
            if lacking := [label for label in classes if not counts[split][label]]:
                lines.append(f"{name}: no {split} photo shows {', '.join(lacking[:NAMED])}")
    return "\n".join(lines)
