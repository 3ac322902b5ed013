"""Rules the whole repository keeps."""

import ast
import re
import subprocess
import tomllib
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
TOP_LEVEL = {
    "app.py", "xai", "train", "checkpoints", "requirements.txt", "tests", "README.md", "Makefile", "pyproject.toml",
    "benchmarks", "LICENSE", "CHANGELOG.md", "CITATION.cff",
}  # fmt: skip


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / line for line in listed.stdout.splitlines()]


def test_top_level():
    names = {path.relative_to(ROOT).parts[0] for path in tracked()}
    assert {name for name in names if not name.startswith(".")} <= TOP_LEVEL


def test_xai_imports_neither_train_nor_app():
    for path in (ROOT / "xai").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not {name.split(".")[0] for name in names} & {"train", "app", "tests"}, path


def test_no_path_of_any_machine():
    pattern = re.compile(r"(?<![\w.])/(?:home|root|work|mnt|Users)/|\.\./" + "shared")
    for path in tracked():
        if path.suffix in {".py", ".md", ".toml", ".txt", ".json", ".yml", ".cff", ""} and path.is_file():
            assert not pattern.search(path.read_text()), path


def test_readme_is_a_space():
    meta = yaml.safe_load((ROOT / "README.md").read_text().split("---\n", 2)[1])
    assert meta["sdk"] == "gradio"
    assert re.fullmatch(r"\d+\.\d+\.\d+", meta["sdk_version"])
    assert (ROOT / meta["app_file"]).is_file()
    assert len(meta["short_description"]) <= 60
    assert not {"models", "datasets", "preload_from_hub"} & meta.keys()


def test_ci_runs_the_readmes_test_command():
    assert "\nmake test\n" in (ROOT / "README.md").read_text()
    for file in (".ci/run", ".github/workflows/test.yml"):
        assert {"make lint", "make test"} <= set(re.findall(r"make \w+", (ROOT / file).read_text())), file


def test_the_workflow_has_what_the_package_needs():
    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())
    versions = workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"] == f">={versions[0]}"


def test_it_is_cited_by_its_version_and_licence():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f'__version__ = "{project["version"]}"\n' in (ROOT / "xai/version.py").read_text()
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert (citation["version"], citation["license"]) == (project["version"], project["license"])
    assert (ROOT / "LICENSE").read_text().startswith(f"{project['license']} License\n")


def test_requirements_agree_with_the_package():
    wanted = set((ROOT / "requirements.txt").read_text().split("\n")) - {""}
    declared = (ROOT / "pyproject.toml").read_text()
    assert [line for line in wanted if f'"{line}"' not in declared] == []


LONGEST_FUNCTION, LONGEST_FILE = 60, 400  # lines


def read_imports(modules: dict[str, Path]) -> dict[str, set[str]]:
    """The modules that each of some modules imports, by name; imports inside of functions count too."""
    graph = {}
    for name, path in modules.items():
        nodes = list(ast.walk(ast.parse(path.read_text())))
        wanted = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        for node in nodes:
            if isinstance(node, ast.ImportFrom):
                parts = {f"{node.module}.{alias.name}" for alias in node.names}
                wanted |= parts if parts <= modules.keys() else {node.module, *parts}
        graph[name] = wanted & modules.keys()
    return graph


def test_no_module_imports_itself_by_way_of_others():
    modules = {}
    for path in [*ROOT.glob("xai/**/*.py"), *ROOT.glob("train/**/*.py")]:
        modules[".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")] = path
    graph = read_imports(modules)
    assert {"xai.maps", "xai.metrics.registry"} <= graph["xai.metrics.scores"]
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_a_circle_is_found(tmp_path):
    lines = {"a": "from b import c", "b": "", "b.c": "def f():\n    from d import g", "d": "import a", "e": "import a"}
    modules = {name: tmp_path / f"{name}.py" for name in lines}
    for name, path in modules.items():
        path.write_text(lines[name])
    graph = read_imports(modules)
    assert graph == {"a": {"b.c"}, "b": set(), "b.c": {"d"}, "d": {"a"}, "e": {"a"}}
    with pytest.raises(CycleError):
        TopologicalSorter(graph).prepare()


def test_functions_and_files_are_short():
    long = set()
    for path in tracked():
        name = path.relative_to(ROOT).as_posix()
        if path.suffix != ".py" or name.startswith("tests/") or not path.is_file():
            continue
        text = path.read_text()
        if text.count("\n") > LONGEST_FILE:
            long.add(name)
        functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
        long |= {f"{name}: {n.name}" for n in functions if n.end_lineno - n.lineno + 1 > LONGEST_FUNCTION}
    assert long == set()
