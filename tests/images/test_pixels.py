"""Colours as a browser shows them, and every depth; expected values are computed here, step by step."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawings import RED, WHITE, chunk, corners, encoded, png
from PIL import Image, ImageCms, TiffImagePlugin

from nhl.images import ImageError, load_image

# The primaries of two colour spaces under the light D50, a column each.
SRGB = np.array([[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7141]])
P3 = np.array([[0.5151, 0.2919, 0.1572], [0.2412, 0.6922, 0.0666], [-0.0011, 0.0419, 0.7841]])
GREY = [[81, 119], [64, 240]]


def profile(space: bytes, gamma: float, primaries: np.ndarray[Any, Any] | None = None) -> bytes:
    """An ICC profile by hand: a gamma, and for RGB three primaries."""

    def xyz(values: Any) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in values)

    curve = b"curv\0\0\0\0" + struct.pack(">IHxx", 1, round(gamma * 256))
    tags = {b"wtpt": xyz((0.9642, 1, 0.8249))}
    tags |= {b"desc": b"desc\0\0\0\0" + struct.pack(">I", 2) + b"x\0" + bytes(79)}
    if primaries is None:
        tags[b"kTRC"] = curve
    else:
        tags |= {name + b"TRC": curve for name in (b"r", b"g", b"b")}
        tags |= {name + b"XYZ": xyz(primaries[:, i]) for i, name in enumerate((b"r", b"g", b"b"))}
    table, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        content += bytes(-len(content) % 4)
        table += name + struct.pack(">II", at + len(body), len(content))
        body += content
    head = struct.pack(">I4sI4s4s4s", at + len(body), b"lcms", 0x02100000, b"mntr", space, b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">iii", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def as_srgb(linear: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    linear = np.clip(linear, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def colours() -> np.ndarray[Any, Any]:
    """16 colours in squares of 8 pixels."""
    chosen = np.random.default_rng(0).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return chosen.repeat(8, 0).repeat(8, 1)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
@pytest.mark.parametrize("alpha", [False, True])
def test_an_icc_profile_is_applied(kind: str, alpha: bool) -> None:
    stored = colours()
    light = (stored / 255) ** 2.2 @ P3.T @ np.linalg.inv(SRGB).T
    image = Image.fromarray(stored)
    if alpha and kind != "JPEG":
        image.putalpha(255)
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 98, "subsampling": 0}}.get(kind, {})
    found = np.asarray(
        load_image(encoded(image, kind, icc_profile=profile(b"RGB ", 2.2, P3), **options)), int
    )
    inner = np.s_[3::8, 3::8]
    assert np.abs(found[inner] - as_srgb(light)[inner]).max() <= (8 if kind == "JPEG" else 3)
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
    stored = colours()
    assert (np.asarray(load_image(encoded(Image.fromarray(stored), icc_profile=bytes_of))) == stored).all()


def test_lab_is_read() -> None:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    stored = ImageCms.profileToProfile(corners(), srgb, lab, outputMode="LAB")
    assert stored is not None
    found = np.asarray(load_image(encoded(stored, "TIFF")), int)
    assert np.abs(found - np.asarray(corners(), int)).max() <= 24  # Lab of 8 bits is coarse


def gamma(value: float) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", round(value * 100_000)))


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
    xmp = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
    )
    options: dict[str, Any] = {"xmp": xmp}
    if kind == "PNG":
        from PIL.PngImagePlugin import PngInfo

        text = PngInfo()
        text.add_itxt("XML:com.adobe.xmp", xmp.decode())
        options = {"pnginfo": text}
    data = encoded(corners(), kind, **options)
    assert b"tiff:Orientation" in data
    assert load_image(data).size == (60, 40)


@pytest.mark.parametrize("kind", ["BMP", "DIB"])
def test_a_bmp_whose_fourth_byte_is_unused_is_opaque(kind: str) -> None:
    head = struct.pack("<IiiHHIIiiII", 124, 2, 1, 1, 32, 3, 8, 2835, 2835, 0, 0)
    head += struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) + b"BGRs"
    head = head.ljust(124, b"\0")
    start = b"BM" + struct.pack("<IHHI", 14 + 124 + 8, 0, 0, 14 + 124) if kind == "BMP" else b""

    def shown(alpha: int) -> list[Any]:
        image = load_image(start + head + bytes([0, 0, 255, 0, 0, 0, 255, alpha]))
        return [image.getpixel((x, 0)) for x in range(2)]

    assert shown(0) == [RED, RED]
    assert shown(255) == [WHITE, RED]  # where one pixel uses it, it is transparency


def tiff(order: str, samples: bytes, **tags: int | tuple[int, ...]) -> bytes:
    """A TIFF file of 2 x 2 pixels by hand; `tags` are `t` and a number."""
    fields: dict[int, tuple[int, ...]] = {256: (2,), 257: (2,), 259: (1,), 262: (1,), 277: (1,), 278: (2,)}
    fields |= {int(t[1:]): v if isinstance(v, tuple) else (v,) for t, v in tags.items()}
    after = 8 + 2 + 12 * (len(fields) + 2) + 4
    extra = b""
    fields |= {273: (0,), 279: (len(samples),)}
    entries: list[bytes] = []
    for tag in sorted(fields):
        values = struct.pack(f"{order}{len(fields[tag])}H", *fields[tag])
        if len(values) > 4:
            values, extra = struct.pack(f"{order}I", after + len(extra)), extra + values
        entries.append(struct.pack(f"{order}HHI", tag, 3, len(fields[tag])) + values.ljust(4, b"\0"))
    entries[sorted(fields).index(273)] = struct.pack(f"{order}HHII", 273, 4, 1, after + len(extra))
    start = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}I", 8)
    return start + struct.pack(f"{order}H", len(fields)) + b"".join(entries) + bytes(4) + extra + samples


def grey_of(data: bytes) -> list[list[int]]:
    return np.asarray(load_image(data))[:, :, 0].tolist()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("dtype", "scale", "tags"),
    [
        ("u2", lambda v: v * 257, {"t258": 16}),
        ("u2", lambda v: 65535 - v * 257, {"t258": 16, "t262": 0}),
        ("u2", lambda v: v * 16, {"t258": 16}),  # 12 bits, which no tag tells
        ("i2", lambda v: v * 128, {"t258": 16, "t339": 2}),
        ("u4", lambda v: v * 0x01010101, {"t258": 32}),
        ("i4", lambda v: v * 0x00808080, {"t258": 32, "t339": 2}),
    ],
)
def test_deep_grey_tiff(order: str, dtype: str, scale: Any, tags: dict[str, int]) -> None:
    samples = scale(np.array(GREY, dtype=np.int64)).astype(order + dtype).tobytes()
    found = np.array(grey_of(tiff(order, samples, **tags)))
    assert np.abs(found - GREY).max() <= 1


def test_negative_samples_are_black() -> None:
    samples = np.array([[-32768, -1], [0, 32767]], "<i2").tobytes()
    assert grey_of(tiff("<", samples, t258=16, t339=2)) == [[0, 0], [0, 255]]


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # Pillow's, of the file that is cut short
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("bytes_a_pixel", "tags"),
    [
        (4, {"t258": (16, 16), "t277": 2, "t338": 2}),  # grey and alpha
        (12, {"t258": (32, 32, 32), "t262": 2, "t277": 3}),
        (12, {"t258": (32, 32, 32), "t262": 2, "t277": 3, "t339": (3, 3, 3)}),  # floats
        (8, {"t258": 64, "t339": 3}),
        (2, {"t258": 16, "t262": 32803}),  # the mosaic of a sensor
        (1, {"t258": 8, "t339": 2}),  # signed bytes, which would come out half as bright
        (6, {"t258": (16, 16, 16), "t262": 2, "t277": 3, "t284": 2}),  # a plane a colour
        (3, {"t258": (8, 8, 8), "t262": 2, "t277": 3, "t259": 50001}),  # packed as WebP
    ],
)
def test_other_kinds_of_tiff_are_refused_as_such(order: str, bytes_a_pixel: int, tags: Any) -> None:
    data = tiff(order, bytes(4 * bytes_a_pixel), **tags)
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
        load_image(tiff("<", bytes(4), t258=8, t254=1, t330=8))


def test_what_pillow_reads_in_the_wrong_byte_order_is_refused() -> None:
    stored = Image.fromarray(np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8))
    little = encoded(stored, "TIFF", compression="tiff_adobe_deflate")
    assert load_image(little).getpixel((7, 7)) == (255, 255, 255)
    big = tiff(">", bytes(16), t258=32, t339=3, t259=8)
    with pytest.raises(ImageError, match="This kind of TIFF cannot be read"):
        load_image(big)
    with pytest.raises(ImageError, match="This kind of TIFF cannot be read"):
        load_image(b"MM\0+" + bytes(100))
