"""A folder of pictures with one sub-folder a class, split by lot or as its own sub-folders say."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from nhl.data.pictures import Pictures, Protocol

PARTS = {"train": ("train",), "query": ("query", "test", "val"), "database": ("database",)}
QUERY_SHARE, MOST_QUERIES = 0.2, 100  # of each class
SEED = 0  # of the split: the same queries for every training seed


def image_folder(where: Path | None = None) -> Protocol:
    """20 % of each class ask, at least one and at most 100; the others are trained on and searched.

    Where the folder has `train` and `query` (or `test`, or `val`), each with one sub-folder a class, these
    are the parts, and `database`, or else `train`, is searched. Pictures at any depth below the folder of
    a class belong to it. Figures of two folders, or of two splits of one, are not comparable.

    Args:
        where: the folder.

    Raises:
        ValueError: if there is no folder, no class, a class with too few pictures, or a class that asks
            but has no picture to find.
    """
    if where is None or not where.is_dir():
        raise ValueError(f"`folder` needs a folder of pictures, as in folder:DIR, but got {where}")
    title = f"folder {where.resolve().name}"
    found = {folder.name for folder in _folders(where)}
    if "train" in found and found <= {name for names in PARTS.values() for name in names}:
        return _given(where, found, title)
    files = {folder.name: _pictures(folder) for folder in _folders(where)}
    _check(where, files, 2)
    classes = tuple(files)
    database, query = _labelled(files, classes).split(QUERY_SHARE, SEED, least=1, most=MOST_QUERIES)
    return Protocol.described("folder", title, classes, database, query, database)


def _given(where: Path, found: set[str], title: str) -> Protocol:
    """The protocol of a folder that is split into its parts."""
    files: dict[str, dict[str, list[Path]]] = {}
    for part, names in PARTS.items():
        if name := next((name for name in names if name in found), None):
            files[part] = {folder.name: _pictures(folder) for folder in _folders(where / name)}
            _check(where / name, files[part], 1)
    if "query" not in files:
        raise ValueError(f"`{where}` has `train` but none of {', '.join(PARTS['query'])}: no picture asks")
    files.setdefault("database", files["train"])
    if lost := sorted(set(files["query"]) - set(files["database"])):
        raise ValueError(f"class {lost[0]!r} of `{where}` asks but has no picture to find in the database")
    classes = tuple(sorted({name for part in files.values() for name in part}))
    train, query, database = (_labelled(files[part], classes) for part in PARTS)
    return Protocol.described("folder", title, classes, train, query, database)


def _labelled(files: dict[str, list[Path]], classes: tuple[str, ...]) -> Pictures:
    labels = [classes.index(name) for name, paths in files.items() for _ in paths]
    return Pictures([path for paths in files.values() for path in paths], np.array(labels, dtype=np.int64))


def _check(where: Path, files: dict[str, list[Path]], least: int) -> None:
    if not files:
        raise ValueError(f"`{where}` has no sub-folders: put the pictures of each class into one")
    for name, paths in files.items():
        if len(paths) < least:
            raise ValueError(
                f"class {name!r} of `{where}` must have at least {least} pictures but has {len(paths)}: "
                "add some, or remove its folder"
            )


def _folders(where: Path) -> list[Path]:
    return sorted(path for path in where.iterdir() if path.is_dir() and not path.name.startswith("."))


def _pictures(folder: Path) -> list[Path]:
    """The files of a class: those whose ending Pillow knows how to read, in order."""
    endings = {ending for ending, kind in Image.registered_extensions().items() if kind in Image.OPEN}
    endings |= {".heic", ".heif"}  # of telephones: refused in words, not passed over
    above = {*folder.resolve().parents, folder.parent.resolve()}
    return [path for path in _files(folder, above) if path.suffix.lower() in endings]


def _files(folder: Path, entered: set[Path]) -> Iterator[Path]:
    """All files below a folder; no folder twice, so that links may lead in circles."""
    if (real := folder.resolve()) in entered:
        return
    entered.add(real)
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _files(path, entered)
        elif path.is_file() or path.is_symlink():  # a broken link is a picture that cannot be read
            yield path
