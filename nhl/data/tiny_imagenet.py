"""Tiny ImageNet: 200 kinds of photographs of 64 x 64 pixels, from its makers' folder or zip."""

from pathlib import Path

import numpy as np

from nhl.data.pictures import Pictures, Protocol
from nhl.gallery.photographs import (
    KINDS,
    QUERIES,
    VALIDATION,
    files_of,
    find_tiny_imagenet,
    kinds_of_validation,
)

TRAIN = 500  # training pictures of each kind


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
    found = find_tiny_imagenet(where)
    files = files_of(found)
    kinds = tuple(sorted({name.split("/")[1] for name in files if name.startswith("train/")}))
    if len(kinds) != KINDS:
        raise ValueError(
            f"`{found}` must have {KINDS} kinds in `train` but has {len(kinds)}: unpack it again"
        )
    kind_of = kinds_of_validation(found, files)
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
