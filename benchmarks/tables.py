"""The tables of the READMEs, made from results files: python -m benchmarks.tables writes them anew.

A table stands between `<!-- table: NAME -->` and `<!-- end of table -->`; a test compares it with what is made here.
Where the file behind a table does not exist, the table is empty.
"""

import argparse
import re
from collections.abc import Callable, Sequence
from types import ModuleType

from benchmarks import controls, familiar, mosaic
from benchmarks.controls import TITLES
from benchmarks.record import RESULTS, ROOT, markdown, origin, read
from benchmarks.rise_questions import COVERAGE, PLAYED, PUBLISHED
from train import distillation, recipe
from xai.blackbox import BASELINES
from xai.methods import METHODS
from xai.metrics.registry import METRICS, TABLE_1
from xai.references import REFERENCES, SOURCES, keys_in
from xai.zoo import CHECKPOINTS, GARBAGE, PYRAMID, STUDENTS

BLOCK = re.compile(r"<!-- table: ([\w-]+) -->\n(.*?)<!-- end of table -->\n", re.DOTALL)
READMES = (ROOT / "README.md", ROOT / "benchmarks/README.md", CHECKPOINTS / "README.md")
FILES = (*READMES, *(CHECKPOINTS / name / "README.md" for name in (*GARBAGE, *PYRAMID, *STUDENTS)))
KINDS = {
    "garbage-cnn": "2 convolutions, 3 fully connected layers",
    "garbage-resnet50": "no attention",
    "garbage-se_resnet50": "SE in every block",
    "garbage-s_se_resnet50": "one SE shared by the blocks of a stage",
    "garbage-efficientnet_lite0": "from ImageNet weights",
    "pyramid-fpn": "plain pyramid",
    "pyramid-fal": "attention branches on Layers 1 and 2",
    "blackbox-student": "ResNet-50 with CBAM in each of 16 blocks",
}


def metrics(name: str) -> dict:
    return read("metrics", CHECKPOINTS / name)


def signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def models() -> str:
    """All networks: size, input, accuracy with the expected calibration error, on the test photos."""
    rows = []
    for name in (*GARBAGE, *PYRAMID, *STUDENTS):
        found, config = metrics(name), read("config", CHECKPOINTS / name)
        tests = {data: splits["test"] for data, splits in found["data"].items()}
        cells = [f"{tests[d]['accuracy']:.2f} % ({tests[d]['ece']:.1f} %)" for d in tests if "ece" in tests[d]]
        cells = cells or [f"{tests[data]['accuracy']:.2f} %" for data in tests]
        cells += [""] * (2 - len(cells))
        rows.append([f"`{name}`: {KINDS[name]}", f"{found['parameters']:,}", config["input_size"], *cells])
    return markdown(["network", "parameters", "input", "TrashNet (pyramids: UC Merced)", "photos from the web"], rows)


def protocol() -> str:
    """The runs by the protocol of source 1, those that there are."""
    reported = read("sources")["baina2024"]["accuracy"]
    rows = []
    for file in sorted((CHECKPOINTS / "protocol").glob("*.json")):
        found = read(file.stem, file.parent)
        rate = "constant" if found["constant"] else "cosine"
        given = f"{reported[found['model']]:.2f} %" if found["model"] in reported else ""
        ours = f"{found['test_accuracy']:.2f} %"
        row = [f"`{found['command']}`", rate, found["seed"], found["kept_epoch"], ours, given]
        rows.append(row)
    if not rows:
        return ""
    return markdown(["command", "learning rate", "seed", "epoch kept", "test accuracy", "BaiNa and Joe"], rows)


def paired() -> str:
    """Differences of the ResNets' accuracies."""
    found = read("accuracy")
    if found is None:
        return ""
    rows = []
    for r in found["rows"]:
        points = f"{signed(r['points'])} ± {r['standard_error']:.2f}"
        rows.append([r["data"], r["photos"], f"`{r['to']}` less `{r['from']}`", points])
    return markdown(["test photos of", "how many", "difference", "points ± standard error"], rows) + origin(found)


