"""What classes and methods are called on the page."""

from collections.abc import Sequence

from xai.names import tell_apart
from xai.studio.blackbox.answers import list_possible
from xai.studio.methods import TITLES
from xai.studio.text import has_text, say


def name_classes(classes: Sequence[str], lang: str) -> dict[str, str]:
    """What classes are called in a language, told apart also where two of them translate alike."""
    return dict(zip(classes, tell_apart([say(lang, f"class.{c}") for c in classes]), strict=True))


def name_method(method: str, lang: str) -> str:
    return say(lang, f"method.{method}") if has_text(f"method.{method}") else TITLES[method]


def list_others(title: str) -> list[tuple[str, str]]:
    """The methods, besides the distilled map, that can explain a black box, as a menu's choices."""
    return [(name_method(method, "en"), method) for method in list_possible(title) if method != "distilled"]
