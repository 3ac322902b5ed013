"""The photos of a run: read, looked at, told apart from those seen before, and counted, before anything is trained."""

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from accelerate import Accelerator
from tqdm import tqdm

from train import seen
from train.data import SPLITS, DataSet, Split, contents_of, joined, load, name_of
from train.run import Run
from train.seen import Record
from xai.folders import class_name, count, first_of, shown
from xai.photo import as_photo

NAMED = 10  # photos that a sentence names
LEAST = 10  # photos a class, where val and test are drawn
LISTED = 40  # classes that are counted one by one on the screen


def gather(
    run: Run,
    sources: Iterable[str],
    out: Path,
    accelerator: Accelerator,
    begun: bool,
    labelled: bool = True,
    ended: bool = False,
) -> dict[str, DataSet]:
    """The data sets of a run by name; prints what was read, and writes it to `out/photos.json`.

    No photo of `test` is in `train` or `val`, and none of `val` in `train`, by its content, in any of the data sets;
    nor is one in `test` or `val` that the run, or the checkpoint it starts from, was trained on before.

    Args:
        run: its choices.
        sources: the data sets to read.
        out: the run's folder.
        accelerator: of the run.
        begun: something in `out` was trained already: then the photos must be those it was trained on.
        labelled: the classes matter.
        ended: and nothing more will be trained there.

    Raises:
        ValueError: the photos cannot be read, are too few, show other than what the run was trained on, or leave a
            class without training; one sentence says what, and what to do.
    """
    taught, silent = seen.of_checkpoints(run)
    before = seen.read(out) if begun else None
    data = {name_of(source): load(source) for source in sources}
    for each in data.values():
        if each.root and out.resolve().is_relative_to(each.root.resolve()):
            raise ValueError(f"--out {shown(out)} lies in the folder of the photos: give a folder beside it")
    for each in data.values():
        for split in each.splits.values():
            split.contents = contents_of(split)
    look(run, data, known=before.contents() if before else set(), accelerator=accelerator)
    if labelled:
        check_known(data)
    keep_apart(data)
    earlier, changes = taught, []
    if before:
        now = without(data, before.earlier)
        changes = seen.changes(before, record_of(now, before.earlier))
        if changes:
            refuse(run, out, before, now, changes, ended)
        known = before.all_seen() if changes else before.earlier
        earlier = {name: taught[name] | known[name] for name in taught}  # a teacher may have learned more meanwhile
    now = without(data, earlier)
    check(now, labelled)
    if changes:
        accelerator.print(f"going on with changed photos: {'; '.join(changes)}")
    for name in silent:
        accelerator.print(f"{name} does not say which photos it was trained on: some may be among the test photos here")
    accelerator.print(told(now))
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        seen.write(out, record_of(now, earlier))
    return now


def splits_of(data: dict[str, DataSet]) -> dict[str, dict[str, Split]]:
    return {name: each.splits for name, each in data.items()}


def look(run: Run, data: dict[str, DataSet], known: set[str], accelerator: Accelerator) -> None:
    """Open every photo that was not opened in this run before, and leave out those that cannot be used, if so wished.

    Raises:
        ValueError: some cannot be used, and `--broken skip` was not given.
    """
    places = [(each, split, i) for each in data.values() for split in each.splits.values() for i in range(len(split))]
    new = [(each, split, i) for each, split, i in places if split.contents[i] not in known or not split.contents[i]]
    with ThreadPoolExecutor() as pool:
        troubles = pool.map(lambda place: trouble_with(place[1].photos[place[2]]), new)
        shown_bar = tqdm(troubles, "photos looked at", len(new), leave=False, disable=not accelerator.is_main_process)
        found = [(*place, trouble) for place, trouble in zip(new, shown_bar, strict=True) if trouble]
    if not found:
        return
    names = [f"{shown(path_of(split.photos[i], each))}: {trouble}" for each, split, i, trouble in found]
    if run.broken == "refuse":
        raise ValueError(
            f"{count(len(found), 'photo')} cannot be used: {first_of(names, NAMED, '; ')}. "
            "Mend or remove them, or leave them out with --broken skip"
        )
    for each in data.values():
        left = [name for name, (of, *_) in zip(names, found, strict=True) if of is each]
        if left:
            each.said.append(f"left out: {count(len(left), 'photo')} that cannot be used ({'; '.join(left)})")
        for name, split in each.splits.items():
            broken = {i for _, within, i, _ in found if within is split}
            each.splits[name] = split.only(lambda i, broken=broken: i not in broken)


