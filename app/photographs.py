"""Photographs that a visitor may try, under free licences."""

from functools import cache
from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).parent / "pictures"
PHOTOGRAPHS = {
    "cat": "Photograph of a cat",
    "coffee": "Photograph of coffee",
    "rocket": "Photograph of a rocket",
}
"""What each shows, by the name of its file."""
CREDITS = (
    "Photographs among the examples: Stéfan van der Walt and Rachel Michetti, CC0; SpaceX, public domain"
)


@cache
def photograph(name: str) -> Image.Image:
    """A photograph by its name.

    Raises:
        ValueError: if there is none of that name.
    """
    if name not in PHOTOGRAPHS:
        raise ValueError(f"`photo` must be one of {', '.join(PHOTOGRAPHS)} but got {name[:20]!r}")
    with Image.open(FOLDER / f"{name}.webp") as opened:
        return opened.convert("RGB")
