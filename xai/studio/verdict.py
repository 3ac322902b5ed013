"""One line that says what the networks say."""

from collections.abc import Sequence

from xai.studio.stage import Panel, Verdict


def judge(panels: Sequence[Panel], truth: str | None, lang: str) -> Verdict:
    """What the panels' networks say of the photo, and where its class is known, who is right."""
    surest = [max(panel.confidences, key=panel.confidences.__getitem__) for panel in panels]
    return Verdict(", ".join(surest), "agrees" if len(set(surest)) == 1 else "differs")
