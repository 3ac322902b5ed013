"""python -m xai explain: photos explained by several models and methods, as contact sheets and as folders."""

import argparse
import csv
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from xai.batch import Batch
from xai.explaining import evaluating_all, explain_batch, find_class
from xai.explanation import COLORMAPS, Explanation
from xai.familiar import mark_familiar
from xai.filenames import name_folders
from xai.folders import find_photos, show
from xai.methods import Method, UnsuitableError
from xai.methods.reading import find_trouble, plan_reading
from xai.methods.registry import find_variant
from xai.models import Classifier
from xai.modes import without_gradients
from xai.photo import PhotoError, load_photo
from xai.saving import save_all
from xai.sheet import Tile, contact_sheet
from xai.shell.parser import add_command
from xai.steps import finish
from xai.writing import check_free
from xai.zoo import load_model

AT_ONCE = 8  # photos in a batch
MAX_SIDE = 1024  # pixels a side that a photo is shrunk to on reading, as on the page
PREDICTED = "predicted"
EPILOG = """
examples:
  python -m xai explain bottle.jpg --output sheets
  python -m xai explain photos/ more/can.png --model garbage-resnet50 garbage-se_resnet50 \\
      --method gradcam layercam scorecam-fast --target glass --output sheets
  python -m xai explain bottle.jpg --method rise --save bottle

In DIR there will be one sheet a photo, bottle-why.jpg, with a row for every model and a column for every method, and
explanations.csv with the answers as a table.

In FOLDER there will be all there is of an explanation: photo.png, heatmap.png, colors.png (the map alone), map.npz (its
numbers) and manifest.json, which says what they are. Of several explanations each gets a folder of its own inside, and
so does each of several photos. A folder that holds other files is refused.
"""


def add_to(commands) -> None:
    summary = "what models see in photos, and where: contact sheets, pictures, numbers"
    description = "Explain photos, or all photos in folders, by one or several models and methods."
    parser = add_command(commands, run, "explain", summary, description, EPILOG)
    add = parser.add_argument
    add("photos", nargs="+", type=Path, metavar="PHOTO_OR_FOLDER", help="photos, or folders of them")
    add("--model", nargs="+", default=["garbage-s_se_resnet50"], metavar="NAME",
        help="models, as `python -m xai models` lists them, or folders (default: garbage-s_se_resnet50)")  # fmt: skip
    add("--method", nargs="+", default=["gradcam"], metavar="NAME",
        help="methods, as `python -m xai methods` lists them (default: gradcam)")  # fmt: skip
    add("--target", default=PREDICTED, metavar="CLASS",
        help="the class to explain, or `predicted`: what the model says (default)")  # fmt: skip
    add("--layer", metavar="LAYER", help="the layer to explain (default: the method's usual one, mostly the last)")
    add("--output", type=Path, metavar="DIR", help="the folder for the sheets; made if it is not there")
    add("--save", type=Path, metavar="FOLDER",
        help="the folder for every explanation's pictures and numbers, the photo at 1024 pixels a side at most; made "
        "if it is not there")  # fmt: skip
    add("--alpha", type=float, default=0.5, help="opacity of the colours, 0 to 1 (default: 0.5)")
    add("--colormap", default="turbo", choices=COLORMAPS, help="the colours (default: turbo)")
    add("--side", type=int, default=360, metavar="PIXELS", help="longer side of a picture on a sheet (default: 360)")
    add("--device", help="cpu, cuda, … (default: a GPU if there is one)")


@dataclass
class Failure:
    path: Path
    trouble: str


def run(options: argparse.Namespace) -> int:
    """Explain all photos; 1 where some could not be used."""
    names = find_photos(options.photos)
    folders = plan_folders(names, options)
    models = {name: load_model(name, options.device) for name in dict.fromkeys(options.model)}
    methods = {name: find_variant(name)[0] for name in dict.fromkeys(options.method)}
    troubles = find_troubles(models, methods, options)
    if not 0 <= options.alpha <= 1:
        raise ValueError(f"--alpha must be from 0 to 1, not {options.alpha}")
    target = None if options.target == PREDICTED else options.target
    failures: list[Failure] = []
    works = len(models) * len(methods) - len(troubles)
    table, bar = open_table(options.output), tqdm(total=len(names) * works, unit="map", smoothing=0.05)
    with table as write_row, ThreadPoolExecutor(1) as pool, bar:
        writing = []
        for paths, photos in read_batches(list(names), failures):
            bar.total = (len(names) - len(failures)) * works
            found = explain_all(photos, models, methods, troubles, target, options.layer, bar)
            if folders:
                found = {(model, method): mark_familiar(e, models[model]) for (model, method), e in found.items()}
            for i, path in enumerate(paths):
                explanations = {key: batch[i] for key, batch in found.items()}
                if folders:
                    writing.append(pool.submit(save_folder, folders[path], explanations, options))
                if not options.output:
                    continue
                for (model, method), e in explanations.items():
                    box = e.bounding_box() or ("", "", "", "")
                    write_row([show(path), model, method, e.target_layer, e.label, f"{e.confidence:.4f}", *box])
                file = options.output / names[path].with_name(f"{names[path].name}-why.jpg")
                writing.append(pool.submit(save_sheet, file, path, explanations, models, methods, troubles, options))
            for file in writing:  # the batch before has been written while this one was computed
                file.result()
            writing.clear()
    return report(failures, len(names), options)


