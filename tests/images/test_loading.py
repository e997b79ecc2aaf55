"""Every input is made here; each is read with the right pixels or refused with the right sentence."""

import io
import struct
import warnings
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from drawings import BLUE, GREEN, RED, WHITE, chunk, corners, encoded, png
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile, features

from nhl.images import ImageError, load_image

DAMAGED = "The image is damaged or cut short."
NOT_AN_IMAGE = "The file is not an image that can be read: please send a JPEG, PNG, WebP, "
LOSSLESS = {"PNG": {}, "BMP": {}, "TIFF": {}, "WEBP": {"lossless": True}, "GIF": {}}
LOSSY = ["JPEG", "WEBP", *(["AVIF"] if features.check("avif") else [])]


def assert_close(image: Image.Image, expected: Image.Image, tolerance: float = 0) -> None:
    assert image.mode == "RGB"
    assert image.size == expected.size
    difference = np.abs(np.asarray(image, dtype=int) - np.asarray(expected.convert("RGB"), dtype=int))
    assert difference.mean() <= tolerance


def pixel(source: bytes | Image.Image, at: tuple[int, int] = (0, 0)) -> tuple[int, ...]:
    image = load_image(source)
    assert image.mode == "RGB"
    return image.getpixel(at)


# Formats and kinds of source


@pytest.mark.parametrize("kind", LOSSLESS)
def test_lossless_formats(kind: str) -> None:
    assert_close(load_image(encoded(corners(), kind, **LOSSLESS[kind])), corners())


@pytest.mark.parametrize("kind", LOSSY)
def test_lossy_formats(kind: str) -> None:
    assert_close(load_image(encoded(corners(), kind, quality=95)), corners(), tolerance=6)


def test_every_kind_of_source(tmp_path: Path) -> None:
    data = encoded(corners())
    path = tmp_path / "ein Bild ☃\n.txt"
    path.write_bytes(data)
    with path.open("rb") as file:
        sources = [
            path,
            str(path),
            data,
            bytearray(data),
            memoryview(data),
            file,
            io.BytesIO(data),
            corners(),
        ]
        for source in sources:
            assert_close(load_image(source), corners())


def test_a_picture_is_left_as_it_is() -> None:
    source = Image.open(io.BytesIO(encoded(corners(4000, 3000), "JPEG")))
    assert load_image(source).size == (500, 375)
    assert source.size == (4000, 3000)
    small = corners()
    assert load_image(small) is not small


def test_no_global_setting_is_changed() -> None:
    before = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
    load_image(encoded(corners()))
    assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)


@pytest.mark.parametrize("source", [None, 3, ["a.png"], io.StringIO("text"), np.zeros((2, 2, 3))])
def test_other_kinds_of_source(source: object) -> None:
    with pytest.raises(ValueError, match="`source` must be a path, bytes, a binary file or a picture"):
        load_image(source)


# Size


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((2048, 1024), (512, 256)),
        ((512, 512), (512, 512)),
        ((3, 5), (3, 5)),
        ((1, 5000), (1, 500)),
        ((640, 479), (320, 240)),
        ((1, 1), (1, 1)),
    ],
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_large_pictures_shrink_and_small_ones_stay(
    kind: str, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    image = load_image(encoded(Image.new("RGB", size, RED), kind))
    assert image.size == expected
    assert_close(image, Image.new("RGB", expected, RED), tolerance=2)


def test_a_large_jpeg_shrinks_to_what_the_slow_way_gives() -> None:
    data = encoded(corners(4000, 3000), "JPEG", quality=95)
    slow = Image.open(io.BytesIO(data)).convert("RGB").reduce(8)
    assert_close(load_image(data), slow, tolerance=1)


def test_max_side_and_max_pixels() -> None:
    assert load_image(corners(), max_side=6).size == (6, 4)
    assert load_image(corners(), max_side=59).size == (30, 20)
    assert load_image(corners(), max_pixels=2400).size == (60, 40)
    with pytest.raises(ImageError, match="too many pixels"):
        load_image(corners(), max_pixels=2399)


@pytest.mark.parametrize(("side", "sentence"), [(10_000, r" \(100 million\)"), (30_000, ""), (2**31 - 1, "")])
def test_pixel_bombs_are_refused_before_they_are_decoded(side: int, sentence: str) -> None:
    bomb = png((side, side), 8, 2, b"")  # there are no pixels: a decoder would say "damaged"
    with pytest.raises(
        ImageError, match=f"^The image has too many pixels{sentence}; at most 50 million are accepted.$"
    ):
        load_image(bomb)


@pytest.mark.parametrize(("progressive", "times"), [(False, 4), (True, 2)])
def test_a_large_jpeg_is_decoded_at_a_reduced_scale(progressive: bool, times: int) -> None:
    data = encoded(corners(2400, 1600), "JPEG", progressive=progressive)
    most = 2400 * 1600 // times
    assert load_image(data, max_pixels=most).size == (300, 200)
    with pytest.raises(ImageError, match="The image has too many pixels"):
        load_image(data, max_pixels=most - 1)
    with pytest.raises(ImageError, match="The image has too many pixels"):
        load_image(data, max_pixels=most, max_side=2400)  # which decodes all of it


def test_a_photo_of_48_megapixels_is_read_within_the_limit_of_the_page() -> None:
    image = load_image(encoded(corners(8064, 6048), "JPEG"), max_pixels=25_000_000)
    assert image.size == (504, 378)
    assert_close(image, corners(504, 378), tolerance=2)


def test_a_warning_made_an_error_changes_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ImageError, match="too many pixels"):
            load_image(png((10_000, 10_000), 8, 2, b""))


