"""Kinds of TIFF, made by hand: those of grey that are read, and those that are refused as a kind."""

import struct
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

ORDERS = {"little-endian": "<", "big-endian": ">"}
GREY = np.array([[81, 119], [64, 240]], np.int64)
"""What every kind of grey shows, in 8 bits."""


class Grey(NamedTuple):
    """A kind of grey TIFF: the type of its samples, the samples of `GREY`, and its tags."""

    dtype: str
    samples: Callable[[Any], Any]
    tags: Mapping[str, int]

    def file(self, order: str) -> bytes:
        """`GREY` in this kind."""
        return tiff(order, self.samples(GREY).astype(order + self.dtype).tobytes(), **self.tags)


class Refused(NamedTuple):
    """A kind of TIFF that is not read: how many bytes a pixel has, and its tags."""

    width: int
    tags: Mapping[str, int | tuple[int, ...]]

    def file(self, order: str) -> bytes:
        """Four black pixels in this kind."""
        return tiff(order, bytes(4 * self.width), **self.tags)


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


READ = {
    "16 bits": Grey("u2", lambda v: v * 257, {"t258": 16}),
    "16 bits, white is zero": Grey("u2", lambda v: 65535 - v * 257, {"t258": 16, "t262": 0}),
    "12 bits in 16, which no tag tells": Grey("u2", lambda v: v * 16, {"t258": 16}),
    "16 bits, signed": Grey("i2", lambda v: v * 128, {"t258": 16, "t339": 2}),
    "32 bits": Grey("u4", lambda v: v * 0x01010101, {"t258": 32}),
    "32 bits, signed": Grey("i4", lambda v: v * 0x00808080, {"t258": 32, "t339": 2}),
}
REFUSED = {
    "grey and alpha of 16 bits": Refused(4, {"t258": (16, 16), "t277": 2, "t338": 2}),
    "RGB of 32 bits": Refused(12, {"t258": (32, 32, 32), "t262": 2, "t277": 3}),
    "RGB in floats": Refused(12, {"t258": (32, 32, 32), "t262": 2, "t277": 3, "t339": (3, 3, 3)}),
    "doubles": Refused(8, {"t258": 64, "t339": 3}),
    "the mosaic of a sensor": Refused(2, {"t258": 16, "t262": 32803}),
    "a small picture before that of a sensor": Refused(1, {"t258": 8, "t254": 1, "t330": 8}),
    "signed bytes": Refused(1, {"t258": 8, "t339": 2}),  # they would come out half as bright
    "a plane a colour": Refused(6, {"t258": (16, 16, 16), "t262": 2, "t277": 3, "t284": 2}),
    "packed as WebP": Refused(3, {"t258": (8, 8, 8), "t262": 2, "t277": 3, "t259": 50001}),
}