def trouble_with(photo) -> str:
    """Why a photo cannot be used; "" where it can."""
    try:
        as_photo(photo() if callable(photo) else photo)
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
            shown(path_of(photo, each))
            for photo, label, content in zip(part.photos, part.labels, part.contents, strict=True)
            if label_of.setdefault(content, label) != label
        ]
        if twice:
            each.said.append(f"{count(len(twice), 'photo')} of train in two classes ({first_of(twice, NAMED)})")
    in_test = {content for each in data.values() for content in each.splits["test"].contents}
    in_val = {content for each in data.values() for content in each.splits["val"].contents}
    for each in data.values():
        for name, others, called in (("train", in_val | in_test, "val or test"), ("val", in_test, "test")):
            leave_out(each, name, others, f"whose content is in {called} too")


def without(data: dict[str, DataSet], earlier: dict[str, set[str]]) -> dict[str, DataSet]:
    """The data sets without photos of `val` and `test` that were trained on before, or of `test` that chose before."""
    found = {}
    for name, each in data.items():
        found[name] = replace(each, splits=dict(each.splits), said=list(each.said))
        leave_out(found[name], "val", earlier["train"], "seen in training before")
        leave_out(found[name], "test", earlier["train"] | earlier["val"], "seen in training or validation before")
    return found


def leave_out(data: DataSet, name: str, others: set[str], why: str) -> None:
    """Take the photos of these contents out of a split, and say so."""
    split = data.splits[name]
    left = [shown(path_of(split.photos[i], data)) for i in range(len(split)) if split.contents[i] in others]
    if left:
        data.splits[name] = split.only(lambda i: split.contents[i] not in others)
        data.said.append(f"left out of {name}: {count(len(left), 'photo')} {why} ({first_of(left, NAMED)})")


def path_of(photo, data: DataSet) -> str:
    """What a photo is called in its data set."""
    if not isinstance(photo, Path):
        return getattr(photo, "name", "a photo without a name")
    inside = data.root and photo.is_relative_to(data.root)
    return (photo.relative_to(data.root) if inside else photo).as_posix()


def record_of(data: dict[str, DataSet], earlier: dict[str, set[str]]) -> Record:
    """What is remembered of the photos."""
    photos = {
        name: {
            split: [
                (path_of(photo, each), label, content)
                for photo, label, content in zip(part.photos, part.labels, part.contents, strict=True)
            ]
            for split, part in each.splits.items()
        }
        for name, each in data.items()
    }
    return Record(photos, earlier, {name: each.said for name, each in data.items()})


def refuse(run: Run, out: Path, before: Record, now: dict[str, DataSet], changes: list[str], ended: bool) -> None:
    """Go no further with changed photos, unless they are accepted and show the same classes.

    Raises:
        ValueError: they are not, or do not.
    """
    classes = sorted({label for each in now.values() for label in each.splits["train"].labels})
    if classes != before.classes():
        raise ValueError(
            f"{shown(out)} was trained to tell {', '.join(before.classes())} apart, and the photos now show "
            f"{', '.join(map(shown, classes))}. Give another --out, and to go on from what it learned, "
            f"--start {shown(out / 'checkpoint')} once it has ended"
        )
    if ended:
        raise ValueError(
            f"{shown(out)} has ended, and its network was trained on other photos: {'; '.join(changes)}. Give another "
            f"--out, and to go on from what it learned, --start {shown(out / 'checkpoint')}"
        )
    if run.data_changed == "refuse":
        raise ValueError(
            f"{shown(out)} was trained on other photos: {'; '.join(changes)}. Put them back, or give another --out, or "
            "go on with --data-changed accept: no photo seen in training will then be in val or test"
        )