def test_a_picture_in_memory_may_be_too_large() -> None:
    with pytest.raises(ImageError, match=r"The image has too many pixels \(51 million\)"):
        load_image(Image.new("1", (8500, 6000)))


@pytest.mark.parametrize("size", [(0, 0), (0, 5), (5, 0)])
def test_a_picture_without_pixels(size: tuple[int, int]) -> None:
    with pytest.raises(ImageError, match=r"^The image has no pixels\.$"):
        load_image(Image.new("RGB", size))
    with pytest.raises(ImageError, match=DAMAGED):
        load_image(png(size, 8, 2, b""))


# Depth, palettes, transparency


def test_16_bit_grey() -> None:
    levels = np.array([[0, 255, 256, 32768, 65535]], dtype=np.uint16)
    for kind in ("PNG", "TIFF"):
        image = load_image(encoded(Image.fromarray(levels), kind))
        assert [image.getpixel((x, 0))[0] for x in range(5)] == [0, 0, 1, 128, 255]


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I;16L", "I"])
def test_16_bit_modes(mode: str) -> None:
    assert pixel(Image.new(mode, (2, 2), 0x8000)) == (128,) * 3


def test_deeper_modes_are_stretched() -> None:
    image = load_image(Image.fromarray(np.array([[-1000, 0, 1_000_000]], dtype=np.int32)))
    assert [image.getpixel((x, 0))[0] for x in range(3)] == [0, 0, 255]
    image = load_image(Image.fromarray(np.array([[0.0, 0.5, 1.0, np.nan, np.inf]], dtype=np.float32)))
    assert [image.getpixel((x, 0))[0] for x in range(5)] == [0, 127, 255, 0, 0]
    image = load_image(Image.fromarray(np.array([[-3e38, 3e38]], dtype=np.float32)))
    assert [image.getpixel((x, 0))[0] for x in range(2)] == [0, 255]


def test_16_bit_colour_and_alpha() -> None:
    sample = struct.pack(">HHH", 65535, 32768, 0)
    assert pixel(png((1, 1), 16, 2, b"\0" + sample)) == (255, 128, 0)
    rgba = b"\0" + sample + struct.pack(">H", 65535) + sample + struct.pack(">H", 0)
    assert pixel(png((2, 1), 16, 6, rgba)) == (255, 128, 0)
    assert pixel(png((2, 1), 16, 6, rgba), (1, 0)) == WHITE
    grey_alpha = b"\0" + struct.pack(">HHHH", 32768, 65535, 32768, 0)
    assert pixel(png((2, 1), 16, 4, grey_alpha)) == (128, 128, 128)
    assert pixel(png((2, 1), 16, 4, grey_alpha), (1, 0)) == WHITE


def test_16_bit_with_a_transparent_colour() -> None:
    grey = png((2, 1), 16, 0, b"\0" + struct.pack(">HH", 0, 20000), chunk(b"tRNS", struct.pack(">H", 20000)))
    assert [pixel(grey, (x, 0)) for x in range(2)] == [(0, 0, 0), WHITE]
    colour = png((1, 1), 16, 2, b"\0" + struct.pack(">HHH", 65535, 0, 0), chunk(b"tRNS", b"\x12\x34" * 3))
    assert pixel(colour) == RED


