"""NestedIndex: exact search at any code length over one copy of the codes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nhl.codes import check_codes, check_ids, check_length, prefix
from nhl.index.compiled import kernels
from nhl.index.file import read_index, write_index
from nhl.index.segment import Segment
from nhl.machine import processors

if TYPE_CHECKING:
    from collections.abc import Iterable

SPREAD = 1 << 17  # code comparisons from which a batch is worth a second thread
MOST_IDS = 1 << 32
MOST_BYTES = 8000  # distances stay below 2**16


class NestedIndex:
    """Exact nearest codes by Hamming distance, at every length, over one copy of the codes.

    Every answer is exact and ordered by distance, then id. `add` numbers new codes on from the last;
    an id is never given twice. Nothing needs tuning: see `nhl.index.segment` for how it is fast. A search may
    run while another thread adds or removes, and sees the index before or after it.

    Args:
        codes: packed codes (N, B/8), B any multiple of 8; their ids are 0 to N - 1. None may be given
            (0, B/8), and added later.

    Raises:
        ValueError: if `codes` are not packed codes.

    >>> index = NestedIndex(np.array([[0, 0], [1, 255], [3, 0]], dtype=np.uint8))
    >>> index.search(np.array([[1, 0]], dtype=np.uint8), length=8, k=2)
    (array([[0, 1]], dtype=int32), array([[1, 0]]))
    """

    def __init__(self, codes: ArrayLike) -> None:
        packed = check_codes(codes)
        self._width: int = packed.shape[1]
        if self._width > MOST_BYTES:
            raise ValueError(f"`codes` must be at most {MOST_BYTES} bytes wide but got {self._width}")
        self._next = 0
        self._segments: tuple[Segment, ...] = ()
        self.add(packed)

    def __len__(self) -> int:
        return sum(map(len, self._segments))

    @property
    def length(self) -> int:
        """Bits of a whole code, B."""
        return 8 * self._width

    @property
    def ids(self) -> NDArray[np.int64]:
        """The ids in the index, ascending (N,)."""
        return np.concatenate(
            [np.zeros(0, np.int64), *(np.sort(segment.ids) for segment in self._segments)], dtype=np.int64
        )

    @property
    def codes(self) -> NDArray[np.uint8]:
        """The codes (N, B/8) by ascending id: a copy."""
        return _codes_and_ids(self._segments, self._width)[0]

    @property
    def nbytes(self) -> int:
        """Bytes that the index holds: at 128 bits 24 an item, and 0.3 MB."""
        return sum(segment.nbytes for segment in self._segments)

    def search(
        self, queries: ArrayLike, length: int = 64, k: int = 10, exhaustive: bool = False
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The k nearest codes of each query by their first `length` bits, exactly.

        Args:
            queries: packed codes (Q, B/8).
            length: bits to compare, a multiple of 8 up to B.
            k: how many, from 1 to N.
            exhaustive: compare with every code, skip none: slower, the same answer. Its time grows with
                `length`; that of the pruned search need not, since longer codes part the clusters better.

        Returns:
            Distances (Q, K) and ids (Q, K), ordered by distance, then id.

        Raises:
            ValueError: if an argument breaks these rules, or the index is empty.
        """
        segments = self._segments
        length = check_length(length, 8 * self._width)
        wanted = check_codes(queries, "queries")
        if wanted.shape[1] != self._width:
            raise ValueError(
                f"`queries` must be {self._width} bytes wide as the index is but got {wanted.shape[1]}"
            )
        size = len(self)
        if not size:
            raise ValueError("the index is empty: `add` codes before a search")
        if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 1 <= k <= size:
            raise ValueError(
                f"`k` must be a whole number from 1 to {size}, the number of codes, but got {k!r}"
            )
        keys = _best(segments, np.array(wanted[:, : length // 8], order="C"), int(k), exhaustive)
        return (keys >> 32).astype(np.int32), keys & 0xFFFFFFFF

    def add(self, codes: ArrayLike) -> NDArray[np.int64]:
        """Add codes (N, B/8); their new ids (N,).

        Costs little however large the index is: new codes are arranged apart, and merged with what is
        there only when there is no longer much more of it.

        Raises:
            ValueError: if `codes` are not packed codes as wide as the index's.
        """
        packed = check_codes(codes)
        if packed.shape[1] != self._width:
            raise ValueError(
                f"`codes` must be {self._width} bytes wide as the index is but got {packed.shape[1]}"
            )
        if self._next + len(packed) > MOST_IDS:
            raise ValueError(
                f"`codes` must leave the ids below 2**32 but would reach {self._next + len(packed)}"
            )
        ids = np.arange(self._next, self._next + len(packed), dtype=np.int64)
        if len(packed):
            segments, fresh, numbers = self._segments, packed, ids.astype(np.uint32)
            while segments and len(segments[-1]) < 2 * len(fresh):
                old, old_ids = segments[-1].sorted_codes()
                fresh, numbers = np.concatenate([old, fresh]), np.concatenate([old_ids, numbers])
                segments = segments[:-1]
            self._segments = (*segments, Segment.build(fresh, numbers))
            self._next += len(packed)
        return ids

    def remove(self, ids: ArrayLike) -> None:
        """Remove the codes with these ids; the others keep theirs.

        Raises:
            ValueError: if `ids` are not whole numbers, or one is not in the index; nothing is removed then.
        """
        numbers = check_ids(ids, lambda asked: asked[np.isin(asked, self.ids)])
        gone = numbers.astype(np.uint32)
        touched = [s.without(gone) if np.isin(gone, s.ids).any() else s for s in self._segments]
        self._segments = tuple(segment for segment in touched if len(segment))

    def save(self, path: str | Path) -> None:
        """Write the index to one safetensors file, which appears complete or not at all."""
        write_index(path, self._segments, self._width, self._next)

    @classmethod
    def load(cls, path: str | Path) -> NestedIndex:
        """Open a saved index, memory-mapped: its pages are read when they are needed.

        Raises:
            ValueError: if the file is no saved index, is cut short or altered, or is of a newer version.
            FileNotFoundError: if there is none.
        """
        index = cls.__new__(cls)
        index._segments, index._width, index._next = read_index(path)
        return index

    def to_faiss(self, length: int | None = None) -> Any:
        """A `faiss.IndexBinaryFlat` of the first `length` bits (default: all) with the same ids.

        Where codes were removed it is wrapped in a `faiss.IndexBinaryIDMap`, since a flat index numbers
        its codes without a gap. Needs faiss.

        Raises:
            ValueError: if `length` is no multiple of 8 up to B.
        """
        import faiss

        length = self.length if length is None else check_length(length, self.length)
        codes, ids = _codes_and_ids(self._segments, self._width)
        codes = np.ascontiguousarray(prefix(codes, length))
        flat = faiss.IndexBinaryFlat(length)
        if len(ids) == self._next:
            flat.add(codes)
            return flat
        numbered = faiss.IndexBinaryIDMap2(flat)
        numbered.add_with_ids(codes, ids)
        return numbered


def warm_up(longest: int = 128) -> bool:
    """Wait until the compiled kernels are ready for codes of `longest` bits; whether there are any."""
    return kernels(1 if longest < 256 else 2, wait=True) is not None


def _best(
    segments: Iterable[Segment], queries: NDArray[np.uint8], k: int, exhaustive: bool
) -> NDArray[np.int64]:
    """The k best keys of each query (Q, K), from all segments, on as many cores as that is worth."""
    found = [_spread(segment, queries, min(k, len(segment)), exhaustive) for segment in segments]
    return found[0] if len(found) == 1 else np.sort(np.concatenate(found, axis=1), axis=1)[:, :k]


def _spread(segment: Segment, queries: NDArray[np.uint8], k: int, exhaustive: bool) -> NDArray[np.int64]:
    if len(queries) == 1 or len(queries) * len(segment) < SPREAD:
        return segment.search(queries, k, exhaustive)
    parts = np.array_split(queries, min(processors(), len(queries)))
    return np.concatenate(list(_threads().map(lambda part: segment.search(part, k, exhaustive), parts)))


def _codes_and_ids(segments: Iterable[Segment], width: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    pieces = [segment.sorted_codes() for segment in segments]
    codes = np.concatenate([np.zeros((0, width), np.uint8), *(codes for codes, _ in pieces)])
    return codes, np.concatenate([np.zeros(0, np.int64), *(ids for _, ids in pieces)], dtype=np.int64)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(processors(), thread_name_prefix="nested-index")
