"""Contact sheets: pictures with captions in rows, as one picture."""

from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

GAP, LINE = 8, 18  # pixels between tiles; height of a line of text
INK, SUBDUED, PAPER = "#1c1917", "#57534e", "white"


@dataclass(frozen=True)
class Tile:
    """A picture, or an empty place, with lines of text under it; lines that are too long are shortened."""

    picture: Image.Image | None
    lines: tuple[str, ...]


def contact_sheet(rows: list[list[Tile]], side: int, heading: str = "") -> Image.Image:
    """Rows of tiles as one picture; every picture is shrunk to at most `side` pixels a side."""
    fonts = ImageFont.load_default(15), ImageFont.load_default(13)
    shrunk = [[shrink(tile.picture, side) for tile in row] for row in rows]
    width = max((picture.width for row in shrunk for picture in row if picture), default=side)
    heights = [max((picture.height for picture in row if picture), default=LINE) for row in shrunk]
    texts = [max(len(tile.lines) for tile in row) * LINE + GAP for row in rows]
    columns = max(len(row) for row in rows)
    top = GAP + (LINE + GAP if heading else 0)
    size = (GAP + columns * (width + GAP), top + sum(heights) + sum(texts) + len(rows) * GAP)
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    if heading:
        draw.text((GAP, GAP), fit_text(heading, fonts[0], size[0] - 2 * GAP), INK, fonts[0])
    for row, pictures, height, text in zip(rows, shrunk, heights, texts, strict=True):
        for column, (tile, picture) in enumerate(zip(row, pictures, strict=True)):
            left = GAP + column * (width + GAP)
            if picture:
                sheet.paste(picture, (left, top))
            for i, line in enumerate(tile.lines):
                font, ink = (fonts[0], INK) if i == 0 else (fonts[1], SUBDUED)
                draw.text((left, top + height + 3 + i * LINE), fit_text(line, font, width), ink, font)
        top += height + text + GAP
    return sheet


def shrink(picture: Image.Image | None, side: int) -> Image.Image | None:
    if picture is None or max(picture.size) <= side:
        return picture
    picture = picture.copy()
    picture.thumbnail((side, side))
    return picture


def fit_text(line: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    if font.getlength(line) <= width:
        return line
    while line and font.getlength(line + "…") > width:
        line = line[:-1]
    return line + "…"
