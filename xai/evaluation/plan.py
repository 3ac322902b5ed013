"""What is to be measured: which rows the table has."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from xai.layers import COMBINED, suitable_layers
from xai.methods import Method, UnsuitableError, method_of
from xai.methods.reading import choose_role, plan_reading
from xai.methods.registry import METHODS
from xai.metrics.controls import COMPANIONS
from xai.metrics.games import GAMES, STEP
from xai.metrics.hiding import Hiding
from xai.models import Classifier
from xai.models.classifier import INPUT
from xai.subject import Subject

ROLES = ("teacher", "student")  # of a black box's networks, as variants of methods that read one
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
class Row:
    """A row of the table: one method, at one layer, of one network.

    Attributes:
        name: as the table has it.
        method: how the photo is explained.
        role: of the network it reads, as `Subject.networks` has it; empty where it reads none.
        layer: of that network; empty where the photo is explained as a whole.
        options: of the method.
        companion: of another row, as `COMPANIONS` has them; empty where it is none.
        of: the name of that row.
    """

    name: str
    method: Method
    role: str = ""
    layer: str = ""
    options: Mapping[str, object] = field(default_factory=dict)
    companion: str = ""
    of: str = ""

    @property
    def control(self) -> bool:
        """It knows nothing of any photo."""
        return self.method.is_control

    @property
    def to_beat(self) -> bool:
        """It does not explain the photo: an explanation has to be better."""
        return self.control or bool(self.companion)

    @property
    def slow(self) -> bool:
        """It asks so many questions, or runs the network so often, that a mosaic takes it many seconds."""
        return self.method.pace != "instant" and not self.method.short_cut

    @property
    def all_options(self) -> dict[str, object]:
        """Those that were given, and the defaults of the others."""
        return self.method.defaults | dict(self.options)

    @property
    def looks_inside(self) -> bool:
        """It explains a network's features, from a forward pass that others may share."""
        return self.method.needs == "features" and not self.companion

    @property
    def asks(self) -> bool:
        """It asks, or descends by gradients, photo by photo."""
        return self.method.needs in ("answers", "gradients") and not self.companion

    def beside(self, companion: str) -> "Row":
        """The control that is made of this row's maps of other photos."""
        return replace(self, name=f"{self.name}:{companion}", companion=companion, of=self.name)


def plan_rows(
    subject: Subject, specs: Sequence[str], settings: Settings, layers: Sequence[str] = ()
) -> tuple[list[Row], dict[str, UnsuitableError]]:
    """The rows that specifications `NAME[:VARIANT][@LAYER]` mean, and which do not suit the subject, with the reason.

    Args:
        subject: who is asked.
        specs: methods; the variant of one that reads a network of a black box says which, `teacher` or `student` (by
            default the teacher where it is no secret), or it is one of the method's own: `distilled:literal` is as
            published, and `random:7` has as many cells a side. `another` and `mean` give every row of a method such a
            row beside it, `ROW:another` and `ROW:mean`.
        settings: for the methods' options.
        layers: for methods that read features and name no layer: some, or `all` that are usually explained, and their
            combination; none is each method's usual one.

    Raises:
        ValueError: there is no such method, variant or option, or no network to read.
    """
    rows: dict[str, Row] = {}
    troubles: dict[str, UnsuitableError] = {}
    for spec in specs:
        name, variant, layer = parse_spec(spec)
        if name in COMPANIONS:
            continue
        try:
            for row in plan_rows_of_method(subject, method_of(name), variant, layer, settings, layers):
                rows[row.name] = row
        except UnsuitableError as trouble:
            if trouble.reason in ("closed", "reads"):  # no other subject of this run would do either
                raise
            troubles[spec] = trouble
    companions = [name for name in COMPANIONS if name in specs]
    return [each for row in rows.values() for each in add_companions(row, companions)], troubles


def plan_rows_of_method(
    subject: Subject, method: Method, variant: str, layer: str, settings: Settings, layers: Sequence[str]
) -> list[Row]:
    """The rows of one method: one, or one for each layer.

    Raises:
        ValueError: it has no such layer or option, or there is no network to read, or it does not suit it.
    """
    reads = variant if variant in ROLES else None
    options = {**method.variants.get(variant, {}), **settings.options.get(method.name, {})}
    role = choose_role(subject, method, reads)
    shown = variant or (role if "student" in subject.networks and not method.of_student else "")
    name = f"{method.name}:{shown}" if shown else method.name
    if method.needs != "features":
        plan_reading(subject, method.name, layer or None, reads, options)
        return [Row(name, method, role, "", options)]
    rows, network = [], subject.networks[role]
    for each in [layer] if layer else expand_layers(network, method, layers):
        for one in suitable_layers(network, method.name) if each == COMBINED else [each or None]:
            plan_reading(subject, method.name, one, reads, options)
        own = f"{name}@{each}" if each else name
        rows.append(Row(own, method, role, each or method.layer(network), options))
    return rows


def add_companions(row: Row, companions: Sequence[str]) -> list[Row]:
    """A row, and below it those that are made of its maps of other photos; a control has none."""
    return [row, *(row.beside(companion) for companion in companions if not row.control)]


def parse_spec(spec: str) -> tuple[str, str, str]:
    """Method, variant and layer of `NAME[:VARIANT][@LAYER]`; what is not given is empty.

    Raises:
        ValueError: it is written differently, or there is no such method or variant.
    """
    match = re.fullmatch(r"([^:@]+)(?::([^:@]+))?(?:@([^:@]+))?", spec)
    if not match:
        raise ValueError(f"a method is written NAME[:VARIANT][@LAYER], not {spec!r}")
    name, variant, layer = (part or "" for part in match.groups())
    if name in COMPANIONS and (variant or layer):
        raise ValueError(f"{name} has no variant {variant or layer!r}; it has none")
    if name in COMPANIONS:
        return name, "", ""
    if name not in METHODS:
        raise ValueError(f"there is no method {name!r}; choose one of {', '.join([*METHODS, *COMPANIONS])}")
    method = METHODS[name]
    variants = [*(ROLES if method.reads_network and not method.of_student else ()), *method.variants]
    if variant and variant not in variants:
        raise ValueError(f"{name} has no variant {variant!r}; it has {', '.join(variants) or 'none'}")
    if layer and method.needs != "features":
        raise ValueError(f"{name} explains no layer, so none such as {layer!r}")
    return name, variant, layer


def expand_layers(network: Classifier, method: Method, layers: Sequence[str]) -> list[str]:
    """The layers meant, `all` written out; one without a name where none is given."""
    if list(layers) != [ALL_LAYERS]:
        return list(layers) or [""]
    suitable = suitable_layers(network, method.name)
    if suitable == [INPUT]:
        return [""]
    return [*suitable, COMBINED] if len(suitable) > 1 else suitable
