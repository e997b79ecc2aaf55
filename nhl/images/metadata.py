"""Metadata: the orientation, and files without the parts that may be broken."""

from contextlib import suppress
from io import BytesIO
from typing import IO

from PIL import ExifTags, Image, ImageOps

_JPEG_NEEDED = (0xE1, 0xEE)  # EXIF for its orientation, Adobe for its kind of CMYK


def upright(image: Image.Image, exif: bytes | None) -> Image.Image:
    """The picture turned as its EXIF says; XMP is ignored, as browsers do."""
    with suppress(Exception):  # corrupt EXIF: the pixels are fine
        found, alone = Image.Exif(), Image.Exif()
        found.load(exif or b"")
        alone[ExifTags.Base.Orientation] = orientation = found.get(ExifTags.Base.Orientation, 1)
        if orientation != 1:
            image.info = {"exif": alone.tobytes()}
            return ImageOps.exif_transpose(image)
    return image


def without_metadata(file: IO[bytes]) -> IO[bytes] | None:
    """A PNG or JPEG with its picture alone: Pillow refuses good pixels beside a bad comment or profile."""
    file.seek(0)
    start = file.read(8)
    if start == b"\x89PNG\r\n\x1a\n":
        return BytesIO(start + _png_picture(file.read()))
    return BytesIO(_jpeg_picture(start + file.read())) if start.startswith(b"\xff\xd8\xff") else None


def _png_picture(data: bytes) -> bytes:
    kept, position = bytearray(), 0
    while position + 12 <= len(data):  # a chunk: length, name, content, checksum
        end = position + 12 + int.from_bytes(data[position : position + 4], "big")
        name = data[position + 4 : position + 8]
        if name[:1].isupper() or name == b"tRNS":
            kept += data[position:end]
        position = end
    return bytes(kept)


def _jpeg_picture(data: bytes) -> bytes:
    kept, position = bytearray(data[:2]), 2
    while position + 4 <= len(data) and (marker := data[position + 1]) != 0xDA:  # the pixels' start
        end = position + 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if marker in _JPEG_NEEDED or not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            kept += data[position:end]
        position = end
    return bytes(kept + data[position:])
