"""The gallery file: what is written is read, whole or not at all."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PureWindowsPath
from types import SimpleNamespace
from typing import Any

import pytest

from nhl.gallery import Gallery, GalleryError, Item, write_gallery
from nhl.gallery.store import read_only

ITEMS = [
    Item(0, "zebra face", "animal", ("animal", "nature"), "Noto", "train", "a#1"),
    Item(1, "été", "food", ("food",)),
]
PICTURES = [(item, bytes([item.id] * 9)) for item in ITEMS]


def test_reads_what_was_written(tmp_path: Path) -> None:
    write_gallery(tmp_path / "deep" / "g.db", PICTURES, {"title": "Two"})
    gallery = Gallery(tmp_path / "deep" / "g.db")
    assert gallery.items() == ITEMS
    assert gallery.items("train") == ITEMS[:1]
    assert gallery.item(1) == ITEMS[1]
    assert gallery.thumbnail(1) == bytes([1] * 9)
    assert (len(gallery), gallery.meta["title"]) == (2, "Two")
    gallery.close()


def test_fingerprint_tells_galleries_apart(tmp_path: Path) -> None:
    def fingerprint(name: str, pictures: list[tuple[Item, bytes]]) -> str:
        write_gallery(tmp_path / name, pictures, {})
        return Gallery(tmp_path / name).fingerprint

    same = fingerprint("a", PICTURES)
    assert fingerprint("b", PICTURES) == same
    assert fingerprint("c", [(ITEMS[0], b"other"), PICTURES[1]]) != same
    assert fingerprint("d", PICTURES[:1]) != same


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "g.db"
    write_gallery(path, PICTURES, {"title": "old"})

    def broken():
        yield PICTURES[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_gallery(path, broken(), {"title": "new"})
    assert Gallery(path).meta["title"] == "old"
    write_gallery(path, PICTURES, {"title": "new"})
    assert Gallery(path).meta["title"] == "new"


def test_missing_items(tmp_path: Path) -> None:
    write_gallery(tmp_path / "g.db", PICTURES, {})
    gallery = Gallery(tmp_path / "g.db")
    with pytest.raises(KeyError, match="no item 7"):
        gallery.item(7)
    with pytest.raises(KeyError, match="no item 7"):
        gallery.thumbnail(7)


def test_each_of_many_threads_gets_what_it_asked_for(tmp_path: Path) -> None:
    """On Python 3.12, threads that use a connection at once get each other's rows."""
    pictures = [(Item(n, f"picture {n}", "cat"), b"%d" % n) for n in range(200)]
    write_gallery(tmp_path / "gallery.db", pictures, {})
    gallery = Gallery(tmp_path / "gallery.db")

    def read(thread: int) -> bool:
        asked = [(7 * n + thread) % 200 for n in range(5_000)]
        return all((gallery.thumbnail(n), gallery.item(n).name) == (b"%d" % n, f"picture {n}") for n in asked)

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(read, range(16)))


def test_a_gallery_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("unable to open database file")

    write_gallery(tmp_path / "a.db", PICTURES, {})
    monkeypatch.setattr(sqlite3, "connect", refuse)
    with pytest.raises(
        GalleryError, match=r"cannot be read \(unable to open .*: make sure that you may read it"
    ):
        Gallery(tmp_path / "a.db")


def test_files_that_are_no_galleries(tmp_path: Path) -> None:
    with pytest.raises(GalleryError, match="no gallery at"):
        Gallery(tmp_path / "none.db")
    with pytest.raises(GalleryError, match=r"is a folder: give a gallery file, as .*my\.db$"):
        Gallery(tmp_path)
    (tmp_path / "text.db").write_text("not a database, but long enough to look like a file")
    with pytest.raises(GalleryError, match="is no gallery or is damaged"):
        Gallery(tmp_path / "text.db")
    write_gallery(tmp_path / "cut.db", [(item, data * 5000) for item, data in PICTURES], {})
    whole = (tmp_path / "cut.db").read_bytes()
    (tmp_path / "cut.db").write_bytes(whole[: len(whole) // 3])
    with pytest.raises(GalleryError, match="is no gallery or is damaged"):
        Gallery(tmp_path / "cut.db")


def test_a_gallery_of_another_version(tmp_path: Path) -> None:
    write_gallery(tmp_path / "g.db", PICTURES, {})
    with sqlite3.connect(tmp_path / "g.db") as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'format'")
    with pytest.raises(GalleryError, match="has gallery format '99' but this version reads '1'"):
        Gallery(tmp_path / "g.db")


def test_a_full_disk_is_told_as_such_and_leaves_what_stood_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(path: Path) -> sqlite3.Connection:
        connection = original(path)
        connection.execute("PRAGMA max_page_count = 20")
        return connection

    path, original = tmp_path / "my.db", sqlite3.connect
    write_gallery(path, [(Item(0, "old", "a"), b"x")], {})
    monkeypatch.setattr(sqlite3, "connect", connect)
    with pytest.raises(OSError, match=r"my.db cannot be written \(database or disk is full\): make room"):
        write_gallery(path, [(Item(n, "new", "a"), bytes(5000)) for n in range(50)], {})
    monkeypatch.undo()
    assert [item.name for item in Gallery(path).items()] == ["old"]
    assert [file.name for file in tmp_path.iterdir()] == ["my.db"]


@pytest.mark.parametrize(
    ("path", "address"),
    [
        (r"\\server\photos\my.db", "file:////server/photos/my.db?mode=ro"),
        (r"C:\My photos\my.db", "file:///C%3A/My%20photos/my.db?mode=ro"),
    ],
)
def test_addresses_of_windows(path: str, address: str) -> None:
    place: Any = SimpleNamespace(absolute=lambda: PureWindowsPath(path))
    assert read_only(place) == address


@pytest.mark.parametrize("name", ["a?b#c%41.db", "猫.db", "caf\udce9.db"])
def test_any_name_is_opened(tmp_path: Path, name: str) -> None:
    write_gallery(tmp_path / name, [(Item(0, "x", "a"), b"x")], {})
    assert len(Gallery(tmp_path / name)) == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("locking protocol", "its drive does not lock: choose a local place"),
        ("unable to open database file", "make sure that you may read it"),
        ("database is locked", "another program holds it"),
        ("file is not a database", "is no gallery or is damaged"),
    ],
)
def test_what_cannot_be_read_is_not_called_damaged(
    tmp_path: Path, words: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rows(gallery: Gallery, query: str) -> list[Any]:
        raise sqlite3.OperationalError(words)

    write_gallery(tmp_path / "my.db", [], {})
    monkeypatch.setattr(Gallery, "_rows", rows)
    with pytest.raises(GalleryError, match=rf"my\.db .*\({words}\)") as told:
        Gallery(tmp_path / "my.db")
    assert sentence in str(told.value)
