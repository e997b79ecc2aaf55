"""Files cut short or with flipped bits, wherever that is: noticed by name, with a remedy, or without effect.

Saved indexes are in index/test_file.py, stored codes in gallery/test_stored_codes.py.
"""

import random
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from drawings import draw

from app.service.search import SearchService
from nhl.gallery import Gallery, GalleryError
from nhl.gallery.check import verify
from nhl.gallery.codes import gallery_codes
from nhl.gallery.folder import add_folder, encode_again
from nhl.model.checkpoint import (
    SUMS,
    CheckpointError,
    fingerprint,
    read_config,
    read_evaluation,
    seal,
    weights_path,
)
from nhl.model.encode import Encoder
from nhl.model.network import NestedHashModel

Contents = tuple[object, ...]


def damages(whole: bytes, seed: int, flips: int) -> Iterator[bytes]:
    """A file cut short at several places, then with one bit flipped in its start, its body and its end."""
    for end in (0, 1, 20, len(whole) // 3, len(whole) * 2 // 3, len(whole) - 1):
        yield whole[:end]
    chance, size = random.Random(seed), len(whole)
    for part in (range(min(100, size)), range(size), range(max(0, size - 100), size)):
        for _ in range(flips):
            place = chance.choice(part)
            yield whole[:place] + bytes([whole[place] ^ 1 << chance.randrange(8)]) + whole[place + 1 :]


def refusal(read: Callable[[], Contents], before: Contents) -> str | None:
    """Why something is not read; None where it is as before."""
    try:
        found = read()
    except (CheckpointError, GalleryError) as error:
        return str(error)
    assert found == before
    return None


def noticed(path: Path, read: Callable[[], Contents], flips: int, sentence: str) -> float:
    """The share of damages that were refused, all in one sentence; under the others all was as before."""
    whole, before, told = path.read_bytes(), read(), []
    for damaged in damages(whole, seed=len(whole), flips=flips):
        path.write_bytes(damaged)
        told.append(refusal(read, before))
    path.write_bytes(whole)
    assert refusal(read, before) is None
    refusals = [why for why in told if why]
    for why in refusals:
        assert str(path) in why
        assert re.search(sentence, why), why
        assert "\n" not in why
    return len(refusals) / len(told)


@pytest.fixture
def checkpoint(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    shutil.copytree(tiny_checkpoint, tmp_path / "model")
    seal(tmp_path / "model", "evaluation.json")
    return tmp_path / "model"


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "evaluation.json"])
def test_a_checkpoint(name: str, checkpoint: Path) -> None:
    def read() -> Contents:
        return (
            read_config(checkpoint),
            weights_path(checkpoint).read_bytes(),
            str(read_evaluation(checkpoint)),
        )

    sentence = "(is damaged|cannot be read).*: copy the checkpoint again|; copy the checkpoint again"
    assert noticed(checkpoint / name, read, 20, sentence) == 1
    if name != "evaluation.json":
        assert noticed(checkpoint / name, lambda: (fingerprint(checkpoint),), 10, sentence) == 1


def test_the_checksums_themselves(checkpoint: Path) -> None:
    def read() -> Contents:
        return read_config(checkpoint), read_evaluation(checkpoint), fingerprint(checkpoint)

    path, before, refused = checkpoint / SUMS, read(), 0
    for damaged in damages(path.read_bytes(), seed=0, flips=20):
        path.write_bytes(damaged)
        if why := refusal(read, before):  # it is read without the last line feed
            assert re.search("SHA256SUMS.* copy the checkpoint again", why)
            refused += 1
    assert refused > 55


def test_a_checkpoint_without_checksums_is_read(checkpoint: Path) -> None:
    before = fingerprint(checkpoint)
    (checkpoint / SUMS).unlink()
    assert fingerprint(checkpoint) == before
    NestedHashModel.from_pretrained(checkpoint)


def test_a_change_by_hand_is_told_what_to_do(checkpoint: Path) -> None:
    path = checkpoint / "evaluation.json"
    path.write_text(path.read_text().replace("0.5", "0.9"))
    with pytest.raises(CheckpointError, match=r"if you changed it yourself, delete .*model/SHA256SUMS"):
        read_evaluation(checkpoint)
    path.write_text("{")
    seal(checkpoint, "evaluation.json")
    with pytest.raises(CheckpointError, match=r"evaluation\.json cannot be read: .*; copy the checkpoint"):
        read_evaluation(checkpoint)


def test_every_reader_of_a_checkpoint_notices(checkpoint: Path) -> None:
    path = checkpoint / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
    for read in (NestedHashModel.from_pretrained, Encoder, SearchService.open):
        with pytest.raises(CheckpointError, match=r"model\.safetensors is damaged"):
            read(checkpoint)


def shown(gallery: Gallery) -> Contents:
    """All that a search can show of a gallery."""
    items = gallery.items()
    return items, gallery.fingerprint, gallery.meta, [gallery.thumbnail(item.id) for item in items]


