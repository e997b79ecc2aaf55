"""Tiny ImageNet and the emoji with photographs, from a folder of its layout."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from data.tiny_photos import tiny_photos

from nhl.data import load_protocol
from nhl.data.emoji_photos import LEVELS
from nhl.data.tiny_imagenet import tiny_imagenet
from nhl.gallery import Gallery
from nhl.gallery.photographs import photo_kinds

EMOJI = "checkpoints/emoji/gallery.db"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_photos(tmp_path_factory.mktemp("data")).parent


def test_its_parts_share_no_picture(folder: Path) -> None:
    protocol = tiny_imagenet(folder)
    assert [len(part) for part in (protocol.train, protocol.query, protocol.database)] == [
        100_000,
        2_000,
        8_000,
    ]
    assert len(protocol.classes) == 200
    parts = [set(part.sources) for part in (protocol.train, protocol.query, protocol.database)]
    assert len(set.union(*parts)) == 110_000
    assert np.bincount(protocol.query.labels).tolist() == [10] * 200
    source = protocol.query.sources[0]
    assert isinstance(source, Path)
    assert source.name == "val_0.JPEG"  # its first validation picture asks


def test_cut_short(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no Tiny ImageNet in .* it needs the folder"):
        tiny_imagenet(tmp_path)
    gone = folder / "tiny-imagenet-200/train/n01443537/images/n01443537_499.JPEG"
    target = gone.readlink()
    gone.unlink()
    try:
        with pytest.raises(
            ValueError, match=r"kind 'n01443537' of .* must have 500 pictures in `train` but has 499"
        ):
            tiny_imagenet(folder)
    finally:
        gone.symlink_to(target)
    with zipfile.ZipFile(tmp_path / "tiny-imagenet-200.zip", "w") as file:
        file.writestr("tiny-imagenet-200/train/n01443537/images/a.JPEG", b"")
    with pytest.raises(ValueError, match="must have 200 kinds in `train` but has 1"):
        tiny_imagenet(tmp_path)
    (tmp_path / "tiny-imagenet-200.zip").write_bytes(b"PK")
    with pytest.raises(ValueError, match="is no whole zip file"):
        tiny_imagenet(tmp_path / "tiny-imagenet-200.zip")


def test_zip_equals_folder(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "tiny-imagenet-200.zip"
    root = folder / "tiny-imagenet-200"
    with zipfile.ZipFile(path, "w") as file:
        for found in sorted(root.rglob("*.*")):
            file.writestr(f"tiny-imagenet-200/{found.relative_to(root).as_posix()}", found.read_bytes())
    zipped, unpacked = tiny_imagenet(path), tiny_imagenet(folder)
    np.testing.assert_array_equal(zipped.query.labels, unpacked.query.labels)
    first = unpacked.query.sources[0]
    assert isinstance(first, Path)
    assert zipped.query.sources[0] == first.read_bytes()


def test_no_photograph_teaches_a_held_out_emoji(folder: Path) -> None:
    protocol = load_protocol(f"emoji-photos:{folder}")
    assert protocol.levels == LEVELS
    assert protocol.photographs is not None
    taught, asked = protocol.photographs.train, protocol.photographs.query
    assert taught.levels is not None
    assert asked.levels is not None
    held_out = set(protocol.query.levels[:, 2].tolist())  # type: ignore[index]
    assert not held_out & set(taught.levels[:, 2].tolist())
    assert not held_out & set(protocol.train.levels[:, 2].tolist())  # type: ignore[index]
    assert held_out & set(asked.levels[:, 2].tolist())  # of some of them there are photographs to measure on
    goldfish = taught.levels[taught.labels == 0][0]
    fish = next(item for item in Gallery(EMOJI).items() if item.name == "tropical fish")
    assert protocol.classes[goldfish[1]] == fish.label
    assert len(protocol.classes) == 127
    classes, groups = taught.levels[:, 1], taught.levels[:, 0]
    assert (groups[[protocol.classes[c].startswith("photo ") for c in classes]] == -1).all()


def test_the_table_names_classes_and_emoji_that_exist() -> None:
    items = Gallery(EMOJI).items()
    label_of = {item.name: item.label for item in items}
    kinds = photo_kinds()
    assert len(kinds) == len({kind.wnid for kind in kinds}) == 200
    assert {kind.emoji_class for kind in kinds} - {""} <= {item.label for item in items}
    assert all(label_of[kind.emoji] == kind.emoji_class for kind in kinds if kind.emoji)
