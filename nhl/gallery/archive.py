"""The files in a zip archive: their names as they were meant, and the classes that its folders are."""

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath

from nhl.images.kinds import ENDINGS
from nhl.images.names import is_system


@dataclass(frozen=True)
class Entry:
    """A file in an archive.

    Args:
        info: by which it is opened.
        path: its name with its folders.
        label: the class that its folder stands for, or empty.
    """

    info: zipfile.ZipInfo
    path: PurePosixPath
    label: str

    @property
    def is_outside(self) -> bool:
        """Whether its name leads out of the archive."""
        return _leads_out(self.path)


def entries(archive: zipfile.ZipFile, most: int) -> list[Entry]:
    """The first files of an archive, without those of a system.

    A label is the first folder on the way to a file, as in `nhl.gallery.labels.folder_labels`. A folder
    that holds all pictures is what was zipped, and no class.

    Args:
        archive: opened for reading.
        most: how many files, folders included.
    """
    found = list(_files(archive.filelist[:most]))
    pictures = [path for _, path in found if path.suffix.lower() in ENDINGS and not _has_system(path)]
    around = _folder_around(pictures, [path for _, path in found if "__MACOSX" not in path.parts])
    return [
        Entry(info, path, next(iter(path.parts[around:-1]), ""))
        for info, path in found
        if not _has_system(path)
    ]


def name_of(info: zipfile.ZipInfo) -> str:
    r"""The name of a file in an archive: decoded as UTF-8 where it can be, since some programs do not mark it.

    `\` separates folders, as some programs on Windows write it, unless that would lead out of the archive.
    """
    name = info.filename
    if not info.flag_bits & 0x800:  # which would say that it is in UTF-8; Python took it for CP437
        with suppress(UnicodeError):  # it is in CP437, or an extra field has it in full
            name = name.encode("cp437").decode("utf-8")
    parted = name.replace("\\", "/")
    return name if _leads_out(PurePosixPath(parted)) else parted


def _files(infos: Sequence[zipfile.ZipInfo]) -> Iterator[tuple[zipfile.ZipInfo, PurePosixPath]]:
    for info in infos:
        name = name_of(info)
        if not name.endswith("/") and PurePosixPath(name).parts:
            yield info, PurePosixPath(name)


def _leads_out(path: PurePosixPath) -> bool:
    return path.is_absolute() or ".." in path.parts


def _has_system(path: PurePosixPath) -> bool:
    """Whether a file belongs to a system or lies in such a folder; a hidden file may be a picture."""
    *folders, name = path.parts
    kept = name == ".DS_Store" or name.startswith("._") or (is_system(name) and not name.startswith("."))
    return kept or any(folder != ".." and is_system(folder) for folder in folders)


def _folder_around(pictures: Sequence[PurePosixPath], files: Sequence[PurePosixPath]) -> int:
    """How many folders at the start of each path hold everything, so that they are no classes."""
    tops = {path.parts[0] if len(path.parts) > 1 else "" for path in pictures}
    if len(tops) != 1 or "" in tops:
        return 0
    deeper = any(len(path.parts) > 2 for path in pictures)
    return int(deeper or len({path.parent for path in files}) == 1)
