"""Pictures, their names and labels, and thumbnails, in one SQLite file that any SQLite tool reads.

There are two kinds. One is written whole (`write_gallery`) and never changes; its codes live beside it
(`nhl.gallery.stored_codes`), tied to it by its fingerprint. The other grows with folders of pictures
(`nhl.gallery.writer`); it has two more tables, `files` and `codes`, so that a picture and its code appear
in one transaction.

Damage by accident is noticed when a gallery is read. One written whole is compared with its fingerprint as
it is opened; in one that grows each row has a checksum, which is compared as the row is read.
"""

import json
import os
import sqlite3
import threading
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from nhl.atomic_write import atomic_write
from nhl.digest import sha256_of

FORMAT = "1"

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE items (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, label TEXT NOT NULL, labels TEXT NOT NULL,
    style TEXT NOT NULL, split TEXT NOT NULL, source TEXT NOT NULL, thumbnail BLOB NOT NULL);
CREATE INDEX items_by_split ON items (split, id);
"""


NO_LOCKS = "its drive does not lock: choose a local place"
# What SQLite says of a gallery that need not be damaged, and what to do.
_REASONS = {
    "locking protocol": NO_LOCKS,
    "unable to open": "make sure that you may read it, then try again",
    "locked": "another program holds it: close that program and try again",
}


class GalleryError(ValueError):
    """A gallery file that is missing, damaged, or of another version."""


@dataclass(frozen=True)
class Item:
    """One picture of a gallery: `label` is its class, `labels` all that hold for it, `label` first."""

    id: int
    name: str
    label: str
    labels: tuple[str, ...] = ()
    style: str = ""
    split: str = ""
    source: str = ""


def read_only(path: Path) -> str:
    """The address by which SQLite opens a file for reading, also one on another machine in Windows' notation.

    >>> read_only(Path("/photos/my?.db"))
    'file:///photos/my%3F.db?mode=ro'
    """
    place = quote(os.fsencode(path.absolute().as_posix()))
    return f"file://{'' if place.startswith('/') else '/'}{place}?mode=ro"


class Gallery:
    """A gallery opened for reading; safe to share between threads.

    Args:
        path: a file made by `write_gallery`, `add_folder` or `python -m nhl gallery`.
        check: compare what is read with its checksums; for a gallery that was written whole at once, which
            takes 3 ms a megabyte.

    Raises:
        GalleryError: if the file is missing, is no gallery, is damaged, or is of another format version.
    """

    def __init__(self, path: str | Path, check: bool = True) -> None:
        self.path = Path(path)
        if self.path.is_dir():
            raise GalleryError(f"{self.path} is a folder: give a gallery file, as {self.path / 'my.db'}")
        if not self.path.is_file():
            raise GalleryError(f"no gallery at {self.path}: make one with `python -m nhl gallery add`")
        with self._plain_errors():
            self._connection = sqlite3.connect(read_only(self.path), uri=True, check_same_thread=False)
        self._lock = threading.Lock()  # sqlite3 mixes up the rows of two threads on one connection
        self._connection.create_function("checksum", -1, checksum, deterministic=True)
        with self._plain_errors():
            self.meta = dict(self._rows("SELECT key, value FROM meta"))
            ((self._count,),) = self._rows("SELECT count(*) FROM items")
            columns = self._rows("SELECT name FROM pragma_table_info('codes')")
        self.grows, self.sealed = bool(columns), ("sum",) in columns  # older ones have no checksums
        self._compares = check and self.sealed
        if self.meta.get("format") != FORMAT:
            raise GalleryError(
                f"{self.path} has gallery format {self.meta.get('format')!r} but this version reads "
                f"{FORMAT!r}: build it again"
            )
        if check and not self.is_whole():
            raise GalleryError(f"{self.path} is damaged (its checksum does not match): build it again")

    def __len__(self) -> int:
        return int(self._count)

    def _rows(self, query: str, *values: object) -> list[Any]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.DatabaseError, ValueError, TypeError) as error:  # the last two: no JSON, no text
            if isinstance(error, GalleryError):
                raise
            for mark, reason in _REASONS.items():
                if mark in str(error):
                    raise GalleryError(f"{self.path} cannot be read ({error}): {reason}") from error
            raise GalleryError(
                f"{self.path} is no gallery or is damaged ({error}): build it again"
            ) from error

    def is_whole(self) -> bool:
        """Whether a gallery that was written whole is as it was written; True for one that grows."""
        if self.grows:
            return True
        meta = {name: value for name, value in self.meta.items() if name not in ("fingerprint", "sum")}
        with self._plain_errors():
            ((line,),) = self._rows("PRAGMA integrity_check(1)")
            with self._lock:
                written = self.meta.get("fingerprint") == _contents(self._connection)
        return written and line == "ok" and self.meta.get("sum", _sum(meta)) == _sum(meta)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of all pictures and labels: equal galleries have equal ones."""
        if "fingerprint" in self.meta:
            return self.meta["fingerprint"]
        query = f"{_SELECT_ITEM}, files.digest FROM items JOIN files ON files.item = items.id ORDER BY id"
        with self._plain_errors():
            return sha256_of(map(repr, self._rows(query)))

    def items(self, split: str | None = None) -> list[Item]:
        """The items, ordered by id, of one split or of all.

        Raises:
            GalleryError: if they are damaged.
        """
        where, values = ("", ()) if split is None else ("WHERE split = ?", (split,))
        source = "items LEFT JOIN files ON item = id" if self._compares else "items"
        right = f"words IS {WORDS}" if self._compares else "1"
        with self._plain_errors():
            query = f"{_SELECT_ITEM}, {right} FROM {source} {where} ORDER BY id"
            rows = self._rows(query, *values)
            found = [_item(row[:-1]) for row in rows]
        if wrong := [row[0] for row in rows if not row[-1]]:
            raise GalleryError(
                f"the name or labels of picture {wrong[0]} in {self.path} are damaged: build it again"
            )
        return found

    def item(self, item_id: int) -> Item:
        """One item.

        Raises:
            KeyError: if the gallery holds no item `item_id`.
        """
        return _item(self._row(f"{_SELECT_ITEM} FROM items WHERE id = ?", item_id))

    def thumbnail(self, item_id: int) -> bytes:
        """The picture of one item, as a WebP file.

        Raises:
            KeyError: if the gallery holds no item `item_id`.
        """
        return bytes(self._row("SELECT thumbnail FROM items WHERE id = ?", item_id)[0])

    def _row(self, query: str, item_id: int) -> tuple[Any, ...]:
        for row in self._rows(query, item_id):
            return row
        raise KeyError(f"the gallery holds no item {item_id}")

    def codes(self, model: str) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """The ids (N,) and codes (N, B/8), ordered by id, that a growing gallery holds of one model.

        Args:
            model: the fingerprint of a checkpoint (`nhl.model.checkpoint.fingerprint`).

        Raises:
            GalleryError: if one is damaged.
        """
        right = f"sum IS {CODE}" if self._compares else "1"
        query = f"SELECT item, code, {right} FROM codes WHERE model = ? ORDER BY item"
        with self._plain_errors():
            rows = self._rows(query, model) if self.grows else []
            width = max((len(code) for _, code, _ in rows), default=0)
        if wrong := [item for item, code, same in rows if not same or len(code) != width]:
            raise GalleryError(
                f"the code of picture {wrong[0]} in {self.path} is damaged: "
                f"`python -m nhl gallery encode {self.path}` makes it again"
            )
        codes = np.frombuffer(b"".join(code for _, code, _ in rows), dtype=np.uint8)
        return np.array([row[0] for row in rows], dtype=np.int64), codes.reshape(len(rows), width)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()


