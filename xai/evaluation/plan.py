"""What is to be measured: who is asked, and by which methods."""

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from xai.blackbox.blackbox import BlackBox
from xai.blackbox.explain import BASELINES, check, looked_into
from xai.layers import COMBINED, suitable_layers
from xai.methods import METHODS, UnsuitableError
from xai.methods.distilled import LITERAL
from xai.metrics.controls import COMPANIONS, CONTROLS
from xai.metrics.games import GAMES, STEP
from xai.metrics.hiding import Hiding
from xai.models import Classifier

TEACHER, STUDENT = "teacher", "student"
RANDOM = "random"
CONTROL_NAMES = (*CONTROLS, RANDOM)
PUBLISHED = {"normalised": False, "masks": 4000}  # RISE's own form, for VGG-16
VARIANTS = {  # options by what is written for them
    "distilled": {"literal": LITERAL},
    RANDOM: {"7": {"cells": 7}},
    "rise": {"published": PUBLISHED},
}
ALL_LAYERS = "all"
SLOW_MOSAICS = 5


@dataclass(frozen=True)
class Settings:
    """Every choice that changes a figure.

    Attributes:
        step: pixels changed from one question of a game to the next.
        substrates: what pixels go to, or come from, by game.
        hiding: what takes the place of pixels that a map hides, for drop, increase, gain and ADCC.
        share: keep only this share of the pixels there, those with the largest values; None dims each by its value.
        options: of methods, by their names.
        mosaics: how many each network is tested on.
        slow_mosaics: how many of these by slow methods, which ask hundreds of questions or run the network as often.
        grid: photos a side of a mosaic.
        seed: of random maps, and of which photos stand together in a mosaic.
        batch: photos that a network explains at once.
        resamples: of the photos, for the intervals.
        reference: the row that all others are compared with, photo by photo.
    """

    step: int = STEP
    substrates: Mapping[str, str] = field(default_factory=lambda: dict(GAMES))
    hiding: Hiding = "black"
    share: float | None = None
    options: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    mosaics: int = 50
    slow_mosaics: int = SLOW_MOSAICS
    grid: int = 2
    seed: int = 0
    batch: int = 8
    resamples: int = 2000
    reference: str | None = None


@dataclass(frozen=True)
class Subject:
    """Who answers, and whose inside stands in for its own.

    Attributes:
        black_box: who is asked for the class, and in games.
        student: a network that imitates it, for methods that look inside one.
        student_name: what that is called.
    """

    black_box: BlackBox
    student: Classifier | None = None
    student_name: str = STUDENT

    @property
    def name(self) -> str:
        return self.black_box.name

    def network(self, whose: str) -> Classifier | None:
        return {TEACHER: self.black_box.white, STUDENT: self.student}[whose]

    def called(self, whose: str) -> str:
        """Who is looked into, or asked."""
        return self.student_name if whose == STUDENT else self.name


@dataclass(frozen=True)
class Row:
    """A row of the table: one method, at one layer, of one network.

    Attributes:
        name: as the table has it.
        method: its name alone.
        whose: network it looks into, `teacher` or `student`; empty where it looks into none.
        layer: of that network; empty where it looks into none.
        options: of the method.
        companion: of another row, as `COMPANIONS` has them; empty where it is none.
        of: the name of that row.
    """

    name: str
    method: str
    whose: str = ""
    layer: str = ""
    options: Mapping[str, object] = field(default_factory=dict)
    companion: str = ""
    of: str = ""

    @property
    def control(self) -> bool:
        """It knows nothing of any photo."""
        return self.method in CONTROL_NAMES

    @property
    def to_beat(self) -> bool:
        """It does not explain the photo: an explanation has to be better."""
        return self.control or bool(self.companion)

    @property
    def slow(self) -> bool:
        """It asks so many questions, or runs the network so often, that a mosaic takes it many seconds."""
        known = METHODS.get(self.method)
        return self.method in BASELINES or (known is not None and bool(known.slow) and not known.short_cut)

    @property
    def all_options(self) -> dict[str, object]:
        """Those that were given, and the defaults of the others."""
        known = {**METHODS, **BASELINES}.get(self.method)
        parameters = inspect.signature(known.run).parameters if known else {}
        return {name: p.default for name, p in parameters.items() if p.kind is p.KEYWORD_ONLY} | dict(self.options)

    @property
    def looks_inside(self) -> bool:
        """It explains a network's features, from a forward pass that others may share."""
        return self.method in METHODS and not self.companion

    def beside(self, companion: str) -> "Row":
        """The control that is made of this row's maps of other photos."""
        return replace(self, name=f"{self.name}:{companion}", companion=companion, of=self.name)


