"""A folder of pictures: its random split, its own split, and folders that are none."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from drawings import COLOURS, draw

from nhl.data import Pictures, load_protocol
from nhl.images import ImageError


def fill(folder: Path, colour: str, names: Sequence[str]) -> None:
    for seed, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        draw(colour, seed).save(folder / name)


def names(part: Pictures) -> list[str]:
    return sorted(source.name for source in part.sources if isinstance(source, Path))


@pytest.fixture
def colours(tmp_path: Path) -> Path:
    """Ten pictures of each of four classes."""
    for colour in COLOURS:
        fill(tmp_path / colour, colour, [f"{i}.png" for i in range(10)])
    return tmp_path


def test_a_fifth_of_each_class_are_queries(colours: Path) -> None:
    found = load_protocol(f"folder:{colours}")
    assert found.classes == tuple(sorted(COLOURS))
    assert np.bincount(found.query.labels).tolist() == [2, 2, 2, 2]
    assert np.bincount(found.train.labels).tolist() == [8, 8, 8, 8]
    assert found.database is found.train
    assert not set(found.query.sources) & set(found.train.sources)
    for source, label in zip(found.query.sources, found.query.labels, strict=True):
        assert isinstance(source, Path)
        assert source.parent.name == found.classes[label]
    assert found.description == (
        f"folder {colours.name}, 8 queries against 32 images, 32 trained on, "
        "mAP over all of them, expected over ties"
    )
    assert load_protocol(f"folder:{colours}").query.sources == found.query.sources


def test_classes_of_two_and_of_thousands(tmp_path: Path) -> None:
    fill(tmp_path / "few", "red", ["a.png", "b.png"])
    (tmp_path / "many").mkdir()
    for i in range(600):
        (tmp_path / "many" / f"{i}.png").touch()
    found = load_protocol(f"folder:{tmp_path}", unreadable="trust")
    assert np.bincount(found.query.labels).tolist() == [1, 100]


def test_any_depth_and_any_kind(tmp_path: Path) -> None:
    kinds = ["a.JPG", "deep/er/b.webp", "deep/c.bmp", "d.gif", "e.tif", "ä ö.png"]
    fill(tmp_path / "x", "red", kinds)
    (tmp_path / "x" / "notes.txt").write_text("no picture")
    fill(tmp_path / "x", "red", [".hidden/f.png", ".g.png"])
    fill(tmp_path, "red", [".thumbnails/h.png"])
    with pytest.warns(UserWarning, match=r"1 file skipped, .*: 1 \.txt; first 'x/notes\.txt'"):
        found = load_protocol(f"folder:{tmp_path}")
    both = names(found.query) + names(found.train)
    assert sorted(both) == sorted(Path(kind).name for kind in kinds)
    assert found.classes == ("x",)


@pytest.mark.parametrize(
    ("train", "query"),
    [("train", "query"), ("Train", "Test"), ("TRAINING", "val"), ("train", "valid"), ("train", "Validation")],
)
def test_its_own_parts(tmp_path: Path, train: str, query: str) -> None:
    fill(tmp_path / train / "a", "red", ["1.png", "2.png"])
    fill(tmp_path / train / "b", "blue", ["3.png"])
    fill(tmp_path / query / "b", "blue", ["4.png"])
    found = load_protocol(f"folder:{tmp_path}")
    assert found.classes == ("a", "b")
    assert (names(found.train), found.train.labels.tolist()) == (["1.png", "2.png", "3.png"], [0, 0, 1])
    assert (names(found.query), found.query.labels.tolist()) == (["4.png"], [1])
    assert names(found.database) == names(found.train)
    fill(tmp_path / "database" / "b", "blue", ["5.png"])
    assert names(load_protocol(f"folder:{tmp_path}").database) == ["5.png"]


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    for name in ("train", "tram"):
        fill(tmp_path / name, "red", ["1.png", "2.png"])
    assert load_protocol(f"folder:{tmp_path}").classes == ("train", "tram")


def test_links_in_circles(colours: Path, tmp_path: Path) -> None:
    (colours / "red" / "all").symlink_to(colours)
    (colours / "red" / "itself").symlink_to(colours / "red")
    (colours / "red" / "endless.png").symlink_to("endless.png")
    (colours / "blue" / "more").symlink_to(colours / "green")
    found = load_protocol(f"folder:{colours}", unreadable="trust")
    counts = np.bincount(found.query.labels) + np.bincount(found.train.labels)
    assert dict(zip(found.classes, counts.tolist(), strict=True)) == {
        "blue": 20,
        "green": 10,
        "red": 11,
        "yellow": 10,
    }


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match="`folder` needs a folder of pictures, as in folder:DIR, but got None"
    ):
        load_protocol("folder")
    with pytest.raises(ValueError, match=r"but got .*nowhere"):
        load_protocol(f"folder:{tmp_path / 'nowhere'}")


def test_no_classes(tmp_path: Path) -> None:
    fill(tmp_path, "red", ["1.png"])
    with pytest.raises(ValueError, match="has no sub-folders: put the pictures of each class into one"):
        load_protocol(f"folder:{tmp_path}")


@pytest.mark.parametrize("count", [0, 1])
def test_a_class_that_is_too_small(colours: Path, count: int) -> None:
    (colours / "black").mkdir()
    fill(colours / "black", "red", ["1.png"][:count])
    with pytest.raises(
        ValueError, match=rf"class 'black' of .* must have at least 2 pictures but has {count}"
    ):
        load_protocol(f"folder:{colours}")


def test_parts_that_do_not_fit(tmp_path: Path) -> None:
    fill(tmp_path / "train" / "a", "red", ["1.png"])
    with pytest.raises(ValueError, match=r"has `train` but none of query, queries, test, .*: add that part"):
        load_protocol(f"folder:{tmp_path}")
    fill(tmp_path / "query" / "b", "red", ["2.png"])
    with pytest.raises(ValueError, match=r"class 'b' of .* has queries but no picture in the database"):
        load_protocol(f"folder:{tmp_path}")
    (tmp_path / "train" / "c").mkdir()
    with pytest.raises(ValueError, match=r"class 'c' of .*train` must have at least 1 pictures but has 0"):
        load_protocol(f"folder:{tmp_path}")


def test_a_validation_part_beside_a_test_part_is_not_used_and_told(tmp_path: Path) -> None:
    for part, name in (("train", "1"), ("valid", "2"), ("test", "3")):
        fill(tmp_path / part / "a", "red", [f"{name}.png"])
    with pytest.warns(UserWarning, match=r"valid` is not used: `test` is the part 'query'"):
        found = load_protocol(f"folder:{tmp_path}")
    assert found.classes == ("a",)
    assert (names(found.train), names(found.query)) == (["1.png"], ["3.png"])


def test_parts_beside_other_folders_are_not_guessed_at(tmp_path: Path) -> None:
    for part in ("train", "test", "extra"):
        fill(tmp_path / part / "a", "red", ["1.png", "2.png"])
    with pytest.raises(
        ValueError, match=r"has parts \(`test`, `train`\) beside the folder 'extra': move that"
    ):
        load_protocol(f"folder:{tmp_path}")
    (tmp_path / "train").rename(tmp_path / "more")
    assert load_protocol(f"folder:{tmp_path}").classes == ("extra", "more", "test")  # no train: classes
    (tmp_path / "more").rename(tmp_path / "valid")
    (tmp_path / "extra").rename(tmp_path / "database")
    with pytest.raises(ValueError, match="has `database`, `test`, `valid` but none of train, training: add"):
        load_protocol(f"folder:{tmp_path}")


def test_folders_of_systems_are_no_classes(colours: Path) -> None:
    for folder in ("@eaDir", "#recycle", "$RECYCLE.BIN", "lost+found", "__MACOSX", "red/@eaDir/0.png"):
        fill(colours / folder, "red", ["a.png", "b.png"])
    found = load_protocol(f"folder:{colours}")
    assert found.classes == tuple(sorted(COLOURS))
    assert len(found.train) + len(found.query) == 40


def test_pictures_of_kinds_that_cannot_be_read_are_refused_not_passed_over(colours: Path) -> None:
    (colours / "red" / "raw.DNG").write_bytes(b"II*\0")
    with pytest.raises(ImageError, match=r"1 of 41 pictures cannot be read: .*raw\.DNG"):
        load_protocol(f"folder:{colours}")


def test_pictures_in_no_folder_of_a_class_are_told(colours: Path) -> None:
    fill(colours, "red", ["1.png", "2.png"])
    with pytest.warns(UserWarning, match=r"in no folder of a class are left out: 2, first '1\.png'"):
        assert len(load_protocol(f"folder:{colours}").train) == 32


def test_a_class_named_in_bytes_that_are_no_text_is_escaped(tmp_path: Path) -> None:
    root = tmp_path / os.fsdecode(b"photos\xe9")
    for name in (b"caf\xe9", b"tea"):
        fill(root / os.fsdecode(name), "red", ["1.png", "2.png"])
    found = load_protocol(f"folder:{root}")
    assert found.classes == ("caf\\xe9", "tea")
    assert found.description.startswith("folder photos\\xe9, ")
    json.dumps(found.classes, ensure_ascii=False).encode()
