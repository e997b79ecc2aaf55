"""Picture formats: which can be read, which cannot, and how to tell a file's format."""

import os
from typing import IO

import pi_heif

from nhl.images import tiff

pi_heif.register_heif_opener()

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
_JPEG = b"\xff\xd8\xff"
_OTHER_FRAMES = (0xC3, 0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF, 0xF7)  # lossless, of several sizes, JPEG-LS
_READABLE_STARTS = (b"\x89PNG\r\n", b"GIF8")


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
    if head.startswith(_JPEG):
        return why_no_jpeg(file)
    if head.startswith(_READABLE_STARTS) or head[8:12] == b"WEBP" or head[4:11] == b"ftypavi":
        return DAMAGED
    if head.startswith(tiff.STARTS):
        why = tiff.why_unreadable(file)
        return f"{why}: {ADVICE}" if why else DAMAGED
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF:
        return f"The HEIF (HEIC) picture is damaged or of a kind that cannot be read: {ADVICE}"
    if head[4:12] == b"ftypcrx ":
        return _cannot(_RAW)
    found = [kind for start, kind in _STARTS.items() if head.startswith(start)]
    found += [kind for mark, kind in _INSIDE.items() if mark in head]
    return _cannot(found[0]) if found else f"The file is not an image that can be read: {ADVICE}"


def why_no_jpeg(file: IO[bytes]) -> str:
    """A sentence that says why a JPEG file was not decoded: it is of a rare kind, or damaged."""
    file.seek(0)
    data, position = file.read(), 2
    while position + 5 <= len(data) and data[position] == 0xFF and data[position + 1] != 0xDA:
        marker, depth = data[position + 1], data[position + 4]
        frame = 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)
        if marker in _OTHER_FRAMES or (frame and depth != 8):
            return f"This kind of JPEG cannot be read: {ADVICE}"
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return DAMAGED


def _cannot(kind: str) -> str:
    return f"{kind} file cannot be read: {ADVICE}"
