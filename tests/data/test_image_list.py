"""Text lists: labels of one class and of several, paths, and lines that are wrong."""

from pathlib import Path

import pytest
from drawings import draw

from nhl.data import load_protocol


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    """Lists of three classes, one a picture, over four pictures."""
    for seed, name in enumerate(["a.jpg", "b.jpg", "my cat  1.jpg", "images/sub/d.png"]):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        draw("red", seed).save(tmp_path / name)
    (tmp_path / "train.txt").write_text("a.jpg 0 0 1\nb.jpg\t1 0 0\n\n")
    (tmp_path / "test.txt").write_text("my cat  1.jpg 0 1 0\r\n")
    (tmp_path / "database.txt").write_text("a.jpg 0 0 1\nsub/d.png 0 1 0\n")
    return tmp_path


def test_one_class_a_picture(lists: Path) -> None:
    found = load_protocol(f"list:{lists}")
    assert found.train.sources == [lists / "a.jpg", lists / "b.jpg"]
    assert found.train.labels.tolist() == [2, 0]
    assert found.query.sources == [lists / "my cat  1.jpg"]
    assert found.query.labels.tolist() == [1]
    assert found.database.sources == [lists / "a.jpg", lists / "images" / "sub" / "d.png"]
    assert found.database.labels.tolist() == [2, 1]
    assert found.classes == ("0", "1", "2")
    assert found.description.startswith(f"lists of {lists.name}, 1 queries against 2 images, 2 trained on, ")


def test_several_labels_a_picture(lists: Path) -> None:
    (lists / "train.txt").write_text("a.jpg 0 1 1\nb.jpg 1 0 0\n")
    (lists / "database.txt").write_text("a.jpg 0 1 1\nb.jpg 0 0 0\n")
    found = load_protocol(f"list:{lists}")
    assert found.train.labels.tolist() == [[0, 1, 1], [1, 0, 0]]
    assert found.query.labels.tolist() == [[0, 1, 0]]
    assert found.database.labels.tolist() == [[0, 1, 1], [0, 0, 0]]


def test_without_a_database_the_training_pictures_are_searched(lists: Path) -> None:
    (lists / "database.txt").unlink()
    (lists / "test.txt").write_text("my cat  1.jpg 0 0 1\n")
    found = load_protocol(f"list:{lists}")
    assert found.database.sources == found.train.sources


def test_names_of_classes(lists: Path) -> None:
    (lists / "classes.txt").write_text("\ufeffdog\nHauskatze, große\nbird\n", encoding="utf-8")
    assert load_protocol(f"list:{lists}").classes == ("dog", "Hauskatze, große", "bird")


def test_paths_without_an_ending_and_not_in_utf8(lists: Path) -> None:
    for name in (b"plain", b"caf\xe9.jpg"):
        draw("red", 0).save(lists / "new.png")
        (lists / "new.png").rename(lists / name.decode(errors="surrogateescape"))
    (lists / "train.txt").write_bytes(b"plain 1 0 0\ncaf\xe9.jpg 0 1 0\n")
    assert len(load_protocol(f"list:{lists}").train) == 2


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("b.jpg 0 1", r"train\.txt line 3 has 2 labels but `classes\.txt`, or else .*train\.txt, says 3"),
        ("b.jpg 0 1 0 0", r"train\.txt line 3 has 4 labels"),
        ("b.jpg 0 2 0", r"train\.txt line 3 has the label '2': it must be 0 or 1"),
        ("b.jpg", r"train\.txt line 3 has no labels: it must be a path and"),
        ("b.jpg 0 0 0", r"train\.txt line 3 has no label set: only database\.txt may hold"),
    ],
)
def test_lines_that_are_wrong(lists: Path, line: str, message: str) -> None:
    (lists / "train.txt").write_text(f"a.jpg 0 0 1\n\n{line}\n")
    with pytest.raises(ValueError, match=message):
        load_protocol(f"list:{lists}")


def test_more_names_than_labels(lists: Path) -> None:
    (lists / "classes.txt").write_text("a\nb\nc\nd\n")
    with pytest.raises(ValueError, match=r"train\.txt line 1 has 3 labels but `classes\.txt`.* says 4"):
        load_protocol(f"list:{lists}")


def test_missing_pictures(lists: Path) -> None:
    (lists / "database.txt").write_text("a.jpg 0 0 1\nno where.jpg 0 1 0\nnor.jpg 0 1 0\nnor.jpg 0 1 0\n")
    with pytest.raises(
        FileNotFoundError,
        match=r"2 of 5 pictures are missing, first 'no where\.jpg' \(.*database\.txt line 2\)",
    ):
        load_protocol(f"list:{lists}")


@pytest.mark.parametrize("name", ["train.txt", "test.txt", "database.txt"])
def test_missing_and_empty_lists(lists: Path, name: str) -> None:
    (lists / name).write_text("\n")
    with pytest.raises(ValueError, match=f"needs a list {name} with a picture a line"):
        load_protocol(f"list:{lists}")
    (lists / name).unlink()
    if name != "database.txt":
        with pytest.raises(ValueError, match=f"needs a list {name} with a picture a line"):
            load_protocol(f"list:{lists}")


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="`list` needs a folder of text lists, as in list:DIR, but got None"):
        load_protocol("list")
    with pytest.raises(ValueError, match=r"but got .*nowhere"):
        load_protocol(f"list:{tmp_path / 'nowhere'}")


def test_queries_in_the_database_are_told(lists: Path) -> None:
    (lists / "test.txt").write_text("my cat  1.jpg 0 1 0\na.jpg 0 0 1\n")
    with pytest.warns(UserWarning, match="1 of 2 queries are in the database, where each finds itself: take"):
        found = load_protocol(f"list:{lists}")
    assert found.description.endswith("; 1 of 2 queries are in the database, where each finds itself")


@pytest.mark.parametrize("several", [False, True])
def test_queries_with_nothing_to_find_are_told(lists: Path, several: bool) -> None:
    (lists / "test.txt").write_text("my cat  1.jpg 0 1 0\nb.jpg 1 0 0\n" + "b.jpg 1 0 1\n" * several)
    with pytest.warns(UserWarning, match=r"1 of [23] queries have nothing to find in the database: take"):
        found = load_protocol(f"list:{lists}")
    assert found.description.endswith("queries have nothing to find in the database")


def test_paths_of_windows(lists: Path) -> None:
    (lists / "database.txt").write_text("a.jpg 0 0 1\r\nsub\\d.png 0 1 0\r\nimages\\sub\\d.png 0 1 0\r\n")
    assert load_protocol(f"list:{lists}").database.sources[1:] == [lists / "images" / "sub" / "d.png"] * 2


def test_names_of_classes_that_are_not_in_utf8_are_escaped(lists: Path) -> None:
    (lists / "classes.txt").write_bytes(b"dog\ncaf\xe9\nbird\n")
    assert load_protocol(f"list:{lists}").classes == ("dog", "caf\\xe9", "bird")
