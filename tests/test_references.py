"""Every source is named, rightly, and by one list; and every module can be reached by its name."""

import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import xai
from tests.test_house import ROOT, tracked
from xai.references import REFERENCES, SOURCES, find_keys

UNNAMED = re.compile(r"\b[Tt]he papers?\b(?! [A-Z])|\b[Tt]he paper's|\bBai and\b")


def docstrings(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node):
            yield ast.get_docstring(node)


def passages() -> list[tuple[str, str]]:
    """What stands behind "Paper:" in a docstring, with the file it is in."""
    found = []
    for path in tracked():
        if path.suffix == ".py" and path.is_file() and path.relative_to(ROOT).parts[0] in ("xai", "train"):
            for text in docstrings(path):
                found += [(path.name, p) for p in re.findall(r"^ *Papers?: (.+?)(?:\n\n|\Z)", text, re.DOTALL | re.M)]
    return found


def test_the_four_sources_come_first():
    assert list(REFERENCES)[:4] == list(SOURCES)
    first = "BaiNa and Inwhee Joe, Deep Learning Methods for Explainable Image Recognition, 2024"
    assert str(SOURCES["baina2024"]) == first
    assert str(SOURCES["fal"]) == "FPN-ABN layered model (FAL)"  # its text names no authors
    names = "JuneGyu Kang, MinGyeong Jeon, HyeonSeok Lee and Sungchan Kim, Visual Explanation of Black-box Models Using"
    assert str(SOURCES["kang2021"]).startswith(names)


def test_a_key_is_the_first_authors_name_and_the_year():
    for key, work in REFERENCES.items():
        if key not in SOURCES:
            assert find_keys(str(work)) == [key]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Zhang et al., Opti-CAM, CVIU 2024 (arXiv 2301.07002).", ["zhang2024"]),
        ("He et al., CVPR 2016; Arias-Duart et al., Focus!, 2022", ["he2016", "arias-duart2022"]),
        ("Fong and Vedaldi, Interpretable Explanations, ICCV 2017", ["fong2017"]),
        ("nobody", []),
    ],
)
def test_what_counts_as_a_citation(text, keys):
    assert find_keys(text) == keys


def test_every_work_that_a_docstring_cites_is_in_the_list():
    found = passages()
    assert len(found) >= 40
    for file, passage in found:
        cited = find_keys(passage)
        assert cited or "FPN-ABN layered model" in passage, (file, passage)
        assert set(cited) <= set(REFERENCES), (file, passage)


def test_every_method_names_its_source():
    for name, method in xai.methods.METHODS.items():
        assert method.is_control or method.reference, name
        assert method.is_control or method.source in find_keys(inspect.getdoc(method.run).partition("Paper: ")[2]), name


def test_no_text_speaks_of_a_paper_without_saying_which():
    spoken = set()
    for path in tracked():
        name = path.relative_to(ROOT).as_posix()
        if path.suffix in {".py", ".md"} and path.is_file() and name != "tests/test_references.py":
            text = re.sub(r"\s+", " ", path.read_text())
            if UNNAMED.search(text):
                spoken.add(name)
    assert not spoken


@pytest.mark.parametrize("text", ["as the paper does", "The paper's form", "table 2 of the paper", "Bai and Joe"])
def test_what_counts_as_unnamed(text):
    assert UNNAMED.search(text)
    assert not UNNAMED.search("eq. 9 of Kang et al.; a photo of paper; a paper cup; BaiNa and Joe")


def test_no_module_is_hidden_by_something_of_its_name():
    hidden = set()
    for module in pkgutil.walk_packages(xai.__path__, "xai."):
        loaded = importlib.import_module(module.name)
        package, _, name = module.name.rpartition(".")
        if getattr(sys.modules[package], name) is not loaded:
            hidden.add(module.name)
    assert not hidden


def test_what_the_readme_names_can_be_reached_after_import_xai():
    """As a reader finds it: in a new process, with nothing imported but `xai`."""
    names = ["load_index", "methods.distilled.LITERAL", "evaluation.evaluate", "metrics.play", "blackbox.from_function"]
    code = "import xai; " + "; ".join(f"xai.{name}" for name in names)
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
