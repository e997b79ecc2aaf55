"""Pictures that a decoder alone would give wrongly: colours, depths and turns as a browser shows them."""

from functools import partial

import numpy as np
from colours import P3, as_srgb, gamma, p3_as_srgb, profile, squares
from drawings import RED, WHITE, chunk, corners, encoded, png, turned_in_xmp, two_red
from hostile.cases import Case
from PIL import Image
from tiffs import GREY, ORDERS, READ, REFUSED

LINEAR = bytes([64, 128, 255])


def _levels(levels: np.ndarray) -> Image.Image:
    return Image.fromarray(np.asarray(levels).round().astype(np.uint8)).convert("RGB")


def profiles() -> dict[str, Case]:
    """Pictures with an ICC profile: Display P3 in each format, grey that is linear, and one of other colours."""
    p3, linear = profile(b"RGB ", 2.2, P3), profile(b"GRAY", 1.0)
    shown = _levels(p3_as_srgb(squares()))
    cases = {}
    for kind, options in (
        ("PNG", {}),
        ("TIFF", {}),
        ("WEBP", {"lossless": True}),
        ("JPEG", {"quality": 98, "subsampling": 0}),
    ):
        for mode in ("RGB", "RGBA") if kind != "JPEG" else ("RGB",):
            make = partial(encoded, Image.fromarray(squares()).convert(mode), kind, icc_profile=p3, **options)
            cases[f"{kind} {mode} in Display P3"] = Case(make, shown, tolerance=2)
    grey = Image.new("L", (2, 2), 64)
    light = _levels(as_srgb(np.full((2, 2), 64 / 255)))
    cases["grey with a linear profile"] = Case(partial(encoded, grey, icc_profile=linear), light, tolerance=1)
    cases["grey with a profile of colours"] = Case(partial(encoded, grey, icc_profile=p3), grey)
    cases["colours with a profile of grey"] = Case(partial(encoded, corners(), icc_profile=linear), corners())
    return cases


def gammas() -> dict[str, Case]:
    """PNG that are stored with a gamma: applied, unless it is the usual one, none, or overruled."""
    applied, as_stored = 255 * (np.frombuffer(LINEAR, np.uint8) / 255) ** (1 / 2.2), LINEAR
    overruled = gamma(1.0) + chunk(b"sRGB", b"\0")
    cases = {
        f"PNG with {name}": Case(
            partial(png, (1, 1), 8, 2, b"\0" + LINEAR, extra), _levels(np.array([[[*shown]]])), tolerance=1
        )
        for name, extra, shown in (
            ("a gamma of 1", gamma(1.0), applied),
            ("the usual gamma", gamma(0.45455), as_stored),
            ("a gamma of 0", gamma(0), as_stored),
            ("a gamma beside sRGB", overruled, as_stored),
        )
    }
    white, clear = Image.new("RGB", (1, 1), WHITE), b"\0\x40\x40\x40\0"
    cases["clear PNG with a gamma"] = Case(partial(png, (1, 1), 8, 6, clear, gamma(1.0)), white)
    return cases


def as_stored() -> dict[str, Case]:
    """What looks turned or clear and is not: an orientation in XMP alone, a BMP whose alpha is unused."""
    cases = {
        f"{kind} turned in XMP alone": Case(partial(turned_in_xmp, kind), corners(), tolerance=9)
        for kind in ("JPEG", "PNG", "WEBP")
    }
    red, half = Image.new("RGB", (2, 1), RED), Image.new("RGB", (2, 1), RED)
    half.putpixel((0, 0), WHITE)
    for kind in ("BMP", "DIB"):
        cases[f"{kind} whose alpha is all 0"] = Case(partial(two_red, kind, 0), red)
        cases[f"{kind} whose alpha is used"] = Case(partial(two_red, kind, 255), half)
    return cases


def tiffs() -> dict[str, Case]:
    """Kinds of TIFF in both orders of bytes: right, or refused as this kind, never "damaged"."""
    cases = {}
    for endian, order in ORDERS.items():
        for name, kind in READ.items():
            cases[f"{endian} TIFF: {name}"] = Case(partial(kind.file, order), _levels(GREY), tolerance=1)
        for name, other in REFUSED.items():
            cases[f"{endian} TIFF: {name}"] = Case(
                partial(other.file, order), sentence="^This kind of TIFF cannot be read"
            )
    return cases
