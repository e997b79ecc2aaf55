"""Whose codes a gallery has, and where they are kept."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from drawings import draw, encoded

from nhl.gallery import Gallery, GalleryError, Item, write_gallery
from nhl.gallery import codes as module
from nhl.gallery.codes import codes_path, gallery_codes, own_checkpoint
from nhl.gallery.folder import add_folder
from nhl.model.encode import Encoder
from nhl.model.shipped import shipped


def test_codes_of_a_whole_gallery_are_stored_beside_it(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.db"
    pictures = [encoded(draw("green", n), "WEBP") for n in range(3)]
    write_gallery(path, [(Item(5 * n, "", ""), picture) for n, picture in enumerate(pictures)], {})
    codes = gallery_codes(Gallery(path), tiny_checkpoint)
    np.testing.assert_array_equal(codes, Encoder(tiny_checkpoint).encode(pictures))
    assert codes_path(Gallery(path)) == tmp_path / "mine.codes.safetensors"
    monkeypatch.setattr(module, "Encoder", None)  # not needed again
    np.testing.assert_array_equal(gallery_codes(Gallery(path), tiny_checkpoint), codes)


def test_the_checkpoint_of_a_gallery(tiny_checkpoint: Path, tiny_gallery: Path) -> None:
    assert own_checkpoint(Gallery(tiny_checkpoint / "gallery.db")) == tiny_checkpoint
    assert own_checkpoint(Gallery(tiny_gallery)) == shipped()


def test_a_shipped_checkpoint_is_found_where_it_is_now(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after the package was installed again, in another folder."""
    earlier = tmp_path / "earlier"
    shutil.copytree(tiny_checkpoint, earlier)
    (tmp_path / "photos").mkdir()
    draw("red", 0).save(tmp_path / "photos" / "0.png")
    add_folder(tmp_path / "my.db", tmp_path / "photos", earlier)
    shutil.rmtree(earlier)
    assert own_checkpoint(Gallery(tmp_path / "my.db")) == earlier  # the shipped one is another model
    monkeypatch.setattr(module, "shipped", lambda: tiny_checkpoint)
    assert own_checkpoint(Gallery(tmp_path / "my.db")) == tiny_checkpoint


def test_a_gallery_that_grew_while_it_was_read(tiny_checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    draw("red", 0).save(tmp_path / "photos" / "0.png")
    add_folder(tmp_path / "my.db", tmp_path / "photos", tiny_checkpoint)
    gallery = Gallery(tmp_path / "my.db")
    draw("red", 1).save(tmp_path / "photos" / "1.png")
    add_folder(tmp_path / "my.db", tmp_path / "photos", tiny_checkpoint)
    with pytest.raises(
        GalleryError, match=r"my\.db was changed while it was read, or is damaged: open it again"
    ):
        gallery_codes(gallery, tiny_checkpoint)
