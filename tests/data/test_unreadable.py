"""Pictures that cannot be read: refused, skipped, or trusted until the work comes to them."""

from pathlib import Path

import pytest
from drawings import draw

from nhl.data import load_protocol
from nhl.data.unreadable import unreadable
from nhl.gallery import Item, write_gallery
from nhl.images import ImageError


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """Two classes of ten pictures, of which five cannot be read."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for i in range(10):
            draw("red", i).save(tmp_path / name / f"{i}.jpg")
    whole = (tmp_path / "a" / "0.jpg").read_bytes()
    (tmp_path / "a" / "0.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "a" / "1.jpg").write_bytes(b"")
    (tmp_path / "a" / "2.jpg").write_text("not a picture")
    (tmp_path / "b" / "3.jpg").unlink()
    (tmp_path / "b" / "3.jpg").symlink_to("nowhere.jpg")
    (tmp_path / "b" / "4.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
    return tmp_path


def test_unreadable_pictures_are_refused(damaged: Path) -> None:
    with pytest.raises(
        ImageError, match=r"5 of 21 pictures cannot be read: .*\.\.\.; mend or remove them, or"
    ):
        load_protocol(f"folder:{damaged}")


def test_the_first_are_named(damaged: Path) -> None:
    for name in ("a/1.jpg", "a/2.jpg", "b/3.jpg", "b/4.HEIC"):
        (damaged / name).unlink()
    with pytest.raises(
        ImageError, match=r"1 of 17 pictures cannot be read: .*a/0\.jpg \(The image is damaged"
    ):
        load_protocol(f"folder:{damaged}", unreadable="refuse")


def test_each_is_told_why(damaged: Path) -> None:
    found = unreadable(load_protocol(f"folder:{damaged}", "trust"))
    why = {source.name: str(error) for source, error in found.items() if isinstance(source, Path)}
    assert why["0.jpg"] == "The image is damaged or cut short."
    assert why["1.jpg"] == "The file is empty."
    assert why["2.jpg"].startswith("The file is not an image that can be read")
    assert why["3.jpg"] == "The file '3.jpg' does not exist."
    assert why["4.HEIC"].startswith("The HEIF (HEIC) picture is damaged")


def test_unreadable_pictures_are_skipped(damaged: Path) -> None:
    seen: list[tuple[int, int]] = []
    with pytest.warns(UserWarning, match=r"5 of 21 pictures cannot be read: .* they are left out"):
        found = load_protocol(f"folder:{damaged}", "skip", lambda done, total: seen.append((done, total)))
    assert seen[-1] == (21, 21)
    assert len(found.query) + len(found.database) == 16
    assert found.description.endswith("; 5 of these pictures are unreadable and left out")
    everything = load_protocol(f"folder:{damaged}", "trust")
    for part in ("train", "query", "database"):
        left, whole = getattr(found, part), getattr(everything, part)
        label_of = dict(zip(whole.sources, whole.labels, strict=True))
        assert [label_of[source] for source in left.sources] == left.labels.tolist()
        assert all(left.image(i) for i in range(len(left)))


def test_skipping_nothing_changes_nothing(tiny_gallery: Path) -> None:
    found = load_protocol(f"emoji:{tiny_gallery}", "skip")
    assert found.description == load_protocol(f"emoji:{tiny_gallery}").description


def test_nothing_left(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for i in range(2):
            (tmp_path / name / f"{i}.jpg").touch()
    with pytest.raises(
        ImageError, match=r"the part 'train' has no picture left: 4 of 4 pictures cannot be read"
    ):
        load_protocol(f"folder:{tmp_path}", "skip")


def test_a_damaged_gallery_is_trusted_until_it_is_checked(tmp_path: Path) -> None:
    pictures = [(Item(n, "x", "y", split=split), b"?") for n, split in enumerate(["train", "query"])]
    write_gallery(tmp_path / "g.db", pictures, {})
    assert len(load_protocol(f"emoji:{tmp_path / 'g.db'}").query) == 1
    with pytest.raises(ImageError, match=r"cannot be read: one in memory \("):
        load_protocol(f"emoji:{tmp_path / 'g.db'}", "refuse")