def rows_of(
    subject: Subject, specs: Sequence[str], settings: Settings, layers: Sequence[str] = ()
) -> tuple[list[Row], dict[str, UnsuitableError]]:
    """The rows that specifications `NAME[:VARIANT][@LAYER]` mean, and which do not suit the subject, with the reason.

    Args:
        subject: who is asked.
        specs: methods; the variant of one that looks into a network says whose, `teacher` or `student` (by default the
            teacher's, where it is white); `distilled:literal` is as published, and `random:7` has as many cells a side.
            `another` and `mean` give every row of a method such a row beside it, `ROW:another` and `ROW:mean`.
        settings: for the methods' options.
        layers: for methods that look inside and name no layer: some, or `all` that are usually explained, and their
            combination; none is each method's usual one.

    Raises:
        ValueError: there is no such method, variant or option, or nobody to look into.
    """
    rows: dict[str, Row] = {}
    troubles: dict[str, UnsuitableError] = {}
    for spec in specs:
        method, variant, layer = parsed(spec)
        if method in COMPANIONS:
            continue
        options = {**VARIANTS.get(method, {}).get(variant, {}), **settings.options.get(method, {})}
        network, whose = looked_into_by(subject, method, variant)
        shown = variant or (whose if subject.student is not None and method != "distilled" else "")
        name = f"{method}:{shown}" if shown else method
        if method in BASELINES:
            check(network, method, options)
        if method not in METHODS:
            if layer:
                raise ValueError(f"{method} explains no layer, so none such as {layer!r}")
            rows[name] = Row(name, method, whose, "", options)
            continue
        try:
            for each in [layer] if layer else expanded(network, method, layers):
                check_layer(network, method, each, options)
                own = f"{name}@{each}" if each else name
                rows[own] = Row(own, method, whose, each or METHODS[method].layer(network, None), options)
        except UnsuitableError as trouble:
            troubles[spec] = trouble
    companions = [name for name in COMPANIONS if name in specs]
    return [each for row in rows.values() for each in with_companions(row, companions)], troubles


def with_companions(row: Row, companions: Sequence[str]) -> list[Row]:
    """A row, and below it those that are made of its maps of other photos; a control has none."""
    return [row, *(row.beside(companion) for companion in companions if not row.control)]


def parsed(spec: str) -> tuple[str, str, str]:
    """Method, variant and layer of `NAME[:VARIANT][@LAYER]`; what is not given is empty.

    Raises:
        ValueError: it is written differently, or there is no such method or variant.
    """
    match = re.fullmatch(r"([^:@]+)(?::([^:@]+))?(?:@([^:@]+))?", spec)
    if not match:
        raise ValueError(f"a method is written NAME[:VARIANT][@LAYER], not {spec!r}")
    method, variant, layer = (part or "" for part in match.groups())
    known = [*METHODS, *BASELINES, *CONTROL_NAMES, *COMPANIONS]
    if method not in known:
        raise ValueError(f"there is no method {method!r}; choose one of {', '.join(dict.fromkeys(known))}")
    inside = method in METHODS or (method in BASELINES and BASELINES[method].needs_gradients)
    variants = [*([TEACHER, STUDENT] if inside and method != "distilled" else []), *VARIANTS.get(method, {})]
    if variant and variant not in variants:
        raise ValueError(f"{method} has no variant {variant!r}; it has {', '.join(variants) or 'none'}")
    return method, variant, layer


def looked_into_by(subject: Subject, method: str, variant: str) -> tuple[Classifier | None, str]:
    """The network a method looks into, and whose it is; None where it looks into none.

    Raises:
        ValueError: there is no such network, or it knows other classes.
    """
    if method in CONTROL_NAMES:
        return None, ""
    white = subject.black_box.white
    student = white if method == "distilled" and subject.student is None else subject.student
    gradients = variant if variant in (TEACHER, STUDENT) else "auto"
    network, _ = looked_into(subject.black_box, method, student, gradients)
    return network, "" if network is None else TEACHER if network is white else STUDENT


def check_layer(network: Classifier, method: str, layer: str, options: Mapping[str, object]) -> None:
    """Refuse a layer, or the combination of all, that a method does not suit, and options that it does not have.

    Raises:
        ValueError: one sentence says which.
    """
    for each in suitable_layers(network, method) if layer == COMBINED else [layer or None]:
        check(network, method, {**options, "target_layer": each})


def expanded(network: Classifier, method: str, layers: Sequence[str]) -> list[str]:
    """The layers meant, `all` written out; one without a name where none is given."""
    if list(layers) != [ALL_LAYERS]:
        return list(layers) or [""]
    suitable = suitable_layers(network, method)
    return [*suitable, COMBINED] if len(suitable) > 1 else suitable
