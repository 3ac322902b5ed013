"""Rules the whole repository keeps."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

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
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert (citation["version"], citation["license"]) == (project["version"], project["license"])
    assert (ROOT / "LICENSE").read_text().startswith(f"{project['license']} License\n")


def test_requirements_agree_with_the_package():
    wanted = set((ROOT / "requirements.txt").read_text().split("\n")) - {""}
    declared = (ROOT / "pyproject.toml").read_text()
    assert [line for line in wanted if f'"{line}"' not in declared] == []
