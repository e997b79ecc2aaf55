"""Any picture a visitor may send, as RGB on white, or one sentence that says why not."""

import os
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import IO, TypeAlias

from PIL import Image

from nhl.images import tiff
from nhl.images.kinds import ADVICE, DAMAGED, FORMATS, why_no_jpeg, why_not
from nhl.images.metadata import upright, without_metadata
from nhl.images.pixels import eight_bits, to_srgb, without_gamma

ImageSource: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | Image.Image"

WHITE = (255, 255, 255)


class ImageError(ValueError):
    """A picture that cannot be read; its message is one sentence fit to show to whoever sent it."""


def load_image(source: ImageSource, *, max_pixels: int = 50_000_000, max_side: int = 512) -> Image.Image:
    """A picture as RGB: its first frame, upright, 8 bits a channel, in sRGB, transparency on white.

    Args:
        source: a path, the bytes of a file, a binary file, or a picture (which is left as it is).
        max_pixels: pictures of more pixels are refused before they are decoded; JPEG, which is decoded at a
            reduced scale, may have four times as many, or twice where it is progressive.
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
    name = path.name if len(path.name) < 80 else path.name[:79] + "…"
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise ImageError(f"The file {name!r} does not exist.") from None
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise ImageError(f"The file {name!r} cannot be read ({reason}).") from None


def _read(file: IO[bytes], max_pixels: int, max_side: int) -> Image.Image:
    try:
        return _decode(file, max_pixels, max_side)
    except ImageError as error:
        if error.__cause__ is not None and (bare := without_metadata(file)):
            with suppress(ImageError):
                return _decode(bare, max_pixels, max_side)
            file.seek(0)
            if file.read(2) == b"\xff\xd8":
                raise ImageError(why_no_jpeg(file)) from error
        raise


def _decode(file: IO[bytes], max_pixels: int, max_side: int) -> Image.Image:
    try:
        image = Image.open(file, formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageError(_too_large(max_pixels)) from None
    except Exception as error:  # a decoder may raise anything at a hostile file
        raise ImageError(why_not(file)) from error
    with image:
        if why := tiff.refusal(image):
            raise ImageError(f"{why}: {ADVICE}")
        _check_size(image, max_pixels * _reducible(image))
        width, height = (max(1, side // _factor(image, max_side)) for side in image.size)
        image.draft("RGB", (width, height))  # a large JPEG decodes at 1/2, 1/4 or 1/8
        _check_size(image, max_pixels)
        return _upright_rgb(image, max_side)


def _reducible(image: Image.Image) -> int:
    """How many times more pixels a file may have, since it is decoded at a reduced scale.

    A progressive JPEG takes memory for all of its coefficients even so.
    """
    if image.format not in ("JPEG", "MPO"):
        return 1
    return 2 if image.info.get("progressive") else 4


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
        plain = eight_bits(image)
        if (factor := _factor(plain, max_side)) > 1:
            plain = plain.reduce(factor)  # means of whole blocks: many times faster than resizing
        plain = _as_shown(plain, image)
    except Exception as error:
        raise ImageError(DAMAGED) from error
    page = Image.new("RGB", plain.size, WHITE)
    page.paste(plain, mask=plain if plain.mode == "RGBA" else None)
    page = upright(page, image.info.get("exif"))
    page.info = {}
    return page


def _as_shown(plain: Image.Image, image: Image.Image) -> Image.Image:
    """The picture with the colours that a browser shows."""
    profile, gamma = image.info.get("icc_profile"), image.info.get("gamma")
    if profile or plain.mode in ("CMYK", "LAB"):
        return to_srgb(plain, profile, was_grey=image.mode[0] in "1LIF" and image.mode != "LAB")
    if image.format == "PNG" and gamma and "srgb" not in image.info:
        return without_gamma(plain, gamma)
    return plain


def _too_large(max_pixels: int, pixels: int | None = None) -> str:
    found = "" if pixels is None else f" ({pixels / 1e6:.0f} million)"
    return f"The image has too many pixels{found}; at most {max_pixels / 1e6:.0f} million are accepted."
