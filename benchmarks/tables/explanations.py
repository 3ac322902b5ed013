"""Tables of the methods and of what their maps are worth."""

from collections.abc import Callable, Sequence

from benchmarks import mosaic
from benchmarks.controls import TITLES
from benchmarks.record import RESULTS, markdown, origin, read
from benchmarks.rise_questions import COVERAGE, PLAYED, PUBLISHED
from benchmarks.tables.networks import read_metrics
from xai.methods import METHODS
from xai.metrics.registry import METRICS, TABLE_1
from xai.zoo import PYRAMID, STUDENTS

ON_CARDS = {"gradcam": "Grad-CAM at {layer}", "distilled": "`distilled`"}  # methods whose mosaic test a card tells


def methods() -> str:
    """All methods by name, with a line on each, what it needs, how long a photo takes it, and its source."""
    rows = []
    for name, method in METHODS.items():
        source = method.reference.short if method.reference else "a control"
        rows.append([f"`{name}`", method.title, method.summary, method.needs, method.pace, source])
    return markdown(["name", "method", "what it does", "needs", "takes", "source"], rows)


def similar() -> str:
    """How often the nearest five training photos have the photo's own class."""
    found = read("similar")
    if found is None:
        return ""
    rows = [[f"`{r['model']}`", f"{r['shipped']:.1f} %", r["ms"]] for r in found["rows"]]
    rows.append(["by chance", f"{found['chance']:.1f} %", ""])
    return markdown(["network", "nearest five of the photo's class", "milliseconds to find them"], rows) + origin(found)


def mosaic_test(pyramids: bool) -> Callable[[], str]:
    """The mosaic test: a row a method, a column a network, of the pyramids or of all others."""

    def make() -> str:
        found = read("mosaic")
        rows = [row for row in found["rows"] if row["explains"].startswith("pyramid") == pyramids]
        few = [row for row in rows if row[mosaic.MOSAIC]["n"] < found["mosaics"]]
        lines = [f"Percent; chance is {found['chance']:g}. In brackets 95 % intervals over {found['mosaics']} mosaics."]
        if few:
            names = ", ".join(dict.fromkeys(f"`{mosaic.method_of(row)}`" for row in few))
            left_out = ", ".join(f"`{name}`" for name in found["left_out"])
            lines[0] += f" Slow methods got {min(row[mosaic.MOSAIC]['n'] for row in few)}: {names}."
            lines[0] += f" RISE and LIME asked {found['questions']} questions. Slower still, and left out: {left_out}."
        return "\n".join([*lines, "", *mosaic.across(rows, mosaic.MOSAIC)]) + "\n" + origin(found)

    return make


def mosaic_differences(pyramids: bool) -> Callable[[], str]:
    """By how much Grad-CAM of two networks differs in the mosaic test, on the same mosaics."""

    def make() -> str:
        found = read("mosaic")
        rows = [
            [f"`{row['model']}` less `{row['differs']['from']}`", row["layer"], mosaic.text(row["differs"])]
            for row in found["rows"]
            if row["differs"]
            and row["method"].split("@")[0] == "gradcam"
            and row["model"].startswith("pyramid") == pyramids
        ]
        return markdown(["Grad-CAM of", "at", "points, with a 95 % interval"], rows) + origin(found)

    return make


def mosaic_of(name: str) -> Callable[[], str]:
    """The mosaic test of a network's Grad-CAM, and of a student's distilled map, for its card."""

    def make() -> str:
        found = read("mosaic")
        rows = [
            [title.format(layer=row["layer"]), mosaic.text(row["mosaic"]), mosaic.text(row["shared"])]
            for row in found["rows"]
            if row["explains"] == name and (title := ON_CARDS.get(mosaic.method_of(row).partition("@")[0]))
        ]
        return markdown(["map", "in its quarter, %", "the same for every photo, %"], rows) + origin(found)

    return make


