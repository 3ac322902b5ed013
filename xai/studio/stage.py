"""The stage: a photo, networks' maps over it, and their answers, drawn and changed in the browser.

Python sends what there is to see as data, and `browser/stage.js` draws it: so opacity, colours and views change at
once, and only a question travels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from xai.class_evidence import COLORS, Evidence
from xai.studio.sending import encode_map, send_photo

MOST = 8  # classes of which the browser is told the confidence
MANY = 50  # classes above which regions are compared for the surest ones only
VERSIONS = count(1)


@dataclass(frozen=True)
class StageMap:
    """One map of a network.

    Attributes:
        raw: (h, w); None where there is none.
        title: what tells it from the network's other maps; "" where it is the only one.
        short: the same, as short as can be.
        caption: what stands under it.
        box: around its largest region, in photo pixels.
        aside: whether it only accompanies the network's other maps.
    """

    raw: np.ndarray | None
    title: str = ""
    short: str = ""
    caption: str = ""
    box: tuple[int, int, int, int] | None = None
    aside: bool = False


@dataclass(frozen=True)
class Panel:
    """What the stage shows of one network.

    Attributes:
        key: tells the panels of a stage apart.
        name: of the network.
        brief: its short name.
        confidences: by class.
        names: what the classes are called.
        explained: the class that is explained.
        note: lines on the explanation.
        maps: its maps, the last one that is not aside stands for the network.
        evidence: which region speaks for which class; None where that is not known.
        listed: how many classes are listed; None leaves it to the stage.
        truth: the class of what the photo shows; None where that is not known.
    """

    key: str
    name: str
    brief: str
    confidences: Mapping[str, float]
    names: Mapping[str, str]
    explained: str | None = None
    note: Sequence[str] = ()
    maps: Sequence[StageMap] = ()
    evidence: Evidence | None = None
    listed: int | None = None
    truth: str | None = None


@dataclass(frozen=True)
class Verdict:
    """The line that says what the networks say; `kind` colours it: "agrees", "differs" or ""."""

    text: str
    kind: str = ""


@dataclass(frozen=True)
class Scene:
    """All that a stage shows.

    Attributes:
        photo: as the networks see it.
        panels: of each network.
        verdict: what they say in one line.
        method: the title of the method that explains them.
        example: the file of the example that the photo is; None where it is a visitor's own.
        former: the panels of the whole photo, where a part of this one is hidden.
        whole: the whole photo, where a part of this one is hidden.
    """

    photo: Image.Image
    panels: Sequence[Panel]
    verdict: Verdict
    method: str
    example: Path | None = None
    former: Sequence[Panel] = field(default=())
    whole: Image.Image | None = None


class Stage(gr.HTML):
    """Shows a `Scene`; None leaves the stage as it is.

    Args:
        shape: "columns", a network each with one large map, or "rows", a network each with several maps.
        tab: the id of the tab that it is in.
        elem_id: of the element.
    """

    def __init__(self, value: Any = None, shape: str = "columns", tab: str = "garbage", **options) -> None:
        self.shape = shape
        fixed: dict[str, Any] = {
            "html_template": '<div class="stage"></div>',
            # the names in quotes are the events that Gradio lets handlers listen to
            "js_on_load": 'studio.stage(element, props, trigger, watch, ["choose", "hide", "save"])',
            "apply_default_css": False,
            "tab": tab,
            "progress": {},  # a line for each network whose map is being computed, by its key
            "padding": False,
        }
        super().__init__(value, **{**fixed, **options})

    def postprocess(self, value: Any) -> Any:
        return self.encode(value) if isinstance(value, Scene) else value

    def encode(self, scene: Scene) -> dict[str, Any]:
        whole = scene.whole or scene.photo
        hidden = send_photo(scene.photo, self.GRADIO_CACHE) if scene.whole else None
        former = {panel.key: panel for panel in scene.former}
        return {
            "id": next(VERSIONS),
            "shape": self.shape,
            "photo": send_photo(whole, self.GRADIO_CACHE),
            "size": scene.photo.size,
            "method": scene.method,
            "example": scene.example.stem if scene.example else "",
            "verdict": {"text": scene.verdict.text, "kind": scene.verdict.kind},
            "panels": [
                {**encode_panel(panel, scene.photo, former.get(panel.key)), "hidden": hidden} for panel in scene.panels
            ],
        }

    def api_info(self) -> dict[str, Any]:
        return {"type": "object"}


def encode_panel(panel: Panel, photo: Image.Image, former: Panel | None) -> dict[str, Any]:
    """A panel as the browser takes it; `former` is the same network's on the whole photo."""
    shown = former or panel  # the same classes in the same order, so that before and after compare
    surest = sorted(shown.confidences, key=lambda label: -shown.confidences[label])[:MOST]
    rows = [{"key": c, "name": panel.names.get(c, c), "confidence": float(panel.confidences[c])} for c in surest]
    if former:
        rows = [{**row, "before": float(former.confidences[row["key"]])} for row in rows]
    return {
        "key": panel.key,
        "name": panel.name,
        "brief": panel.brief,
        "explained": panel.explained,
        "note": list(panel.note),
        "classes": rows,
        "maps": [
            {
                "title": each.title,
                "short": each.short,
                "caption": each.caption,
                "map": None if each.raw is None else encode_map(each.raw, photo),
                "box": each.box,
                "aside": each.aside,
            }
            for each in panel.maps
        ],
        "listed": panel.listed,
        "truth": panel.truth,
        "regions": encode_regions(panel, photo),
    }


def encode_regions(panel: Panel, photo: Image.Image) -> dict[str, Any] | None:
    """The maps of the classes that win most of a photo, each with its colour, and its name with its share."""
    if panel.evidence is None or panel.evidence.blank:
        return None
    evidence = keep_surest(panel.evidence)
    shares = {label: share for label, share in evidence.shares().items() if share >= 0.01}
    winners = [evidence.classes.index(label) for label in list(shares)[: len(COLORS)]]
    return {
        "layers": [encode_map(evidence.maps[k], photo) for k in winners],
        "colors": [list(COLORS[k % len(COLORS)]) for k in winners],
        "names": [
            f"{panel.names.get(evidence.classes[k], evidence.classes[k])} {shares[evidence.classes[k]]:.0%}"
            for k in winners
        ],
    }


def keep_surest(evidence: Evidence) -> Evidence:
    """The evidence for the surest classes alone, where there are too many to compare at every pixel."""
    if len(evidence.classes) <= MANY:
        return evidence
    kept = evidence.confidences.argsort()[::-1][: len(COLORS)]
    classes = [evidence.classes[k] for k in kept]
    return replace(evidence, maps=evidence.maps[kept], classes=classes, confidences=evidence.confidences[kept])
