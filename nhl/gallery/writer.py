"""A gallery that grows: pictures, the files they come from and their codes change together or not at all.

Every change is one SQLite transaction under a write-ahead log, so a process that is killed leaves all
that it had committed and nothing else. At rest the gallery is one plain file again.
"""

import errno
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from nhl.gallery.files import PictureFile, shown
from nhl.gallery.store import CODE, FORMAT, NO_LOCKS, SCHEMA, WORDS, GalleryError, checksum

_GROWING = """
CREATE TABLE files (
    path BLOB PRIMARY KEY, item INTEGER NOT NULL UNIQUE, size INTEGER NOT NULL, modified INTEGER NOT NULL,
    digest TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE codes (
    model TEXT NOT NULL, item INTEGER NOT NULL, code BLOB NOT NULL, PRIMARY KEY (item, model)) WITHOUT ROWID;
"""
# Apart, since older galleries get them when they are next written to.
_SUMS = """
ALTER TABLE files ADD COLUMN words INTEGER;
ALTER TABLE files ADD COLUMN thumbnail_sum INTEGER;
ALTER TABLE codes ADD COLUMN sum INTEGER;
"""
_SEAL_CODES = f"UPDATE codes SET sum = {CODE}"
_SEAL_ITEMS = f"""UPDATE files SET (words, thumbnail_sum) =
    (SELECT {WORDS}, checksum(thumbnail) FROM items WHERE id = item)"""


class GalleryBusyError(GalleryError):
    """Another process is writing to the gallery."""


@dataclass(frozen=True)
class StoredFile:
    """A file as the gallery last saw it; `digest` is a hash of its content."""

    item: int
    size: int
    modified: int
    digest: str
    labels: tuple[str, ...]

    def is_still(self, file: PictureFile) -> bool:
        """Whether a file has the size and the time that it had."""
        return (self.size, self.modified) == (file.size, file.modified)


