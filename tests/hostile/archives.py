"""Hostile archives: bombs, archives in archives, names that lead out, links, locks, and tables that lie."""

import io
import stat
import struct
import zipfile
from collections.abc import Callable
from functools import partial

from drawings import draw, encoded
from hostile.cases import BYTE_NAMES, NAMES

GOOD = encoded(draw("red", 1))
UTF_8 = 0x800  # the flag of a name that is in UTF-8
Entry = tuple[str | bytes | zipfile.ZipInfo, bytes]


class OldName(zipfile.ZipInfo):
    """A file whose name stands in the archive byte by byte, without a word on its encoding."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 (zipfile's own)
        return self.filename.encode("latin-1"), self.flag_bits & ~UTF_8


def packed(*entries: Entry, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of these names and contents; names in bytes as old programs write them."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        for name, content in entries:
            old = isinstance(name, bytes)
            made.writestr(OldName(name.decode("latin-1")) if old else name, content, compress_type=method)
    return file.getvalue()


def link(name: str, to: str) -> Entry:
    """A symbolic link in an archive."""
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return entry, to.encode()


def nested(depth: int) -> bytes:
    """An archive in an archive in an archive."""
    data = packed(("good.png", GOOD))
    for _ in range(depth):
        data = packed(("inner.zip", data))
    return data


def locked() -> bytes:
    """A picture that is said to be encrypted, before it and in the table of contents."""
    data = bytearray(packed(("a.png", GOOD)))
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def lying(field: int, value: int) -> bytes:
    """An archive whose table of contents has another number in one field."""
    data = bytearray(packed(("a.png", GOOD), method=zipfile.ZIP_STORED))
    place = data.rindex(b"PK\x01\x02") + field
    data[place : place + 4] = struct.pack("<I", value)
    return bytes(data)


def mislabelled(name: bytes) -> bytes:
    """An archive with a name that is said to be in UTF-8."""
    data = bytearray(packed((name, GOOD)))
    for signature, field in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.rindex(signature) + field + 1] |= UTF_8 >> 8
    return bytes(data)


def overlapping(count: int) -> bytes:
    """A table of contents that names the same packed bytes again and again."""
    data = packed(("a.png", bytes(19_000_000)))
    table = data.rindex(b"PK\x01\x02")
    end = data.rindex(b"PK\x05\x06")
    entry = data[table:end]
    tail = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count, count, len(entry) * count, table, 0)
    return data[:table] + entry * count + tail


good: Entry = ("good.png", GOOD)
OLD_UTF_8 = [("Кошка/★6.png".encode(), GOOD), ("Ünï/7.png".encode(), GOOD)]
OLD_CP437 = [("café/é.png".encode("cp437"), GOOD), ("Ä/7.png".encode("cp437"), GOOD)]
BACKWARDS = [("café\\ä.png".encode("cp437"), GOOD), ("Öl\\8.png".encode(), GOOD)]
# by name: the archive, how many pictures are kept, how many files are left out (None: not for sure)
ARCHIVES: dict[str, tuple[Callable[[], bytes], int, int | None]] = {
    "empty": (partial(packed), 0, None),
    "good": (partial(packed, good), 1, 0),
    "a bomb of 1 GB": (partial(packed, good, *[(f"{n}.png", bytes(50_000_000)) for n in range(4)]), 1, 4),
    "the same bomb 5,000 times": (partial(overlapping, 5_000), 0, None),
    "a zip in a zip": (partial(packed, good, ("inner.zip", nested(0))), 1, 1),
    "zips twenty deep": (partial(nested, 20), 0, None),
    "up": (partial(packed, good, ("../../../escaped.png", GOOD)), 1, 1),
    "up, inside": (partial(packed, good, ("a/../../escaped.png", GOOD)), 1, 1),
    "absolute": (partial(packed, good, ("/tmp/escaped.png", GOOD)), 1, 1),
    "a link": (partial(packed, good, link("a.png", "/etc/passwd")), 1, 1),
    "a link to a folder": (partial(packed, good, link("up", ".."), ("up/b.png", GOOD)), 2, 1),
    "the same name twice": (partial(packed, good, ("good.png", encoded(draw("blue", 2)))), 2, 0),
    "encrypted": (locked, 0, None),
    "a wrong checksum": (partial(lying, 16, 7), 0, None),
    "a size too small": (partial(lying, 24, 1), 0, None),
    "a size of 4 GB": (partial(lying, 24, 2**32 - 2), 1, 0),
    "an unknown method": (partial(lying, 10, 99), 0, None),
    "an offset beyond the end": (partial(lying, 42, 2**31), 0, None),
    "cut in half": (lambda: packed(good)[: len(packed(good)) // 2], 0, None),
    "words behind a signature": (lambda: b"PK\x05\x06" + b"only words" * 10, 0, None),
    "only folders": (partial(packed, ("a/", b""), ("a/b/", b"")), 0, None),
    "backslashes": (partial(packed, ("cats\\1.png", GOOD), ("dogs\\..\\..\\2.png", GOOD)), 2, 0),
    "what a drive adds": (partial(packed, good, ("@eaDir/good.png/THUMB_M.png", GOOD)), 1, 0),
    "LZMA": (partial(packed, good, method=zipfile.ZIP_LZMA), 1, 0),
    "5,000 files": (partial(packed, good, *[(f"{n}.txt", b"") for n in range(5_000)]), 1, 5_000),
    **{
        f"named {kind}": (
            partial(packed, (f"folder/{name}", GOOD)), int(".." not in name.split("/")), None
        )
        for kind, name in NAMES.items() if "\0" not in name
    },
    **{f"named in bytes, {kind}": (partial(packed, (name, GOOD)), 1, 0) for kind, name in BYTE_NAMES.items()},
    "UTF-8 without the flag": (partial(packed, *OLD_UTF_8), 2, 0),
    "CP437 without the flag": (partial(packed, *OLD_CP437), 2, 0),
    "both, and backslashes": (partial(packed, *OLD_UTF_8, *BACKWARDS), 4, 0),
    "the flag beside CP437": (partial(mislabelled, BYTE_NAMES["CP437"]), 0, None),
}  # fmt: skip
# by name of an archive: the name and the class of each picture that is kept
SHOWN = {
    "UTF-8 without the flag": {"★6.png": "Кошка", "7.png": "Ünï"},
    "CP437 without the flag": {"é.png": "café", "7.png": "Ä"},
    "both, and backslashes": {"★6.png": "Кошка", "7.png": "Ünï", "ä.png": "café", "8.png": "Öl"},
    **{f"named in bytes, {kind}": {name: label} for kind, (name, label) in {
        "UTF-8": ("Кошка ★.png", ""), "CP437": ("café.png", ""), "Latin-1, backwards": ("1.png", ""),
    }.items()},
}  # fmt: skip
