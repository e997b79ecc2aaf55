"""The field's text lists: a picture a line, its path and then a column of 0 or 1 for each class."""

import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nhl.data.pictures import Pictures, Protocol
from nhl.gallery.files import shown

PARTS = {"train": "train.txt", "query": "test.txt", "database": "database.txt"}


@dataclass(frozen=True)
class _Line:
    file: Path
    number: int
    path: str
    labels: list[str]

    @property
    def place(self) -> str:
        return f"{self.file} line {self.number}"


def image_list(where: Path | None = None) -> Protocol:
    r"""`train.txt` trains, `test.txt` holds the queries, `database.txt`, or else `train.txt`, the database.

    So come ImageNet-100, MS-COCO, NUS-WIDE, MIRFlickr and VOC, each in several splits and with mAP over
    several numbers of results: compare only figures of the same lists and the same number. Labels are
    class numbers (N,) where every line has exactly one 1, else zeros and ones (N, C). Queries that are in
    the database, where each finds itself, and queries with nothing to find there are counted in a warning
    and in the description.

    Args:
        where: the folder of the lists. Paths are relative to it or to `images` in it, and may hold
            spaces, and `\` for `/`. `classes.txt`, the name of a class a line, is optional.

    Raises:
        ValueError: if a list is missing or empty, or a line is wrong; it names the file and the line.
        FileNotFoundError: if pictures are missing; it says how many and names the first.
    """
    if where is None or not where.is_dir():
        raise ValueError(f"`list` needs a folder of text lists, as in list:DIR, but got {where}")
    lines = {part: _lines(where / name) for part, name in PARTS.items() if (where / name).is_file()}
    lines.setdefault("database", lines.get("train", []))
    for part, name in PARTS.items():
        if not lines.get(part):
            raise ValueError(f"`{where}` needs a list {name} with a picture a line, `path 0 0 1 ...`")
    classes = _classes(where, lines["train"][0])
    labels = {part: _labels(part, lines[part], len(classes)) for part in PARTS}
    lost = int((~(labels["query"] @ labels["database"].any(0).astype(np.int64)).astype(bool)).sum())
    if all((table.sum(1) == 1).all() for table in labels.values()):
        labels = {part: table.argmax(1) for part, table in labels.items()}
    paths = _paths(where, [line for part in lines.values() for line in part])
    train, query, database = (
        Pictures([paths[line.path] for line in lines[part]], labels[part]) for part in PARTS
    )
    found = Protocol.described(
        "list", f"lists of {shown(os.fsencode(where.resolve().name))}", classes, train, query, database
    )
    return _told(where, found, lost)


def _told(where: Path, protocol: Protocol, lost: int) -> Protocol:
    """The protocol, with what its figures suffer from in its description.

    Args:
        where: the folder of the lists.
        protocol: of these.
        lost: how many queries share no label with any picture of the database.
    """
    searched, count = set(protocol.database.sources), len(protocol.query)
    themselves = sum(source in searched for source in protocol.query.sources)
    told = []
    if themselves:
        told.append(f"{themselves:,} of {count:,} queries are in the database, where each finds itself")
    if lost:
        told.append(f"{lost:,} of {count:,} queries have nothing to find in the database")
    for sentence in told:
        warnings.warn(f"`{where}`: {sentence}: take them out of one of the lists", stacklevel=4)
    return replace(protocol, description="; ".join([protocol.description, *told]))


def _lines(file: Path) -> list[_Line]:
    # Names of files may be in any encoding: what is not UTF-8 passes through as it is.
    text = file.read_text(encoding="utf-8-sig", errors="surrogateescape")
    endings = "|".join(re.escape(ending) for ending in Image.registered_extensions())
    # A path goes up to the last word that ends like a picture, else it is the first word.
    path = re.compile(rf".*(?:{endings})(?=\s|$)|\S+", re.IGNORECASE)
    return [
        _Line(file, number, found[0], line[found.end() :].split())
        for number, line in enumerate(map(str.strip, text.split("\n")), 1)
        if (found := path.match(line))
    ]


def _classes(where: Path, first: _Line) -> tuple[str, ...]:
    file = where / "classes.txt"
    if not file.is_file():
        return tuple(str(i) for i in range(len(first.labels)))
    text = file.read_text(encoding="utf-8-sig", errors="backslashreplace")
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _labels(part: str, lines: list[_Line], count: int) -> NDArray[np.int64]:
    """Zeros and ones (N, C)."""
    for line in lines:
        if not line.labels:
            raise ValueError(f"{line.place} has no labels: it must be a path and a 0 or 1 for each class")
        if wrong := sorted(set(line.labels) - {"0", "1"}):
            raise ValueError(f"{line.place} has the label {wrong[0]!r}: it must be 0 or 1")
        if len(line.labels) != count:
            raise ValueError(
                f"{line.place} has {len(line.labels)} labels but `classes.txt`, or else the first line of "
                f"{PARTS['train']}, says {count}"
            )
        if part != "database" and "1" not in line.labels:
            raise ValueError(
                f"{line.place} has no label set: only {PARTS['database']} may hold such pictures"
            )
    digits = "".join("".join(line.labels) for line in lines).encode()
    return np.frombuffer(digits, np.uint8).reshape(-1, count).astype(np.int64) - ord("0")


def _paths(where: Path, lines: list[_Line]) -> dict[str, Path]:
    """The file of each picture, by the path in its line."""
    found: dict[str, Path] = {}
    missing: dict[str, _Line] = {}
    for line in lines:
        if line.path in found or line.path in missing:
            continue
        if file := next(_places(where, line.path), None):
            found[line.path] = file
        else:
            missing[line.path] = line
    if missing:
        first = next(iter(missing.values()))
        raise FileNotFoundError(
            f"{len(missing):,} of {len(missing) + len(found):,} pictures are missing, first {first.path!r} "
            f"({first.place}): put them into `{where}` or its folder `images`, or remove their lines"
        )
    return found


def _places(where: Path, path: str) -> Iterator[Path]:
    spellings = dict.fromkeys((path, path.replace("\\", "/")))  # of which the second is Windows'
    places = (root / spelt for spelt in spellings for root in (where, where / "images"))
    return (place for place in places if place.is_file())
