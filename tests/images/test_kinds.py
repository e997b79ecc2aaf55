"""Which kinds are read, and what is said of those that are not."""

import re

import numpy as np
import pytest
from drawings import corners, encoded
from heic import CORNERS, HEIC
from PIL import Image

from nhl.images import ImageError, load_image
from nhl.images.kinds import ENDINGS, unreadable_kind


def test_heic_is_read() -> None:
    image = load_image(HEIC)
    assert image.size == (64, 48)
    found = [image.getpixel((x, y)) for y in (12, 36) for x in (16, 48)]
    assert np.abs(np.array(found) - CORNERS).max() <= 3


@pytest.mark.parametrize("kind", ["MPO", "DIB", "PNG"])
def test_what_cameras_and_programs_make_is_read(kind: str) -> None:
    frames = [Image.new("RGB", (60, 40))]
    options = {"save_all": True, "append_images": frames} if kind in ("MPO", "PNG") else {}
    image = load_image(encoded(corners(), kind, **options))
    assert image.size == (60, 40)
    assert min(image.getpixel((45, 30))) > 250


@pytest.mark.parametrize("cut", [24, 200, len(HEIC) // 2])
@pytest.mark.parametrize("brand", [b"heic", b"hevc", b"mif1", b"msf1"])
def test_a_heif_with_nothing_behind_its_name_is_spoken_of_as_heif(brand: bytes, cut: int) -> None:
    with pytest.raises(ImageError, match=r"HEIF|^The image is damaged"):
        load_image(HEIC[:8] + brand + HEIC[12:cut])
    with pytest.raises(ImageError, match=r"^The HEIF \(HEIC\) picture is damaged or of a kind"):
        load_image(b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0" + brand)


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"\xff\x0a", "A JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "A JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "A JPEG 2000"),
        (b"\xff\x4f\xff\x51", "A JPEG 2000"),
        (b"8BPS\0\1", "A Photoshop"),
        (b"FUJIFILMCCD-RAW", "A camera raw"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1", "A camera raw"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "An SVG"),
    ],
)
def test_other_kinds_are_named(start: bytes, kind: str) -> None:
    with pytest.raises(ImageError, match=f"^{re.escape(kind)} file cannot be read: please send a JPEG, PNG"):
        load_image(start + bytes(100))


def test_no_ending_is_of_both_kinds() -> None:
    assert not [ending for ending in ENDINGS if unreadable_kind(f"a{ending}")]
    said = unreadable_kind("A.Dng")
    assert said is not None
    assert said.startswith("A camera raw file cannot be read")
    assert unreadable_kind("a.txt") is unreadable_kind("a") is None


@pytest.mark.parametrize(("marker", "depth"), [(0xC1, 12), (0xC0, 12), (0xC3, 8), (0xC7, 8), (0xF7, 8)])
def test_rare_kinds_of_jpeg_are_refused_as_such(marker: int, depth: int) -> None:
    data = bytearray(encoded(corners(), "JPEG"))
    place = data.index(b"\xff\xc0")
    data[place + 1], data[place + 4] = marker, depth
    with pytest.raises(ImageError, match=r"^This kind of JPEG cannot be read: please send"):
        load_image(bytes(data))


def test_a_jpeg_that_is_cut_short_is_damaged() -> None:
    data = encoded(corners(), "JPEG")
    for end in (3, 30, len(data) // 2, len(data) - 2):
        with pytest.raises(ImageError, match=r"^The image is damaged or cut short\.$"):
            load_image(data[:end][:-20] if end > 100 else data[:end])
