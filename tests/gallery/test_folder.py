"""Galleries that grow: what is new or changed comes in, what is gone goes, nothing else is touched."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from drawings import COLOURS, draw
from PIL import Image

from app.service.search import SearchService
from nhl.gallery import Gallery, GalleryError, folder, write_gallery
from nhl.gallery.check import verify
from nhl.gallery.codes import OtherModelError, gallery_codes, own_checkpoint
from nhl.gallery.folder import Report, add_folder, encode_again, remove
from nhl.model.checkpoint import fingerprint
from nhl.model.encode import Encoder


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Twelve pictures in four folders."""
    for colour in COLOURS:
        (tmp_path / "photos" / colour).mkdir(parents=True)
        for n in range(3):
            draw(colour, n).save(tmp_path / "photos" / colour / f"{n}.png")
    return tmp_path / "photos"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "my.db"


def contents(path: Path) -> dict[str, tuple[str, bytes, bytes]]:
    """Label, thumbnail and code by source: all that matters of a gallery but for its numbers."""
    with closing(Gallery(path)) as gallery:
        items = gallery.items()
        ids, codes = gallery.codes(gallery.meta["model"])
        assert ids.tolist() == [item.id for item in items]
        return {
            item.source: (item.label, gallery.thumbnail(item.id), code.tobytes())
            for item, code in zip(items, codes, strict=True)
        }


def assert_whole(path: Path) -> None:
    assert verify(path).problems == []
    assert [file.name for file in path.parent.iterdir() if file.name.startswith("my.db")] == ["my.db"]


def test_a_folder_becomes_a_gallery_with_codes(photos: Path, path: Path, tiny_checkpoint: Path) -> None:
    calls: list[tuple[int, int]] = []
    report = add_folder(
        path, photos, tiny_checkpoint, progress=lambda done, total: calls.append((done, total))
    )
    assert report == Report(added=12)
    assert calls == [(12, 12)]
    assert_whole(path)
    gallery, encoder = Gallery(path), Encoder(tiny_checkpoint)
    items = gallery.items()
    assert [item.source for item in items] == sorted(str(file) for file in photos.rglob("*.png"))
    assert {(item.label, item.labels) for item in items} == {(colour, (colour,)) for colour in COLOURS}
    codes = gallery_codes(gallery, tiny_checkpoint)
    np.testing.assert_array_equal(codes, encoder.encode([item.source for item in items]))
    with Image.open(items[0].source) as original:
        assert original.size == (64, 64)
    assert own_checkpoint(gallery) == tiny_checkpoint.resolve()
    assert not list(path.parent.glob("*.safetensors"))