def test_a_gallery_that_was_written_whole(tiny_gallery: Path, tmp_path: Path) -> None:
    path = tmp_path / "gallery.db"
    shutil.copy(tiny_gallery, path)

    def read() -> Contents:
        with closing(Gallery(path)) as gallery:
            return shown(gallery)

    assert noticed(path, read, 60, "build it again|make one with") > 0.5


@pytest.fixture
def growing(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    (tmp_path / "photos" / "red").mkdir(parents=True)
    for number in range(12):
        draw("red", number).save(tmp_path / "photos" / "red" / f"{number}.png")
    add_folder(tmp_path / "my.db", tmp_path / "photos", tiny_checkpoint)
    return tmp_path / "my.db"


def test_a_gallery_that_grows(growing: Path, tiny_checkpoint: Path) -> None:
    """Its thumbnails are looked at by `verify` alone: there may be gigabytes of them."""
    model = fingerprint(tiny_checkpoint)

    def read() -> Contents:
        with closing(Gallery(growing)) as gallery:
            if gallery.meta.get("model") != model:
                raise GalleryError(f"{growing}: another model, encode it again")
            codes = gallery_codes(gallery, tiny_checkpoint)
            return gallery.items(), codes.tolist()

    assert noticed(growing, read, 60, "again|make one with|gallery verify") > 0.1


def flip(path: Path, marked: bytes) -> None:
    """Flip one bit of bytes that a file holds once."""
    content = path.read_bytes()
    assert content.count(marked) == 1
    path.write_bytes(content.replace(marked, bytes([marked[0] ^ 1]) + marked[1:]))


def test_verify_names_a_flipped_code_and_encoding_again_repairs_it(
    growing: Path, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(growing)) as connection, connection:
        connection.execute("UPDATE codes SET code = x'00112233445566778899aabbccddeeff' WHERE item = 3")
    remedy = rf"the code of picture 3 in .*my\.db is damaged: `python -m nhl gallery encode {growing}`"
    with pytest.raises(GalleryError, match=remedy):
        SearchService.open(tiny_checkpoint, growing)
    assert verify(growing).problems == ["picture 3 has a damaged code; `gallery encode` makes it again"]
    encode_again(growing, tiny_checkpoint)
    assert verify(growing).problems == []
    images = [tmp_path / "photos" / "red" / f"{number}.png" for number in range(12)]
    by_name = {item.name: code for item, code in zip(*read_all(growing, tiny_checkpoint), strict=True)}
    for image, code in zip(images, Encoder(tiny_checkpoint).encode(images), strict=True):
        np.testing.assert_array_equal(by_name[image.name], code)


def read_all(path: Path, checkpoint: Path) -> tuple[list, np.ndarray]:
    gallery = Gallery(path)
    return gallery.items(), gallery_codes(gallery, checkpoint)


def test_codes_of_unequal_widths_are_refused_without_checksums(growing: Path, tiny_checkpoint: Path) -> None:
    with closing(sqlite3.connect(growing)) as connection, connection:
        connection.execute("UPDATE codes SET code = zeroblob(8) WHERE item IN (2, 4)")
        connection.execute("ALTER TABLE codes DROP COLUMN sum")
    with pytest.raises(GalleryError, match="the code of picture 2 in"):
        read_all(growing, tiny_checkpoint)


def test_verify_names_flipped_words_and_thumbnails(growing: Path) -> None:
    names = {item.name: item.id for item in Gallery(growing).items()}
    with closing(sqlite3.connect(growing)) as connection:
        (thumbnail,) = connection.execute("SELECT thumbnail FROM items WHERE id = 5").fetchone()
    flip(growing, thumbnail[-40:])
    with closing(sqlite3.connect(growing)) as connection, connection:
        connection.execute("UPDATE items SET name = '8.pnx' WHERE name = '8.png'")
    problems = verify(growing).problems
    assert f"picture {names['8.png']} has a damaged name or label" in problems
    assert "picture 5 has another thumbnail than was stored" in problems
    with pytest.raises(GalleryError, match=r"the name or labels of picture .* are damaged: build it again"):
        Gallery(growing).items()


def test_verify_on_an_altered_whole_gallery(tiny_gallery: Path, tmp_path: Path) -> None:
    path = tmp_path / "gallery.db"
    shutil.copy(tiny_gallery, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE items SET label = 'blue', labels = '[\"blue\"]' WHERE id = 0")
    with pytest.raises(GalleryError, match=r"is damaged \(its checksum does not match\): build it again"):
        Gallery(path)
    assert verify(path).problems == ["it does not hold what was written: its checksum does not match"]


def test_damaged_codes_are_made_again_with_a_word(checkpoint: Path) -> None:
    codes = gallery_codes(Gallery(checkpoint / "gallery.db"), checkpoint)
    path = checkpoint / "codes.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.warns(UserWarning, match=r"codes\.safetensors is damaged .*: encode .* this is done now"):
        again = gallery_codes(Gallery(checkpoint / "gallery.db"), checkpoint)
    np.testing.assert_array_equal(again, codes)
