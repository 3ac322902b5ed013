"""What the READMEs, the cards and the guide to contributing say is so.

Their code runs, their figures are those of results files, their links lead somewhere, and nothing is said twice.
"""

import ast
import importlib
import inspect
import pkgutil
import re
import runpy
import shlex
import shutil
import sys
import textwrap
import tomllib
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest
import tyro
from PIL import Image

import xai
from benchmarks import tables
from benchmarks.record import RESULTS, read
from benchmarks.tables.networks import read_metrics
from tests.conftest import load_once
from tests.test_house import ROOT
from train.fal import Procedure
from train.measure.evaluation import Evaluation
from train.presets import PRESETS
from train.publish.cards import SOURCES
from xai.studio.garbage import EXAMPLES
from xai.studio.pyramid import EXAMPLES as AERIAL
from xai.zoo import CHECKPOINTS

CONTRIBUTING = ROOT / ".github/CONTRIBUTING.md"
CARDS = sorted(CHECKPOINTS.glob("*/README.md"))
PAGES = [*tables.READMES, CONTRIBUTING, *CARDS]
FENCED = re.compile(r"(?:<!-- not run by the tests: ([^\n]+) -->\n)?```(\w*)\n(.*?)```", re.DOTALL)
PICTURE = "mermaid"  # a fenced block that is drawn, not run
FEW = {  # what a reader types, and the same with little to do
    "masks=4000": "masks=8",
    "masks=400)": "masks=8)",
    "samples=32": "samples=2",
    "samples=1000": "samples=8",
    'method="mask"': 'method="mask", iterations=2, disc_step=80',
    '"TRASHNET", "results")': '"TRASHNET", "results", settings=xai.evaluation.Settings(step=16384))',
    '{"distilled": e})': '{"distilled": e}, step=16384)',
}


class Block(NamedTuple):
    file: Path
    section: str
    why_not: str
    language: str
    code: str

    @property
    def commands(self) -> list[list[str]]:
        return [shlex.split(line, comments=True) for line in self.code.splitlines() if line]


def blocks_of(file: Path) -> list[Block]:
    found = []
    for section in re.split(r"^(?=## )", file.read_text(), flags=re.M):
        title = section.partition("\n")[0]
        found += [Block(file, title, *parts) for parts in FENCED.findall(section)]
    return [block for block in found if block.language != PICTURE]


