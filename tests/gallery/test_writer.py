"""Galleries survive what happens to processes and disks: kills, full disks, two at once."""

import errno
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from drawings import COLOURS, draw

from nhl.gallery import Gallery, GalleryError
from nhl.gallery import reading as reading
from nhl.gallery import writer as gallery_writer
from nhl.gallery.check import verify
from nhl.gallery.folder import add_folder
from nhl.gallery.writer import GalleryBusyError, writing
from nhl.model.checkpoint import fingerprint

ROOT = Path(__file__).parents[2]
CHILD = """
import sys
from nhl.gallery import reading
from nhl.gallery.folder import add_folder
reading.CHUNK = 2
add_folder(*sys.argv[1:4], progress=lambda done, total: print(done, flush=True))
"""


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 pictures in four folders."""
    folder = tmp_path_factory.mktemp("photos")
    for colour in COLOURS:
        (folder / colour).mkdir()
        for n in range(30):
            draw(colour, n).save(folder / colour / f"{n}.png")
    return folder


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CHUNK", 2)


def rows(path: Path) -> list[tuple[object, ...]]:
    """All that a gallery holds, but for what it says of itself."""
    query = (
        "SELECT items.*, path, size, modified, digest, model, code FROM items JOIN files ON id = files.item "
    )
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query + "JOIN codes ON id = codes.item ORDER BY id").fetchall()


def test_killed_at_any_moment_it_reopens_whole_and_goes_on(
    photos: Path, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    path, chance = tmp_path / "my.db", random.Random(0)
    command = [sys.executable, "-c", CHILD, str(path), str(photos), str(tiny_checkpoint)]
    stored = 0
    for reports in (1, 3, 5):
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        said = [int(child.stdout.readline()) for _ in range(reports)][-1]
        time.sleep(chance.random() / 50)
        child.send_signal(signal.SIGKILL)
        said = max([said, *map(int, child.stdout.read().split("\n")[:-1])])
        assert child.wait() == -signal.SIGKILL
        verdict = verify(path)
        assert verdict.problems == verdict.outdated == []
        assert verdict.pictures >= stored + said  # nothing that was reported is lost
        stored = verdict.pictures
    assert stored < 120
    report = add_folder(path, photos, tiny_checkpoint)
    assert (report.added, report.unchanged) == (120 - stored, stored)
    assert [file.name for file in tmp_path.iterdir()] == ["my.db"]
    add_folder(tmp_path / "unbroken.db", photos, tiny_checkpoint)
    assert rows(path) == rows(tmp_path / "unbroken.db")  # nothing twice, nothing else
    assert Gallery(path).fingerprint == Gallery(tmp_path / "unbroken.db").fingerprint


def test_stopped_by_hand_it_keeps_what_it_reported(
    photos: Path, tiny_checkpoint: Path, tmp_path: Path, small_chunks: None
) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        add_folder(tmp_path / "my.db", photos, tiny_checkpoint, progress=stop)
    assert len(Gallery(tmp_path / "my.db")) == 2 * reading.processors()


def limit_pages(pages: int) -> Callable[[Path, sqlite3.Connection], None]:
    def prepare(path: Path, connection: sqlite3.Connection) -> None:
        original(path, connection)
        connection.execute(f"PRAGMA max_page_count = {pages}")

    original = gallery_writer._prepare
    return prepare


def test_a_full_database(
    photos: Path, tiny_checkpoint: Path, tmp_path: Path, small_chunks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, said = tmp_path / "my.db", [0]
    with monkeypatch.context() as patch:
        patch.setattr(gallery_writer, "_prepare", limit_pages(20))
        with pytest.raises(
            OSError, match=r"my\.db cannot be written .*full.*: its disk is full; all that was"
        ):
            add_folder(path, photos, tiny_checkpoint, progress=lambda done, _: said.append(done))
    assert verify(path).problems == []
    assert 0 < said[-1] == len(Gallery(path)) < 120
    add_folder(path, photos, tiny_checkpoint)
    assert len(Gallery(path)) == 120


def test_a_full_disk(photos: Path, tiny_checkpoint: Path, tmp_path: Path, small_chunks: None) -> None:
    path, said = tmp_path / "my.db", [0]
    add_folder(path, photos / "red", tiny_checkpoint)
    before, limits = len(Gallery(path)), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))  # in bytes, for every file
    try:
        with pytest.raises(
            OSError, match=r"my\.db cannot be written .*its disk is full or failing; all that"
        ):
            add_folder(path, photos, tiny_checkpoint, progress=lambda done, _: said.append(done))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert verify(path).problems == []
    assert len(Gallery(path)) == before + said[-1]
    add_folder(path, photos, tiny_checkpoint)
    assert len(Gallery(path)) == 120


def test_a_second_writer_says_so_or_waits(tmp_path: Path) -> None:
    path, entered, leave = tmp_path / "my.db", threading.Event(), threading.Event()

    def hold() -> None:
        with writing(path, create=True):
            entered.set()
            leave.wait(60)

    first = threading.Thread(target=hold)
    first.start()
    entered.wait(60)
    sentence = r"another process is writing to .*my\.db: wait until it has ended, then try again"
    with pytest.raises(GalleryBusyError, match=sentence), writing(path, wait=0):
        pass
    threading.Timer(0.2, leave.set).start()
    with writing(path, wait=60) as writer, writer.transaction():
        writer.set_meta(title="second")
    first.join()
    assert Gallery(path).meta["title"] == "second"
    assert [file.name for file in tmp_path.iterdir()] == ["my.db"]


def test_a_reader_sees_a_gallery_that_is_being_written(tmp_path: Path) -> None:
    path = tmp_path / "my.db"
    with writing(path, create=True) as writer, writer.transaction():
        writer.set_meta(title="old")
    with writing(path) as writer:
        with writer.transaction():
            writer.set_meta(title="new")
            assert Gallery(path).meta["title"] == "old"
        assert Gallery(path).meta["title"] == "new"


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    """Folders under /proc and files cannot hold files, not even root's."""
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "my.db", Path("/proc/self/my.db"), Path("/proc/self/deep/my.db")):
        with pytest.raises(OSError, match=r"my\.db cannot be written"), writing(path, create=True):
            pass