def check(data: dict[str, DataSet], labelled: bool) -> None:
    """Find what cannot be trained or measured.

    Raises:
        ValueError: a split is empty, or, where classes matter, a class is empty, alone, too small, or in train only.
    """
    if not data:  # all is streamed
        return
    whole = {split: joined([each.splits[split] for each in data.values()]) for split in SPLITS}
    drawn = [split for split in SPLITS if any(split in each.drawn for each in data.values())]
    counts = {split: Counter(part.labels) for split, part in whole.items()}
    totals = sum(counts.values(), Counter())
    if labelled:
        check_names(data, set(totals))
        if lost := sorted(set(totals) - set(counts["train"])):
            left = "; ".join(said for each in data.values() for said in each.said if said.startswith("left out"))
            raise ValueError(f"no training photo of {', '.join(lost)} is left ({left})")
        check_enough(totals, drawn)
    for name, each in data.items():
        for split, part in each.splits.items():
            if not len(part):
                raise ValueError(f"{name}: no photo is left for {split}{because(each, split)}")
    if len(whole["train"]) < 2:
        raise ValueError("one training photo is too few: batch normalisation needs two")
    alone = [label for label in sorted(totals) if not counts["val"][label] + counts["test"][label]]
    if labelled and alone and not drawn:  # where val and test are drawn, chance may leave one out, and that is printed
        raise ValueError(
            f"all photos of {', '.join(alone[:NAMED])} are in train, so that nothing would be known of how well "
            "they are told: put some into val and test"
        )


def because(data: DataSet, split: str) -> str:
    """Why a split has no photos, and what to do."""
    if split in data.drawn:
        return (
            f": it is drawn from the training photos by their content. Add photos, or give it a folder, {split}/CLASS"
        )
    left = [said for said in data.said if said.startswith("left out")]
    return f" ({'; '.join(left)})" if left else ""


def check_enough(totals: Counter, drawn: list[str]) -> None:
    """Find what has too few classes, or photos of one.

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


def check_known(data: dict[str, DataSet]) -> None:
    """Find classes that nothing could be learned of.

    Raises:
        ValueError: a photo of val or test shows a class that no training photo does.
    """
    shows = {split: {label for each in data.values() for label in each.splits[split].labels} for split in SPLITS}
    for split in ("val", "test"):
        if unknown := sorted(shows[split] - shows["train"]):
            raise ValueError(f"no training photo shows {', '.join(map(shown, unknown))}, which the {split} photos do")


def check_names(data: dict[str, DataSet], classes: set[str]) -> None:
    """Find classes that cannot be told apart, written down, or trained.

    Raises:
        ValueError: a folder of a class is empty, a name is no text or differs from another by capitals alone, or a
            `data.yaml` names other classes.
    """
    for name, each in data.items():
        own = {label for split in each.splits.values() for label in split.labels}
        empty = [folder for folder in each.empty if class_name((folder.rpartition("/")[2],)) not in own]
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
            raise ValueError(f"the name of the class {shown(label)} is not in UTF-8: call its folder otherwise")
    alike = Counter(label.casefold().strip() for label in classes)
    for label in sorted(classes):
        if alike[label.casefold().strip()] > 1:
            raise ValueError(f"two classes are called {label}, but for capitals or blanks: call their folders alike")


def told(data: dict[str, DataSet]) -> str:
    """What was read, to print: how, and how many photos of each class are in each split."""
    lines = []
    for name, each in data.items():
        counts = {split: Counter(part.labels) for split, part in each.splits.items()}
        classes = sorted(set().union(*counts.values()))
        lines += [f"{name}: {said}" for said in each.said]
        wide = max(map(len, [*classes, "photos of all classes"]))
        rows = [("", *SPLITS)]
        if len(classes) <= LISTED:
            rows += [(label, *(counts[split][label] for split in SPLITS)) for label in classes]
        else:
            few = min(counts["train"].values())
            lines.append(f"{name}: {len(classes)} classes, of {few} to {max(counts['train'].values())} training photos")
        rows.append(("photos of all classes", *(len(each.splits[split]) for split in SPLITS)))
        lines += [f"  {label:<{wide}}" + "".join(f"{number:>8}" for number in numbers) for label, *numbers in rows]
        for split in ("val", "test"):
            if lacking := [label for label in classes if not counts[split][label]]:
                lines.append(f"{name}: no {split} photo shows {', '.join(lacking[:NAMED])}")
    return "\n".join(lines)
