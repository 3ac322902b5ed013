"""Refusals: what cannot be measured is said before anything is computed."""

from collections.abc import Mapping, Sequence

from xai.checks import check_numbers
from xai.evaluation.plan import Row, Settings
from xai.metrics.games import GAMES, SUBSTRATES
from xai.metrics.hiding import HIDINGS
from xai.metrics.registry import METRICS, PLAIN, select_hiding_metrics
from xai.subject import Subject


def check_plan(
    subjects: Sequence[Subject], rows: Mapping[str, Sequence[Row]], metrics: Sequence[str], settings: Settings
) -> None:
    """Refuse what cannot be measured.

    Raises:
        ValueError: one sentence says what.
    """
    if not any(rows.values()):
        raise ValueError("none of these methods suits any of these models")
    if len(rows) < len(subjects):
        raise ValueError("two models of one name cannot be told apart in a table")
    for metric in metrics:
        if metric not in METRICS:
            raise ValueError(f"there is no metric {metric!r}; choose one of {', '.join(PLAIN)}")
    check_hiding_metrics(subjects, rows, metrics, settings)
    check_choices(settings)
    if settings.reference is not None:
        for name, each in rows.items():
            if settings.reference not in [row.name for row in each]:
                known = ", ".join(row.name for row in each)
                raise ValueError(f"{name} has no row {settings.reference!r} to compare with; it has {known}")


def check_hiding_metrics(
    subjects: Sequence[Subject], rows: Mapping[str, Sequence[Row]], metrics: Sequence[str], settings: Settings
) -> None:
    """Refuse metrics of photos seen through their maps where there is no network to see them, or no such map.

    Raises:
        ValueError: one sentence says why.
    """
    hiding = select_hiding_metrics(metrics)
    for subject in subjects if hiding else ():
        if "student" in subject.networks or not subject.networks:
            raise ValueError(
                f"{', '.join(hiding)} are measured on a network itself, as --model names it, by its own maps; "
                f"{subject.name} is a black box here: choose among {', '.join(GAMES)}"
            )
    methods = {row.method.name: row.method for each in rows.values() for row in each}
    asking = sorted(name for name, method in methods.items() if method.needs in ("answers", "gradients"))
    if "adcc" in metrics and asking:
        raise ValueError(f"adcc explains every photo twice, which takes {', '.join(asking)} too long: leave out either")
    if settings.share is not None and "constant" in methods and hiding:
        raise ValueError("of a constant map no share of the pixels is the strongest: leave out constant or --share")


def check_choices(settings: Settings) -> None:
    """Refuse settings that make no sense by themselves.

    Raises:
        ValueError: one sentence says which.
    """
    if settings.share is not None and not 0 < settings.share <= 1:
        raise ValueError(f"--share must be above 0 and at most 1, not {settings.share}")
    if settings.hiding not in HIDINGS:
        raise ValueError(f"there is no way of hiding {settings.hiding!r}; choose one of {', '.join(HIDINGS)}")
    for game, substrate in settings.substrates.items():
        if substrate not in SUBSTRATES:
            raise ValueError(f"{game} has no substrate {substrate!r}; choose one of {', '.join(SUBSTRATES)}")
    least = {"step": 1, "batch": 1, "resamples": 1, "mosaics": 1, "grid": 2, "slow_mosaics": 0}
    check_numbers("evaluate", **{name: (getattr(settings, name), limit) for name, limit in least.items()})
