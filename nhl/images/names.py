"""Names of files and folders: which belong to a system, and which are two spellings of one name."""

import posixpath
import unicodedata
from collections import Counter
from collections.abc import Iterable

# What network drives, Windows, macOS and Linux put beside people's own files, in small letters.
_SYSTEM = frozenset(
    [
        "@eadir",
        "@tmp",
        "@recycle",
        "@recently-snapshot",
        "#recycle",
        "#snapshot",
        "$recycle.bin",
        "recycler",
        "lost+found",
        "__macosx",
        "thumbs.db",
        "desktop.ini",
    ]
) | {"system volume information"}


def is_system(name: str) -> bool:
    """Whether a file or folder of this name is hidden or a system's own, so that nobody misses it.

    >>> [is_system(name) for name in ("@eaDir", "$RECYCLE.BIN", ".DS_Store", "cats")]
    [True, True, True, False]
    """
    return name.startswith(".") or name.casefold() in _SYSTEM


def folded(path: str) -> str:
    r"""A path as it is compared: `/` between folders, one way to write accents, no difference of case.

    >>> folded("Photos\\./Cre\u0300me.JPG") == folded("photos/cr\u00e8me.jpg")
    True
    """
    plain = unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
    return posixpath.normpath(plain.replace("\\", "/"))


def passed_over(names: Iterable[str]) -> str:
    """How many files were skipped because of their names, their endings, and the first of them.

    >>> passed_over(["a.txt", "b.txt", "README"])
    "3 files skipped, not named like pictures: 2 .txt, 1 without an ending; first 'README'"
    """
    found = sorted(names)
    endings = Counter(posixpath.splitext(name)[1].lower() or "without an ending" for name in found)
    told = ", ".join(f"{count:,} {ending}" for ending, count in endings.most_common(5))
    more = ", ..." if len(endings) > 5 else ""
    files = "file" if len(found) == 1 else "files"
    pictures = "a picture" if len(found) == 1 else "pictures"
    return f"{len(found):,} {files} skipped, not named like {pictures}: {told}{more}; first {found[0]!r}"
