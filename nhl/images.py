"""Any picture a visitor may send, as RGB on white, or one sentence that says why not."""

import os
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import IO, TypeAlias

import numpy as np
from PIL import ExifTags, Image

ImageSource: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | Image.Image"

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
WHITE = (255, 255, 255)

_OTHER_KINDS = {
    b"<svg": "An SVG",
    b"%PDF": "A PDF",
    b"ftypheic": "A HEIC",
    b"ftypheix": "A HEIC",
    b"ftypmif1": "A HEIF",
}
_KNOWN_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"II*\0", b"MM\0*")
_JPEG_NEEDED = (0xE1, 0xEE)  # EXIF for its orientation, Adobe for its kind of CMYK
_ADVICE = "please send a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF picture."
_DAMAGED = "The image is damaged or cut short."

_UPRIGHT = {  # EXIF orientation -> what turns the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class ImageError(ValueError):
    """A picture that cannot be read; its message is one sentence fit to show to whoever sent it."""


def load_image(source: ImageSource, *, max_pixels: int = 50_000_000, max_side: int = 512) -> Image.Image:
    """A picture as RGB: its first frame, upright, 8 bits a channel, transparency on white.

    Args:
        source: a path, the bytes of a file, a binary file, or a picture (which is left as it is).
        max_pixels: pictures of more pixels are refused before they are decoded.
        max_side: larger pictures are shrunk, by a whole factor, until neither side is longer, in pixels.

    Returns:
        A new picture without metadata.

    Raises:
        ImageError: if there is no picture that can be read.
        ValueError: if `source` is none of the kinds above.

    >>> load_image(Image.new("LA", (1024, 256), (0, 0))).getpixel((0, 0))
    (255, 255, 255)
    """
    if isinstance(source, Image.Image):
        _check_size(source, max_pixels)
        return _upright_rgb(source, max_side)
    if isinstance(source, str | os.PathLike):
        with _open(Path(source)) as file:
            return _read(file, max_pixels, max_side)
    content = source.read() if hasattr(source, "read") else source
    if not isinstance(content, bytes | bytearray | memoryview):
        kind = type(source).__name__
        raise ValueError(f"`source` must be a path, bytes, a binary file or a picture but got {kind}")
    return _read(BytesIO(content), max_pixels, max_side)


def _open(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except (OSError, ValueError):  # ValueError: a zero byte in the name
        name = path.name if len(path.name) < 80 else path.name[:79] + "…"
        raise ImageError(f"The file {name!r} cannot be opened.") from None


def _read(file: IO[bytes], max_pixels: int, max_side: int) -> Image.Image:
    try:
        return _decode(file, max_pixels, max_side)
    except ImageError as error:
        if error.__cause__ is not None and (bare := _without_metadata(file)):
            with suppress(ImageError):
                return _decode(bare, max_pixels, max_side)
        raise


def _decode(file: IO[bytes], max_pixels: int, max_side: int) -> Image.Image:
    try:
        image = Image.open(file, formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageError(_too_large(max_pixels)) from None
    except Exception as error:  # a decoder may raise anything at a hostile file
        raise ImageError(_why_not(file)) from error
    with image:
        _check_size(image, max_pixels)
        width, height = (max(1, side // _factor(image, max_side)) for side in image.size)
        image.draft("RGB", (width, height))  # a large JPEG decodes at 1/2, 1/4 or 1/8
        return _upright_rgb(image, max_side)


def _check_size(image: Image.Image, max_pixels: int) -> None:
    if not (pixels := image.width * image.height):
        raise ImageError("The image has no pixels.")
    if pixels > max_pixels:
        raise ImageError(_too_large(max_pixels, pixels))


def _factor(image: Image.Image, max_side: int) -> int:
    return max(1, -(-max(image.size) // max_side))


def _upright_rgb(image: Image.Image, max_side: int) -> Image.Image:
    try:
        image.load()
        plain = _eight_bits(image)
    except Exception as error:
        raise ImageError(_DAMAGED) from error
    if (factor := _factor(plain, max_side)) > 1:
        plain = plain.reduce(factor)  # means of whole blocks: many times faster than resizing
    page = Image.new("RGB", plain.size, WHITE)
    page.paste(plain, mask=plain if plain.mode == "RGBA" else None)
    with suppress(Exception):  # corrupt EXIF: the pixels are fine
        turn = _UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation, 1))
        page = page if turn is None else page.transpose(turn)
    return page


def _eight_bits(image: Image.Image) -> Image.Image:
    """The picture in mode L, RGB or RGBA."""
    if image.mode[0] in "IF":  # I;16, I;16B, I, F: Pillow would cut off what exceeds 255
        return _eight_bits_of_deep(image)
    mode = "RGBA" if image.has_transparency_data else "L" if image.mode == "L" else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _eight_bits_of_deep(image: Image.Image) -> Image.Image:
    values = np.asarray(image)
    if image.mode == "F":
        values = np.nan_to_num(values, posinf=0.0, neginf=0.0)
    low, high = min(0, values.min()), max(1, values.max())
    if image.mode != "F" and low == 0 and high <= 65535:
        grey = (values >> 8).astype(np.uint8)
    else:  # no scale is agreed on: [0, 1] is kept, anything wider is stretched
        grey = ((values.astype(np.float64) - low) * (255 / (float(high) - float(low)))).astype(np.uint8)
    if (transparent := image.info.get("transparency")) is not None:
        grey[values == transparent] = 255
    return Image.fromarray(grey)


def _too_large(max_pixels: int, pixels: int | None = None) -> str:
    found = "" if pixels is None else f" ({pixels / 1e6:.0f} million)"
    return f"The image has too many pixels{found}; at most {max_pixels / 1e6:.0f} million are accepted."


def _why_not(file: IO[bytes]) -> str:
    file.seek(0)
    head = file.read(1024)
    if not head:
        return "The file is empty."
    if head.startswith(_KNOWN_STARTS) or head[8:12] == b"WEBP" or head[4:11] == b"ftypavi":
        return _DAMAGED
    for mark, kind in _OTHER_KINDS.items():
        if mark in head:
            return f"{kind} file cannot be read: {_ADVICE}"
    return f"The file is not an image that can be read: {_ADVICE}"


def _without_metadata(file: IO[bytes]) -> IO[bytes] | None:
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