def agreement() -> str:
    """The student's agreement from its record; beside it a stranger and the black box itself, on the same photos."""
    head = ["who", "photos", "Sim 1", "Sim 2", "Sim 3", "Sim 4", "Sim 5", "KL, nats", "test photos"]
    rows = []
    for name in STUDENTS:
        for data, splits in metrics(name)["similarity"].items():
            test = splits["test"]
            rows.append([f"`{name}`", data, *shares(test["sim"]), f"{test['kl']:.3f}", test["photos"]])
    found = read("agreement")
    for r in found["rows"] if found else []:
        if r["data"] != "all" and r["who"] not in STUDENTS:
            who = r["who"].replace("itself", "the black box itself")
            who = who if "itself" in who else f"`{who}`, which never saw the black box"
            rows.append([who, r["data"], *shares(r["sim"]), f"{r['kl']:.3f}", r["photos"]])
    given = shares(read("sources")["kang2021"]["sim"])
    rows.append(["Kang et al. (2021), as reported", "ImageNet, 1,000 classes", *given, "", ""])
    return markdown(head, rows) + (origin(found) if found else "")


def shares(sims: Sequence[float]) -> list[str]:
    return [f"{100 * sim:.1f} %" for sim in sims]


def similar() -> str:
    """How often the nearest five training photos have the photo's own class."""
    found = read("similar")
    if found is None:
        return ""
    rows = [[f"`{r['model']}`", f"{r['shipped']:.1f} %", r["ms"]] for r in found["rows"]]
    rows.append(["by chance", f"{found['chance']:.1f} %", ""])
    return markdown(["network", "nearest five of the photo's class", "milliseconds to find them"], rows) + origin(found)


def duplicates() -> str:
    """Near-duplicates by the splits they are in."""
    found = read("duplicates")
    if found is None:
        return ""
    rows = [[r["data"], r["photos"], r["pairs"], r["within"], r["across"], r["leaked"]] for r in found["rows"]]
    head = ["data set", "photos", "pairs", "within a split", "across splits", "photos of val and test also in train"]
    return markdown(head, rows) + origin(found)


def layers() -> str:
    """Table 1 for all test photos: what each layer of both pyramids is worth, with the controls."""
    parts = []
    for way, title in TITLES.items():
        rows = []
        for name in PYRAMID:
            for layer, values in metrics(name)["layers"][way]["all"].items():
                if ":" not in layer:  # controls of a layer's own are in the table below, with intervals
                    rows.append([f"`{name}`", layer, *(f"{values[key]:.1f}" for key in TABLE_1)])
        headings = [METRICS[metric].label for metric in TABLE_1]
        parts.append(f"{title}, %:\n\n" + markdown(["network", "map", *headings], rows))
    photos = metrics(PYRAMID[0])["layers"]["photos"]["all"]
    return "\n".join(parts) + f"\n{photos} test photos; `layers` in each `metrics.json` has every class.\n"


def methods() -> str:
    """All methods by name, with a line on each and its source."""
    rows = []
    for name, method in {**METHODS, **BASELINES}.items():
        sources = ", ".join(REFERENCES[key].short for key in keys_in(method.paper))
        rows.append([f"`{name}`", method.title, method.summary, sources])
    return markdown(["name", "method", "what it does", "source"], rows)


def presets() -> str:
    """The named sets of choices for training."""
    both = (("train.classifier", recipe.PRESETS), ("train.distill", distillation.PRESETS))
    rows = [[f"`{command} {name}`", text] for command, sets in both for name, (text, _) in sets.items()]
    return markdown(["command", "what it is"], rows)


def differences() -> str:
    """What is done otherwise than in each source, one table a source."""
    given = read("sources")
    parts = []
    for key, source in SOURCES.items():
        table = markdown(["", "the source", "here"], given[key]["differences"])
        parts.append(f"**{source}**\n\n{table}")
    return "\n".join(parts)


def sources() -> str:
    """The four sources in their order."""
    return "".join(f"{number}. {source}\n" for number, source in enumerate(SOURCES.values(), start=1))


