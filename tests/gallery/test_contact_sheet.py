import numpy as np
from drawings import draw, encoded

from nhl.gallery.contact_sheet import CELL, COLUMNS, GAP, LINE, contact_sheet


def test_every_picture_has_its_place() -> None:
    colours = ["red", "green", "blue", "yellow", "red", "green", "blue"]
    found = [(encoded(draw(colour, 1)), f"{n}  {colour} " * 9) for n, colour in enumerate(colours)]
    sheet = contact_sheet(draw("yellow", 1), found)
    assert sheet.size == (GAP + COLUMNS * (CELL + GAP), GAP + 3 * (CELL + LINE + GAP))
    expected = {"red": 0, "green": 1, "blue": 2}
    for n, colour in enumerate(colours):
        left, top = GAP + n % COLUMNS * (CELL + GAP), GAP + (n // COLUMNS + 1) * (CELL + LINE + GAP)
        means = np.asarray(sheet.crop((left, top, left + CELL, top + CELL))).mean((0, 1))
        if colour in expected:
            assert means.argmax() == expected[colour]


def test_nothing_found() -> None:
    assert contact_sheet(draw("red", 1), []).height == GAP + CELL + LINE + GAP
