"""What a method's map shows, and what the page's terms mean, in plain words."""

from xai.methods import METHODS
from xai.studio.text import has_text, say


def describe_method(method: str, lang: str) -> str:
    """What a method's map shows, in one line; of one that the languages do not know yet, its docstring's first line.

    Raises:
        KeyError: there is no such method.
    """
    summary = METHODS[method].summary
    return say(lang, f"what.{method}") if has_text(f"what.{method}") else summary


def define(term: str, lang: str) -> str:
    """What a figure, an abbreviation or a word of the page means; every name of `xai.metrics.METRICS` is a term.

    Raises:
        KeyError: there is no definition of such a term.
    """
    if not has_text(f"term.{term}"):
        raise KeyError(term)
    return say(lang, f"term.{term}")
