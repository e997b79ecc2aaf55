"""What a hostile input is, and what is right to make of it."""

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image


@dataclass(frozen=True)
class Case:
    """A file, and what must come of it: the right pixels, a sentence, or one of the two where neither is wrong.

    Args:
        make: the file.
        pixels: the picture that it must be read as, None for any.
        sentence: a pattern of why it is refused, None where it must be read.
        tolerance: mean difference of the pixels that is still right, 0 to 255.
    """

    make: Callable[[], bytes]
    pixels: Image.Image | None = None
    sentence: str | None = None
    tolerance: float = 0.0


# Names that a file may come under; none of them may lead out of its folder.
NAMES = {
    "Unicode": "Ünï☃çode 🪆.png",
    "right to left": "\u202egnp.exe",
    "new line": "two\nlines.png",
    "4,000 characters": "a" * 4_000 + ".png",
    "300 characters": "b" * 300 + ".png",
    "no ending": "picture",
    "dots": "...",
    "hidden": ".htaccess",
    "up": "../../../../../../tmp/escaped.png",
    "up, backwards": "..\\..\\escaped.png",
    "absolute": "/tmp/escaped.png",
    "drive": "C:\\escaped.png",
    "device": "CON",
    "markup": "<img src=x onerror=alert(1)>.png",
    "quotes": "'\"; DROP TABLE item; --.png",
    "percent": "%2e%2e%2f%00.png",
    "template": "${7*7}{{7*7}}.png",
    "spaces": "   .png",
}
