"""The labels of picture files: from sub-folders or from a CSV file."""
# pathlib has no bytes:
# ruff: noqa: PTH118, PTH120

import codecs
import csv
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from nhl.gallery.files import shown
from nhl.images.names import folded

HEADINGS = ("file", "filename", "file_name", "path", "image", "picture")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass
class Labels:
    """What a CSV file of labels says.

    Args:
        of: the labels of pictures, by absolute path.
        lines: how many lines it has with a picture and its labels.
        unmatched: those that name no picture, as `line 3: 'dog.jpg'`.
    """

    of: dict[bytes, tuple[str, ...]] = field(default_factory=dict)
    lines: int = 0
    unmatched: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{len(self.unmatched):,} of {self.lines:,} lines name no picture, first {self.unmatched[0]}"


def folder_labels(root: bytes, path: bytes) -> tuple[str, ...]:
    """The label of a file: the first sub-folder of `root` on the way to it, none where it lies in `root`.

    >>> folder_labels(b"/pictures", b"/pictures/cats/black/1.jpg")
    ('cats',)
    """
    first, inside, _ = os.path.relpath(path, root).partition(os.sep.encode())
    return (shown(first),) if inside else ()


def read_labels(file: str | Path, root: bytes, pictures: Collection[bytes]) -> Labels:
    r"""Labels from a CSV file: one line a picture, first its file, then its labels.

    Files are relative to `root` or to the folder that it lies in, or absolute. Where none is spelt exactly
    so, the one is meant that differs in case, in the form of its accents, or in `\` for `/`. A first line
    that begins with `file` or `path` is a heading.

    Args:
        file: the CSV file, in UTF-8.
        root: the folder of the pictures.
        pictures: their absolute paths.

    Raises:
        FileNotFoundError: if there is no such file.
        OSError: if it cannot be read.
        ValueError: if it is no CSV file in UTF-8, a line has no label, or no line names a picture.
    """
    loosely: dict[str, set[bytes]] = {}
    for path in pictures:
        loosely.setdefault(folded(os.fsdecode(path)), set()).add(path)
    exact, labels = set(pictures), Labels()
    for number, name, kept in _lines(Path(file)):
        labels.lines += 1
        path = os.path.normpath(os.path.join(root, os.fsencode(name)))
        if path not in exact:
            around = (root, os.path.dirname(root))
            keys = [folded(os.path.join(os.fsdecode(place), name.replace("\\", "/"))) for place in around]
            meant = next((loosely[key] for key in keys if key in loosely), set())
            if len(meant) != 1:  # none, or several that differ in case alone
                labels.unmatched.append(f"line {number}: {shown(os.fsencode(name))!r}")
                continue
            (path,) = meant
        labels.of[path] = kept
    if not labels.of:
        raise ValueError(
            f"{file} names no picture of {shown(root)}: its first column must be files of that folder"
        )
    return labels


def _lines(file: Path) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """The number, the file and the labels of each line that has any."""
    reader = csv.reader(StringIO(_text(file), newline=""))
    number = 0
    try:
        for number, line in enumerate(reader, 1):
            name, *given = (cell.strip() for cell in line) if line else ("",)
            kept = tuple(shown(os.fsencode(label)) for label in given if label)
            if not line or (number == 1 and name.lower() in HEADINGS):
                continue
            if not name or not kept:
                raise ValueError(
                    f"{file}, line {number}: must be `file,label` but got {','.join(line)!r}: "
                    "write both, and a comma between them"
                )
            yield number, name, kept
    except csv.Error as error:
        raise ValueError(f"{file}, line {number + 1}: cannot be read as CSV ({error})") from error


def _text(file: Path) -> str:
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"the file of labels {file} does not exist") from None
    except OSError as error:
        raise OSError(f"the file of labels {file} cannot be read ({error.strerror})") from error
    if content.startswith(_UTF16):
        raise ValueError(f"{file} is in UTF-16: save it as UTF-8, which spreadsheets call `CSV UTF-8`")
    if (place := content.find(b"\0")) >= 0:
        number = content.count(b"\n", 0, place) + 1
        raise ValueError(f"{file}, line {number}: holds a zero byte, so it is no CSV file: save it anew")
    # Names of files may be in any encoding: what is not UTF-8 passes through as it is.
    return content.decode("utf-8-sig", "surrogateescape")
