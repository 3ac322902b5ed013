"""The explanation methods by name, each with what it needs and what is known of it before it runs."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from xai.methods.suitability import Condition, UnsuitableError, needs_a_layer
from xai.models import Classifier
from xai.models.classifier import INPUT
from xai.references import REFERENCES, Reference

Needs = Literal["features", "gradients", "answers", "nothing"]
Pace = Literal["instant", "seconds", "minutes"]


@dataclass(frozen=True)
class Method:
    """A method and what is known of it before it runs.

    What `run` takes and gives depends on what the method needs of the subject:

    | needs | `run` takes | and gives |
    | --- | --- | --- |
    | features | `Activations` of a batch, targets (B) or None for the predicted classes, a layer | maps (B, h, w) |
    | gradients | a `Classifier`, pixels (1, 3, S, S) in [0, 1], a target | an `Estimate` |
    | answers | a `Subject`, pixels (1, 3, S, S) in [0, 1], a target | an `Estimate` |
    | nothing | pixels (B, 3, S, S) for their shape alone, a seed for each photo (B) | maps (B, S, S) |

    A slow one gives it as `xai.steps.Steps`. All take their options by name.

    Attributes:
        name: by which it is asked for.
        title: as it is written in the literature.
        run: the function.
        needs: see above.
        conditions: what else it asks of a network and a layer whose features it reads.
        pace: how long one photo takes it on a CPU.
        short_cut: it is instant all the same at the last layer of a network with global average pooling and one linear
            layer.
        reads_class: the map depends on the class.
        usual_layer: the layer where none is named; None is the network's last.
        of_student: it explains a black box through its student, even where the black box's own network is no secret.
        number: its option that says how many questions it asks, where that can be chosen.
        source: key of the work it comes from in `xai.references.REFERENCES`; empty for a control.
        variants: sets of options that have a name of their own: `rise:published`.
    """

    name: str
    title: str
    run: Callable
    needs: Needs = "features"
    conditions: tuple[Condition, ...] = (needs_a_layer,)
    pace: Pace = "instant"
    short_cut: bool = False
    reads_class: bool = True
    usual_layer: str | None = None
    of_student: bool = False
    number: str = ""
    source: str = ""
    variants: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """What it shows: the first line of its docstring, without the name."""
        return (inspect.getdoc(self.run) or "").partition("\n")[0].partition(": ")[2]

    @property
    def reference(self) -> Reference | None:
        """The work it comes from; None for a control."""
        return REFERENCES.get(self.source)

    @property
    def defaults(self) -> dict[str, Any]:
        """Its options with their defaults."""
        parameters = inspect.signature(self.run).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}

    @property
    def options(self) -> list[str]:
        """The names of its options."""
        return list(self.defaults)

    @property
    def is_control(self) -> bool:
        """It knows nothing of the photo: what an explanation has to beat."""
        return self.needs == "nothing"

    @property
    def reads_network(self) -> bool:
        """It looks into a network."""
        return self.needs in ("features", "gradients")

    def layer(self, network: Classifier | None, target_layer: str | None = None) -> str:
        """The layer that it explains; `input` for a method that reads none."""
        if self.needs != "features" or network is None:
            return INPUT
        return target_layer if target_layer is not None else self.usual_layer or network.last_layer

    def unsuitable(self, network: Classifier | None, target_layer: str | None = None) -> UnsuitableError | None:
        """Why it cannot explain this network at this layer; None where it can."""
        if self.needs != "features" or network is None:
            whole = target_layer in (None, INPUT)
            return None if whole else UnsuitableError("layerless", title=self.title, layer=target_layer)
        layer = self.layer(network, target_layer)
        if layer != INPUT and layer not in network.layers:
            return UnsuitableError("layer", layer=layer, layers=", ".join(network.layers))
        troubles = (condition(network, layer, self.title) for condition in self.conditions)
        return next(filter(None, troubles), None)

    def is_slow(self, network: Classifier | None, target_layer: str | None = None) -> bool:
        """Whether it takes longer than a moment at this layer of this network."""
        layer = self.layer(network, target_layer)
        if self.short_cut and network is not None and network.linear_weights(layer) is not None:
            return False
        return self.pace != "instant"

    def check_options(self, options: Mapping[str, object]) -> None:
        """Refuse options that it does not have.

        Raises:
            ValueError: there is one.
        """
        for option in options:
            if option not in self.defaults:
                raise ValueError(f"{self.name} has no option {option!r}; it has {', '.join(self.options) or 'none'}")


METHODS: dict[str, Method] = {}


def method(name: str, title: str | None = None, **known) -> Callable[[Callable], Callable]:
    """A decorator that enters a function as the method `name`, with the attributes of `Method` that differ from usual.

    Raises:
        ValueError: there is a method of this name already, or no such source, need or pace.
    """

    def enter(run: Callable) -> Callable:
        entered = Method(name, title or name, run, **known)
        if name in METHODS:
            raise ValueError(f"there are two methods called {name!r}")
        if entered.source and not entered.reference:
            raise ValueError(f"{name} comes from {entered.source!r}, which xai/references.py does not list")
        for attribute, choices in (("needs", get_args(Needs)), ("pace", get_args(Pace))):
            if getattr(entered, attribute) not in choices:
                raise ValueError(f"{attribute} of {name} must be one of {', '.join(choices)}")
        METHODS[name] = entered
        return run

    return enter


def method_of(name: str) -> Method:
    """A method by name.

    Raises:
        ValueError: there is none of this name.
    """
    if name not in METHODS:
        raise UnsuitableError("method", method=name, methods=", ".join(METHODS))
    return METHODS[name]


def find_variant(name: str) -> tuple[Method, Mapping[str, object]]:
    """A method by name, NAME or NAME:VARIANT, and the options of that variant.

    Raises:
        ValueError: there is no such method or variant.
    """
    name, colon, variant = name.partition(":")
    found = method_of(name)
    if not colon:
        return found, {}
    if variant not in found.variants:
        there = ", ".join(f"{name}:{each}" for each in found.variants)
        raise ValueError(f"{name} has no variant {variant!r}; it has {there or 'none'}")
    return replace(found, title=f"{found.title} ({variant})"), found.variants[variant]
