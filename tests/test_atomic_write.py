"""Files that appear complete or not at all."""

import os
import threading
import time
from pathlib import Path

import pytest

from nhl.atomic_write import ABANDONED, atomic_write, write_bytes


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"none/file cannot be written .*: make room, or choose a place"
    ):
        write_bytes(tmp_path / "none" / "file", b"new")


def test_a_full_disk_leaves_what_stood_there(tmp_path: Path) -> None:
    write_bytes(tmp_path / "file", b"old")

    def fill() -> None:
        with atomic_write(tmp_path / "file") as partial:
            partial.write_bytes(b"ne")
            Path("/dev/full").write_bytes(b"w")

    with pytest.raises(
        OSError, match=r"file cannot be written \(\[Errno 28\] No space.*what stood there still"
    ):
        fill()
    assert (tmp_path / "file").read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_what_a_killed_process_left_goes_with_the_next_write(tmp_path: Path) -> None:
    old, young, other = (tmp_path / f".partial-{name}" for name in ("1-file", "2-file", "1-other"))
    for path in (old, young, other):
        path.write_bytes(b"half")
    then = time.time() - ABANDONED - 1
    for path in (old, other):
        os.utime(path, (then, then))
    write_bytes(tmp_path / "file", b"new")
    assert sorted(tmp_path.iterdir()) == sorted([young, other, tmp_path / "file"])


def test_the_content_is_on_the_disk_before_the_name_and_the_name_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, bool]] = []

    def fsync(handle: int) -> None:
        name = Path(f"/proc/self/fd/{handle}").readlink().name
        synced.append((name, (tmp_path / "file").exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    write_bytes(tmp_path / "file", b"new")
    (partial, before), folder = synced
    assert partial.startswith(".partial-")
    assert not before
    assert folder == (tmp_path.name, True)


def test_two_threads_do_not_share_a_partial_name(tmp_path: Path) -> None:
    both, partials = threading.Barrier(2), []

    def write(content: bytes) -> None:
        with atomic_write(tmp_path / "file") as partial:
            partials.append(partial)
            partial.write_bytes(content)
            both.wait(10)
            assert partial.read_bytes() == content

    threads = [threading.Thread(target=write, args=(content,)) for content in (b"one", b"two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(partials)) == 2
    assert (tmp_path / "file").read_bytes() in (b"one", b"two")
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_that_a_library_hides_is_told_like_any_other(tmp_path: Path) -> None:
    def fill(words: str) -> None:
        with atomic_write(tmp_path / "file"):
            raise RuntimeError(words)

    with pytest.raises(OSError, match=r"file cannot be written .*make room"):
        fill("Error: I/O error: No space left on device (os error 28)")
    with pytest.raises(RuntimeError, match=r"^something else$"):
        fill("something else")