_SELECT_ITEM = "SELECT id, name, label, labels, style, split, source"
# What the checksums of a growing gallery are of.
WORDS = "checksum(id, name, label, labels, style, split, source)"
CODE = "checksum(model, item, code)"


def checksum(*values: int | str | bytes | None) -> int:
    """The CRC-32 of the values of a row, also for SQL: any few changed bits change it."""
    found = 0
    for value in values:
        found = zlib.crc32(value if isinstance(value, bytes) else str(value).encode(), found)
    return found


def _sum(meta: dict[str, str]) -> str:
    return str(checksum(*(text for entry in sorted(meta.items()) for text in entry)))


def _contents(connection: sqlite3.Connection) -> str:
    rows = connection.execute(f"{_SELECT_ITEM}, thumbnail FROM items ORDER BY id")
    return sha256_of(part for *row, thumbnail in rows for part in (repr(tuple(row)), thumbnail))


def _item(row: tuple[int, str, str, str, str, str, str]) -> Item:
    number, name, label, labels, style, split, source = row
    return Item(number, name, label, tuple(json.loads(labels)), style, split, source)


def write_gallery(path: str | Path, pictures: Iterable[tuple[Item, bytes]], meta: dict[str, str]) -> None:
    """Write a whole gallery at once: the file appears complete or not at all.

    Args:
        path: where to; an existing file is replaced.
        pictures: items with their thumbnails (WebP files).
        meta: what the gallery says of itself, such as `title` and `credits`.

    Raises:
        OSError: if it cannot be written or its disk is full.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as partial, closing(sqlite3.connect(partial)) as connection, connection:
        connection.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {SCHEMA}")
        for item, thumbnail in pictures:
            row = (
                item.id,
                item.name,
                item.label,
                json.dumps(item.labels),
                item.style,
                item.split,
                item.source,
            )
            connection.execute("INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, thumbnail))
        entries = {**meta, "format": FORMAT}
        entries |= {"sum": _sum(entries), "fingerprint": _contents(connection)}
        connection.executemany("INSERT INTO meta VALUES (?, ?)", sorted(entries.items()))
