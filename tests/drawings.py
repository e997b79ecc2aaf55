"""Pictures for tests, drawn by lot: shapes in four colours, which are their classes."""

from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

COLOURS = {"red": (200, 30, 40), "green": (30, 150, 60), "blue": (30, 70, 200), "yellow": (240, 200, 30)}


def draw(colour: str, seed: int) -> Image.Image:
    """A shape of one colour, its place, size and kind drawn by lot."""
    chance = np.random.default_rng(seed)
    image = Image.new("RGB", (64, 64), "white")
    left, top = (int(n) for n in chance.integers(2, 20, 2))
    side = int(chance.integers(24, 40))
    pen, box = ImageDraw.Draw(image), (left, top, left + side, top + side)
    if seed % 3 == 0:
        pen.ellipse(box, fill=COLOURS[colour])
    elif seed % 3 == 1:
        pen.rectangle(box, fill=COLOURS[colour])
    else:
        pen.polygon([(left, top + side), (left + side, top + side), (left + side // 2, top)], COLOURS[colour])
    return image


def encoded(image: Image.Image, kind: str = "PNG", **settings: Any) -> bytes:
    """A picture as the bytes of a file."""
    file = BytesIO()
    image.save(file, kind, **settings)
    return file.getvalue()
