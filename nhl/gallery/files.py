"""The picture files under a folder.

Paths are bytes, as the file system has them: a name need not be valid text in any encoding.
"""
# pathlib has no bytes:
# ruff: noqa: PTH114, PTH116, PTH118, PTH120, PTH122

import os
import stat
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from nhl.images.kinds import ENDINGS, KINDS, unreadable_kind
from nhl.images.names import is_system, passed_over


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
        unreadable: the files and folders that could not be looked at, and pictures of kinds that cannot be
            read, and why.
        passed_over: the files that are not named like pictures, but for hidden ones and those of a system.
    """

    root: bytes
    files: list[PictureFile] = field(default_factory=list)
    unreadable: dict[bytes, str] = field(default_factory=dict)
    passed_over: list[bytes] = field(default_factory=list)

    def hides(self, path: bytes) -> bool:
        """Whether a path could not be looked at, so that the picture may still be there."""
        while path not in self.unreadable:
            path, below = os.path.dirname(path), path
            if path == below:
                return False
        return True


def numbered_pictures(folder: Path) -> list[Path]:
    """The JPEG and PNG files of a folder by their numbers, 9.png before 10.png; none where there is no folder."""
    found = (path for path in folder.glob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    return sorted(found, key=lambda path: (len(path.name), path.name))


def find_pictures(folder: str | Path) -> Found:
    """Walk a folder for files named like pictures, each folder once however often it is linked to.

    Hidden files and folders, and those of a system, are not looked at. Links that lead out of the folder are not followed: what
    they lead to is added by its own name, or not at all.

    Raises:
        FileNotFoundError: if there is no such folder.
        OSError: if it cannot be read.
        ValueError: if it is a file, or holds no pictures.
    """
    if Path(folder).is_file():
        raise ValueError(f"{shown(os.fsencode(folder))} is a file: give the folder that it lies in")
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
            folders[:] = sorted(name for name in folders if not is_system(os.fsdecode(name)))
            inner = (os.path.join(place, name) for name in folders)
            waiting.extend(path for path in inner if os.path.islink(path) and _stays(found, path))
            for name in sorted(names):
                _sort_in(found, os.path.join(place, name), os.fsdecode(name))
    if not found.files:
        raise _empty(found)
    return found


def _sort_in(found: Found, path: bytes, name: str) -> None:
    if is_system(name):
        return
    if os.path.splitext(name)[1].lower() in ENDINGS:
        _look_at(found, path)
    elif why := unreadable_kind(name):
        found.unreadable[path] = why
    else:
        found.passed_over.append(path)


def _empty(found: Found) -> Exception:
    """What is wrong with a folder in which no picture was found."""
    if found.root in found.unreadable:
        return OSError(f"{shown(found.root)} cannot be read ({found.unreadable[found.root]})")
    told = [f"{shown(path)}: {why}" for path, why in [*found.unreadable.items()][:1]]
    told += [passed_over(map(shown, found.passed_over))] if found.passed_over else []
    return ValueError("; ".join([f"{shown(found.root)} holds no pictures ({KINDS})", *told]))


def _note(found: Found, error: OSError) -> None:
    found.unreadable[os.fsencode(error.filename)] = error.strerror or str(error)


def _stays(found: Found, link: bytes) -> bool:
    """Whether a link leads to a place inside the folder; where it does not, that is noted."""
    target = os.path.realpath(link)
    if is_inside(target, found.root):
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


def is_inside(path: bytes, folder: bytes) -> bool:
    """Whether an absolute path is a folder or lies in it, as the system compares names.

    >>> [is_inside(path, b"/a") for path in (b"/a", b"/a/b/c.jpg", b"/ab")]
    [True, True, False]
    """
    path, folder = os.path.normcase(path), os.path.normcase(folder)
    return path == folder or path.startswith(os.path.join(folder, b""))


def shown(path: bytes) -> str:
    r"""A path as text that can be printed and stored; bytes that are no text are shown as `\xff`."""
    return path.decode("utf-8", "backslashreplace")
