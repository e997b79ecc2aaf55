"""Colours that are not stored as sRGB: profiles and gammas made by hand, and what a browser shows of them."""

import struct
from typing import Any

import numpy as np
from drawings import chunk

# The primaries of two colour spaces under the light D50, a column each.
SRGB = np.array([[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7141]])
P3 = np.array([[0.5151, 0.2919, 0.1572], [0.2412, 0.6922, 0.0666], [-0.0011, 0.0419, 0.7841]])


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
    """Linear light of 0 to 1 as levels of sRGB, 0 to 255."""
    linear = np.clip(linear, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def p3_as_srgb(stored: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Levels (..., 3) with the profile `profile(b"RGB ", 2.2, P3)` as levels of sRGB."""
    return as_srgb((stored / 255) ** 2.2 @ P3.T @ np.linalg.inv(SRGB).T)


def squares() -> np.ndarray[Any, Any]:
    """16 colours in squares of 8 pixels."""
    chosen = np.random.default_rng(0).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return chosen.repeat(8, 0).repeat(8, 1)


def gamma(value: float) -> bytes:
    """The chunk of a PNG that says with which gamma it is stored."""
    return chunk(b"gAMA", struct.pack(">I", round(value * 100_000)))
