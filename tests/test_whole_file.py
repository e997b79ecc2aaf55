"""Files that appear complete or not at all."""

import os
import time
from pathlib import Path

import pytest

from nhl.whole_file import ABANDONED, whole, write_whole


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"none/file cannot be written .*: make room, or choose a place"
    ):
        write_whole(tmp_path / "none" / "file", b"new")


def test_a_full_disk_leaves_what_stood_there(tmp_path: Path) -> None:
    write_whole(tmp_path / "file", b"old")

    def fill() -> None:
        with whole(tmp_path / "file") as partial:
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
    write_whole(tmp_path / "file", b"new")
    assert sorted(tmp_path.iterdir()) == sorted([young, other, tmp_path / "file"])
