"""What the page says of explanation methods, all of it read from their registry."""

from collections.abc import Iterable, Sequence

from xai.layers import plan_layers
from xai.methods import METHODS, UnsuitableError
from xai.methods.distilled import LITERAL
from xai.models.classifier import INPUT
from xai.studio.answers import get_model
from xai.studio.text import say

DEFAULT = "gradcam"
MEASURED = "gradcam"  # the method of the figures that come with a network's layers
TITLES = {name: method.title for name, method in METHODS.items()}
PRESETS = {"source": LITERAL, "best": METHODS["distilled"].defaults}  # ready choices of what enters the distilled map
PALETTE = ("#059669", "#3b82f6", "#ef4444", "#d97706", "#a855f7", "#0891b2", "#db2777", "#65a30d", "#7c3aed", "#b45309")
CONTROL_COLOR = "#78716c"


def suits(method: str, model: str, layer: str | None = None) -> bool:
    """Whether a method can explain a network at a layer; None is the method's usual one."""
    return METHODS[method].unsuitable(get_model(model), layer) is None


def list_suited(models: Sequence[str]) -> list[str]:
    """The methods that can explain any layer of any of these networks, or its input."""
    places = [(model, layer) for model in models for layer in (INPUT, *get_model(model).layers)]
    return [method for method in METHODS if any(suits(method, *place) for place in places)]


def explains_layers(method: str, model: str) -> bool:
    """Whether a method can explain any of the layers of a network that are usually explained, or all of it."""
    try:
        return bool(plan_layers(get_model(model), method))
    except UnsuitableError:
        return False


def is_slow(method: str, model: str, layer: str | None = None) -> bool:
    """Whether a method takes longer than a moment at a layer of a network."""
    return METHODS[method].is_slow(get_model(model), layer)


def is_preselected(method: str) -> bool:
    """Whether a method explains a black box where nobody chose: the default, and those that take photo by photo."""
    return method == DEFAULT or METHODS[method].needs in ("answers", "gradients")


def reads_class(method: str) -> bool:
    """Whether a method's map depends on the class that is explained."""
    return METHODS[method].reads_class


def mark_method(method: str, lang: str) -> str:
    """What there is to know of a method before it is chosen: that it is a control, or slow; "" where it is neither."""
    if METHODS[method].is_control:
        return say(lang, "control")
    return "" if METHODS[method].pace == "instant" else say(lang, f"slow.{METHODS[method].pace}")


def label_method(method: str, marks: Iterable[str]) -> str:
    """A method as a menu names it, with what there is to know before it is chosen."""
    return " · ".join([TITLES[method], *filter(None, marks)])


def choose_colors(methods: Iterable[str]) -> dict[str, str]:
    """A colour for each method's curve; controls are grey."""
    methods = list(methods)
    explaining = [method for method in methods if not METHODS[method].is_control]
    colors = {method: PALETTE[i % len(PALETTE)] for i, method in enumerate(explaining)}
    return {method: colors.get(method, CONTROL_COLOR) for method in methods}
