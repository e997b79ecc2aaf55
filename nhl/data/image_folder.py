"""A folder of pictures with one sub-folder a class, split at random or as its own sub-folders say."""

import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nhl.data.hierarchy import folder_levels
from nhl.data.pictures import Pictures, Protocol
from nhl.gallery.files import shown
from nhl.images.kinds import ENDINGS, unreadable_kind
from nhl.images.names import is_system, passed_over

# The names that a part may have, in small letters: the first that is there is taken.
PARTS = {
    "train": ("train", "training"),
    "query": ("query", "queries", "test", "testing", "val", "valid", "validation"),
    "database": ("database",),
}
QUERY_SHARE, MOST_QUERIES = 0.2, 100  # of each class
SEED = 0  # of the split: the same queries for every training seed


def image_folder(where: Path | None = None) -> Protocol:
    """20 % of each class are queries, at least one and at most 100; the others train and are the database.

    Where the folder has `train` and `query` (or `test`, or `valid`), in any case, each with one sub-folder a
    class, these are the parts, and `database`, or else `train`, is the database. Pictures at any depth below
    the folder of a class belong to it, and the folders between give labels at finer levels (`folder_levels`);
    folders of a system hold none. Figures of two
    folders, or of two splits of one, are not comparable.

    Args:
        where: the folder.

    Raises:
        ValueError: if there is no folder, no class, a class with too few pictures, a class of queries that
            has no picture in the database, or folders of parts beside others.
    """
    if where is None or not where.is_dir():
        raise ValueError(f"`folder` needs a folder of pictures, as in folder:DIR, but got {where}")
    title = f"folder {_shown(where.resolve())}"
    if parts := _parts(where):
        return _given(where, parts, title)
    files = _classes(where)
    _check(where, files, 2)
    classes = tuple(files)
    database, query = _labelled(files, classes).split(QUERY_SHARE, SEED, least=1, most=MOST_QUERIES)
    return folder_levels(Protocol.described("folder", title, classes, database, query, database), [where] * 3)


def _parts(where: Path) -> dict[str, Path]:
    """The folders of the parts, empty where the sub-folders are classes.

    Raises:
        ValueError: if they could be either.
    """
    folders = _folders(where)
    known = {name: part for part, names in PARTS.items() for name in names}
    named = [folder for folder in folders if folder.name.casefold() in known]
    others = [folder.name for folder in folders if folder not in named]
    has = {known[folder.name.casefold()] for folder in named}
    if not named or (others and not {"train", "query"} <= has):
        return {}
    if others:
        raise ValueError(
            f"`{where}` has parts ({_names(named)}) beside the folder {others[0]!r}: move that elsewhere, or "
            "rename the parts if they are classes"
        )
    for part in ("train", "query"):
        if part not in has:
            raise ValueError(
                f"`{where}` has {_names(named)} but none of {', '.join(PARTS[part])}: add that part, or "
                "rename the folders if they are classes"
            )
    found: dict[str, Path] = {}
    for part, names in PARTS.items():
        rank = {name: place for place, name in enumerate(names)}
        chosen = [folder for folder in named if known[folder.name.casefold()] == part]
        for folder in sorted(chosen, key=lambda folder: rank[folder.name.casefold()]):
            if found.setdefault(part, folder) != folder:
                warnings.warn(
                    f"`{folder}` is not used: `{found[part].name}` is the part {part!r}", stacklevel=4
                )
    return found


def _names(folders: list[Path]) -> str:
    return ", ".join(f"`{folder.name}`" for folder in folders)


def _given(where: Path, parts: dict[str, Path], title: str) -> Protocol:
    """The protocol of a folder that is split into its parts."""
    files: dict[str, dict[str, list[Path]]] = {}
    for part, folder in parts.items():
        files[part] = _classes(folder)
        _check(folder, files[part], 1)
    files.setdefault("database", files["train"])
    if lost := sorted(set(files["query"]) - set(files["database"])):
        raise ValueError(f"class {lost[0]!r} of `{where}` has queries but no picture in the database")
    classes = tuple(sorted({name for part in files.values() for name in part}))
    train, query, database = (_labelled(files[part], classes) for part in PARTS)
    roots = [parts.get(part, parts["train"]) for part in PARTS]
    return folder_levels(Protocol.described("folder", title, classes, train, query, database), roots)


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
    return sorted(path for path in where.iterdir() if path.is_dir() and not is_system(path.name))


def _classes(where: Path) -> dict[str, list[Path]]:
    """The pictures of each class, in order; a warning tells what is none by its name."""
    files: dict[str, list[Path]] = {}
    others: list[str] = []
    for folder in _folders(where):
        above = {*folder.resolve().parents, folder.parent.resolve()}
        found = list(_files(folder, above))
        files[_shown(folder)] = [path for path in found if _is_picture(path)]
        others += [str(path.relative_to(where)) for path in found if not _is_picture(path)]
    if others:
        warnings.warn(f"`{where}`: {passed_over(others)}", stacklevel=4)
    alone = sorted(path.name for path in where.iterdir() if path.is_file() and _is_picture(path))
    if files and alone:
        warnings.warn(
            f"`{where}`: pictures that lie in no folder of a class are left out: {len(alone):,}, "
            f"first {alone[0]!r}",
            stacklevel=4,
        )
    return files


def _shown(folder: Path) -> str:
    """The name of a folder as text that can be stored, whatever its bytes are."""
    return shown(os.fsencode(folder.name))


def _is_picture(path: Path) -> bool:
    """Whether a file is named like a picture, also one of a kind that is refused in words."""
    return path.suffix.lower() in ENDINGS or unreadable_kind(path.name) is not None


def _files(folder: Path, entered: set[Path]) -> Iterator[Path]:
    """All files below a folder; no folder twice, so that links may lead in circles."""
    if (real := folder.resolve()) in entered:
        return
    entered.add(real)
    for path in sorted(folder.iterdir()):
        if is_system(path.name):
            continue
        if path.is_dir():
            yield from _files(path, entered)
        elif path.is_file() or path.is_symlink():  # a broken link is a picture that cannot be read
            yield path