def test_files_that_are_no_galleries(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    path.write_text("no database, but long enough to look like a file " * 100)
    with pytest.raises(GalleryError, match="is no gallery or is damaged"), writing(path, create=True):
        pass
    assert path.read_text().startswith("no database")
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (name TEXT)")
    with pytest.raises(GalleryError, match="is a database but no gallery: choose another"), writing(path):
        pass
    with pytest.raises(GalleryError, match=r"no gallery at .*none\.db"), writing(tmp_path / "none.db"):
        pass


def test_a_gallery_without_checksums_is_read_and_gets_them(
    photos: Path, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    path = tmp_path / "old.db"
    add_folder(path, photos / "red", tiny_checkpoint)
    before, model = rows(path), fingerprint(tiny_checkpoint)
    with closing(sqlite3.connect(path)) as connection, connection:
        for table, column in (("files", "words"), ("files", "thumbnail_sum"), ("codes", "sum")):
            connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    assert len(Gallery(path).items()) == len(Gallery(path).codes(model)[0]) == 30
    assert verify(path).problems == []
    assert add_folder(path, photos / "red", tiny_checkpoint).unchanged == 30
    assert Gallery(path).sealed
    assert rows(path) == before
    assert verify(path).problems == []


def test_a_gallery_of_another_version(tmp_path: Path) -> None:
    with writing(tmp_path / "my.db", create=True) as writer, writer.transaction():
        writer.set_meta(format="99")
    with (
        pytest.raises(GalleryError, match="has gallery format '99' but this version writes '1'"),
        writing(tmp_path / "my.db"),
    ):
        pass


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOLCK, "No locks available"), NotImplementedError("no flock")]
)
def test_a_drive_that_does_not_lock_is_told(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def acquire(lock: object) -> None:
        raise error

    monkeypatch.setattr(gallery_writer.FileLock, "acquire", acquire)
    with (
        pytest.raises(OSError, match=r"my.db cannot be written .*its drive does not lock: choose a local"),
        writing(tmp_path / "my.db", create=True),
    ):
        pass


def test_sqlite_that_cannot_lock_is_told_alike(tmp_path: Path) -> None:
    with (
        pytest.raises(
            OSError, match=r"my.db cannot be written \(locking protocol\): its drive does not lock"
        ),
        writing(tmp_path / "my.db", create=True),
    ):
        raise sqlite3.OperationalError("locking protocol")