def mosaic_of(name: str) -> Callable[[], str]:
    """The mosaic test of a network's Grad-CAM, for its card."""

    def show() -> str:
        found = read("mosaic")
        rows = [
            [row["layer"], mosaic.text(row["mosaic"]), mosaic.text(row["shared"])]
            for row in found["rows"]
            if row["explains"] == name and mosaic.method_of(row).partition("@")[0] == "gradcam"
        ]
        return markdown(["Grad-CAM at", "in its quarter, %", "the same for every photo, %"], rows) + origin(found)

    return show


def games() -> str:
    """Deletion and insertion of what explains a black box."""
    found = read("games")
    if found is None:
        return ""
    rows = [
        [f"`{r['method']}`", *(f"{mean:.3f} [{low:.3f}, {high:.3f}]" for mean, low, high in map(r.get, PLAYED))]
        for r in found["rows"]
    ]
    less, more = METRICS["deletion"].arrow, METRICS["insertion"].arrow
    head = ["method", f"deletion to grey {less}", f"deletion to the blurred photo {less}", f"insertion {more}"]
    said = "".join(f"- {line}\n" for line in found["not_better"])
    photos = f"{found['photos']} photos; in brackets 95 % intervals."
    return f"{markdown(head, rows)}\n{photos}\n\n{said}{origin(found)}"


def rise_questions() -> str:
    """Few questions by coverage against many by the published form, for each network that was asked."""
    rows, commands = [], []
    for file in sorted(RESULTS.glob("rise-questions-*.json")):
        found = read(file.stem)
        for line in found["summary"]:
            low, high = line["interval"]
            digits = 1 if line["figure"] == "seconds" else 3
            values = [f"{line[form]:.{digits}f}" for form in (COVERAGE, PUBLISHED)]
            apart = f"{line['difference']:+.{digits}f} [{low:+.{digits}f}, {high:+.{digits}f}]"
            rows.append([f"`{found['model']}`", len(found["rows"]), line["figure"], *values, apart.replace("-", "−")])
        few, many = found["few"], found["many"]
        commands.append(origin(found))
    if not rows:
        return ""
    head = ["black box", "photos", "", f"{few} questions, by coverage", f"{many:,}, as published", "difference"]
    return markdown(head, rows) + "".join(commands)


def shown(name: str, module: ModuleType) -> Callable[[], str]:
    """A table that a benchmark makes itself of its results file."""

    def show() -> str:
        found = read(name)
        return f"{module.table(found).strip()}\n{origin(found)}" if found else ""

    return show


def plain(name: str) -> Callable[[], str]:
    """A table of a results file's rows as they are."""

    def show() -> str:
        found = read(name)
        if not found or not found["rows"]:
            return ""
        head = list(dict.fromkeys(key for row in found["rows"] for key in row))
        rows = [[cell(row.get(key, "")) for key in head] for row in found["rows"]]
        return markdown([key.replace("_", " ") for key in head], rows) + origin(found)

    return show


def cell(value) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(cell, value)) + "]"
    return "" if value is None else str(value)


TABLES: dict[str, Callable[[], str]] = {
    "models": models,
    "paired": paired,
    "protocol": protocol,
    "agreement": agreement,
    "similar": similar,
    "duplicates": duplicates,
    "layers": layers,
    "methods": methods,
    "presets": presets,
    "differences": differences,
    "sources": sources,
    "mosaic": shown("mosaic", mosaic),
    "familiar": shown("familiar", familiar),
    "controls": shown("pyramid-controls", controls),
    "rise-questions": rise_questions,
    "scorecam": plain("scorecam"),
    "speed": plain("methods"),
    "games": games,
    "memory": plain("memory"),
    "folders": plain("folders"),
    **{f"mosaic-of-{name}": mosaic_of(name) for name in (*GARBAGE, *PYRAMID, *STUDENTS)},
}


def filled(text: str) -> str:
    """A text with each table in it made anew.

    Raises:
        KeyError: there is no table of a name in it.
    """

    def block(found: re.Match) -> str:
        table = TABLES[found[1]]()
        inner = f"\n{table}\n" if table else ""
        return f"<!-- table: {found[1]} -->\n{inner}<!-- end of table -->\n"

    return BLOCK.sub(block, text)


def main() -> None:
    argparse.ArgumentParser(description=__doc__.split("\n")[0]).parse_args()
    for file in FILES:
        file.write_text(filled(file.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
