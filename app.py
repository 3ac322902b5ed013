"""The studio: python app.py, then open the address it prints."""

import contextlib
import os
import sys

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when gr.Blocks is built

with contextlib.suppress(ImportError):
    import spaces  # noqa: F401  # on ZeroGPU it must come before anything that touches CUDA

import gradio as gr
from starlette.middleware import Middleware

from xai.studio import blackbox, garbage, pyramid
from xai.studio.browser import Head
from xai.studio.examples import FOLDER as EXAMPLES
from xai.studio.guard import Guard
from xai.studio.header import lay_out_footer, lay_out_languages
from xai.studio.metadata import NAME, Files
from xai.studio.photo_input import SCRIPT
from xai.studio.tabs import connect_tabs
from xai.studio.text import I18N, translate
from xai.studio.theme import CSS, THEME
from xai.studio.visitors import VISITORS, forget_visitors

HOURS = 3600


def build() -> gr.Blocks:
    """The page with all tabs."""
    with gr.Blocks(title=NAME, delete_cache=(HOURS, 23 * HOURS)) as page:
        with gr.Row(elem_id="title-row"):
            gr.Markdown(translate("heading"), elem_id="title")
            lay_out_languages()
        with gr.Tabs(elem_id="tabs") as bar:
            with gr.Tab(translate("garbage"), id="garbage") as tab:
                waste = garbage.build(page, tab)
            with gr.Tab(translate("pyramid"), id="pyramid") as tab:
                aerial = pyramid.build(page, tab)
            with gr.Tab(translate("blackbox"), id="blackbox") as tab:
                closed = blackbox.build(page, tab)
        lay_out_footer()
        connect_tabs(bar, [waste, aerial, closed])
    return page.queue(max_size=32)


LAUNCH = {
    "i18n": I18N,
    "theme": THEME,
    "css": CSS,
    "head": SCRIPT,
    "max_file_size": "20mb",
    "allowed_paths": [EXAMPLES],  # without it, the app would open only when started from its own folder
    "app_kwargs": {
        "middleware": [Middleware(Guard, max_bytes=1_000_000), Middleware(Files), Middleware(Head)],
        "lifespan": forget_visitors,
    },
    "state_session_capacity": VISITORS,
    "ssr_mode": False,
    "run_history": False,  # it would keep photos in the browser
    "enable_monitoring": False,  # its summary is public
    "footer_links": ["api"],  # not "settings": a language chosen there would change only half the page
}

if __name__ == "__main__":
    try:
        page = build()
    except (OSError, ValueError, ImportError) as error:  # it says what is missing, damaged or misspelt
        sys.exit(str(error))
    page.launch(inbrowser="SPACE_ID" not in os.environ, **LAUNCH)
