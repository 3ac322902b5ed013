"""The tables of the READMEs and model cards: python -m benchmarks.tables makes them anew.

A table stands between `<!-- table: NAME -->` and `<!-- end of table -->`, in one place only. It is made from a results
file, so that no figure is typed by hand; a test compares each table with what is made here. Where a results file is
missing, the table is empty.
"""

import re
from collections.abc import Callable

from benchmarks import combinations, controls, familiar
from benchmarks.record import ROOT
from benchmarks.tables import attention, explanations, networks, training
from benchmarks.tables.plain import by_module, by_rows
from xai.zoo import CHECKPOINTS

BLOCK = re.compile(r"<!-- table: ([\w-]+) -->\n(.*?)<!-- end of table -->\n", re.DOTALL)
READMES = (
    ROOT / "README.md",
    ROOT / "xai/README.md",
    ROOT / "train/README.md",
    ROOT / "benchmarks/README.md",
    CHECKPOINTS / "README.md",
)
CARDS = tuple(CHECKPOINTS / name / "README.md" for name in networks.SHIPPED)
PYRAMIDS_CARD = "pyramid-fal"  # has the tables of both pyramids
TRIED = ("recipes", "seeds", "pyramids", "students", "combinations", "leaked")
TABLES: dict[str, Callable[[], str]] = {
    "models": networks.models,
    "calibration": networks.calibration,
    "paired": networks.paired,
    "duplicates": networks.duplicates,
    "familiar": by_module("familiar", familiar),
    "methods": explanations.methods,
    "similar": explanations.similar,
    "mosaic": explanations.mosaic_test(pyramids=False),
    "mosaic-differences": explanations.mosaic_differences(pyramids=False),
    "mosaic-pyramids": explanations.mosaic_test(pyramids=True),
    "mosaic-pyramid-differences": explanations.mosaic_differences(pyramids=True),
    **{f"mosaic-of-{name}": explanations.mosaic_of(name) for name in networks.SHIPPED if name != PYRAMIDS_CARD},
    "layers": explanations.layers,
    "attention-pyramids": attention.compared("attention-pyramids"),
    "attention-seen": attention.seen_through_maps,
    "attention-effects": attention.effects,
    "attention-garbage": attention.compared("attention-garbage"),
    "combinations": by_module("combinations", combinations),
    "controls": by_module("pyramid-controls", controls),
    "agreement": explanations.agreement,
    "games": explanations.games,
    "games-differences": explanations.games_differences,
    "games-by-agreement": explanations.games_by_agreement,
    "games-on-few": explanations.games_on_few,
    "rise-questions": explanations.rise_questions,
    "presets": training.presets,
    "protocol": training.protocol,
    "cost": training.cost,
    "folders": by_rows("folders"),
    **{f"tried-{name}": training.tried(name) for name in TRIED},
    "runs": training.logged(students=False),
    "runs-of-students": training.logged(students=True),
    "differences": training.differences,
    "sources": training.sources,
    "scorecam": by_rows("scorecam"),
    "speed": by_rows("methods"),
    "memory": by_rows("memory"),
}


def fill(text: str) -> str:
    """A text with each table in it made anew.

    Raises:
        KeyError: there is no table of a name in it.
    """

    def block(found: re.Match) -> str:
        table = TABLES[found[1]]()
        inner = f"\n{table}\n" if table else ""
        return f"<!-- table: {found[1]} -->\n{inner}<!-- end of table -->\n"

    return BLOCK.sub(block, text)
