"""Colours as a browser shows them, and every depth; expected values are computed here, step by step."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from colours import P3, SRGB, as_srgb, gamma, p3_as_srgb, profile, squares
from drawings import RED, WHITE, chunk, corners, encoded, png, turned_in_xmp, two_red
from PIL import Image, ImageCms, TiffImagePlugin
from tiffs import GREY, ORDERS, READ, REFUSED, tiff

from nhl.images import ImageError, load_image


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
@pytest.mark.parametrize("alpha", [False, True])
def test_an_icc_profile_is_applied(kind: str, alpha: bool) -> None:
    stored = squares()
    image = Image.fromarray(stored)
    if alpha and kind != "JPEG":
        image.putalpha(255)
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 98, "subsampling": 0}}.get(kind, {})
    found = np.asarray(
        load_image(encoded(image, kind, icc_profile=profile(b"RGB ", 2.2, P3), **options)), int
    )
    inner = np.s_[3::8, 3::8]
    assert np.abs(found[inner] - p3_as_srgb(stored)[inner]).max() <= (8 if kind == "JPEG" else 3)
    assert np.abs(found[inner] - stored[inner]).max() > 20  # it is not as it is stored


def test_a_profile_leaves_transparency_as_it_is() -> None:
    image = Image.new("RGBA", (2, 1), (255, 0, 0, 0))
    image.putpixel((1, 0), (255, 0, 0, 255))
    shown = load_image(encoded(image, icc_profile=profile(b"RGB ", 2.2, SRGB[:, [1, 0, 2]])))
    assert shown.getpixel((0, 0)) == WHITE
    red, green, _ = shown.getpixel((1, 0))
    assert green > 250 > 5 > red  # the profile exchanges red and green


@pytest.mark.parametrize("mode", ["L", "LA", "1", "I;16"])
def test_a_profile_of_grey_is_applied_to_grey(mode: str) -> None:
    if mode == "I;16":
        image = Image.fromarray(np.full((2, 2), 64 * 257, np.uint16))
    else:
        image = Image.new("L", (2, 2), 255 if mode == "1" else 64).convert(mode)
    expected = 255 if mode == "1" else round(float(as_srgb(np.array(64 / 255))))
    shown = load_image(encoded(image, icc_profile=profile(b"GRAY", 1.0)))
    assert abs(shown.getpixel((0, 0))[0] - expected) <= 1


@pytest.mark.parametrize(
    ("mode", "icc"),
    [("L", profile(b"RGB ", 1.0, SRGB)), ("RGB", profile(b"GRAY", 1.0)), ("CMYK", profile(b"RGB ", 1.0, P3))],
)
def test_a_profile_of_another_kind_of_colours_is_ignored(mode: str, icc: bytes) -> None:
    image = Image.new("RGB", (16, 16), (90, 90, 90)).convert(mode)
    shown = load_image(encoded(image, "TIFF", icc_profile=icc))
    assert shown.getpixel((0, 0)) == (90, 90, 90)


def test_srgb_under_another_name_changes_no_pixel() -> None:
    bytes_of = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    stored = squares()
    assert (np.asarray(load_image(encoded(Image.fromarray(stored), icc_profile=bytes_of))) == stored).all()


def test_lab_is_read() -> None:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    stored = ImageCms.profileToProfile(corners(), srgb, lab, outputMode="LAB")
    assert stored is not None
    found = np.asarray(load_image(encoded(stored, "TIFF")), int)
    assert np.abs(found - np.asarray(corners(), int)).max() <= 24  # Lab of 8 bits is coarse


def test_the_gamma_of_a_png_is_applied() -> None:
    linear = png((1, 1), 8, 2, b"\0" + bytes([64, 128, 255]), gamma(1.0))
    expected = [round(255 * (level / 255) ** (1 / 2.2)) for level in (64, 128, 255)]
    assert list(load_image(linear).getpixel((0, 0))) == expected
    grey = png((1, 1), 8, 4, b"\0\x40\xff", gamma(1.0))
    assert load_image(grey).getpixel((0, 0)) == (expected[0],) * 3
    clear = png((1, 1), 8, 6, b"\0\x40\x40\x40\0", gamma(1.0))
    assert load_image(clear).getpixel((0, 0)) == WHITE


@pytest.mark.parametrize(
    "extra",
    [
        [gamma(0.45455)],
        [gamma(0)],
        [gamma(1.0), chunk(b"sRGB", b"\0")],
    ],
)
def test_a_gamma_that_says_nothing_new_is_ignored(extra: list[bytes]) -> None:
    assert load_image(png((1, 1), 8, 2, b"\0\x40\x80\xff", *extra)).getpixel((0, 0)) == (64, 128, 255)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_an_orientation_in_xmp_alone_is_ignored(kind: str) -> None:
    data = turned_in_xmp(kind)
    assert b"tiff:Orientation" in data
    assert load_image(data).size == (60, 40)


@pytest.mark.parametrize("kind", ["BMP", "DIB"])
def test_a_bmp_whose_fourth_byte_is_unused_is_opaque(kind: str) -> None:
    def shown(alpha: int) -> list[Any]:
        image = load_image(two_red(kind, alpha))
        return [image.getpixel((x, 0)) for x in range(2)]

    assert shown(0) == [RED, RED]
    assert shown(255) == [WHITE, RED]  # where one pixel uses it, it is transparency


def grey_of(data: bytes) -> list[list[int]]:
    return np.asarray(load_image(data))[:, :, 0].tolist()


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("kind", READ)
def test_deep_grey_tiff(order: str, kind: str) -> None:
    assert np.abs(np.array(grey_of(READ[kind].file(order))) - GREY).max() <= 1


def test_negative_samples_are_black() -> None:
    samples = np.array([[-32768, -1], [0, 32767]], "<i2").tobytes()
    assert grey_of(tiff("<", samples, t258=16, t339=2)) == [[0, 0], [0, 255]]


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # Pillow's, of the file that is cut short
@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("kind", REFUSED)
def test_other_kinds_of_tiff_are_refused_as_such(order: str, kind: str) -> None:
    data = REFUSED[kind].file(order)
    with pytest.raises(ImageError, match=r"^This kind of TIFF cannot be read( \(camera raw\))?: please"):
        load_image(data)
    with pytest.raises(ImageError, match=r"^The image is damaged or cut short\.$"):
        load_image(data[:40])


def test_the_small_picture_of_a_raw_file_is_not_taken_for_the_picture(tmp_path: Path) -> None:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[50706] = b"\1\4\0\0"
    corners().save(tmp_path / "a.tif", tiffinfo=tags)
    with pytest.raises(ImageError, match=r"cannot be read \(camera raw\)"):
        load_image(tmp_path / "a.tif")
    with pytest.raises(ImageError, match=r"cannot be read \(camera raw\)"):
        load_image(REFUSED["a small picture before that of a sensor"].file("<"))


def test_what_pillow_reads_in_the_wrong_byte_order_is_refused() -> None:
    stored = Image.fromarray(np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8))
    little = encoded(stored, "TIFF", compression="tiff_adobe_deflate")
    assert load_image(little).getpixel((7, 7)) == (255, 255, 255)
    big = tiff(">", bytes(16), t258=32, t339=3, t259=8)
    with pytest.raises(ImageError, match="This kind of TIFF cannot be read"):
        load_image(big)
    with pytest.raises(ImageError, match="This kind of TIFF cannot be read"):
        load_image(b"MM\0+" + bytes(100))
