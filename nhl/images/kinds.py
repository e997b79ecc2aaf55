"""Picture formats: which can be read, which cannot, and how to tell a file's format."""

import os
from collections.abc import Mapping
from typing import IO, Any

import pi_heif
from PIL import TiffImagePlugin

pi_heif.register_heif_opener()
# Pillow knows these kinds of grey TIFF in one of the two byte orders.
TiffImagePlugin.OPEN_INFO.setdefault((b"MM", 0, (1,), 1, (16,), ()), ("I;16B", "I;16B"))
TiffImagePlugin.OPEN_INFO.setdefault((b"MM", 1, (1,), 1, (32,), ()), ("I", "I;32B"))

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF", "HEIF")
ENDINGS = frozenset(
    [
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".mpo",
        ".png",
        ".apng",
        ".webp",
        ".gif",
        ".bmp",
        ".dib",
        ".tif",
        ".tiff",
        ".avif",
        ".heic",
        ".heif",
        ".hif",
    ]
)
KINDS = "JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC"
ADVICE = f"please send a {KINDS} picture."
DAMAGED = "The image is damaged or cut short."
RAW_TIFF = f"This kind of TIFF cannot be read (camera raw): {ADVICE}"

_RAW, _JPEG2000, _PHOTOSHOP = "A camera raw", "A JPEG 2000", "A Photoshop"
# Endings of pictures that cannot be read: these files are reported, not skipped.
_UNREADABLE = {
    **dict.fromkeys(
        [".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw", ".x3f"], _RAW
    ),
    **dict.fromkeys([".jp2", ".j2k", ".jpf", ".jpx", ".jpm"], _JPEG2000),
    **dict.fromkeys((".psd", ".psb"), _PHOTOSHOP),
    ".jxl": "A JPEG XL",
    ".svg": "An SVG",
    ".svgz": "An SVG",
    ".xcf": "A GIMP",
    ".exr": "An OpenEXR",
}
_STARTS = {
    b"\xff\x0a": "A JPEG XL",
    b"\0\0\0\x0cJXL ": "A JPEG XL",
    b"\0\0\0\x0cjP  ": _JPEG2000,
    b"\xff\x4f\xff\x51": _JPEG2000,
    b"8BPS": _PHOTOSHOP,
    b"FUJIFILMCCD-RAW": _RAW,
}
_INSIDE = {b"<svg": "An SVG", b"%PDF": "A PDF"}
_HEIF = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2", b"msf1")
_READABLE_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8")
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

_KIND, _WIDTH, _HEIGHT, _PHOTOMETRIC, _STRIPS, _TILES, _BELOW = 254, 256, 257, 262, 273, 324, 330
_DNG = 50706
_OF_SENSORS = (32803, 34892)  # photometric: a mosaic of colours, or that undone


def unreadable_kind(name: str | os.PathLike[str]) -> str | None:
    """A sentence for a file whose ending says that it is a picture of a kind that cannot be read.

    >>> unreadable_kind("IMG_1.DNG")[:34]
    'A camera raw file cannot be read: '
    >>> unreadable_kind("notes.txt")
    """
    kind = _UNREADABLE.get(os.path.splitext(name)[1].lower())  # noqa: PTH122 (names are no paths)
    return kind and _cannot(kind)


def why_not(file: IO[bytes]) -> str:
    """A sentence that says why a file that no decoder took is no picture."""
    file.seek(0)
    head = file.read(1024)
    if not head:
        return "The file is empty."
    if head.startswith(_READABLE_STARTS) or head[8:12] == b"WEBP" or head[4:11] == b"ftypavi":
        return DAMAGED
    if head.startswith(_TIFF_STARTS):
        return _why_no_tiff(file)
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF:
        return f"The HEIF (HEIC) picture is damaged or of a kind that cannot be read: {ADVICE}"
    if head[4:12] == b"ftypcrx ":
        return _cannot(_RAW)
    found = [kind for start, kind in _STARTS.items() if head.startswith(start)]
    found += [kind for mark, kind in _INSIDE.items() if mark in head]
    return _cannot(found[0]) if found else f"The file is not an image that can be read: {ADVICE}"


def is_raw(tags: Mapping[int, Any]) -> bool:
    """Whether the first picture of a TIFF file is a sensor's, or a small one before a sensor's."""
    before_others = tags.get(_KIND) == 1 and _BELOW in tags
    return _DNG in tags or tags.get(_PHOTOMETRIC) in _OF_SENSORS or before_others


def _why_no_tiff(file: IO[bytes]) -> str:
    try:
        file.seek(0)
        head = file.read(16)
        tags = TiffImagePlugin.ImageFileDirectory_v2(head if b"+" in head[:4] else head[:8])
        file.seek(tags.next)
        tags.load(file)
        if is_raw(dict(tags)):
            return RAW_TIFF
        pixels = [offset for tag in (_STRIPS, _TILES) for offset in tags.get(tag, ())]
        known = tags[_WIDTH] > 0 < tags[_HEIGHT] and 0 < max(pixels) < file.seek(0, os.SEEK_END)
    except Exception:  # a decoder may raise anything at a hostile file
        return DAMAGED
    return f"This kind of TIFF cannot be read: {ADVICE}" if known else DAMAGED


def _cannot(kind: str) -> str:
    return f"{kind} file cannot be read: {ADVICE}"
