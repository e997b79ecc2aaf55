"""Files are decoded once, and give the codes that the encoder gives."""

import os
from io import BytesIO
from pathlib import Path

import numpy as np
from drawings import draw, encoded
from PIL import Image

from nhl.gallery.files import PictureFile, find_pictures
from nhl.gallery.reading import read_pictures
from nhl.gallery.thumbnails import SIDE, thumbnail
from nhl.model.encode import Encoder


def test_codes_and_thumbnails_of_large_and_turned_photos(tiny_checkpoint: Path, tmp_path: Path) -> None:
    for n, orientation in enumerate([1, 3, 6, 8]):
        image, exif = draw("red", n).resize((1500, 1100)), Image.Exif()
        exif[0x0112] = orientation
        image.save(tmp_path / f"{n}.jpg", exif=exif)
    encoder, found = Encoder(tiny_checkpoint), find_pictures(tmp_path)
    reads = [read for chunk in read_pictures(found.files, encoder, lambda *_: False) for read in chunk]
    codes = encoder.encode([os.fsdecode(file.path) for file in found.files])
    np.testing.assert_array_equal([np.frombuffer(read.code or b"", np.uint8) for read in reads], codes)
    for read, turned in zip(reads, [False, False, True, True], strict=True):
        with Image.open(BytesIO(read.thumbnail)) as small:
            assert max(small.size) == SIDE
            assert (small.height > small.width) == turned
            assert small.format == "WEBP"


def test_known_and_unreadable_files_are_passed_over(tiny_checkpoint: Path, tmp_path: Path) -> None:
    for n in range(9):
        draw("red", n).save(tmp_path / f"{n}.png")
    (tmp_path / "3.png").write_bytes(b"")
    found = find_pictures(tmp_path).files
    gone = PictureFile(os.fsencode(tmp_path / "gone.png"), 1, 1)
    known = {found[5].path, found[8].path}

    def knows(file: PictureFile, digest: str) -> bool:
        return file.path in known

    encoder = Encoder(tiny_checkpoint)
    reads = [read for chunk in read_pictures([*found, gone], encoder, knows) for read in chunk]
    assert [read.file for read in reads] == [*found, gone]
    assert [n for n, read in enumerate(reads) if read.code is None] == [3, 5, 8, 9]
    assert [read.error for read in reads if read.error] == ["The file is empty.", "No such file or directory"]
    whole = [n for n in range(9) if n not in (3, 5, 8)]
    codes = encoder.encode([tmp_path / f"{n}.png" for n in whole])
    assert [reads[n].code for n in whole] == [code.tobytes() for code in codes]


def test_small_pictures_keep_their_size() -> None:
    for size in [(20, 10), (1, 1), (4000, 1)]:
        with Image.open(BytesIO(thumbnail(Image.new("RGB", size)))) as small:
            assert small.size == (min(size[0], SIDE), size[1])


def test_a_thumbnail_looks_like_the_picture() -> None:
    image = draw("blue", 1).resize((640, 640))
    with Image.open(BytesIO(thumbnail(image))) as small:
        difference = np.abs(
            np.asarray(small.convert("RGB"), float) - np.asarray(image.resize(small.size), float)
        )
    assert difference.mean() < 6
    assert len(thumbnail(image)) < len(encoded(image))