def layers() -> str:
    """Table 1 for all test photos: what each layer of both pyramids is worth, with the controls."""
    parts = []
    for way, title in TITLES.items():
        rows = []
        for name in PYRAMID:
            for layer, values in read_metrics(name)["layers"][way]["all"].items():
                if ":" not in layer:  # controls of a layer's own are in the table below, with intervals
                    rows.append([f"`{name}`", layer, *(f"{values[key]:.1f}" for key in TABLE_1)])
        headings = [METRICS[metric].label for metric in TABLE_1]
        parts.append(f"{title}, %:\n\n" + markdown(["network", "map", *headings], rows))
    photos = read_metrics(PYRAMID[0])["layers"]["photos"]["all"]
    return "\n".join(parts) + f"\n{photos} test photos; `layers` in each `metrics.json` has every class.\n"


def agreement() -> str:
    """What the student's agreement compares with: a stranger, the black box itself, and what the source reports."""
    found, rows = read("agreement"), []
    for r in found["rows"] if found else []:
        if r["data"] != "all" and r["who"] not in STUDENTS:
            who = r["who"].replace("itself", "the black box itself")
            who = who if "itself" in who else f"`{who}`, which never saw the black box"
            rows.append([who, r["data"], *percentages(r["sim"]), f"{r['kl']:.3f}", r["photos"]])
    given = percentages(read("sources")["kang2021"]["sim"])
    rows.append(["Kang et al. (2021), as reported", "ImageNet, 1,000 classes", *given, "", ""])
    head = ["who", "photos", *(f"Sim {n}" for n in range(1, 6)), "KL, nats", "test photos"]
    return markdown(head, rows) + (origin(found) if found else "")


def percentages(shares: Sequence[float]) -> list[str]:
    return [f"{100 * share:.1f} %" for share in shares]


def games() -> str:
    """Deletion and insertion of what explains a black box."""
    found = read("games")
    if found is None:
        return ""
    said = "".join(f"- {line}\n" for line in found["not_better"])
    photos = f"{found['photos']} photos; in brackets 95 % intervals."
    return f"{tabulate_games(found['rows'])}\n{photos}\n\n{said}{origin(found)}"


def games_differences() -> str:
    """By how much the distilled map differs from its rivals in the games."""
    found = read("games")
    if found is None:
        return ""
    said = f"Photo by photo, {found['photos']} photos; in brackets 95 % intervals."
    return f"{tabulate_games(found['differences'], minus='less')}\n{said}\n"


def games_by_agreement() -> str:
    """The games where the student names the black box's class, and where not."""
    found = read("games")
    if found is None:
        return ""
    agreed, others = found["agreed"], found["photos"] - found["agreed"]
    parts = {
        f"{agreed} photos where student and black box name one class": found["where_agreed"],
        f"{others} where they do not": found["where_not"],
    }
    return "\n".join(f"{title}:\n\n{tabulate_games(rows)}" for title, rows in parts.items())


def games_on_few() -> str:
    """The games of slow methods, and of the others on the same photos."""
    found = read("games")
    return f"{tabulate_games(found['on_few'])}\n{found['few']} of these photos.\n" if found else ""


def tabulate_games(rows: Sequence[dict], minus: str = "") -> str:
    """A row for each method, or for what each is less another, whose name stands under the key `minus`."""
    less, more = METRICS["deletion"].arrow, METRICS["insertion"].arrow
    head = ["method", f"deletion to grey {less}", f"deletion to the blurred photo {less}", f"insertion {more}"]
    names = [f"`{row['method']}`" + (f" less `{row[minus]}`" if minus else "") for row in rows]
    return markdown(head, [[name, *show_games(row)] for name, row in zip(names, rows, strict=True)])


def show_games(row: dict) -> list[str]:
    """A row's figures by game."""
    return [f"{mean:.3f} [{low:.3f}, {high:.3f}]" for mean, low, high in map(row.get, PLAYED)]


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