class GalleryWriter:
    """A growing gallery opened by `writing`. Changes are made inside `with writer.transaction():`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.meta: dict[str, str] = dict(connection.execute("SELECT key, value FROM meta"))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is stored together, or nothing of it."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # an error of the disk has ended it already
                self._connection.execute("ROLLBACK")
            raise

    def files(self) -> dict[bytes, StoredFile]:
        """All files, by path."""
        rows = self._connection.execute(
            "SELECT path, item, size, modified, digest, labels FROM files JOIN items ON items.id = item"
        )
        return {
            path: StoredFile(item, size, modified, digest, tuple(json.loads(labels)))
            for path, item, size, modified, digest, labels in rows
        }

    def set_meta(self, **entries: str) -> None:
        """Change what the gallery says of itself."""
        self.meta |= entries
        self._connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", entries.items())

    def put(
        self,
        file: PictureFile,
        digest: str,
        labels: tuple[str, ...],
        thumbnail: bytes,
        model: str,
        code: bytes,
    ) -> None:
        """Add a picture with its code, or replace the one that came from the same file; it keeps its id."""
        run, name = self._connection.execute, shown(file.path)
        held = run("SELECT item FROM files WHERE path = ?", (file.path,)).fetchone()
        item = held[0] if held else run("SELECT coalesce(max(id) + 1, 0) FROM items").fetchone()[0]
        label = labels[0] if labels else ""
        row = (item, Path(name).name, label, json.dumps(labels), "", "", name, thumbnail)
        run("INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        run(
            "INSERT OR REPLACE INTO files (path, item, size, modified, digest) VALUES (?, ?, ?, ?, ?)",
            (file.path, item, file.size, file.modified, digest),
        )
        run(f"{_SEAL_ITEMS} WHERE item = ?", (item,))
        run("DELETE FROM codes WHERE item = ?", (item,))
        self.put_codes(model, {item: code})

    def touch(self, file: PictureFile) -> None:
        """Note the new size and time of a file whose content is the same."""
        values = (file.size, file.modified, file.path)
        self._connection.execute("UPDATE files SET size = ?, modified = ? WHERE path = ?", values)

    def relabel(self, item: int, labels: tuple[str, ...]) -> None:
        """Give an item other labels."""
        values = (labels[0] if labels else "", json.dumps(labels), item)
        self._connection.execute("UPDATE items SET label = ?, labels = ? WHERE id = ?", values)
        self._connection.execute(f"{_SEAL_ITEMS} WHERE item = ?", (item,))

    def drop(self, items: Iterable[int]) -> None:
        """Take items out, with their codes."""
        ids = [(item,) for item in items]
        for table, column in (("codes", "item"), ("files", "item"), ("items", "id")):
            self._connection.executemany(f"DELETE FROM {table} WHERE {column} = ?", ids)

    def without_code(self, model: str) -> list[int]:
        """The items, by id, that have no code of a model, or a damaged one."""
        whole = f"SELECT item FROM codes WHERE model = ? AND sum = {CODE}"
        query = f"SELECT id FROM items WHERE id NOT IN ({whole}) ORDER BY id"
        return [item for (item,) in self._connection.execute(query, (model,))]

    def thumbnail(self, item: int) -> bytes:
        """The thumbnail of an item."""
        (found,) = self._connection.execute("SELECT thumbnail FROM items WHERE id = ?", (item,)).fetchone()
        return bytes(found)

    def code(self, item: int, model: str) -> bytes:
        """The code of an item."""
        query = "SELECT code FROM codes WHERE item = ? AND model = ?"
        (found,) = self._connection.execute(query, (item, model)).fetchone()
        return bytes(found)

    def put_codes(self, model: str, codes: Mapping[int, bytes]) -> None:
        """Store codes, by item, beside those of other models."""
        rows = [(model, item, code) for item, code in codes.items()]
        query = "INSERT OR REPLACE INTO codes VALUES (?1, ?2, ?3, checksum(?1, ?2, ?3))"
        self._connection.executemany(query, rows)

    def keep_only(self, model: str) -> None:
        """Forget the codes of all other models."""
        self._connection.execute("DELETE FROM codes WHERE model != ?", (model,))


@contextmanager
def writing(path: str | Path, create: bool = False, wait: float = 2.0) -> Iterator[GalleryWriter]:
    """Open a growing gallery for changes.

    Args:
        path: the gallery file.
        create: make it where there is none.
        wait: seconds to wait for another process that is writing to it.

    Raises:
        GalleryBusyError: if another process is still writing to it.
        GalleryError: if there is no file, it is a folder or no gallery, is damaged, or was built whole and
            cannot grow.
        OSError: if it cannot be written or its disk is full; what was committed is safe.
    """
    path = Path(path)
    if path.is_dir():
        raise GalleryError(f"{path} is a folder: give a file in it, as in {path / 'my.db'}")
    if not create and not path.is_file():
        raise GalleryError(f"no gallery at {path}: make one with `python -m nhl gallery add`")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(f"{path} cannot be written ({error}): choose a place that can") from error
    with (
        _plain_errors(path),
        _only_writer(path, wait),
        closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection,
    ):
        _prepare(path, connection)
        try:
            yield GalleryWriter(connection)
        finally:
            with suppress(sqlite3.Error):  # somebody reads it, or the disk is full: the log stays beside it
                connection.execute("PRAGMA journal_mode = DELETE")


def _prepare(path: Path, connection: sqlite3.Connection) -> None:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    if tables and "meta" not in tables:
        raise GalleryError(f"{path} is a database but no gallery: choose another name for the gallery")
    if tables and "files" not in tables:
        raise GalleryError(f"{path} was built whole and cannot grow: add to another gallery file")
    connection.create_function("checksum", -1, checksum, deterministic=True)
    connection.execute("PRAGMA journal_mode = WAL")
    if not tables:
        mark = f"INSERT INTO meta VALUES ('format', '{FORMAT}');"
        connection.executescript(f"BEGIN IMMEDIATE; {SCHEMA} {_GROWING} {_SUMS} {mark} COMMIT;")
    columns = {name for (name,) in connection.execute("SELECT name FROM pragma_table_info('codes')")}
    if "sum" not in columns:
        connection.executescript(f"BEGIN IMMEDIATE; {_SUMS} {_SEAL_CODES}; {_SEAL_ITEMS}; COMMIT;")
    (found,) = connection.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()
    if found != FORMAT:
        raise GalleryError(
            f"{path} has gallery format {found!r} but this version writes {FORMAT!r}: build it again"
        )


@contextmanager
def _only_writer(path: Path, wait: float) -> Iterator[None]:
    """Hold the lock of a gallery: a file beside it, whose lock ends with the process."""
    file = path.with_name(path.name + "-lock")
    lock = FileLock(file, timeout=wait)
    try:
        lock.acquire()
        while not file.exists():  # its last holder took the file away while this one waited: once more
            lock.release()
            lock.acquire()
    except Timeout:
        if not file.exists():
            raise OSError(f"{path} cannot be written: {_REASONS['unable to open']}") from None
        raise GalleryBusyError(
            f"another process is writing to {path}: wait until it has ended, then try again"
        ) from None
    except (OSError, NotImplementedError) as error:
        raise OSError(f"{path} cannot be written ({error}): {_no_place(error)}") from error
    try:
        yield
    finally:
        with suppress(OSError):  # Windows removes no file that is open
            file.unlink()
        lock.release()


def _no_place(error: Exception) -> str:
    """What to do where the file of the lock cannot be made or locked."""
    unlockable = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, None)
    if getattr(error, "errno", None) in unlockable:
        return NO_LOCKS
    return _REASONS["unable to open"]


_REASONS = {
    "locking protocol": NO_LOCKS,
    "full": "its disk is full; all that was reported done is safe: make room and give the same command again",
    "I/O": "its disk is full or failing; all that was reported done is safe: make room and try again",
    "readonly": "it or its folder is read-only: choose a place that can be written",
    "unable to open": "its folder cannot be written: choose a place that can",
    "locked": "another program holds it: close that program and try again",
}


@contextmanager
def _plain_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        for mark, reason in _REASONS.items():
            if mark in str(error):
                raise OSError(f"{path} cannot be written ({error}): {reason}") from error
        raise GalleryError(f"{path} is no gallery or is damaged ({error}): build it again") from error
