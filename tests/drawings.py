"""Pictures for tests: shapes in four colours, which are their classes, drawn at random; and files made by hand."""

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

WHITE, RED, GREEN, BLUE = (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255)
COLOURS = {"red": (200, 30, 40), "green": (30, 150, 60), "blue": (30, 70, 200), "yellow": (240, 200, 30)}


def draw(colour: str, seed: int) -> Image.Image:
    """A shape of one colour, its place, size and kind drawn at random."""
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


def corners(width: int = 60, height: int = 40) -> Image.Image:
    """Red, green, blue and white quarters: every turn and mirror of it looks different."""
    image = Image.new("RGB", (width, height), WHITE)
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    return image


def chunk(name: bytes, data: bytes, size: int | None = None, check: int | None = None) -> bytes:
    """A chunk of a PNG file, which may lie about its size or its checksum."""
    size = len(data) if size is None else size
    check = zlib.crc32(name + data) if check is None else check
    return struct.pack(">I", size) + name + data + struct.pack(">I", check)


def png(size: tuple[int, int], depth: int, colour: int, rows: bytes, *extra: bytes) -> bytes:
    """A PNG file by hand: `rows` holds a filter byte and the samples of each row, `extra` more chunks."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(extra) + pixels


XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
)


def turned_in_xmp(kind: str) -> bytes:
    """The corners as JPEG, PNG or WebP, turned by their XMP and by no EXIF: a browser shows them as they are stored."""
    text = PngInfo()
    text.add_itxt("XML:com.adobe.xmp", XMP)
    options: dict[str, Any] = {"pnginfo": text} if kind == "PNG" else {"xmp": XMP.encode()}
    return encoded(corners(), kind, **options)


def two_red(kind: str, alpha: int) -> bytes:
    """Two red pixels as BMP or DIB of 32 bits; the alpha of the first is 0, that of the second is given."""
    head = struct.pack("<IiiHHIIiiII", 124, 2, 1, 1, 32, 3, 8, 2835, 2835, 0, 0)
    head += struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) + b"BGRs"
    start = b"BM" + struct.pack("<IHHI", 14 + 124 + 8, 0, 0, 14 + 124) if kind == "BMP" else b""
    return start + head.ljust(124, b"\0") + bytes([0, 0, 255, 0, 0, 0, 255, alpha])
