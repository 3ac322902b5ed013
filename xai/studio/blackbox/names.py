"""What classes and methods are called on the page."""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from xai.names import tell_apart
from xai.studio.blackbox.answers import list_possible
from xai.studio.blackbox.kinds import find_kind, shorten
from xai.studio.methods import TITLES
from xai.studio.text import has_text, say


def name_classes(classes: Sequence[str], lang: str) -> dict[str, str]:
    """What classes are called in a language, told apart also where two of them translate alike.

    A WordNet id is left out, unless two classes would have one name without it.
    """
    return name_all(tuple(classes), lang)


@lru_cache(maxsize=16)
def name_all(classes: tuple[str, ...], lang: str) -> dict[str, str]:
    short = [shorten(c) for c in classes]
    times = Counter(short)
    names = [name if times[name] == 1 else c for c, name in zip(classes, short, strict=True)]
    return dict(zip(classes, tell_apart([say(lang, f"class.{name}") for name in names]), strict=True))


def name_class(label: str, classes: Sequence[str], lang: str) -> str:
    """What one of these classes is called in a language."""
    return name_classes(classes, lang)[label]


def list_targets(classes: Sequence[str], lang: str) -> list[tuple[str, str]]:
    """Classes as a menu's choices, those of a known kind with its name, so that typing it finds them."""
    return [(add_kind(name, find_kind(c)), c) for c, name in name_classes(classes, lang).items()]


def add_kind(name: str, kind: str | None) -> str:
    """A class's name with its kind, unless that is in the name: beagle · dog, but bulldog."""
    return name if kind is None or kind in name else f"{name} · {kind}"


def name_method(method: str, lang: str) -> str:
    return say(lang, f"method.{method}") if has_text(f"method.{method}") else TITLES[method]


def list_others(title: str) -> list[tuple[str, str]]:
    """The methods, besides the distilled map, that can explain a black box, as a menu's choices."""
    return [(name_method(method, "en"), method) for method in list_possible(title) if method != "distilled"]
