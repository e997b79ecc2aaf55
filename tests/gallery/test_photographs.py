"""The gallery of Tiny ImageNet's validation pictures, from a folder of its layout."""

from pathlib import Path

import pytest
from data.tiny_photos import tiny_photos

from nhl.gallery import Gallery
from nhl.gallery.photographs import build_photographs, kinds_of_validation, photo_kinds


def test_the_first_ten_of_each_kind_are_queries(tmp_path: Path) -> None:
    done: list[int] = []
    build_photographs(tmp_path / "p.db", tiny_photos(tmp_path), lambda n, total: done.append(n))
    items = Gallery(tmp_path / "p.db").items()
    assert (len(items), done[-1]) == (10_000, 10_000)
    dogs = [item for item in items if item.label == photo_kinds()[0].name]
    assert [item.split for item in dogs] == ["query"] * 10 + ["train"] * 40
    assert dogs[0].name == f"{dogs[0].label} 1"
    kinds = {kind.name: kind for kind in photo_kinds()}
    for item in items[::50]:
        kind = kinds[item.label]
        assert item.labels == ((kind.name, kind.emoji_class) if kind.emoji_class else (kind.name,))


def test_a_picture_that_is_missing_is_said(tmp_path: Path) -> None:
    root = tiny_photos(tmp_path)
    (root / "val" / "images" / "val_0.JPEG").unlink()
    with pytest.raises(ValueError, match="must have 50 pictures in `val` but has 49: unpack it again"):
        build_photographs(tmp_path / "p.db", root)
    with pytest.raises(FileNotFoundError, match="no Tiny ImageNet in"):
        build_photographs(tmp_path / "p.db", tmp_path / "val")


def test_a_damaged_line_of_the_table_names_no_kind() -> None:
    """What then lacks pictures is refused by their number."""
    table = b"val_0.JPEG\tn01443537\t0\n\xff\xfe\n\nval_1.JPEG\n"
    assert kinds_of_validation(Path("x"), {"val/val_annotations.txt": table}) == {"val_0.JPEG": "n01443537"}