BLOCKS = [block for file in PAGES for block in blocks_of(file)]
RUNNING = [block for block in BLOCKS if not block.why_not]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with all that the texts name: single photos, and data sets of two classes."""
    root = tmp_path_factory.mktemp("reader")

    def save(source, *names: str) -> None:
        photo = Image.open(source).convert("RGB")
        photo.thumbnail((160, 160))
        for name in names:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            photo.save(root / name)

    save(EXAMPLES[2], "bottle.jpg", "photo.jpg", "can.png", "photos/glass.jpg", "more/can.png")
    save(AERIAL[0], "airport.jpg")
    save(AERIAL[6], "harbour.jpg")
    for data, sources in (("PHOTOS", EXAMPLES), ("TRASHNET", EXAMPLES), ("UCMERCED", AERIAL)):
        for start, split in enumerate(("train", "val", "test")):
            names = [f"{example.stem.split('-')[1]}/{example.name}" for example in sources[2 * start :][:2]]
            for example, name in zip(sources[2 * start :], names, strict=False):
                save(example, f"{data}/{name}")
            (root / data / f"{split}.txt").write_text("".join(f"{name}\n" for name in names))
    return root


def with_little_to_do(code: str, file: Path, url: str = "") -> str:
    for typed, quick in FEW.items():
        code = code.replace(typed, quick)
    return code.replace("path/to/this/folder", str(file.parent)).replace("http://127.0.0.1:7860", url)


def sections() -> list[tuple[Path, str]]:
    python = [(block.file, block.section) for block in RUNNING if block.language == "python"]
    return list(dict.fromkeys(python))


def title_of(value) -> str:
    """How a test of a file, or of a section or block of it, is called."""
    return str(value.relative_to(ROOT)) if isinstance(value, Path) else str(value).strip("# ")


@pytest.fixture
def methods_restored():
    """Methods that a text enters are gone afterwards."""
    before = dict(xai.methods.METHODS)
    yield
    xai.methods.METHODS.clear()
    xai.methods.METHODS.update(before)


@pytest.mark.parametrize(("file", "section"), sections(), ids=title_of)
@pytest.mark.usefixtures("methods_restored")
def test_python_runs_as_pasted_from_the_top_of_its_section(file, section, folder, monkeypatch, request):
    monkeypatch.chdir(folder)
    code = [b.code for b in RUNNING if (b.file, b.section, b.language) == (file, section, "python")]
    url = request.getfixturevalue("url") if any("127.0.0.1" in part for part in code) else ""
    names: dict = {}
    for part in code:
        exec(compile(with_little_to_do(part, file, url), str(file), "exec"), names)


@pytest.mark.parametrize("block", [b for b in RUNNING if b.language != "python"], ids=lambda b: b.code[:60])
def test_commands_run_as_pasted(block, folder, monkeypatch):
    monkeypatch.chdir(folder)
    for command in block.commands:
        assert command[:2] == ["python", "-m"], "mark what is no command of ours"
        monkeypatch.setattr(sys, "argv", [command[2], *command[3:]])
        with pytest.raises(SystemExit) as ended:
            runpy.run_module(command[2], run_name="__main__")
        assert not ended.value.code, command


def understood(command: list[str], monkeypatch) -> bool:
    """Whether a command that is not run here would be understood."""
    match command:
        case ["python", "-m", "train.classifier" | "train.distill" as module, *arguments]:
            return bool(tyro.extras.overridable_config_cli(PRESETS[module], args=arguments))
        case ["python", "-m", "train.pyramid" | "train.evaluate" as module, *arguments]:
            kind = Procedure if module == "train.pyramid" else Evaluation
            return bool(tyro.cli(kind, args=arguments))
        case ["python", "-m", "xai", name, *_]:
            from xai.__main__ import main

            monkeypatch.setattr(f"xai.shell.{name}.run", lambda options: 0)
            return main(command[3:]) == 0
        case ["python", "-m", name, *arguments] if name.startswith("benchmarks."):
            code = Path(importlib.util.find_spec(name).origin).read_text()
            return all(f'"{each}"' in code for each in arguments if each.startswith("--"))
        case ["python", "-m", "pytest", *files]:
            return all((ROOT / file).is_file() for file in files)
        case ["make", target]:
            return f"\n{target}:" in (ROOT / "Makefile").read_text()
        case ["pip", "install", "-e", what]:
            extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
            return what == "." or set(re.findall(r"\w+", what)) <= set(extras)
        case ["python", file] | [_, "python", file]:
            return (ROOT / file).is_file()
        case ["source", file]:
            return file == ".venv/bin/activate"
        case ["hf", "upload", *_]:
            return True
    return False


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.why_not], ids=lambda b: b.code[:60])
def test_what_is_not_run_would_be_understood(block, monkeypatch):
    assert block.language != "python"
    for command in block.commands:
        assert understood(command, monkeypatch), command


def test_what_is_not_run_is_counted():
    """Each block that does not run here is marked with the reason; a new one has to be entered."""
    on_pages = Counter(b.why_not for b in BLOCKS if b.why_not and b.file not in CARDS)
    assert on_pages == {
        "sets up a machine": 3,
        "needs the internet": 5,
        "names files of the reader's": 2,
        "takes minutes": 1,
        "takes hours": 1,
        "trains for hours": 5,
        "the tests' own command": 1,
    }
    in_cards = Counter(b.why_not for b in BLOCKS if b.why_not and b.file in CARDS)
    trained = [card for card in CARDS if "commands" in read_metrics(card.parent.name)]
    assert in_cards == {"trains for hours": len(trained), "takes hours": 1}
    assert len(RUNNING) >= 15


# Examples in docstrings


def examples() -> list[tuple[str, str]]:
    """Code in docstrings of modules and of public functions and classes, by where it stands."""
    found = {}
    for info in pkgutil.walk_packages(xai.__path__, "xai."):
        module = importlib.import_module(info.name)
        public = [o for n, o in vars(module).items() if not n.startswith("_") and inspect.getmodule(o) is module]
        for thing in [module, xai, *public]:
            code = code_in(inspect.getdoc(thing) or "") if callable(thing) or isinstance(thing, ModuleType) else ""
            if code:
                found[getattr(thing, "__qualname__", thing.__name__)] = code
    return sorted(found.items())


def code_in(text: str) -> str:
    """The paragraphs of a docstring that are Python and do something."""
    kept = []
    for paragraph in re.split(r"\n\s*\n", text):
        try:
            tree = ast.parse(textwrap.dedent(paragraph))
        except SyntaxError:
            continue
        if any(isinstance(node, (ast.Call, ast.Import, ast.ImportFrom)) for node in ast.walk(tree)):
            kept.append(paragraph)
    return "\n".join(kept)


def test_what_counts_as_code_in_a_docstring():
    text = 'One line.\n\nimport xai\n\nmodel = xai.load_model("x")\n\nArgs:\n    a: b.\n\nword'
    assert code_in(text) == 'import xai\nmodel = xai.load_model("x")'
    assert {"xai", "xai.metrics"} <= {name for name, _ in examples()}


@pytest.mark.parametrize(("name", "code"), examples())
def test_examples_in_docstrings_run(name, code, folder, monkeypatch):
    monkeypatch.chdir(folder)
    shutil.rmtree(folder / "results", ignore_errors=True)
    model, photo = load_once("garbage-cnn"), xai.load_photo("bottle.jpg")
    fal = load_once("pyramid-fal")
    names = {
        "xai": xai,
        "model": fal if "score_layers" in code else model,
        "photo": photo,
        "photos": [photo],
        "four_photos_of_four_classes": [xai.load_photo(path) for path in EXAMPLES[:8:2]],
        "black_box": xai.load_black_box("garbage-cnn"),
        "explanation": xai.explain(model, photo),
    }
    exec(compile(with_little_to_do(code, ROOT), name, "exec"), names)


# Tables and figures


@pytest.mark.parametrize("file", [*tables.READMES, *tables.CARDS], ids=title_of)
def test_tables_are_those_of_the_files(file):
    """`python -m benchmarks.tables` writes them."""
    text = file.read_text()
    assert tables.BLOCK.search(text)
    assert text.count("<!-- table: ") == len(tables.BLOCK.findall(text)) == text.count("<!-- end of table -->")
    assert tables.fill(text) == text


def test_every_table_has_its_place():
    """And only one."""
    placed = [name for file in PAGES for name, _ in tables.BLOCK.findall(file.read_text())]
    assert sorted(placed) == sorted(tables.TABLES)


COPIED = {"sources", "tried"}  # what others, or earlier versions, reported


@pytest.mark.parametrize("name", sorted({file.stem for file in RESULTS.glob("*.json")} - COPIED))
def test_a_results_file_says_how_it_came_about(name):
    found = read(name)
    assert found["command"].startswith("python -m ")
    assert found["date"]
    assert found["machine"]
    assert found["rows"]


def test_the_student_was_measured_as_its_record_says():
    """On another machine, by another command: to half a point."""
    for row in read("agreement")["rows"]:
        if row["who"] == "blackbox-student" and row["data"] != "all":
            recorded = read_metrics(row["who"])["similarity"][row["data"]]["test"]
            assert row["sim"] == pytest.approx(recorded["sim"], abs=0.005)
            assert row["photos"] == recorded["photos"]


GIVEN = {  # figures in sentences that nobody measured: versions, numbers of definition, names, units, sides
    "3.11", "4.0", "1", "2", "3", "4", "5", "9", "15", "64", "95", "256", "2010", "2019", "2021", "2022", "2024",
}  # fmt: skip
FIGURE = re.compile(r"(?<![\w.-])\d[\d,]*(?:\.\d+)?")


def sentences(text: str) -> str:
    """A text without front matter, tables, code, links and headings."""
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    text = FENCED.sub("", tables.BLOCK.sub("", text))
    return re.sub(r"`[^`]*`|\]\([^)]*\)|^#.*$|^\|.*$", "", text, flags=re.M)


def figures_in(text: str) -> set[str]:
    return {figure.rstrip(",") for figure in FIGURE.findall(sentences(text))}


@pytest.mark.parametrize("file", [*tables.READMES, CONTRIBUTING], ids=title_of)
def test_no_sentence_has_a_figure_of_its_own(file):
    """Whatever was measured stands in a table that is made from a file."""
    assert figures_in(file.read_text()) <= GIVEN


@pytest.mark.parametrize("text", ["reaches 93.27 %", "of 2,527 photos", "about 41 times"])
def test_a_figure_in_a_sentence_would_be_found(text):
    assert figures_in(text) - GIVEN


def figures_of(value) -> set[str]:
    """All figures of a record, as a card may write them."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return set().union(*map(figures_of, value))
    if isinstance(value, float):
        return {f"{value:.1f}", f"{value:.2f}", f"{value:.3f}", f"{100 * value:.1f}", f"{100 * value:.2f}"}
    return {str(value), f"{value:,}"} if isinstance(value, int) else set()


