"""Kinds of TIFF: those that Pillow cannot read, or reads wrongly."""

import os
from collections.abc import Mapping
from typing import IO, Any

from PIL import Image, TiffImagePlugin

# Pillow knows these kinds of grey TIFF in one of the two byte orders.
TiffImagePlugin.OPEN_INFO.setdefault((b"MM", 0, (1,), 1, (16,), ()), ("I;16B", "I;16B"))
TiffImagePlugin.OPEN_INFO.setdefault((b"MM", 1, (1,), 1, (32,), ()), ("I", "I;32B"))

STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
UNREADABLE = "This kind of TIFF cannot be read"
RAW = f"{UNREADABLE} (camera raw)"

KIND, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 254, 256, 257, 258, 259, 262
_STRIPS, _PLANES, _TILES, _BELOW, SAMPLES, _DNG = 273, 284, 324, 330, 339, 50706
WHITE_IS_ZERO, SIGNED = 0, 2
_OF_SENSORS = (32803, 34892)  # photometric: a mosaic of colours, or that undone
_PACKED_OTHERWISE = (34712, 34887, 50001, 50002)  # JPEG 2000, LERC, WebP, JPEG XL


def refusal(image: Image.Image) -> str | None:
    """Why an opened picture is not decoded, if it is a TIFF that would give wrong pixels or none."""
    tags: Mapping[int, Any] = getattr(image, "tag_v2", {})
    if _is_raw(tags):
        return RAW
    bits, compression = tags.get(BITS, (0,))[0], tags.get(COMPRESSION, 1)
    in_planes = bits > 8 and tags.get(_PLANES) == 2
    signed_bytes = bits == 8 and tags.get(SAMPLES, (1,))[0] == SIGNED
    in_wrong_order = bits == 32 and compression != 1 and getattr(tags, "prefix", b"") == b"MM"
    wrong = in_planes or signed_bytes or in_wrong_order or compression in _PACKED_OTHERWISE
    return UNREADABLE if wrong else None


def why_unreadable(file: IO[bytes]) -> str | None:
    """Why no decoder takes a TIFF file; None if it is damaged."""
    try:
        file.seek(0)
        head = file.read(16)
        if head.startswith(b"MM\0+"):
            return UNREADABLE
        tags = TiffImagePlugin.ImageFileDirectory_v2(head if b"+" in head[:4] else head[:8])
        file.seek(tags.next)
        tags.load(file)
        if _is_raw(tags):
            return RAW
        pixels = [offset for tag in (_STRIPS, _TILES) for offset in tags.get(tag, ())]
        known = tags[WIDTH] > 0 < tags[HEIGHT] and 0 < max(pixels) < file.seek(0, os.SEEK_END)
    except Exception:  # it may raise anything at a hostile file
        return None
    return UNREADABLE if known else None


def _is_raw(tags: Mapping[int, Any]) -> bool:
    """Whether the first picture of a file is a sensor's, or a small one before a sensor's."""
    before_others = tags.get(KIND) == 1 and _BELOW in tags
    return _DNG in tags or tags.get(PHOTOMETRIC) in _OF_SENSORS or before_others
