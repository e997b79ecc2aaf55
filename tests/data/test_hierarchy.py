"""Labels at several levels."""

from pathlib import Path

import numpy as np
import pytest

from nhl.data import load_protocol
from nhl.data.hierarchy import check_hierarchy

PICTURES = (
    "animal/dog/1",
    "animal/dog/2",
    "animal/cat/1",
    "animal/cat/2",
    "animal/3",
    "plant/tree/1",
    "plant/2",
)


def write(folder: Path, names: tuple[str, ...] = PICTURES) -> Path:
    for name in names:
        path = folder / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"never read")
    return folder


def test_folders_in_folders_are_levels(tmp_path: Path) -> None:
    protocol = load_protocol(f"folder:{write(tmp_path)}", "trust")
    assert protocol.classes == ("animal", "plant")
    assert protocol.levels == ("folder 1", "folder 2")
    found = {}
    for part in (protocol.train, protocol.query):
        assert part.levels is not None
        for source, row in zip(part.sources, part.levels.tolist(), strict=True):
            assert isinstance(source, Path)
            found[source.relative_to(tmp_path).with_suffix("").as_posix()] = tuple(row)
    assert found == {
        "animal/dog/1": (0, 1),
        "animal/dog/2": (0, 1),
        "animal/cat/1": (0, 0),
        "animal/cat/2": (0, 0),
        "animal/3": (0, -1),
        "plant/tree/1": (1, 2),
        "plant/2": (1, -1),
    }


def test_parts_of_a_folder_number_their_levels_alike(tmp_path: Path) -> None:
    write(tmp_path / "train", ("a/y/1", "a/z/1"))
    write(tmp_path / "test", ("a/z/1", "a/x/1"))
    protocol = load_protocol(f"folder:{tmp_path}", "trust")
    assert protocol.train.levels is not None
    assert protocol.query.levels is not None
    assert protocol.train.levels.tolist() == [[0, 1], [0, 2]]
    assert protocol.query.levels.tolist() == [[0, 0], [0, 2]]


def test_folders_without_folders_have_one_level(tmp_path: Path) -> None:
    protocol = load_protocol(f"folder:{write(tmp_path, ('a/1', 'a/2', 'b/1', 'b/2'))}", "trust")
    assert protocol.levels == ()
    assert protocol.train.levels is None


def test_a_finer_label_has_one_coarser_one() -> None:
    check_hierarchy(np.array([[0, 1], [1, 2], [-1, 1], [0, -1]]), ("group", "class"))
    with pytest.raises(ValueError, match="must be a hierarchy, but class 1 lies in group 0 and 1: give each"):
        check_hierarchy(np.array([[0, 1], [1, 1]]), ("group", "class"))