@pytest.mark.parametrize("card", CARDS, ids=title_of)
def test_cards_say_what_their_records_say(card):
    """Every figure in a card's sentences, and every percentage in its tables, is one of the files beside it."""
    record, config = (read(name, card.parent) for name in ("metrics", "config"))
    known = figures_of(record) | figures_of(config) | {str(len(config["classes"]))}
    data = set(FIGURE.findall(" ".join(SOURCES.values())))  # which photos a data set has
    own = tables.BLOCK.sub("", card.read_text())
    shown = set(re.findall(r"(\d+\.\d+) %", "\n".join(re.findall(r"^\|.*$", own, re.M))))
    assert shown or not record["data"]
    assert shown <= known
    assert figures_in(own) <= known | data | GIVEN or not record["data"]


# Links, names and lines

NAMED = re.compile(
    r"`((?:xai|train|benchmarks|tests|checkpoints|\.github|\.ci)/[\w/.-]*|[\w-]+\.(?:md|cff|toml)|results/[\w.-]*)`"
)


def anchors_of(file: Path) -> set[str]:
    """What `#…` of a link may say: the headings, as GitHub writes them."""
    headings = re.findall(r"^#+ (.*)$", FENCED.sub("", file.read_text()), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("file", [*PAGES, ROOT / "CHANGELOG.md"], ids=title_of)
def test_links_lead_somewhere(file):
    for link, _, anchor in re.findall(r"\]\((?!http)([^)#]*)(#([^)]*))?\)", file.read_text()):
        target = (file.parent / link).resolve() if link else file
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), (link, anchor)


@pytest.mark.parametrize("file", [*PAGES, ROOT / "CHANGELOG.md"], ids=title_of)
def test_files_that_are_named_are_there(file):
    for name in NAMED.findall(FENCED.sub("", file.read_text())):
        assert (ROOT / name).exists() or (file.parent / name).exists(), name


@pytest.mark.parametrize("file", PAGES, ids=title_of)
def test_what_is_named_of_the_package_is_there(file):
    for name in re.findall(r"`(xai(?:\.\w+)+)", FENCED.sub("", file.read_text())):
        found = xai
        for part in name.split(".")[1:]:
            found = getattr(found, part)


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_bytes()) <= 12_000


def test_no_readme_repeats_a_line_of_another():
    seen: dict[str, Path] = {}
    for file in [*tables.READMES, CONTRIBUTING]:
        for line in sentences(file.read_text()).splitlines():
            assert len(line) < 60 or seen.setdefault(line, file) == file, line
