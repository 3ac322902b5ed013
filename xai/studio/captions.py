"""What stands under heatmaps in words, the same in every tab."""

import time

from xai import Explanation
from xai.studio.answers import Side
from xai.studio.methods import TITLES, reads_class
from xai.studio.text import say


def describe_explanation(e: Explanation, method: str, lang: str) -> list[str]:
    """Lines on the class that is explained, and, where the method's map is the same for every class, on that."""
    name = say(lang, f"class.{e.label}")
    lines = [say_seconds(name, e.seconds, lang)]
    if e.blank:
        lines.append(say(lang, "blank", label=name))
    if not reads_class(method):
        lines.append(say(lang, "whatever_class", method=TITLES[method]))
    return lines


def say_seconds(name: str, seconds: float, lang: str) -> str:
    """Which class is explained, by its name on the page, and how long that took."""
    return say(lang, "seconds", label=name, seconds=format_seconds(seconds))


def say_why_missing(side: Side, lang: str) -> str:
    """Why there is no explanation: none suits, or it takes its time."""
    if side.trouble:
        return say(lang, f"unsuitable.{side.trouble.reason}", **side.trouble.details)
    return say(lang, "waiting" if side.pending else "not_followed", method=TITLES[side.question.method])


def say_progress(title: str, done: float, started: float, lang: str) -> str:
    """How much of a slow method is done, and how long the rest will take at the same speed.

    Args:
        title: the method's name on the page.
        done: the share done, in [0, 1].
        started: when its clock began, by `time.perf_counter`.
        lang: the language.
    """
    left = (1 - done) / max(done, 1e-6) * (time.perf_counter() - started)
    return say(lang, "progress", method=title, done=f"{done:.0%}", left=f"{left:.0f}")


def format_seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"
