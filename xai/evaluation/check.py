"""What cannot be measured is said before anything is computed."""

from collections.abc import Sequence

from xai.evaluation.figures import METRICS, PLAIN, SEEN
from xai.evaluation.plan import Row, Settings
from xai.metrics.games import GAMES, SUBSTRATES
from xai.metrics.hiding import HIDINGS
from xai.subject import Subject


def check(subjects: Sequence[Subject], rows: dict[str, list[Row]], metrics: Sequence[str], settings: Settings) -> None:
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
    seen = [metric for metric in metrics if set(METRICS[metric].parts) >= set(SEEN)]
    for subject in subjects if seen else ():
        if "student" in subject.networks or not subject.networks:
            raise ValueError(
                f"{', '.join(seen)} are measured on a network itself, as --model names it, by its own maps; "
                f"{subject.name} is a black box here: choose among {', '.join(GAMES)}"
            )
    methods = {row.method.name: row.method for each in rows.values() for row in each}
    asking = sorted(name for name, method in methods.items() if method.needs in ("answers", "gradients"))
    if "adcc" in metrics and asking:
        raise ValueError(f"adcc explains every photo twice, which takes {', '.join(asking)} too long: leave out either")
    if settings.share is not None and "constant" in methods and seen:
        raise ValueError("of a constant map no share of the pixels is the strongest: leave out constant or --share")
    if settings.share is not None and not 0 < settings.share <= 1:
        raise ValueError(f"--share must be above 0 and at most 1, not {settings.share}")
    if settings.hiding not in HIDINGS:
        raise ValueError(f"there is no way of hiding {settings.hiding!r}; choose one of {', '.join(HIDINGS)}")
    for game, substrate in settings.substrates.items():
        if substrate not in SUBSTRATES:
            raise ValueError(f"{game} has no substrate {substrate!r}; choose one of {', '.join(SUBSTRATES)}")
    for name, least in (("step", 1), ("batch", 1), ("resamples", 1), ("mosaics", 1), ("grid", 2), ("slow_mosaics", 0)):
        if getattr(settings, name) < least:
            raise ValueError(f"--{name.replace('_', '-')} must be at least {least}, not {getattr(settings, name)}")
    if settings.reference is not None:
        for name, each in rows.items():
            if settings.reference not in [row.name for row in each]:
                known = ", ".join(row.name for row in each)
                raise ValueError(f"{name} has no row {settings.reference!r} to compare with; it has {known}")