def test_the_second_run_opens_no_file(
    photos: Path, path: Path, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_folder(path, photos, tiny_checkpoint)
    before, mark = contents(path), Gallery(path).fingerprint
    monkeypatch.setattr(folder, "Encoder", None)
    monkeypatch.setattr(folder, "read_pictures", None)
    assert add_folder(path, photos, tiny_checkpoint) == Report(unchanged=12)
    assert contents(path) == before
    assert Gallery(path).fingerprint == mark


def test_only_what_changed_is_read(photos: Path, path: Path, tiny_checkpoint: Path) -> None:
    add_folder(path, photos, tiny_checkpoint)
    numbers = {item.source: item.id for item in Gallery(path).items()}
    draw("red", 77).save(photos / "red" / "0.png")  # changed
    os.utime(photos / "red" / "1.png", ns=(1, 1))  # another time, the same content
    (photos / "red" / "2.png").unlink()  # gone
    (photos / "blue" / "0.png").rename(photos / "green" / "moved.png")  # gone, and new without encoding
    draw("yellow", 78).save(photos / "new.png")  # new, without a label
    read: list[tuple[int, int]] = []
    report = add_folder(path, photos, tiny_checkpoint, progress=lambda *counts: read.append(counts))
    assert report == Report(added=2, changed=1, unchanged=9, dropped=2)
    assert read == [(4, 4)]
    assert_whole(path)
    fresh = path.with_name("fresh.db")
    add_folder(fresh, photos, tiny_checkpoint)
    assert contents(path) == contents(fresh)
    kept = {item.source: item.id for item in Gallery(path).items() if item.source in numbers}
    assert kept.items() <= numbers.items()


def test_two_files_that_change_places(photos: Path, path: Path, tiny_checkpoint: Path) -> None:
    """Each content is known, but not in a picture that stays as it is."""
    add_folder(path, photos, tiny_checkpoint)
    one, other = photos / "red" / "0.png", photos / "blue" / "0.png"
    one.rename(photos / "red" / "x")
    other.rename(one)
    (photos / "red" / "x").rename(other)
    os.utime(one, ns=(1, 1))
    os.utime(other, ns=(1, 1))
    assert add_folder(path, photos, tiny_checkpoint) == Report(changed=2, unchanged=10)
    fresh = path.with_name("fresh.db")
    add_folder(fresh, photos, tiny_checkpoint)
    assert contents(path) == contents(fresh)


def test_bad_files_are_listed_and_the_others_come_in(
    photos: Path, path: Path, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (photos / "empty.jpg").touch()
    (photos / "text.jpg").write_text("no picture")
    with (photos / "gigantic.tif").open("wb") as file:
        file.truncate(2**40)  # takes no room on the disk
    (photos / "red" / "cut.png").write_bytes((photos / "red" / "0.png").read_bytes()[:60])
    (photos / "dangling.jpg").symlink_to("nowhere")
    shutil.copy(photos / "red" / "0.png", os.fsencode(photos) + b"/\xff\xfe.png")
    report = add_folder(path, photos, tiny_checkpoint)
    assert report.added == 13
    reasons = {Path(name).name: why for name, why in report.unreadable.items()}
    assert set(reasons) == {"empty.jpg", "text.jpg", "gigantic.tif", "cut.png", "dangling.jpg"}
    assert reasons["empty.jpg"] == "The file is empty."
    assert reasons["gigantic.tif"] == "The file has 1048576 MiB; at most 512 are read."
    assert_whole(path)
    assert "\\xff\\xfe.png" in {item.name for item in Gallery(path).items()}

    (photos / "red" / "1.png").write_text("no picture any more")
    again = add_folder(path, photos, tiny_checkpoint)
    assert (again.dropped, again.unchanged, len(again.unreadable)) == (1, 12, 6)


def test_labels_may_come_from_a_file_and_change(photos: Path, path: Path, tiny_checkpoint: Path) -> None:
    labels = photos.parent / "labels.csv"
    labels.write_text("red/0.png,warm,nice\nblue/0.png,cold\n")
    add_folder(path, photos, tiny_checkpoint, labels)
    found = {item.source: item.labels for item in Gallery(path).items()}
    assert found[str(photos / "red" / "0.png")] == ("warm", "nice")
    assert sorted(found.values()) == [*[()] * 10, ("cold",), ("warm", "nice")]
    assert add_folder(path, photos, tiny_checkpoint) == Report(changed=12)
    assert {item.label for item in Gallery(path).items()} == set(COLOURS)
    labels.write_text("elsewhere.png,warm\n")
    with pytest.raises(ValueError, match=r"labels\.csv names no picture of .*photos"):
        add_folder(path, photos, tiny_checkpoint, labels)


def test_two_folders_in_one_gallery(photos: Path, path: Path, tiny_checkpoint: Path) -> None:
    add_folder(path, photos / "red", tiny_checkpoint)
    add_folder(path, photos / "blue", tiny_checkpoint)
    (photos / "blue" / "0.png").unlink()
    assert add_folder(path, photos / "blue", tiny_checkpoint) == Report(unchanged=2, dropped=1)
    assert len(Gallery(path)) == 5


def test_an_empty_disk_in_place_of_the_folder_drops_nothing(
    photos: Path, path: Path, tiny_checkpoint: Path
) -> None:
    add_folder(path, photos, tiny_checkpoint)
    shutil.rmtree(photos)
    photos.mkdir()
    with pytest.raises(ValueError, match="holds no pictures"):
        add_folder(path, photos, tiny_checkpoint)
    assert len(Gallery(path)) == 12


def test_remove(photos: Path, path: Path, tiny_checkpoint: Path) -> None:
    add_folder(path, photos, tiny_checkpoint)
    with pytest.raises(ValueError, match=r"my\.db holds no picture from .*/nowhere"):
        remove(path, [photos / "red", photos / "nowhere"])
    assert remove(path, [photos / "red", photos / "blue" / "1.png"]) == 4
    assert_whole(path)
    assert len(Gallery(path)) == 8
    assert (photos / "red" / "0.png").exists()


@pytest.fixture
def other_model(tmp_path: Path, tiny_checkpoint: Path) -> Path:
    """The same network with other signs."""
    import torch

    from nhl.model.network import NestedHashModel

    model = NestedHashModel.from_pretrained(tiny_checkpoint)
    with torch.no_grad():
        model.layer.linear.weight.neg_()
        model.layer.linear.bias.neg_()
    model.save_pretrained(tmp_path / "other")
    return tmp_path / "other"


def test_another_model_is_refused_with_the_remedy(
    photos: Path, path: Path, tiny_checkpoint: Path, other_model: Path
) -> None:
    add_folder(path, photos, tiny_checkpoint)
    remedy = f"`python -m nhl gallery encode {path} --checkpoint {other_model}` encodes it again"
    with pytest.raises(OtherModelError, match=remedy):
        add_folder(path, photos, other_model)
    with pytest.raises(OtherModelError, match=remedy):
        SearchService.open(other_model, path)
    (photos / "red" / "0.png").unlink()
    assert encode_again(path, other_model) == 1  # from its thumbnail
    assert_whole(path)
    assert Gallery(path).codes(fingerprint(tiny_checkpoint))[1].shape == (0, 0)
    assert len(SearchService.open(other_model, path)) == 12
    assert add_folder(path, photos, other_model) == Report(unchanged=11, dropped=1)
    fresh = path.with_name("fresh.db")
    add_folder(fresh, photos, other_model)
    assert contents(path) == contents(fresh)


def test_an_interrupted_change_of_model_leaves_the_old_codes(
    photos: Path, path: Path, tiny_checkpoint: Path, other_model: Path
) -> None:
    add_folder(path, photos, tiny_checkpoint)
    before = contents(path)

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encode_again(path, other_model, interrupt)
    assert contents(path) == before
    draw("red", 99).save(photos / "red" / "0.png")
    assert add_folder(path, photos, tiny_checkpoint).changed == 1
    done: list[tuple[int, int]] = []
    encode_again(path, other_model, lambda *counts: done.append(counts))
    assert done == [(1, 1)]  # all others were stored when it was interrupted
    assert_whole(path)


def test_the_page_opens_on_a_gallery_that_grows(photos: Path, path: Path, tiny_checkpoint: Path) -> None:
    add_folder(path, photos, tiny_checkpoint)
    service = SearchService.open(tiny_checkpoint, path)
    answer = service.search(service.picture(draw("red", 1)), 32, 3)
    assert answer.results[0].distance == 0
    key = service.key
    draw("red", 50).save(photos / "red" / "3.png")
    assert add_folder(path, photos, tiny_checkpoint).added == 1  # while the page has it open
    later = SearchService.open(tiny_checkpoint, path)
    assert (len(later), later.key == key) == (13, False)


def test_a_gallery_that_was_built_whole_does_not_grow(
    photos: Path, tiny_gallery: Path, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    copy.write_bytes(tiny_gallery.read_bytes())
    with pytest.raises(GalleryError, match="was built whole and cannot grow: add to another gallery file"):
        add_folder(copy, photos, tiny_checkpoint)
    assert copy.read_bytes() == tiny_gallery.read_bytes()
    with pytest.raises(GalleryError, match=r"no gallery at .*none\.db: make one with"):
        encode_again(tmp_path / "none.db", tiny_checkpoint)


def test_no_checkpoint_leaves_no_gallery(photos: Path, path: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no checkpoint in"):
        add_folder(path, photos, tmp_path)
    assert not path.exists()


def test_verify_finds_damage(photos: Path, path: Path, tiny_checkpoint: Path) -> None:
    add_folder(path, photos, tiny_checkpoint)
    (photos / "red" / "0.png").unlink()
    assert verify(path).outdated == [str(photos / "red" / "0.png")]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM codes WHERE item = 1")
        connection.execute("DELETE FROM files WHERE item = 2")
        connection.execute("DELETE FROM items WHERE id = 3")
        connection.execute("UPDATE items SET thumbnail = x'00' WHERE id = 4")
        connection.execute("UPDATE codes SET code = x'00' WHERE item = 5")
        connection.execute("""UPDATE items SET labels = '["x"]' WHERE id = 6""")
    verdict = verify(path)
    assert verdict.pictures == 11
    for number, words in [(1, "no code"), (2, "no file"), (3, "a file but no picture"), (5, "a short code")]:
        assert f"picture {number} has {words}" in verdict.problems
    assert "picture 3 has a code but no picture" in verdict.problems
    assert any(line.startswith("picture 4 has a damaged thumbnail: ") for line in verdict.problems)
    assert any(line.startswith("picture 6 has the label") for line in verdict.problems)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE items SET labels = 'x'")
    assert any("the database is damaged" in line for line in verify(path).problems)


def test_verify_on_a_damaged_page(photos: Path, path: Path, tiny_checkpoint: Path, tmp_path: Path) -> None:
    add_folder(path, photos, tiny_checkpoint)
    content = bytearray(path.read_bytes())
    content[-4096:] = os.urandom(4096)
    path.write_bytes(content)
    assert any("the database is damaged" in line for line in verify(path).problems)


def test_a_whole_gallery_is_verified_too(tiny_gallery: Path, tmp_path: Path) -> None:
    assert verify(tiny_gallery).problems == []
    write_gallery(tmp_path / "none.db", [], {})
    assert verify(tmp_path / "none.db").pictures == 0
