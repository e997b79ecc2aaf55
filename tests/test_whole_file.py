"""Files that appear complete or not at all."""

from pathlib import Path

import pytest

from nhl.whole_file import whole, write_whole


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
