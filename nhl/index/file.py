"""A saved `NestedIndex`: one safetensors file, memory-mapped, checked when it is opened.

The tensors are the fields of each segment, "0.planes", "0.ids", ...; the metadata hold the version, the
width of a code, the next id, and a sum over everything. Damage by accident is always noticed; the sum
is no protection from somebody who means to forge a file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from nhl.atomic_write import write_bytes
from nhl.digest import sha256_of
from nhl.index.segment import Segment

FORMAT = "nested-index"
VERSION = 2
_DTYPES = {"U8": np.uint8, "U16": np.uint16, "U32": np.uint32}
_WORDS = 1 << 15
_FACTORS = np.random.default_rng(0).integers(0, 1 << 63, _WORDS, dtype=np.uint64) * np.uint64(2) + np.uint64(
    1
)


def write_index(path: str | Path, segments: Iterable[Segment], width: int, next_id: int) -> None:
    """Write segments to one file, which appears complete or not at all."""
    tensors = {
        f"{number}.{field.name}": np.asarray(getattr(segment, field.name))
        for number, segment in enumerate(segments)
        for field in fields(Segment)
    }
    marks = {"format": FORMAT, "version": str(VERSION), "width": str(width), "next_id": str(next_id)}
    marks["sum"] = _sum(tensors, marks)
    write_bytes(Path(path), save(tensors, marks))


def read_index(path: str | Path) -> tuple[tuple[Segment, ...], int, int]:
    """What `write_index` wrote: segments (memory-mapped), bytes of a code, next id.

    Raises:
        ValueError: if the file is no saved index, is cut short or altered, or is of a newer version.
    """
    path = Path(path)
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = file.read(min(size, path.stat().st_size))
    try:
        entries = json.loads(header)
        marks = entries.pop("__metadata__")
        known = marks["format"] == FORMAT
        version, width, next_id, total = (
            int(marks[name], 0) for name in ("version", "width", "next_id", "sum")
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        known = False
    if not known:
        raise ValueError(f"`path` must be a saved index but {path} is not one, or its start is damaged")
    if version > VERSION:
        raise ValueError(
            f"`path` must be of version {VERSION} or older but {path} is of version {version}: "
            "update this project"
        )
    try:
        data = np.asarray(np.memmap(path, np.uint8, "r", 8 + size)) if entries else np.zeros(0, np.uint8)
        tensors = {name: _tensor(data, **entry) for name, entry in entries.items()}
        whole = sum(tensor.nbytes for tensor in tensors.values()) == len(data)
        whole = whole and int(_sum(tensors, marks), 0) == total
    except (ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        raise ValueError(
            f"`path` must be a whole saved index but {path} is cut short or altered: build it again"
        )
    count = len({name.split(".")[0] for name in tensors})
    arranged = _segment_of_version_1 if version == 1 else _segment
    return tuple(arranged(tensors, f"{number}.") for number in range(count)), width, next_id


def _segment(tensors: dict[str, NDArray[Any]], start: str) -> Segment:
    return Segment(*(tensors[start + field.name] for field in fields(Segment)))


def _segment_of_version_1(tensors: dict[str, NDArray[Any]], start: str) -> Segment:
    """Arranged anew: the first version had its rows in another order, byte j of all of them together."""
    ids = tensors[f"{start}ids"]
    rows = np.argsort(ids)
    return Segment.build(np.ascontiguousarray(tensors[f"{start}planes"].T[rows]), ids[rows])


def _tensor(data: NDArray[np.uint8], dtype: str, shape: list[int], data_offsets: list[int]) -> NDArray[Any]:
    start, stop = data_offsets
    return data[start:stop].view(_DTYPES[dtype]).reshape(shape)


def _sum(tensors: dict[str, NDArray[Any]], marks: dict[str, str]) -> str:
    """A digest of names, shapes, contents and other marks: fast, and changed by any one changed word."""
    return f"0x{sha256_of(_summed(tensors, marks))}"


def _summed(tensors: dict[str, NDArray[Any]], marks: dict[str, str]) -> Iterator[str | bytes]:
    yield json.dumps({name: mark for name, mark in marks.items() if name != "sum"}, sort_keys=True)
    for name in sorted(tensors):
        tensor = tensors[name]
        yield f"{name} {tensor.dtype.str} {tensor.shape}"
        flat = tensor.reshape(-1).view(np.uint8)
        words = flat[: len(flat) // 8 * 8].view(np.uint64)
        whole = len(words) // _WORDS * _WORDS
        yield np.einsum("ij,j->i", words[:whole].reshape(-1, _WORDS), _FACTORS).tobytes()
        yield words[whole:].tobytes() + flat[len(words) * 8 :].tobytes()
