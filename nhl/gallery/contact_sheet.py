"""Search results as one picture."""

from collections.abc import Iterable
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

CELL, LINE, GAP, COLUMNS = 128, 16, 8, 5


def contact_sheet(query: Image.Image, found: Iterable[tuple[bytes, str]]) -> Image.Image:
    """The query, and under it the pictures found, in rows of five with a line of text each.

    Args:
        query: the query picture.
        found: thumbnails (files of any picture format) with their captions, the nearest first.
    """
    cells = [(Image.open(BytesIO(content)), caption) for content, caption in found]
    rows = -(-len(cells) // COLUMNS)
    size = (GAP + COLUMNS * (CELL + GAP), GAP + (rows + 1) * (CELL + LINE + GAP))
    sheet = Image.new("RGB", size, "white")
    _place(sheet, query, "query", 0, 0)
    for number, (image, caption) in enumerate(cells):
        _place(sheet, image, caption, number % COLUMNS, number // COLUMNS + 1)
    return sheet


def _place(sheet: Image.Image, image: Image.Image, caption: str, column: int, row: int) -> None:
    left, top = GAP + column * (CELL + GAP), GAP + row * (CELL + LINE + GAP)
    small = image.convert("RGB")
    small.thumbnail((CELL, CELL))
    sheet.paste(small, (left + (CELL - small.width) // 2, top + (CELL - small.height) // 2))
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    while caption and pen.textlength(caption, font) > CELL:
        caption = caption[:-2].rstrip("…") + "…"
    pen.text((left, top + CELL), caption, "black", font)