def test_few_bits() -> None:
    assert [pixel(png((2, 1), 1, 0, b"\0\x80"), (x, 0)) for x in range(2)] == [WHITE, (0, 0, 0)]
    assert [pixel(png((2, 1), 4, 0, b"\0\xf8"), (x, 0))[0] for x in range(2)] == [255, 136]
    assert pixel(Image.new("1", (3, 3), 1)) == WHITE


def test_transparency_is_flattened_on_white() -> None:
    assert pixel(Image.new("RGBA", (2, 2), (255, 0, 0, 0))) == WHITE
    assert pixel(Image.new("RGBA", (2, 2), (255, 0, 0, 255))) == RED
    assert pixel(Image.new("RGBA", (2, 2), (0, 0, 0, 51))) == (204, 204, 204)
    assert pixel(Image.new("LA", (2, 2), (0, 51))) == (204, 204, 204)
    assert pixel(encoded(Image.new("RGBA", (2, 2), (0, 0, 0, 0)), "WEBP")) == WHITE


def test_transparent_pixels_do_not_bleed_when_shrunk() -> None:
    image = Image.new("RGBA", (1024, 1024), (0, 255, 0, 0))
    image.paste((255, 0, 0, 255), (0, 0, 512, 1024))
    array = np.asarray(load_image(image), dtype=int)
    assert (array[:, :, 1] >= array[:, :, 2] - 1).all()  # green never shows
    assert (array[:, :, 1] <= array[:, :, 2] + 1).all()


@pytest.mark.parametrize("transparency", [0, bytes([0, 255])])
@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_palettes_with_transparency(kind: str, transparency: int | bytes) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([*GREEN, *RED])
    image.putpixel((1, 0), 1)
    if kind == "GIF" and isinstance(transparency, bytes):
        transparency = 0
    data = encoded(image, kind, transparency=transparency)
    assert [pixel(data, (x, 0)) for x in range(2)] == [WHITE, RED]


def test_a_transparent_colour_in_grey_and_rgb() -> None:
    assert pixel(png((1, 1), 8, 0, b"\0\x07", chunk(b"tRNS", b"\0\x07"))) == WHITE
    assert pixel(png((1, 1), 8, 2, b"\0\x07\x08\x09", chunk(b"tRNS", b"\0\x07\0\x08\0\x09"))) == WHITE


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_the_first_frame_of_an_animation(kind: str) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in (RED, GREEN, BLUE)]
    options = {"lossless": True} if kind == "WEBP" else {}
    assert_close(
        load_image(encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)), frames[0]
    )


def test_multi_picture_jpeg() -> None:
    data = encoded(corners(), "MPO", save_all=True, append_images=[Image.new("RGB", (60, 40))])
    assert_close(load_image(data), corners(), tolerance=20)


@pytest.mark.parametrize("mode", ["CMYK", "L", "YCbCr"])
def test_jpeg_modes(mode: str) -> None:
    grey = Image.new("RGB", (32, 32), (200, 200, 200))
    assert_close(load_image(encoded(grey.convert(mode), "JPEG")), grey, tolerance=2)


def test_cmyk_and_lab_colours() -> None:
    red = Image.new("RGB", (32, 32), RED).convert("CMYK")
    assert_close(load_image(encoded(red, "JPEG", quality=95)), Image.new("RGB", (32, 32), RED), tolerance=2)
    assert_close(load_image(encoded(red, "TIFF")), Image.new("RGB", (32, 32), RED))


# Orientation and metadata


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_every_exif_orientation(kind: str, orientation: int) -> None:
    undo = [
        None,
        Image.Transpose.FLIP_LEFT_RIGHT,
        Image.Transpose.ROTATE_180,
        Image.Transpose.FLIP_TOP_BOTTOM,
        Image.Transpose.TRANSPOSE,
        Image.Transpose.ROTATE_90,
        Image.Transpose.TRANSVERSE,
        Image.Transpose.ROTATE_270,
    ][orientation - 1]
    stored = corners() if undo is None else corners().transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}}.get(kind, {})
    image = load_image(encoded(stored, kind, exif=exif, **options))
    assert_close(image, corners(), tolerance=6 if kind == "JPEG" else 0)
    assert_close(load_image(image), image)  # it is not turned twice


