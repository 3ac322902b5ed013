"""What the stage shows of a black box and of its student."""

from dataclasses import replace

from xai.agreement import TOP
from xai.methods.reading import SOURCES
from xai.studio.blackbox.answers import BlackBoxAnswer, BlackBoxSide
from xai.studio.blackbox.names import name_class, name_classes
from xai.studio.captions import say_seconds
from xai.studio.examples import find_example, read_class
from xai.studio.stage import Panel, Scene, StageMap, Verdict
from xai.studio.text import say
from xai.studio.verdict import say_truth, say_verdict

MAPS = ("attention", "evidence", "distilled")


def set_scene(answer: BlackBoxAnswer, lang: str) -> Scene:
    """What black box and student say, with the maps there are at once; only a sentence where there is no answer."""
    side, example = answer.side, find_example(answer.photo)
    if side.silent:
        return Scene(answer.photo, [], Verdict(say(lang, "no_answer"), "differs"), "", example)
    names = name_classes(side.classes, lang)
    shown = say(lang, f"class.{read_class(example)}") if example else ""
    truth = next((label for label in side.classes if names[label] == shown), None)  # a black box may not know it
    panels = [replace(panel, truth=truth) for panel in list_panels(answer, lang)]
    return Scene(answer.photo, panels, judge(side, truth, lang), name_shown(side, lang), example)


def name_shown(side: BlackBoxSide, lang: str) -> str:
    """The method of the maps on the stage."""
    return say(lang, "map_single" if side.explained is None else "method.distilled")


def list_panels(answer: BlackBoxAnswer, lang: str) -> list[Panel]:
    """The black box's panel, then its student's; maps stand with the one they were made of."""
    side, names = answer.side, name_classes(answer.side.classes, lang)
    maps, note = list_maps(answer, lang)
    says, brief = say(lang, "black_box_says"), say(lang, "black_box")
    black_box = Panel("black_box", says, brief, side.confidences, names, side.wanted, listed=TOP)
    if side.imitated is None:
        return [replace(black_box, note=note, maps=maps, evidence=side.evidence)]
    says, brief, lines = say(lang, "student_says"), say(lang, "brief.blackbox-student"), describe_agreement(side, lang)
    student = Panel("student", says, brief, side.imitated, names, side.wanted, lines, listed=TOP)
    if side.single is None or side.single.source == SOURCES["student"]:
        return [black_box, replace(student, note=[*note, *lines], maps=maps, evidence=side.evidence)]
    return [replace(black_box, note=note, maps=maps, evidence=side.evidence), student]


def list_maps(answer: BlackBoxAnswer, lang: str) -> tuple[list[StageMap], list[str]]:
    """The maps of attention, of evidence and of both together, or a single one, and lines on them."""
    side = answer.side
    if side.explained is not None:
        return list_three_maps(answer, lang)
    name = name_class(side.wanted, side.classes, lang)
    if side.single is None:
        return [StageMap(None)], [say(lang, "alone.closed")]
    e = side.single
    more = say(lang, "blank", label=name) if e.blank else say(lang, f"single.{e.source}")
    note = [say_seconds(name, e.seconds, lang), more]
    return [StageMap(None if e.blank else e.raw, box=e.bounding_box())], note


def list_three_maps(answer: BlackBoxAnswer, lang: str) -> tuple[list[StageMap], list[str]]:
    side = answer.side
    raws = side.explained.combine(answer.choice)
    name = name_class(side.wanted, side.classes, lang)
    note = [say_seconds(name, side.explained.seconds, lang)]
    if raws[-1] is None:
        note = [say(lang, "nothing_chosen")]
    blank = [str(i) for i, raw in enumerate(raws, start=1) if raw is not None and not raw.any()]
    if blank:
        note.append(say(lang, "blank_maps", maps=", ".join(blank)))
    maps = [
        StageMap(
            raw if raw is not None and raw.any() else None,
            say(lang, f"map_{which}"),
            say(lang, f"map_{which}"),
            say(lang, f"map_{which}_is"),
        )
        for which, raw in zip(MAPS, raws, strict=True)
    ]
    return maps, note


def describe_agreement(side: BlackBoxSide, lang: str) -> list[str]:
    """Lines on how far the student may speak for the black box on this photo."""
    agreement = side.agreement
    if agreement is None:
        return []
    lines = [say(lang, "divergence", divergence=agreement.divergence)]
    if agreement.agreed:
        lines.insert(0, say(lang, "ranked", agreed=agreement.agreed, count=len(agreement.teacher)))
    elif side.single is None or side.single.source == SOURCES["student"]:
        lines.insert(0, say(lang, "not_reasons"))
    if side.explained is None:
        lines.append(say(lang, "no_figure"))
    return lines


def judge(side: BlackBoxSide, truth: str | None, lang: str) -> Verdict:
    """Whether the student agrees; without one, what the black box says. Then who is right, where that is known."""
    names = name_classes(side.classes, lang)
    votes = [(say(lang, "black_box"), side.confidences)]
    if side.imitated is not None:
        votes.append((say(lang, "brief.blackbox-student"), side.imitated))
    surest = [max(said, key=said.__getitem__) for _, said in votes]
    named = [(who, names[label], said[label]) for (who, said), label in zip(votes, surest, strict=True)]
    if len(votes) == 1:
        text = say_verdict(named, None, lang)
    else:
        key = "agrees" if surest[0] == surest[1] else "differs"
        text = say(lang, key, teacher=names[surest[0]], student=names[surest[1]])
    if truth is not None:
        text = f"{text} {say_truth(named, names[truth], lang)}"
    return Verdict(text, "agrees" if len(set(surest)) == 1 else "differs")
