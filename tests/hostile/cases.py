"""What a hostile input is, and what is right to make of it."""

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from app.service.own_pictures import read_picture
from nhl.images import ImageError


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

    def refusal(self) -> str:
        """Why the library does not read it, or nothing."""
        try:
            read_picture(self.make())
        except ImageError as error:
            return str(error)
        return ""


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

# Names that are no text in one encoding or another, as file systems and old archives hold them.
BYTE_NAMES = {
    "Latin-1": b"caf\xe9.png",
    "CP437": b"caf\x82.png",
    "UTF-8": "Кошка ★.png".encode(),
    "UTF-8 cut short": "Кошка".encode()[:-1] + b".png",
    "half a character": b"\xed\xa0\x80.png",
    "no text": b"\xff\xfe.png",
    "orders to a terminal": b"\x1b[2J\rtwo\nlines.png",
    "Latin-1, backwards": b"\xe9t\xe9\\1.png",
}
