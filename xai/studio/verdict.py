"""One line that says what networks answered, and which of them are right where the truth is known."""

from collections.abc import Sequence

from xai.studio.stage import Panel, Verdict
from xai.studio.text import say

Vote = tuple[str, str, float]  # a network's name, the class it gives, and its confidence in [0, 1]


def judge(panels: Sequence[Panel], truth: str | None, lang: str) -> Verdict:
    """What the networks of some panels say of the photo, and where its class is known, which of them are right."""
    surest = [max(panel.confidences, key=panel.confidences.__getitem__) for panel in panels]
    votes = [(panel.brief, label, panel.confidences[label]) for panel, label in zip(panels, surest, strict=True)]
    return Verdict(say_verdict(votes, truth, lang), "agrees" if len(set(surest)) == 1 else "differs")


def say_verdict(answers: Sequence[Vote], truth: str | None, lang: str) -> str:
    """What one or more networks say of a photo, in one line; it is plain text.

    Args:
        answers: of each network its name as the page shows it, its class, and its confidence in [0, 1].
        truth: the photo's class; None where it is not known.
        lang: the language.

    Raises:
        ValueError: no network answered.
    """
    if not answers:
        raise ValueError("a verdict needs the answer of one network or more")
    line = say_answers(answers, lang)
    if truth is not None:
        line = f"{line} {say_truth(answers, truth, lang)}"
    return line[0].upper() + line[1:]  # a network's name may begin it


def say_answers(answers: Sequence[Vote], lang: str) -> str:
    """Which classes networks give to a photo, each with the networks that do."""
    voters: dict[str, list[str]] = {}
    for name, label, confidence in answers:
        voter = say(lang, "verdict.voter", name=name, confidence=f"{confidence:.0%}")
        voters.setdefault(label, []).append(voter)
    votes = [{"label": say(lang, f"class.{label}"), "voters": join(each, lang)} for label, each in voters.items()]
    if len(votes) > 1:
        joined = say(lang, "verdict.or").join(say(lang, "verdict.vote", **vote) for vote in votes)
        return say(lang, "verdict.disagree", votes=joined)
    if len(answers) > 1:
        return say(lang, "verdict.both" if len(answers) == 2 else "verdict.all", count=len(answers), **votes[0])
    name, _, confidence = answers[0]
    return say(lang, "verdict.one", name=name, label=votes[0]["label"], confidence=f"{confidence:.0%}")


def say_truth(answers: Sequence[Vote], truth: str, lang: str) -> str:
    """The photo's class, and which networks gave it."""
    right = [name for name, label, _ in answers if label == truth]
    wrong = [name for name, label, _ in answers if label != truth]
    who = {1: "", 2: "both_"}.get(len(answers), "all_")
    key = f"{who}right" if right else f"{who}wrong"
    if right and wrong:
        key = "one_right" if len(answers) == 2 else "some_right"
    names = {"right": join(right, lang), "wrong": join(wrong, lang)}
    return say(lang, f"verdict.{key}", truth=say(lang, f"class.{truth}"), **names)


def join(parts: Sequence[str], lang: str) -> str:
    return say(lang, "verdict.list").join(parts)
