"""The picture files under a folder, and their labels: from sub-folders or from a CSV file.

Paths are bytes, as the file system has them: a name need not be valid text in any encoding.
"""
# pathlib has no bytes:
# ruff: noqa: PTH114, PTH116, PTH118, PTH122

import csv
import os
import stat
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

EXTENSIONS = frozenset(
    b".jpg .jpeg .jpe .jfif .png .webp .gif .bmp .tif .tiff .avif".split(),
)


@dataclass(frozen=True)
class PictureFile:
    """A file: its absolute path, its size in bytes and when it was modified, in nanoseconds."""

    path: bytes
    size: int
    modified: int


@dataclass(frozen=True)
class Found:
    """What lies under a folder.

    Args:
        root: the folder, absolute and without symbolic links.
        files: its pictures, ordered by path; a folder that is linked to comes after those that are not.
        unreadable: the files and folders that could not be looked at, and why.
    """

    root: bytes
    files: list[PictureFile] = field(default_factory=list)
    unreadable: dict[bytes, str] = field(default_factory=dict)

    def hides(self, path: bytes) -> bool:
        """Whether a path could not be looked at, so that the picture may still be there."""
        return path in self.unreadable or any(
            path.startswith(os.path.join(closed, b"")) for closed in self.unreadable
        )


def numbered_pictures(folder: Path) -> list[Path]:
    """The JPEG and PNG files of a folder by their numbers, 9.png before 10.png; none where there is no folder."""
    found = (path for path in folder.glob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    return sorted(found, key=lambda path: (len(path.name), path.name))


def find_pictures(folder: str | Path) -> Found:
    """Walk a folder for files named like pictures, each folder once however often it is linked to.

    Names that start with a dot are passed over. Links that lead out of the folder are not followed: what
    they lead to is added by its own name, or not at all.

    Raises:
        FileNotFoundError: if there is no such folder.
        ValueError: if it holds no pictures.
    """
    if not Path(folder).is_dir():
        raise FileNotFoundError(f"there is no folder {shown(os.fsencode(folder))}")
    found = Found(os.fsencode(Path(folder).resolve()))
    seen: set[tuple[int, int]] = set()
    waiting = deque([found.root])  # linked folders wait, so that each is found under its own name first
    while waiting:
        for place, folders, names in os.walk(waiting.popleft(), onerror=lambda e: _note(found, e)):
            status = os.stat(place)
            if (status.st_dev, status.st_ino) in seen:
                folders.clear()
                continue
            seen.add((status.st_dev, status.st_ino))
            folders[:] = sorted(name for name in folders if not name.startswith(b"."))
            inner = (os.path.join(place, name) for name in folders)
            waiting.extend(path for path in inner if os.path.islink(path) and _stays(found, path))
            for name in sorted(names):
                if not name.startswith(b".") and os.path.splitext(name)[1].lower() in EXTENSIONS:
                    _look_at(found, os.path.join(place, name))
    if not found.files:
        raise ValueError(f"{shown(found.root)} holds no pictures (JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF)")
    return found


def _note(found: Found, error: OSError) -> None:
    found.unreadable[os.fsencode(error.filename)] = error.strerror or str(error)


def _stays(found: Found, link: bytes) -> bool:
    """Whether a link leads to a place inside the folder; where it does not, that is noted."""
    target = os.path.realpath(link)
    if target == found.root or target.startswith(os.path.join(found.root, b"")):
        return True
    found.unreadable[link] = f"it is a link out of the folder: add {shown(target)} itself"
    return False


def _look_at(found: Found, path: bytes) -> None:
    try:
        status = os.stat(path)
    except OSError as error:
        _note(found, error)
        return
    if os.path.islink(path) and not _stays(found, path):
        return
    if stat.S_ISREG(status.st_mode):
        found.files.append(PictureFile(path, status.st_size, status.st_mtime_ns))
    else:
        found.unreadable[path] = "it is no regular file"  # a pipe would be waited on for ever


def shown(path: bytes) -> str:
    r"""A path as text that can be printed and stored; bytes that are no text are shown as `\xff`."""
    return path.decode("utf-8", "backslashreplace")


def folder_labels(root: bytes, path: bytes) -> tuple[str, ...]:
    """The label of a file: the first sub-folder of `root` on the way to it, none where it lies in `root`.

    >>> folder_labels(b"/pictures", b"/pictures/cats/black/1.jpg")
    ('cats',)
    """
    first, inside, _ = os.path.relpath(path, root).partition(os.sep.encode())
    return (shown(first),) if inside else ()


def read_labels(file: str | Path, root: bytes) -> dict[bytes, tuple[str, ...]]:
    """Labels by absolute path, from a CSV file: one line a picture, first its file, then its labels.

    Files are relative to `root` or absolute. A first line that begins with `file` is a heading.

    Raises:
        ValueError: if a line has no label.
    """
    labels: dict[bytes, tuple[str, ...]] = {}
    with Path(file).open(encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
        for number, line in enumerate(csv.reader(lines), 1):
            name, *given = (cell.strip() for cell in line) if line else ("",)
            kept = tuple(shown(os.fsencode(label)) for label in given if label)
            if not line or (number == 1 and name.lower() == "file"):
                continue
            if not name or not kept:
                raise ValueError(f"{file}, line {number}: must be `file,label` but got {','.join(line)!r}")
            labels[os.path.normpath(os.path.join(root, os.fsencode(name)))] = kept
    return labels