def plan_folders(names: dict[Path, Path], options: argparse.Namespace) -> dict[Path, Path]:
    """The folder for what is saved of each photo; none where nothing is to be saved.

    Raises:
        ValueError: neither sheets nor folders are wanted, or both in one place.
        FileExistsError: a folder holds other files.
    """
    if not (options.output or options.save):
        raise ValueError("name a folder for sheets by --output, one for pictures and numbers by --save, or both")
    if not options.save:
        return {}
    if options.output and options.output.resolve() == options.save.resolve():
        raise ValueError("--output and --save need a folder each")
    titles = {photo: name.as_posix() for photo, name in names.items()}
    inside = name_folders(titles.values())
    folders = {
        photo: options.save / inside[title] if len(names) > 1 else options.save for photo, title in titles.items()
    }
    for folder in folders.values():
        check_free(folder)
    return folders


@contextmanager
def open_table(folder: Path | None) -> Iterator[Callable[[list], object]]:
    """A function that writes a row of `explanations.csv`; without a folder there is no table, and it writes nothing."""
    if folder is None:
        yield lambda row: None
        return
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "explanations.csv").open("w", newline="", encoding="utf-8") as table:
        rows = csv.writer(table)
        rows.writerow(["photo", "model", "method", "layer", "class", "confidence", "left", "top", "right", "bottom"])
        yield rows.writerow


def find_troubles(
    models: dict[str, Classifier], methods: dict[str, Method], options: argparse.Namespace
) -> dict[tuple[str, str], UnsuitableError]:
    """What does not suit, said before anything is computed.

    Raises:
        ValueError: nothing is left, or no model knows the class or the layer.
    """
    for name, model in models.items():
        if options.target != PREDICTED:
            find_class(model, options.target)
        if options.layer and options.layer != "input" and options.layer not in model.layers:
            raise ValueError(f"{name} has no layer {options.layer!r}; it has {', '.join(model.layers)}")
    troubles = {
        (model, method): trouble
        for model in models
        for method in methods
        if (trouble := find_trouble(models[model], method, options.layer))
    }
    for (model, method), trouble in troubles.items():
        tqdm.write(f"left out: {method} on {model}: {trouble}")
    if len(troubles) == len(models) * len(methods):
        raise ValueError("none of these methods suits any of these models")
    return troubles


def read_batches(paths: list[Path], failures: list[Failure]) -> Iterator[tuple[list[Path], list[Image.Image]]]:
    """Photos in batches, the next one read while this one is explained; what cannot be used is put to the failures."""

    def read(path: Path) -> Image.Image | Failure:
        try:
            return load_photo(path, MAX_SIDE)
        except PhotoError as error:
            return Failure(path, str(error))

    with ThreadPoolExecutor(1) as pool:
        parts = [paths[i : i + AT_ONCE] for i in range(0, len(paths), AT_ONCE)]
        coming = [pool.submit(read, path) for path in parts[0]]
        for part, following in zip(parts, [*parts[1:], []], strict=True):
            answers = [future.result() for future in coming]
            coming = [pool.submit(read, path) for path in following]
            failures += [answer for answer in answers if isinstance(answer, Failure)]
            good = [(p, a) for p, a in zip(part, answers, strict=True) if not isinstance(a, Failure)]
            if good:
                yield [path for path, _ in good], [photo for _, photo in good]


@without_gradients
def explain_all(
    photos: list[Image.Image],
    models: dict[str, Classifier],
    methods: dict[str, Method],
    troubles: dict,
    target: str | None,
    layer: str | None,
    bar: tqdm,
) -> dict[tuple[str, str], list[Explanation]]:
    """Every method on every model; the methods share a model's forward pass."""
    found = {}
    for name, model in models.items():
        with evaluating_all(model):
            batch = Batch(model, photos)
            for method in methods:
                if (name, method) in troubles:
                    continue
                bar.set_postfix_str(f"{method} on {name}", refresh=False)
                steps = explain_batch(batch, plan_reading(model, method, layer), [target] * len(photos))
                found[name, method] = finish(steps, lambda share: bar.update(share * len(photos)))
    return found


def save_sheet(
    file: Path,
    path: Path,
    explanations: dict[tuple[str, str], Explanation],
    models: dict[str, Classifier],
    methods: dict[str, Method],
    troubles: dict,
    options: argparse.Namespace,
) -> None:
    """Draw one photo's sheet and write it."""
    rows = []
    for model in models:
        row = [Tile(next(iter(explanations.values())).photo, (model, "the photo"))]
        for method in methods:
            if (model, method) in troubles:
                row.append(Tile(None, (methods[method].title, "does not suit this model")))
                continue
            e = explanations[model, method]
            said = f"{e.label}, {e.confidence:.0%} sure" + (", nothing speaks for it" if e.blank else "")
            row.append(Tile(e.overlay(options.alpha, options.colormap), (methods[method].title, said)))
        rows.append(row)
    file.parent.mkdir(parents=True, exist_ok=True)
    contact_sheet(rows, options.side, heading=show(path)).save(file, quality=90)


def save_folder(folder: Path, explanations: dict[tuple[str, str], Explanation], options: argparse.Namespace) -> None:
    """Write all there is of one photo's explanations: a single one right into the folder."""
    if len(explanations) == 1:
        next(iter(explanations.values())).save(folder, options.alpha, options.colormap)
        return
    titled = {f"{model} {method}": e for (model, method), e in explanations.items()}
    save_all(folder, titled, options.alpha, options.colormap)


def report(failures: list[Failure], photos: int, options: argparse.Namespace) -> int:
    print(f"{photos - len(failures)} of {photos} photos explained")
    if options.output:
        print(f"sheets and explanations.csv are in {show(options.output)}")
    if options.save:
        print(f"pictures and numbers are in {show(options.save)}")
    for failure in failures:
        print(f"not explained: {show(failure.path)}: {failure.trouble}")
    return 1 if failures else 0