@pytest.mark.parametrize(
    "exif", [b"", b"Exif\0\0", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0" + b"\xff" * 999]
)
@pytest.mark.parametrize("icc", [b"", b"no profile", b"\0" * 200_000])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.filterwarnings("ignore")
def test_corrupt_exif_and_profiles_do_not_matter(kind: str, icc: bytes, exif: bytes) -> None:
    image = load_image(encoded(corners(), kind, exif=exif, icc_profile=icc, quality=95))
    assert_close(image, corners(), tolerance=6)


@pytest.mark.parametrize(
    "extra",
    [
        chunk(b"tEXt", b"Comment\0hello", check=0),
        chunk(b"iTXt", b"x"),
        chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(5_000_000))),
        chunk(b"iCCP", b"name\0\0" + zlib.compress(bytes(5_000_000))),
        chunk(b"iCCP", b"name"),
        chunk(b"gAMA", b""),
        chunk(b"cHRM", b"\0"),
        chunk(b"pHYs", b""),
        chunk(b"eXIf", b"\xff\xff"),
        chunk(b"sRGB", b""),
        chunk(b"acTL", b""),
        chunk(b"fcTL", b""),
        chunk(b"quIt", b"anything", check=1),
    ],
)
def test_corrupt_png_metadata_does_not_matter(extra: bytes) -> None:
    assert pixel(png((1, 1), 8, 2, b"\0" + bytes(RED), extra)) == RED


@pytest.mark.parametrize("marker", [0xE0, 0xE1, 0xE2, 0xEC, 0xED, 0xFE])
@pytest.mark.parametrize(
    "content",
    [b"", b"JFIF", b"Exif\0\0II", b"MPF\0\xff", b"ICC_PROFILE\0", b"Photoshop 3.0\x008BIM", b"\xff" * 60000],
)
@pytest.mark.filterwarnings("ignore")
def test_corrupt_jpeg_metadata_does_not_matter(marker: int, content: bytes) -> None:
    data = encoded(corners(), "JPEG", quality=95)
    segment = bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content
    assert_close(load_image(data[:2] + segment + data[2:]), corners(), tolerance=6)


# Refusals


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "^The file is empty.$"),
        (b"hello", NOT_AN_IMAGE),
        (b"<!doctype html><html></html>", NOT_AN_IMAGE),
        (bytes(1000), NOT_AN_IMAGE),
        (b"PK\x03\x04" + bytes(100), NOT_AN_IMAGE),
        (
            b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
            "^An SVG file cannot be read: please",
        ),
        (b"%PDF-1.7\n", "^A PDF file cannot be read: please"),
        (b"\x89PNG\r\n\x1a\n", DAMAGED),
        (b"\xff\xd8\xff\xe0", DAMAGED),
        (b"GIF89a", DAMAGED),
        (encoded(corners(), "ICO"), NOT_AN_IMAGE),
        (encoded(corners(), "PPM"), NOT_AN_IMAGE),
        (encoded(corners(), "EPS"), NOT_AN_IMAGE),
    ],
)
def test_what_is_no_picture(content: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(content)
    for source in (content, path):
        with pytest.raises(ImageError, match=sentence):
            load_image(source)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP", "TIFF"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_pictures_cut_short(kind: str, part: float) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    with pytest.raises(ImageError, match=DAMAGED):
        load_image(data[: int(len(data) * part)])


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"^The file 'missing.png' does not exist.$"):
        load_image(tmp_path / "missing.png")
    with pytest.raises(ImageError, match=r"cannot be read \(Is a directory\)\.$"):
        load_image(tmp_path)
    with pytest.raises(ImageError, match=r"cannot be read \(embedded null byte\)\.$"):
        load_image("zero\0byte.png")
    with pytest.raises(ImageError, match=r"^The file 'a{79}…' cannot be read \(File name too long\)\.$"):
        load_image("a" * 4000)


SEEDS = [encoded(corners(), kind) for kind in ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF")]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8),
    st.integers(0, 10_000),
)
@pytest.mark.filterwarnings("ignore")
def test_altered_files_give_a_picture_or_a_sentence(
    seed: bytes, edits: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(seed)
    for position, value in edits:
        data[position % len(data)] = value
    with suppress(ImageError):
        image = load_image(bytes(data[: max(cut, 20)]))
        assert image.mode == "RGB"
        assert max(image.size) <= 512
