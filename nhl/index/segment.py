"""One immutable run of codes, arranged for exact search: what `NestedIndex` is made of.

Rows are grouped round at most 256 centres and, inside such a list, ordered by their distance to the
centre in the first 32, then 64, then 128, ... bits, so that a block of 512 rows is nearly constant in
each. The triangle inequality then excludes most blocks at every length, and always exactly. Codes of
at most 16 bits need no distance at all: `order` holds the ids by prefix. One copy of the codes,
4 + 4 bytes an item of ids, and a table of 2**16 offsets.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from nhl.index.compiled import kernels

BLOCK = 512
ROWS_PER_CENTRE = 1024  # at least, on average
MOST_CENTRES = 256
PREFIX_ROWS = 1 << 18  # from here on the prefix table is faster than a scan, and small beside the codes
WAIT_ROWS = 1 << 18  # from here on NumPy would arrange the rows slower than the compiler compiles

Array = NDArray[np.uint8] | NDArray[np.uint16]
Bytes = NDArray[np.uint8]
Keys = NDArray[np.int64]


@dataclass(frozen=True)
class Segment:
    """Codes in search order; every field is an array, and read-only.

    Attributes:
        planes: (B/8, N) byte j of every code.
        ids: (N,) the id of each row, uint32.
        order: (N,) ids by 16-bit prefix, then id, uint32; empty in a small segment.
        offsets: (2**16 + 1,) where in `order` each prefix starts, uint32; empty in a small segment.
        centres: (B/8, C) byte j of every centre.
        list_blocks: (C + 1,) the first block of each centre's list, uint32.
        block_rows: (blocks + 1,) the first row of each block, uint32.
        block_ids: (blocks,) the lowest id in each block, uint32.
        low, high: (B/8, blocks) the least and the greatest distance of a block's rows to their centre, in
            the first 8, 16, ... bits; uint8, or uint16 where codes are longer than 248 bits.
    """

    planes: Bytes
    ids: NDArray[np.uint32]
    order: NDArray[np.uint32]
    offsets: NDArray[np.uint32]
    centres: Bytes
    list_blocks: NDArray[np.uint32]
    block_rows: NDArray[np.uint32]
    block_ids: NDArray[np.uint32]
    low: Array
    high: Array

    def __post_init__(self) -> None:
        for field in fields(self):
            getattr(self, field.name).flags.writeable = False  # also: one type, one compilation
        kernels(self.low.itemsize)  # ready by the first search, perhaps

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self.__post_init__()  # arrays come out of a pickle writeable

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def nbytes(self) -> int:
        """Bytes held, all in all."""
        return sum(int(getattr(self, field.name).nbytes) for field in fields(self))

    @classmethod
    def build(cls, codes: Bytes, ids: NDArray[np.uint32]) -> Segment:
        """Arrange codes (N, B/8) whose `ids` ascend."""
        planes = np.ascontiguousarray(codes.T)
        dtype = _distance_type(len(planes))
        centres = _centres(codes)
        nearest = _assign(planes, centres)
        rows = np.argsort(_sort_keys(planes, centres, nearest), kind="stable")
        lists = nearest[rows]
        order, offsets = _by_prefix(planes, ids)
        planes = np.stack([plane[rows] for plane in planes])

        sizes = np.bincount(lists, minlength=centres.shape[1])
        list_blocks = np.append(0, np.cumsum(-(-sizes // BLOCK)))
        block_of_list = np.repeat(np.arange(len(sizes)), np.diff(list_blocks))
        block_rows = (np.cumsum(sizes) - sizes)[block_of_list]
        block_rows += (np.arange(len(block_rows)) - list_blocks[block_of_list]) * BLOCK
        low = np.empty((len(planes), len(block_rows)), dtype)
        high = np.empty_like(low)
        distance = np.zeros(len(ids), dtype)
        for j, plane in enumerate(planes):
            distance += np.bitwise_count(plane ^ centres[j][lists])
            np.minimum.reduceat(distance, block_rows, out=low[j])
            np.maximum.reduceat(distance, block_rows, out=high[j])
        ids = ids[rows]
        return cls(
            planes,
            ids,
            order,
            offsets,
            centres,
            list_blocks.astype(np.uint32),
            np.append(block_rows, len(ids)).astype(np.uint32),
            np.minimum.reduceat(ids, block_rows),
            low,
            high,
        )

    def sorted_codes(self) -> tuple[Bytes, NDArray[np.uint32]]:
        """The codes (N, B/8) and their ids (N,), by ascending id."""
        rows = np.argsort(self.ids)
        return np.stack([plane[rows] for plane in self.planes], axis=1), self.ids[rows]

    def without(self, gone: NDArray[np.uint32]) -> Segment:
        """The same without these ids (sorted); the bounds of a block stay true of what is left in it."""
        keep = ~np.isin(self.ids, gone)
        left = np.append(0, np.cumsum(keep)).astype(np.uint32)
        listed = ~np.isin(self.order, gone)
        return replace(
            self,
            planes=np.ascontiguousarray(self.planes[:, keep]),
            ids=self.ids[keep],
            order=self.order[listed],
            offsets=np.append(0, np.cumsum(listed)).astype(np.uint32)[self.offsets],
            block_rows=left[self.block_rows],
        )

    def search(self, queries: Bytes, k: int, exhaustive: bool) -> Keys:
        """The k best of each query (Q, b/8), as ascending keys (Q, K): `distance << 32 | id`."""
        dtype = self.low.dtype
        compiled = kernels(dtype.itemsize) if k <= MOST_HEAPED else None
        if compiled is None:
            best = [_select(self._distances(query), self.ids, k) for query in queries]
            return np.array(best, np.int64).reshape(len(queries), k)
        heaps = np.empty((len(queries), k), np.int64)
        if exhaustive:
            compiled.search_all(self.planes, self.ids, queries, np.empty(compiled.WORK, dtype), heaps)
        elif queries.shape[1] <= 2 and len(self.offsets):
            prefixes = queries[:, 0].astype(np.uint16)
            if queries.shape[1] == 2:
                prefixes = prefixes << np.uint16(8) | queries[:, 1].astype(np.uint16)
            shift = len(self.offsets).bit_length() - 1 - 8 * queries.shape[1]
            compiled.search_prefixes(
                self.order, self.offsets, _MASKS[queries.shape[1]], shift, prefixes, heaps
            )
        else:
            compiled.search_lists(
                self.planes,
                self.ids,
                self.centres,
                self.list_blocks,
                self.block_rows,
                self.low,
                self.high,
                self.block_ids,
                queries,
                np.empty(compiled.WORK, dtype),
                heaps,
            )
        heaps.sort(axis=1)
        return heaps

    def _distances(self, query: Bytes) -> Array:
        total = np.zeros(len(self), self.low.dtype)
        for plane, byte in zip(self.planes, query, strict=False):
            total += np.bitwise_count(plane ^ byte)
        return total


MOST_HEAPED = 4096  # a longer answer is selected faster from all distances than by a heap

_MASKS = {  # all flips of 8 and of 16 bits, fewest first
    width: np.argsort(np.bitwise_count(np.arange(256**width)), kind="stable").astype(np.uint16)
    for width in (1, 2)
}


def _distance_type(width: int) -> np.dtype[np.generic]:
    return np.dtype(np.uint8 if 8 * width < 256 else np.uint16)


def _select(distances: Array, ids: NDArray[np.uint32], k: int) -> Keys:
    """The k best keys, ascending, from the distances of all rows."""
    within = np.cumsum(np.bincount(distances))
    rows = np.flatnonzero(distances <= np.searchsorted(within, k))
    keys: Keys = distances[rows].astype(np.int64) << 32 | ids[rows]
    keys.sort()
    return keys[:k]


def _centres(codes: Bytes, rounds: int = 5) -> Bytes:
    """At most 256 centres as planes (B/8, C): k-means of a sample, by bit majority."""
    count = int(np.clip(len(codes) // ROWS_PER_CENTRE, 1, MOST_CENTRES))
    random = np.random.default_rng(0)
    sample = codes[np.sort(random.choice(len(codes), min(len(codes), 64 * count), replace=False))]
    signs = np.unpackbits(sample, axis=1) * np.float32(2) - 1
    centres = signs[:: len(signs) // count][:count].copy()
    for _ in range(rounds if count > 1 else 0):
        nearest = (signs @ centres.T).argmax(axis=1)
        for c in np.unique(nearest):
            centres[c] = np.where(signs[nearest == c].sum(axis=0) >= 0, 1, -1)
    return np.ascontiguousarray(np.packbits(centres > 0, axis=1).T)


def _assign(planes: Bytes, centres: Bytes) -> Bytes:
    """The nearest centre of every row, the first among equals (N,)."""
    nearest = np.zeros(planes.shape[1], np.uint8)
    if centres.shape[1] == 1:
        return nearest
    dtype = _distance_type(len(planes))
    compiled = kernels(dtype.itemsize, wait=len(nearest) >= WAIT_ROWS)
    if compiled is not None:
        work = np.empty(compiled.WORK, dtype)
        for array in (planes, centres):
            array.flags.writeable = False
        compiled.assign(planes, centres, work, work.copy(), nearest)
        return nearest
    signs = np.unpackbits(centres, axis=0).astype(np.float32).T * 2 - 1
    for start in range(0, len(nearest), 1 << 14):
        bits = np.unpackbits(planes[:, start : start + (1 << 14)], axis=0)
        nearest[start : start + (1 << 14)] = (signs @ (bits * np.float32(2) - 1)).argmax(axis=0)
    return nearest


def _sort_keys(planes: Bytes, centres: Bytes, nearest: Bytes) -> NDArray[np.uint64]:
    """List, then distance to its centre in the first 32, 64, 128, ... bits."""
    keys = nearest.astype(np.uint64)
    distance = np.zeros(len(nearest), np.uint16)
    for j, plane in enumerate(planes):
        distance += np.bitwise_count(plane ^ centres[j][nearest])
        if j + 1 in (4, 8, 16, 32):
            keys = keys << np.uint64(j.bit_length() + 3 + 1) | distance
    return keys


def _by_prefix(planes: Bytes, ids: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Ids by their code's first 16 bits (8 where there are no more), and where each prefix starts."""
    if len(ids) < PREFIX_ROWS:
        return np.zeros(0, np.uint32), np.zeros(0, np.uint32)
    prefixes = planes[0].astype(np.uint16)
    if len(planes) > 1:
        prefixes = prefixes << 8 | planes[1]
    counts = np.bincount(prefixes, minlength=256 ** min(len(planes), 2))
    return ids[np.argsort(prefixes, kind="stable")], np.append(0, np.cumsum(counts)).astype(np.uint32)
