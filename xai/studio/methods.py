"""What the page knows of explanation methods: the one place where it lists them by name."""

from collections.abc import Iterable, Sequence

from xai.blackbox.explain import BASELINES
from xai.methods import METHODS
from xai.methods.distilled import LITERAL, distilled
from xai.models.classifier import INPUT
from xai.studio.answers import get_model
from xai.studio.text import say

DEFAULT = "gradcam"
MEASURED = "gradcam"  # the method of the figures that come with a network's layers
NETWORK_METHODS = tuple(METHODS)  # those that explain a network from inside
BLACK_BOX = ("distilled", "gradcam", "rise", "lime", "mask")  # those that explain a black box, in the menus' order
TITLES = {name: (BASELINES.get(name) or METHODS[name]).title for name in {**METHODS, **BASELINES}}
QUESTIONS = {"rise": "masks", "lime": "samples"}  # methods that need answers only, with the option for how many
PRESETS = {"source": LITERAL, "best": distilled.__kwdefaults__}  # ready choices of what enters the distilled map
COLORS = {  # of a method's curve in the games
    "distilled": "#059669",
    "gradcam": "#3b82f6",
    "lime": "#d97706",
    "mask": "#a855f7",
    "rise": "#ef4444",
    "random": "#78716c",
}


def suits(method: str, model: str, layer: str | None = None) -> bool:
    """Whether a method can explain a network at a layer; None is the method's usual one."""
    return METHODS[method].unsuitable(get_model(model), layer) is None


def list_suited(models: Sequence[str]) -> list[str]:
    """The methods that can explain any layer of any of these networks, or its input."""
    places = [(model, layer) for model in models for layer in (INPUT, *get_model(model).layers)]
    return [method for method in METHODS if any(suits(method, *place) for place in places)]


def list_suited_layers(model: str, method: str) -> list[str]:
    """The layers of a network that a method can explain, of those that are explained where none is named."""
    return [layer for layer in get_model(model).explained_layers if suits(method, model, layer)]


def is_slow(method: str, model: str, layer: str | None = None) -> bool:
    return METHODS[method].is_slow(get_model(model), layer)


def reads_class(method: str) -> bool:
    """Whether a method's map depends on the class that is explained."""
    return METHODS[method].class_specific


def say_pace(method: str, lang: str) -> str:
    """How long a method takes where it is slow; "" of one that is never slow."""
    return say(lang, f"slow.{METHODS[method].slow}") if METHODS[method].slow else ""


def label_method(method: str, marks: Iterable[str]) -> str:
    """A method as a menu names it, with what there is to know before it is chosen."""
    return " · ".join([TITLES[method], *filter(None, marks)])
