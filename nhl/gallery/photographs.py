"""Tiny ImageNet: its files, what its 200 kinds are called, and a gallery of its validation pictures.

64 x 64 pixels; 500 training and 50 validation pictures of each kind. From its makers' folder or zip. [0]

[0] Le and Yang, Tiny ImageNet Visual Recognition Challenge, Stanford CS231n, 2015
"""

import csv
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nhl.gallery.store import Item, write_gallery
from nhl.gallery.thumbnails import thumbnail
from nhl.images import load_image

NAME = "tiny-imagenet-200"
ADDRESS = "http://cs231n.stanford.edu/tiny-imagenet-200.zip"
ARCHIVE_BYTES = 248_100_043
KINDS, VALIDATION, QUERIES = (
    200,
    50,
    10,
)  # validation pictures of each kind, and the first of them, which are queries
LABELS = Path(__file__).with_name("photo_labels.tsv")


@dataclass(frozen=True)
class Kind:
    """A kind of Tiny ImageNet: the emoji class and the emoji that it is of, where there is one."""

    wnid: str
    name: str
    emoji_class: str
    emoji: str


def photo_kinds(table: Path = LABELS) -> tuple[Kind, ...]:
    """The kinds of Tiny ImageNet with what emoji they are of, in their order."""
    with table.open(encoding="utf-8", newline="") as file:
        return tuple(Kind(*row) for row in list(csv.reader(file, delimiter="\t"))[1:])


def data_folder() -> Path:
    """Where data sets lie: the folder that the environment variable NHL_DATA names, or `~/.cache/nhl`."""
    return Path(os.environ.get("NHL_DATA") or "~/.cache/nhl").expanduser()


def find_tiny_imagenet(where: Path | None = None) -> Path:
    """Its folder or zip.

    Args:
        where: it, or the folder that holds it; by default `data_folder()`.

    Raises:
        FileNotFoundError: if it is not there.
    """
    folder = where or data_folder()
    for path in (folder, folder / NAME, folder / f"{NAME}.zip"):
        if path.is_file() or ((path / "train").is_dir() and (path / "val").is_dir()):
            return path
    raise FileNotFoundError(
        f"no Tiny ImageNet in `{folder}`: it needs the folder `{NAME}` or `{NAME}.zip` (237 MB, {ADDRESS})"
    )


def files_of(found: Path, parts: tuple[str, ...] = ("train", "val")) -> dict[str, Path | bytes]:
    """The files of some parts by their names within the data set, such as `val/images/val_0.JPEG`.

    Raises:
        ValueError: if it is a zip that is not whole.
    """
    return _zipped(found, parts) if found.is_file() else _unpacked(found, parts)


def _unpacked(folder: Path, parts: tuple[str, ...]) -> dict[str, Path | bytes]:
    return {
        f"{part}{path[len(str(folder / part)) :].replace(os.sep, '/')}": Path(path)
        for part in parts
        for above, _, names in os.walk(folder / part)
        for path in (os.path.join(above, name) for name in names)  # noqa: PTH118 (100,000 of them)
    }


def _zipped(path: Path, parts: tuple[str, ...]) -> dict[str, Path | bytes]:
    try:
        with zipfile.ZipFile(path) as file:
            names = [name for name in file.namelist() if not name.endswith("/")]
            wanted = (name for name in names if name.split("/")[1:2] in [[part] for part in parts])
            return {name.split("/", 1)[1]: file.read(name) for name in wanted}
    except (zipfile.BadZipFile, OSError) as error:
        raise ValueError(f"`{path}` is no whole zip file ({error}): fetch it again from {ADDRESS}") from error


def kinds_of_validation(found: Path, files: dict[str, Path | bytes]) -> dict[str, str]:
    """The kind (WordNet number) of each validation picture by its file name.

    Raises:
        ValueError: if the table of them is not there.
    """
    noted = files.get("val/val_annotations.txt")
    if noted is None:
        raise ValueError(f"`{found}` has no `val/val_annotations.txt`: unpack it again")
    text = noted if isinstance(noted, bytes) else noted.read_bytes()
    rows = (line.split("\t") for line in text.decode(errors="replace").splitlines())
    return {row[0]: row[1] for row in rows if len(row) > 1}


def build_photographs(
    path: str | Path,
    where: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Write a gallery of the 10,000 validation pictures; the first 10 of each kind form the split "query".

    The class of a picture is its kind; where the kind is of an emoji class, that is its group.

    Args:
        path: the gallery file to write.
        where: as for `find_tiny_imagenet`.
        progress: called with the number of pictures done and of all.

    Raises:
        FileNotFoundError: if Tiny ImageNet is not there.
        ValueError: if it is not whole.
    """
    found = find_tiny_imagenet(where)
    files = files_of(found, ("val",))
    kinds = {kind.wnid: kind for kind in photo_kinds()}
    pictures: dict[str, list[str]] = {wnid: [] for wnid in kinds}
    for name, wnid in kinds_of_validation(found, files).items():
        if f"val/images/{name}" in files and wnid in pictures:
            pictures[wnid].append(f"val/images/{name}")
    for wnid, names in pictures.items():
        if len(names) != VALIDATION:
            raise ValueError(
                f"kind {wnid!r} of `{found}` must have {VALIDATION} pictures in `val` but has {len(names)}: "
                "unpack it again"
            )

    def items() -> Iterator[tuple[Item, bytes]]:
        number, total = 0, KINDS * VALIDATION
        for wnid, names in pictures.items():
            kind = kinds[wnid]
            labels = (kind.name, kind.emoji_class) if kind.emoji_class else (kind.name,)
            for place, name in enumerate(sorted(names, key=lambda name: (len(name), name))):
                split = "query" if place < QUERIES else "train"
                item = Item(number, f"{kind.name} {place + 1}", kind.name, labels, "", split)
                yield item, thumbnail(load_image(files[name]), best=True)
                number += 1
                if number % 100 == 0:
                    progress(number, total)

    credits = "Tiny ImageNet, Stanford CS231n, from ImageNet, for research and teaching"
    write_gallery(path, items(), {"name": "photographs", "title": "Photographs", "credits": credits})
