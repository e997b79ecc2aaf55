"""Tiny ImageNet: 200 kinds of photographs of 64 x 64 pixels, from its makers' folder or zip."""

import os
import zipfile
from pathlib import Path

import numpy as np

from nhl.data.pictures import Pictures, Protocol

NAME = "tiny-imagenet-200"
KINDS, TRAIN, VALIDATION, QUERIES = 200, 500, 50, 10  # pictures of each kind
ADDRESS = "http://cs231n.stanford.edu/tiny-imagenet-200.zip"


def tiny_imagenet(where: Path | None = None) -> Protocol:
    """100,000 trained on; of the 10,000 validation pictures the first 10 of each kind are queries, the rest the database.

    No query and no database picture was trained on.

    Args:
        where: the folder `tiny-imagenet-200`, its zip, or the folder that holds one of them; by default the folder
            that the environment variable NHL_DATA names, or `~/.cache/nhl`.

    Raises:
        FileNotFoundError: if it is not there.
        ValueError: if pictures are missing.
    """
    kinds, train, validation = read_tiny_imagenet(where)
    rank = np.tile(np.arange(VALIDATION), KINDS)
    query, database = (validation.subset(np.flatnonzero(part)) for part in (rank < QUERIES, rank >= QUERIES))
    return Protocol.described("tiny-imagenet", "Tiny ImageNet", kinds, train, query, database)


def read_tiny_imagenet(where: Path | None = None) -> tuple[tuple[str, ...], Pictures, Pictures]:
    """Its kinds (WordNet numbers, in order), training pictures and validation pictures, kind by kind.

    Arguments and errors as for `tiny_imagenet`.
    """
    found = _find(where)
    files = _zipped(found) if found.is_file() else _unpacked(found)
    kinds = tuple(sorted({name.split("/")[1] for name in files if name.startswith("train/")}))
    if len(kinds) != KINDS:
        raise ValueError(
            f"`{found}` must have {KINDS} kinds in `train` but has {len(kinds)}: unpack it again"
        )
    noted = files.get("val/val_annotations.txt")
    if noted is None:
        raise ValueError(f"`{found}` has no `val/val_annotations.txt`: unpack it again")
    text = noted if isinstance(noted, bytes) else noted.read_bytes()
    rows = (line.split("\t") for line in text.decode().splitlines() if line)
    kind_of = {row[0]: row[1] for row in rows}
    parts: dict[str, dict[str, list[Path | bytes]]] = {p: {k: [] for k in kinds} for p in ("train", "val")}
    for name in sorted(files):
        if name.endswith(".JPEG"):
            part, *_, file = name.split("/")
            kind = name.split("/")[1] if part == "train" else kind_of.get(file)
            if part in parts and kind in parts[part]:
                parts[part][kind].append(files[name])
    for part, each in (("train", TRAIN), ("val", VALIDATION)):
        for kind, pictures in parts[part].items():
            if len(pictures) != each:
                raise ValueError(
                    f"kind {kind!r} of `{found}` must have {each} pictures in `{part}` but has "
                    f"{len(pictures)}: unpack it again"
                )
    train, validation = (
        Pictures(
            [p for pictures in parts[part].values() for p in pictures], np.repeat(np.arange(KINDS), each)
        )
        for part, each in (("train", TRAIN), ("val", VALIDATION))
    )
    return kinds, train, validation


def data_folder() -> Path:
    """Where data sets lie: the folder that the environment variable NHL_DATA names, or `~/.cache/nhl`."""
    return Path(os.environ.get("NHL_DATA") or "~/.cache/nhl").expanduser()


def _find(where: Path | None) -> Path:
    folder = where or data_folder()
    for path in (folder, folder / NAME, folder / f"{NAME}.zip"):
        if path.is_file() or ((path / "train").is_dir() and (path / "val").is_dir()):
            return path
    raise FileNotFoundError(
        f"no Tiny ImageNet in `{folder}`: it needs the folder `{NAME}` or `{NAME}.zip` (237 MB, {ADDRESS})"
    )


def _unpacked(folder: Path) -> dict[str, Path | bytes]:
    """Its files by their names within the folder."""
    return {
        f"{part}{path[len(str(folder / part)) :].replace(os.sep, '/')}": Path(path)
        for part in ("train", "val")
        for above, _, names in os.walk(folder / part)
        for path in (os.path.join(above, name) for name in names)  # noqa: PTH118 (100,000 of them)
    }


def _zipped(path: Path) -> dict[str, Path | bytes]:
    try:
        with zipfile.ZipFile(path) as file:
            names = [name for name in file.namelist() if not name.endswith("/")]
            wanted = (name for name in names if name.split("/")[1:2] in (["train"], ["val"]))
            return {name.split("/", 1)[1]: file.read(name) for name in wanted}
    except (zipfile.BadZipFile, OSError) as error:
        raise ValueError(f"`{path}` is no whole zip file ({error}): fetch it again from {ADDRESS}") from error
