"""What the READMEs and cards say is so: their code runs, and their figures are those of results files."""

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
from tests.test_house import ROOT
from train.fal import Procedure
from train.measure.evaluation import Evaluation
from train.presets import PRESETS
from xai.studio.garbage import EXAMPLES
from xai.studio.pyramid import EXAMPLES as AERIAL
from xai.zoo import CHECKPOINTS

FILES = [*tables.READMES, *sorted(CHECKPOINTS.glob("*/README.md"))]
FENCED = re.compile(r"(?:<!-- not run by the tests: ([^\n]+) -->\n)?```(\w*)\n(.*?)```", re.DOTALL)
FEW = {  # what a reader types, and the same with little to do
    "masks=4000": "masks=8",
    "samples=32": "samples=2",
    "samples=1000": "samples=8",
    'method="mask"': 'method="mask", iterations=2',
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
    return found


BLOCKS = [block for file in FILES for block in blocks_of(file)]
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

    save(EXAMPLES[2], "bottle.jpg", "photo.jpg", "photos/glass.jpg", "more/can.png")
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


@pytest.mark.parametrize(("file", "section"), sections(), ids=lambda value: getattr(value, "parent", value))
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
    in_readme = Counter(b.why_not for b in BLOCKS if b.why_not and b.file == ROOT / "README.md")
    assert in_readme == {
        "sets up a machine": 2,
        "changes the reader's shell": 1,
        "needs the internet": 3,
        "names files of the reader's": 1,
        "takes minutes": 1,
        "takes hours": 1,
        "trains for hours": 3,
    }
    in_cards = Counter(b.why_not for b in BLOCKS if b.why_not and b.file != ROOT / "README.md")
    trained = [file for file in CHECKPOINTS.glob("*/metrics.json") if "commands" in tables.read("metrics", file.parent)]
    assert in_cards == {"trains for hours": len(trained)}
    assert len(RUNNING) >= 7


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
        if any(isinstance(node, (ast.Call, ast.Import)) for node in ast.walk(tree)):
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
    model, photo = xai.load_model("garbage-cnn"), xai.load_photo("bottle.jpg")
    fal = xai.load_model("pyramid-fal")
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


@pytest.mark.parametrize("file", tables.FILES, ids=lambda file: file.parent.name)
def test_tables_are_those_of_the_files(file):
    """`python -m benchmarks.tables` writes them."""
    text = file.read_text()
    assert tables.BLOCK.search(text)
    assert text.count("<!-- table: ") == len(tables.BLOCK.findall(text)) == text.count("<!-- end of table -->")
    assert tables.filled(text) == text


def test_every_table_has_its_place():
    placed = [name for file in tables.FILES for name, _ in tables.BLOCK.findall(file.read_text())]
    assert sorted(placed) == sorted(tables.TABLES)


@pytest.mark.parametrize("name", sorted({file.stem for file in tables.RESULTS.glob("*.json")} - {"sources"}))
def test_a_results_file_says_how_it_came_about(name):
    found = tables.read(name)
    assert found["command"].startswith("python -m ")
    assert found["date"]
    assert found["machine"]
    assert found["rows"]


def test_the_student_was_measured_as_its_record_says():
    """On another machine, by another command: to half a point."""
    for row in tables.read("agreement")["rows"]:
        if row["who"] == "blackbox-student" and row["data"] != "all":
            recorded = tables.metrics(row["who"])["similarity"][row["data"]]["test"]
            assert row["sim"] == pytest.approx(recorded["sim"], abs=0.005)
            assert row["photos"] == recorded["photos"]


GIVEN = {  # figures in sentences that nobody measured: versions, numbers of definition, names
    "3.11", "4.0", "64", "15", "1", "2", "3", "4", "5", "9", "256", "2010", "2021", "2022", "2024",
}  # fmt: skip


def sentences(text: str) -> str:
    """A text without front matter, tables, code, links, headings and licence."""
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL).partition("\n## Licence")[0]
    text = FENCED.sub("", tables.BLOCK.sub("", text))
    return re.sub(r"`[^`]*`|\]\([^)]*\)|^#.*$|^\|.*$", "", text, flags=re.M)


@pytest.mark.parametrize("file", tables.READMES, ids=lambda file: file.parent.name)
def test_no_sentence_has_a_figure_of_its_own(file):
    """Whatever was measured stands in a table that is made from a file."""
    figures = re.findall(r"(?<![\w.-])\d[\d,]*(?:\.\d+)?", sentences(file.read_text()))
    counted = Counter(figure.rstrip(",") for figure in figures)
    assert set(counted) <= GIVEN, set(counted) - GIVEN


@pytest.mark.parametrize("text", ["reaches 93.27 %", "of 2,527 photos", "about 41 times"])
def test_a_figure_in_a_sentence_would_be_found(text):
    figures = re.findall(r"(?<![\w.-])\d[\d,]*(?:\.\d+)?", sentences(text))
    assert set(figures) - GIVEN


@pytest.mark.parametrize("file", sorted(CHECKPOINTS.glob("*/metrics.json")), ids=lambda file: file.parent.name)
def test_cards_say_what_their_records_say(file):
    """Every percentage in a card's tables is a figure of its metrics.json."""
    card, found = (file.parent / "README.md").read_text(), tables.read("metrics", file.parent)
    known = set()

    def collect(value) -> None:
        if isinstance(value, dict):
            for inner in value.values():
                collect(inner)
        elif isinstance(value, list):
            for inner in value:
                collect(inner)
        elif isinstance(value, float):
            known.update({f"{value:.2f}", f"{value:.1f}", f"{100 * value:.1f}", f"{100 * value:.2f}"})

    collect(found)
    shown = re.findall(r"(\d+\.\d+) %", "\n".join(line for line in card.splitlines() if line.startswith("|")))
    assert shown or not found["data"]
    assert set(shown) <= known, set(shown) - known
