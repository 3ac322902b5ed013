"""Tables of how networks are trained: presets, protocols, cost, and what was tried."""

from collections.abc import Callable, Iterator, Sequence
from statistics import median

from benchmarks import runs
from benchmarks.record import RESULTS, markdown, read
from benchmarks.tables.explanations import percentages
from benchmarks.tables.networks import read_metrics
from train.presets import PRESETS
from xai.references import SOURCES
from xai.zoo import CHECKPOINTS, GARBAGE, PYRAMID, STUDENTS


def presets() -> str:
    """The named sets of choices for training."""
    rows = [[f"`{command} {name}`", text] for command, sets in PRESETS.items() for name, (text, _) in sets.items()]
    return markdown(["command", "what it is"], rows)


def protocol() -> str:
    """The runs by the protocol of source 1, those that there are."""
    reported = read("sources")["baina2024"]["accuracy"]
    rows = []
    for found in read_protocol():
        rate = "constant" if found["constant"] else "cosine"
        given = f"{reported[found['model']]:.2f} %" if found["model"] in reported else ""
        ours = f"{found['test_accuracy']:.2f} %"
        rows.append([f"`{found['command']}`", rate, found["seed"], found["kept_epoch"], ours, given])
    if not rows:
        return ""
    return markdown(["command", "learning rate", "seed", "epoch kept", "test accuracy", "BaiNa and Joe"], rows)


def cost() -> str:
    """How long an epoch took in every training whose history tells it."""
    rows = []
    for found in read_protocol():
        rows.append([f"`{found['command']}`", *epochs_of(found["history"]), found["machine"]])
    for name in (*GARBAGE, *PYRAMID):
        command = read_metrics(name)["commands"][-1]
        rows.append([f"`{command}`", *epochs_of(read("history", CHECKPOINTS / name)), "not recorded"])
    return markdown(["command", "epochs", "sides of the views", "median seconds an epoch", "machine"], rows)


def epochs_of(history: Sequence[dict]) -> list:
    """How many epochs a history has, the sides of their views and the median seconds of one."""
    sides = ", ".join(map(str, dict.fromkeys(row["size"] for row in history)))
    return [len(history), sides, f"{median(row['seconds'] for row in history):.1f}"]


def read_protocol() -> Iterator[dict]:
    """The records of the runs by the protocol of source 1."""
    return (read(file.stem, file.parent) for file in sorted((CHECKPOINTS / "protocol").glob("*.json")))


def logged(students: bool) -> Callable[[], str]:
    """The trainings that `benchmarks.runs` kept, of students or of all others."""

    def make() -> str:
        found = [read(file.stem, file.parent) for file in sorted((RESULTS / "runs").glob("*.json"))]
        chosen = [each for each in found if each and ("train.distill" in each["command"]) == students]
        return runs.table(chosen) if chosen else ""

    return make


def tried(name: str) -> Callable[[], str]:
    """What was tried for a recipe, as an earlier README reported it: results/tried.json."""

    def make() -> str:
        found = read("tried")[name]
        rows = found["rows"] + ([kept_student()] if name == "students" else [])
        table = markdown(found["head"], rows)
        return f"{table}\n{found['measured']} `{found['command']}`, from README.md of commit {found['commit']}.\n"

    return make


def kept_student() -> list[str]:
    """The shipped student as a row beside what was tried: its agreement on all validation photos."""
    found = read_metrics(STUDENTS[0])
    parts = [splits["val"] for splits in found["similarity"].values()]
    photos = sum(part["photos"] for part in parts)
    sims = [sum(part["photos"] * part["sim"][n] for part in parts) / photos for n in (0, 1)]
    title = "the student that is shipped, the last of three runs (see its card), from its `metrics.json`"
    return [title, found["epochs"], *percentages(sims)]


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
