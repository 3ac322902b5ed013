"""Results as JSON files: what a command measured, with the command, the commit, the machine and the date."""

import datetime
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.timing import machine
from xai.markdown import format_table

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks/results"


def place(name: str) -> Path:
    """The results file of a name, `benchmarks/results/NAME.json`; a name that ends in .json is the whole path."""
    return Path(name) if name.endswith(".json") else RESULTS / f"{name}.json"


def write(name: str, rows, command: str | None = None, **extra) -> Path:
    """Write rows to the results file of a name.

    The command is this process's own where none is given; absolute paths in it are cut to their last part.
    """
    path = place(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {
        "command": without_folders(command or running_command()),
        "commit": commit(),
        "machine": machine(),
        "date": datetime.date.today().isoformat(),
        **extra,
        "rows": rows,
    }
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False, default=as_number) + "\n", encoding="utf-8")
    return path


def read(name: str, folder: Path = RESULTS) -> dict | None:
    """What a results file holds; None where there is none."""
    file = folder / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def origin(found: dict) -> str:
    """How the figures came about, as a line of text."""
    return f"\n`{found['command']}`, {found['date']}, commit {found['commit']}, {found['machine']}.\n"


def markdown(head: Sequence[str], rows: Sequence[Sequence]) -> str:
    """A table as Markdown."""
    return "".join(f"{line}\n" for line in format_table(head, rows))


def running_command() -> str:
    """The command of this process, as a reader would type it in the repository."""
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    script = f"-m {spec.name.removesuffix('.__main__')}" if spec else Path(sys.argv[0]).name
    return " ".join(["python", script, *(shlex.quote(argument) for argument in sys.argv[1:])])


def without_folders(text: str) -> str:
    """A text with each absolute path in it cut to its last part; addresses stay."""
    return re.sub(r"(?<![\w./~-])/(?!/)(?:[^/\s>=,]+/)*([^/\s>=,]*)", r"\1", text)


def commit() -> str | None:
    """The commit of the code, with a plus where files have been changed since; None outside a git repository."""
    try:
        head = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
        changed = ["git", "-C", str(ROOT), "diff", "--quiet", "HEAD", "--", "*.py"]
        short = subprocess.run(head, capture_output=True, text=True, check=True).stdout.strip()
        return short + ("+" if subprocess.run(changed).returncode else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def as_number(value):
    """A NumPy or PyTorch value as Python's own."""
    return value.tolist()
