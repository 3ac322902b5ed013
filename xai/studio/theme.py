"""Colours, fonts and the few rules of style the theme does not give."""

from pathlib import Path

import gradio as gr

THEME = gr.themes.Default(
    primary_hue="emerald",
    neutral_hue="stone",
    radius_size="lg",
    font=["system-ui", "-apple-system", "Segoe UI", "Noto Sans KR", "Noto Sans CJK KR", "sans-serif"],
    font_mono=["ui-monospace", "Menlo", "monospace"],
).set(
    button_primary_background_fill="*primary_700",
    button_primary_background_fill_hover="*primary_800",
    button_primary_background_fill_dark="*primary_700",
    button_primary_background_fill_hover_dark="*primary_800",
    button_primary_text_color="white",
    body_text_color_subdued="*neutral_600",
    body_text_color_subdued_dark="*neutral_300",
    block_label_text_color="*neutral_700",
    block_label_text_color_dark="*neutral_200",
    block_title_text_color="*neutral_700",
    block_title_text_color_dark="*neutral_200",
)

CSS = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")
