"""The studio: python app.py, then open the address it prints."""

import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when gr.Blocks is built

try:  # on ZeroGPU it must come before torch
    import spaces  # noqa: F401
except ImportError:
    pass

import gradio as gr

from xai.studio import garbage
from xai.studio.text import I18N, translated
from xai.studio.theme import CSS, THEME

HOURS = 3600


def build() -> gr.Blocks:
    """The page with all tabs."""
    with gr.Blocks(title="XAI Studio", delete_cache=(HOURS, 24 * HOURS)) as page:
        with gr.Column(elem_id="title"):
            gr.Markdown(translated("heading"))
        with gr.Tabs(), gr.Tab(translated("garbage"), id="garbage"):
            garbage.build(page)
    return page.queue(max_size=32)


LAUNCH = dict(
    i18n=I18N, theme=THEME, css=CSS, max_file_size="20mb", ssr_mode=False, run_history=False, enable_monitoring=False,
    footer_links=["api", "settings"],
)  # fmt: skip

if __name__ == "__main__":
    build().launch(**LAUNCH)
