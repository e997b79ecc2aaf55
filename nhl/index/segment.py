"""One immutable run of codes, arranged for exact search: what `NestedIndex` is made of.

Rows lie in the order of the Gray code of their first 64 bits, in strips of 64; 64 strips are a band. Rows
of a strip agree in many bits, and where the query has others it is at least so far from each of them: at
every length, always exactly, and mostly too far. Codes of at most 16 bits need no distance at all: `order`
holds the ids by prefix. One copy of the codes, 4 + 4 bytes an item of ids, 0.6 bytes an item (at 128 bits)
of what strips have in common, and a table of 2**16 offsets.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nhl.index.compiled import kernels
from nhl.index.strips import STRIP, TOGETHER, codes_in, common, gray_rank, groups, lay, lay_common, unlay

PREFIX_ROWS = 1 << 18  # from here on the prefix table is faster than a scan, and small beside the codes

Array = NDArray[np.uint8] | NDArray[np.uint16]
Bytes = NDArray[np.uint8]
Ids = NDArray[np.uint32]
Keys = NDArray[np.int64]


@dataclass(frozen=True)
class Segment:
    """Codes in search order; every field is an array, and read-only.

    Attributes:
        codes: the codes in strips, see `nhl.index.strips.lay`.
        ids: (N,) the id of each row, uint32.
        order: (N,) ids by 16-bit prefix, then id, uint32; empty in a small segment.
        offsets: (2**16 + 1,) where in `order` each prefix starts, uint32; empty in a small segment.
        strip_bits: the bits that all rows of a strip have in common, see `nhl.index.strips.lay_common`.
        strip_ids: (strips,) the lowest id in each strip, uint32.
        band_bits, band_ids: the same of 64 strips.
    """

    codes: Bytes
    ids: Ids
    order: Ids
    offsets: Ids
    strip_bits: Bytes
    strip_ids: Ids
    band_bits: Bytes
    band_ids: Ids

    def __post_init__(self) -> None:
        for field in fields(self):
            getattr(self, field.name).flags.writeable = False  # also: one type, one compilation
        kernels(self._type.itemsize)  # ready by the first search, perhaps

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self.__post_init__()  # arrays come out of a pickle writeable

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def width(self) -> int:
        """Bytes of a code."""
        return len(self.codes) // (STRIP * len(self.strip_ids))

    @cached_property
    def _type(self) -> np.dtype[np.generic]:
        """What holds a distance."""
        return np.dtype(np.uint8 if 8 * self.width < 256 else np.uint16)

    @property
    def nbytes(self) -> int:
        """Bytes held, all in all."""
        return sum(int(getattr(self, field.name).nbytes) for field in fields(self))

    @classmethod
    def build(cls, codes: Bytes, ids: Ids) -> Segment:
        """Arrange codes (N, B/8) whose `ids` ascend."""
        rows = np.argsort(gray_rank(codes), kind="stable")
        return cls._arranged(codes[rows], ids[rows], *_by_prefix(codes, ids))

    @classmethod
    def _arranged(cls, codes: Bytes, ids: Ids, order: Ids, offsets: Ids) -> Segment:
        """Codes (N, B/8) and `ids` that are in search order."""
        lowest, highest = common(codes, codes)
        strip_ids = np.minimum.reduceat(ids, np.arange(0, len(ids), STRIP))
        return cls(
            codes=lay(codes),
            ids=ids,
            order=order,
            offsets=offsets,
            strip_bits=lay_common(lowest, highest),
            strip_ids=strip_ids,
            band_bits=lay_common(*common(lowest, highest)),
            band_ids=np.minimum.reduceat(strip_ids, np.arange(0, len(strip_ids), STRIP)),
        )

    def codes_of(self, rows: NDArray[np.intp]) -> Bytes:
        """The codes (M, B/8) of rows (M,)."""
        return codes_in(self.codes, self.width, rows)

    def sorted_codes(self) -> tuple[Bytes, Ids]:
        """The codes (N, B/8) and their ids (N,), by ascending id."""
        rows = np.argsort(self.ids)
        return unlay(self.codes, self.width)[rows], self.ids[rows]

    def without(self, gone: Ids) -> Segment | None:
        """The same without these ids; None where nothing is left."""
        kept = np.flatnonzero(~np.isin(self.ids, gone))
        if not len(kept):
            return None
        listed = ~np.isin(self.order, gone)
        offsets = np.append(0, np.cumsum(listed)).astype(np.uint32)[self.offsets]
        return self._arranged(
            unlay(self.codes, self.width)[kept], self.ids[kept], self.order[listed], offsets
        )

    def search(self, queries: Bytes, k: int, exhaustive: bool) -> Keys:
        """The k best of each query (Q, b/8), as ascending keys (Q, K): `distance << 32 | id`."""
        compiled = kernels(self._type.itemsize) if k <= MOST_HEAPED else None
        if compiled is None:
            best = [_select(self._distances(query), self.ids, k) for query in queries]
            return np.array(best, np.int64).reshape(len(queries), k)
        heaps = np.empty((len(queries), k), np.int64)
        if exhaustive:
            compiled.search_all(self.codes, self.ids, self.strip_ids, queries, self._work(), heaps)
        elif queries.shape[1] <= 2 and len(self.offsets):
            prefixes = queries[:, 0].astype(np.uint16)
            if queries.shape[1] == 2:
                prefixes = prefixes << np.uint16(8) | queries[:, 1].astype(np.uint16)
            shift = len(self.offsets).bit_length() - 1 - 8 * queries.shape[1]
            compiled.search_prefixes(
                self.order, self.offsets, _MASKS[queries.shape[1]], shift, prefixes, heaps
            )
        else:
            arrays = (self.codes, self.ids, self.strip_bits, self.strip_ids, self.band_bits, self.band_ids)
            compiled.search_strips(*arrays, queries, self._work(), heaps)
        heaps.sort(axis=1)
        return heaps

    def within(self, query: Bytes, radius: int) -> Keys:
        """The keys `distance << 32 | id` of all codes at most `radius` from a query (b/8,), in any order."""
        compiled = kernels(self._type.itemsize)
        if compiled is None:
            distances = self._distances(query)
            rows = np.flatnonzero(distances <= radius)
            return distances[rows].astype(np.int64) << 32 | self.ids[rows]
        arrays = (self.codes, self.ids, self.strip_bits, self.strip_ids, self.band_bits)
        found, count = np.empty(0, np.int64), FOUND
        while count > len(found):
            found = np.empty(count, np.int64)
            count = compiled.search_within(*arrays, query, radius, self._work(), found)
        return found[:count]

    def _work(self) -> Array:
        """Room for the distances of a strip, for twice those of a band's strips, and for those of all bands."""
        return np.empty(STRIP * (3 + -(-len(self.band_ids) // STRIP)), self._type)

    def _distances(self, query: Bytes) -> Array:
        """The distances of all rows (N,)."""
        if compiled := kernels(self._type.itemsize):
            found = np.empty(STRIP * len(self.strip_ids), self._type)
            compiled.measure(self.codes, query, found)
            return found[: len(self)]
        total = np.zeros((len(self.strip_ids), STRIP), self._type)
        for j, byte in enumerate(query):
            total += np.bitwise_count(groups(self.codes, self.width)[j // TOGETHER][:, j % TOGETHER] ^ byte)
        return total.ravel()[: len(self)]


FOUND = 4096  # answers within a radius that there is room for at first
MOST_HEAPED = 4096  # a longer answer is selected faster from all distances than by a heap

_MASKS = {  # all flips of 8 and of 16 bits, fewest first
    width: np.argsort(np.bitwise_count(np.arange(256**width)), kind="stable").astype(np.uint16)
    for width in (1, 2)
}


def _select(distances: Array, ids: Ids, k: int) -> Keys:
    """The k best keys, ascending, from the distances of all rows."""
    within = np.cumsum(np.bincount(distances))
    rows = np.flatnonzero(distances <= np.searchsorted(within, k))
    keys: Keys = distances[rows].astype(np.int64) << 32 | ids[rows]
    keys.sort()
    return keys[:k]


def _by_prefix(codes: Bytes, ids: Ids) -> tuple[Ids, Ids]:
    """Ids by their code's first 16 bits (8 where there are no more), and where each prefix starts."""
    if len(ids) < PREFIX_ROWS:
        return np.zeros(0, np.uint32), np.zeros(0, np.uint32)
    prefixes = codes[:, 0].astype(np.uint16)
    if codes.shape[1] > 1:
        prefixes = prefixes << np.uint16(8) | codes[:, 1]
    counts = np.bincount(prefixes, minlength=256 ** min(codes.shape[1], 2))
    return ids[np.argsort(prefixes, kind="stable")], np.append(0, np.cumsum(counts)).astype(np.uint32)
