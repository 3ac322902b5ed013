"""Colours, fonts and the few rules of style the theme does not give."""

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

CSS = """
#title .prose { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 .8rem; }
#title h1 { font-size: 1.25rem; letter-spacing: -0.01em; margin: 0; }
#title p { font-size: .95rem; color: var(--body-text-color-subdued); margin: 0; }
.tabs { gap: 0 !important; }
.tabitem { padding: 6px 0 0 !important; }
.tab-wrapper { padding-bottom: 0 !important; margin-bottom: -6px; }
.tabitem > .column { gap: 10px; }
.top { display: grid !important; grid-template-columns: 150px minmax(0, 1fr); gap: 10px; align-items: start; }
.top > .column, .top .beside { min-width: 0 !important; gap: 6px; }
.strip { padding: 0 !important; border: 0; background: none; }
.strip > label, .top .photo > label { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.strip .grid-wrap { padding: 0 !important; overflow-x: auto !important; scrollbar-width: thin; }
.strip .grid-container { display: flex !important; gap: 6px !important; }
.strip .gallery-item { flex: 0 0 68px; }
.strip .thumbnail-item { width: 68px !important; height: 68px !important; }
.strip .caption-label { left: 0; right: 0; bottom: 0; max-width: none; border: 0; border-radius: 0; font-size: 12px; padding: 0 2px; text-align: center; opacity: 1; }
.menus .form { display: grid; grid-template-columns: repeat(auto-fit, minmax(124px, 1fr)); gap: 4px 8px; border: 0; background: none; box-shadow: none; overflow: visible; }
.menus .form > .block { padding: 0; border: 0; min-width: 0 !important; background: none; overflow: visible; }
.menus span[data-testid=block-info] { font-size: 12px; margin-bottom: 1px; }
.menus .wrap-inner { padding: 2px 4px; }
.menus input { min-height: 26px; font-size: 14px; text-overflow: ellipsis; padding: 0 2px !important; margin: 0 !important; }
@media (min-width: 900px) { .menus .form:has(> :nth-child(6)) { grid-template-columns: 1.6fr 1.6fr 1.1fr 1.2fr 1fr 1fr; } }
@media (max-width: 1180px) { #title p { display: none; } }
.menus { display: block !important; }
.words dt { font-weight: 600; }
.words dd { margin: 0 0 .5rem; }
.what { min-height: 18px; font-size: 13px; color: var(--body-text-color-subdued); }
@media (max-width: 700px) {
    .top { grid-template-columns: 118px minmax(0, 1fr); }
    .strip .grid-container { display: grid !important; grid-template: repeat(2, 62px) / none !important; grid-auto-flow: column; grid-auto-columns: 62px; }
    .strip .thumbnail-item { width: 62px !important; height: 62px !important; }
    .menus { display: none !important; }
    .menus.open { display: block !important; position: fixed; inset: auto 0 0 0; z-index: 40; max-height: 44dvh; overflow-y: auto; padding: 12px;
        background: var(--background-fill-primary); border-top: 1px solid var(--border-color-primary); box-shadow: 0 -6px 24px rgb(0 0 0 / .25); }
    .menus .form { grid-template-columns: 1fr 1fr; }
    .menus li { min-height: 32px; }
}
button[role=tab][aria-selected=true] { color: var(--primary-700) !important; }
.dark button[role=tab][aria-selected=true] { color: var(--primary-400) !important; }
.note { min-height: 0; color: var(--body-text-color-subdued); }
.legend { display: flex; flex-wrap: wrap; gap: .35rem .9rem; font-size: .9rem; padding: .1rem .2rem; }
.legend span { display: inline-flex; align-items: center; gap: .4rem; }
.legend i { width: .9rem; height: .9rem; border-radius: .25rem; display: inline-block; }
.thumbnails .grid-wrap { padding-top: 2.2rem; height: auto; min-height: 0; max-height: none; overflow: hidden; }
.thumbnails .grid-container { grid-template-columns: repeat(auto-fill, minmax(76px, 1fr)); height: auto; gap: .4rem; }
.thumbnails .gallery-item, .thumbnails .thumbnail-item { min-width: 0; width: 100%; }
.thumbnails .thumbnail-item { aspect-ratio: 1; height: auto; }
.thumbnails .caption-label { max-width: 100%; font-size: .72rem; padding: 0 .3rem; }
@media (min-width: 600px) {
    .five .grid-container { grid-template: none / repeat(5, 1fr) !important; grid-auto-rows: auto !important; }
    .eight .grid-container { grid-template: none / repeat(8, 1fr) !important; grid-auto-rows: auto !important; }
}
.wide .grid-container { grid-template-columns: repeat(auto-fill, minmax(130px, 1fr)); }
.verdict, [id$=former] {
    border-left: .3rem solid; border-radius: .3rem; padding: .5rem .8rem !important; margin: 0;
    background: color-mix(in srgb, var(--verdict) 14%, transparent); border-color: var(--verdict);
}
.verdict.agrees { --verdict: var(--primary-600); }
.verdict.differs, [id$=former] { --verdict: #d97706; }
.progress { display: flex; flex-wrap: wrap; align-items: center; gap: .4rem .8rem; margin: 0; }
.progress span { flex: 1 1 12rem; max-width: 24rem; border-radius: .3rem; background: var(--border-color-primary); }
.progress i { display: block; height: .6rem; border-radius: .3rem; background: var(--primary-600); }
.thumbnails.captioned .thumbnail-item { display: flex; flex-direction: column; aspect-ratio: auto; }
.captioned .thumbnail-item img { aspect-ratio: 1; height: auto; }
.captioned .thumbnail-item .caption-label { position: static; max-width: none; border: 0; white-space: pre-line; }
.captioned .thumbnail-item:hover .caption-label { opacity: 1; }  /* it hides nothing here */
.prose .layers td { white-space: nowrap; }
.prose .layers .better, .prose .games .better { background: color-mix(in srgb, var(--primary-500) 18%, transparent); }
#slider img { height: 100%; max-height: 100% !important; }  /* else a portrait is cut off */
.prose .games table { max-width: 30rem; }
.prose .games th[scope=row] { text-align: left !important; }
.flush .html-container { padding: 0; }
.facts, .confusion { padding: .2rem .1rem; }
.prose :is(.facts, .confusion) :is(table, tr, th, td) { border: 0; }
.prose :is(.facts, .confusion) table { border-collapse: collapse; width: 100%; font-size: .9rem; margin: 0; }
.prose :is(.facts, .confusion) th { font-weight: 400; color: var(--body-text-color-subdued); }
.prose .facts :is(th, td) { padding: .34rem .1rem; }
.prose .facts tr + tr { border-top: 1px solid var(--border-color-primary); }
.prose .facts th { text-align: left; }
.prose .facts td { text-align: right; font-variant-numeric: tabular-nums; }
.confusion { overflow-x: auto; contain: inline-size; }
.vega-embed { contain: inline-size; }
.prose .confusion p { font-size: .9rem; margin: .8rem 0 .3rem; color: var(--body-text-color-subdued); }
.prose .confusion :is(th, td) { padding: .3rem .25rem; text-align: center; }
.prose .confusion th { font-size: .78rem; }
.prose .confusion th[scope=row] { text-align: right; white-space: nowrap; }
.prose .confusion td { border-radius: .25rem; font-variant-numeric: tabular-nums; }
.prose .confusion.many th[scope=col] { writing-mode: vertical-rl; text-align: left; }
.prose .confusion.many :is(th, td) { padding: .12rem; font-size: .72rem; }
@media (max-width: 600px) {
    .prose .confusion:not(.layers):not(.games) th[scope=col] { writing-mode: vertical-rl; }
}
footer { color: var(--body-text-color-subdued); }
"""
