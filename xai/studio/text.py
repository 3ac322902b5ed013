"""Every text of the page: `languages/` has one file a language, all with the same keys."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.requests import Request


def read_texts(file: Path) -> dict[str, str]:
    """The texts of a language by key: `name`, or `table.name` in a table, whose `title` has the key `table`."""
    return dict(flatten(tomllib.loads(file.read_text(encoding="utf-8"))))


def flatten(texts: dict, table: str = "") -> Iterator[tuple[str, str]]:
    for name, text in texts.items():
        key = f"{table}.{name}" if table else name
        if isinstance(text, dict):
            yield from flatten(text, key)
        else:
            yield table if name == "title" else key, text


LANGUAGES = {file.stem: read_texts(file) for file in sorted((Path(__file__).parent / "languages").glob("*.toml"))}
ENGLISH = LANGUAGES["en"]
PREFIX = "xai."  # Gradio has texts of its own, under names like "common" and "slider"
I18N = gr.I18n(**{lang: {PREFIX + key: text for key, text in texts.items()} for lang, texts in LANGUAGES.items()})


def translate(key: str) -> Any:
    """A text that the visitor's browser shows in the visitor's language.

    Raises:
        KeyError: there is no such text.
    """
    if key not in ENGLISH:
        raise KeyError(key)
    return I18N(PREFIX + key)


def read_language(request: gr.Request | Request | None) -> str:
    """The visitor's language if there is a file of it, else English; for texts that Gradio cannot translate itself.

    The address may name it, `?lang=ko`; else it is the browser's.
    """
    if request is None:
        return "en"
    chosen = getattr(request, "query_params", {}).get("lang", "")
    accepted = chosen if chosen in LANGUAGES else request.headers.get("accept-language") or ""
    return next((lang for lang in LANGUAGES if accepted.lower().startswith(lang)), "en")


def has_text(key: str) -> bool:
    return key in ENGLISH


def say(lang: str, key: str, **details) -> str:
    """A text in a language, with its {words} filled in; an unknown class or data set is called by its own name."""
    text = LANGUAGES[lang].get(key, key.partition(".")[2] or key)
    return text.format(**details) if details else text
