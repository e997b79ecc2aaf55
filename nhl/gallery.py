"""Pictures, their names and labels, and thumbnails, in one SQLite file that any SQLite tool reads.

There are two kinds. One is written whole (`write_gallery`) and never changes; its codes live beside it
(`nhl.stored_codes`), tied to it by its fingerprint. The other grows with folders of pictures
(`nhl.gallery_writer`); it has two more tables, `files` and `codes`, so that a picture and its code appear
in one transaction.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FORMAT = "1"

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE items (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, label TEXT NOT NULL, labels TEXT NOT NULL,
    style TEXT NOT NULL, split TEXT NOT NULL, source TEXT NOT NULL, thumbnail BLOB NOT NULL);
CREATE INDEX items_by_split ON items (split, id);
"""


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


class Gallery:
    """A gallery opened for reading; safe to share between threads.

    Args:
        path: a file made by `write_gallery`, `add_folder` or `python -m nhl gallery`.

    Raises:
        GalleryError: if the file is missing, is no gallery, or is of another format version.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise GalleryError(f"no gallery at {self.path}: make one with `python -m nhl gallery add`")
        self._connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False
        )
        try:
            self.meta = dict(self._connection.execute("SELECT key, value FROM meta"))
            (self._count,) = self._connection.execute("SELECT count(*) FROM items").fetchone()
            tables = self._connection.execute("SELECT name FROM sqlite_schema WHERE name = 'files'")
            self.grows = tables.fetchone() is not None
        except sqlite3.DatabaseError as error:
            raise GalleryError(
                f"{self.path} is no gallery or is damaged ({error}): build it again"
            ) from error
        if self.meta.get("format") != FORMAT:
            raise GalleryError(
                f"{self.path} has gallery format {self.meta.get('format')!r} but this version reads {FORMAT!r}"
            )

    def __len__(self) -> int:
        return int(self._count)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of all pictures and labels: equal galleries have equal ones."""
        if "fingerprint" in self.meta:
            return self.meta["fingerprint"]
        digest = hashlib.sha256()
        query = f"{_SELECT_ITEM}, files.digest FROM items JOIN files ON files.item = items.id ORDER BY id"
        for row in self._connection.execute(query):
            digest.update(repr(row).encode())
        return digest.hexdigest()

    def items(self, split: str | None = None) -> list[Item]:
        """The items, ordered by id, of one split or of all."""
        where, values = ("", ()) if split is None else ("WHERE split = ?", (split,))
        rows = self._connection.execute(f"{_SELECT_ITEM} FROM items {where} ORDER BY id", values)
        return [_item(row) for row in rows]

    def item(self, item_id: int) -> Item:
        """One item.

        Raises:
            KeyError: if the gallery holds no item `item_id`.
        """
        row = self._connection.execute(f"{_SELECT_ITEM} FROM items WHERE id = ?", (item_id,)).fetchone()
        if row is None:
            raise KeyError(f"the gallery holds no item {item_id}")
        return _item(row)

    def thumbnail(self, item_id: int) -> bytes:
        """The picture of one item, as a WebP file.

        Raises:
            KeyError: if the gallery holds no item `item_id`.
        """
        row = self._connection.execute("SELECT thumbnail FROM items WHERE id = ?", (item_id,)).fetchone()
        if row is None:
            raise KeyError(f"the gallery holds no item {item_id}")
        return bytes(row[0])

    def codes(self, model: str) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """The ids (N,) and codes (N, B/8), ordered by id, that a growing gallery holds of one model.

        Args:
            model: the fingerprint of a checkpoint (`nhl.checkpoint.fingerprint`).
        """
        query = "SELECT item, code FROM codes WHERE model = ? ORDER BY item"
        rows = self._connection.execute(query, (model,)).fetchall() if self.grows else []
        codes = np.frombuffer(b"".join(code for _, code in rows), dtype=np.uint8)
        return np.array([item for item, _ in rows], dtype=np.int64), codes.reshape(
            len(rows), -1 if rows else 0
        )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


_SELECT_ITEM = "SELECT id, name, label, labels, style, split, source"


def _item(row: tuple[int, str, str, str, str, str, str]) -> Item:
    number, name, label, labels, style, split, source = row
    return Item(number, name, label, tuple(json.loads(labels)), style, split, source)


def write_gallery(path: str | Path, pictures: Iterable[tuple[Item, bytes]], meta: dict[str, str]) -> None:
    """Write a whole gallery at once: the file appears complete or not at all.

    Args:
        path: where to; an existing file is replaced.
        pictures: items with their thumbnails (WebP files).
        meta: what the gallery says of itself, such as `title` and `credits`.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    digest = hashlib.sha256()
    with closing(sqlite3.connect(partial)) as connection, connection:
        connection.executescript(SCHEMA)
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
            digest.update(repr(row).encode())
            digest.update(thumbnail)
        entries = {**meta, "format": FORMAT, "fingerprint": digest.hexdigest()}
        connection.executemany("INSERT INTO meta VALUES (?, ?)", sorted(entries.items()))
    partial.replace(path)
