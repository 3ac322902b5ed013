"""What stands above and below the tabs: the languages to choose from, model cards, sources, and where the code is."""

import os
from html import escape
from pathlib import Path

import gradio as gr

from xai.references import SOURCES
from xai.studio.metadata import list_cards
from xai.studio.text import LANGUAGES

FILL = "for (const each of element.querySelectorAll('[data-say]')) each.textContent = studio.say(each.dataset.say);"
SPEAK = """
element.querySelector("nav").ariaLabel = studio.say("languages");
for (const link of element.querySelectorAll("a")) {
    if (link.hreflang === studio.language()) link.setAttribute("aria-current", "true");
    link.addEventListener("click", (event) => {
        event.preventDefault();
        studio.address.speak(link.hreflang);
    });
}
"""


def lay_out_languages() -> None:
    """A link for each language; the page opens again in it, with everything as it is but an uploaded photo."""
    names = {lang: texts["language"] for lang, texts in LANGUAGES.items()}
    links = (f'<a href="?lang={lang}" hreflang="{lang}" lang="{lang}">{escape(n)}</a>' for lang, n in names.items())
    gr.HTML(f"<nav>{''.join(links)}</nav>", js_on_load=SPEAK, elem_id="languages", container=False)


def lay_out_footer() -> None:
    """Model cards, the sources, and the code where it is known to be."""
    cards = (f'<a href="{address}" data-say="model.{Path(address).stem}"></a>' for address in list_cards())
    sources = (f"<li>{escape(str(source))}</li>" for source in SOURCES.values())
    lines = [
        f'<p><b data-say="cards"></b> {"".join(cards)}</p>',
        f'<details><summary data-say="sources"></summary><ul>{"".join(sources)}</ul></details>',
    ]
    if space := os.environ.get("SPACE_ID"):
        address = escape(f"https://huggingface.co/spaces/{space}/tree/main")
        lines.append(f'<p><a href="{address}" data-say="code"></a></p>')
    gr.HTML("".join(lines), js_on_load=FILL, elem_id="below")
