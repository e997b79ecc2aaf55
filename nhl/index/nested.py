"""NestedIndex: exact search at any code length over one copy of the codes."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nhl.codes import check_codes, check_ids, check_length, prefix, whole_numbers
from nhl.index.compiled import kernels
from nhl.index.file import read_index, write_index
from nhl.index.segment import Segment
from nhl.index.to_faiss import to_faiss
from nhl.index.union import any_in, best, codes_and_ids, codes_of, joined, within

MOST_IDS = 1 << 32
WHOLE = (int, np.integer)  # a union made at each call costs a microsecond
MOST_BYTES = 8000  # distances stay below 2**16


class NestedIndex:
    """Exact nearest codes by Hamming distance, at every length, over one copy of the codes.

    Every answer is exact and ordered by distance, then id. `add` numbers new codes on from the last;
    an id is never given twice. Nothing needs tuning: see `nhl.index.segment` for how it is fast. A search may
    run while another thread adds or removes, and sees the index before or after it; two that change it take turns.

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
        self._segments: tuple[Segment, ...] = ()  # replaced whole, never changed: a reader takes it once
        self._turn = Lock()
        self.add(packed)

    def __getstate__(self) -> dict[str, Any]:
        with self._turn:
            return {name: value for name, value in self.__dict__.items() if name != "_turn"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _turn=Lock())

    def __contains__(self, number: object) -> bool:
        """Whether an id is in the index."""
        whole = isinstance(number, WHOLE) and not isinstance(number, bool)
        return whole and any((segment.ids == number).any() for segment in self._segments)

    def __len__(self) -> int:
        return sum(map(len, self._segments))

    @property
    def length(self) -> int:
        """Bits of a whole code, B."""
        return 8 * self._width

    @property
    def ids(self) -> NDArray[np.int64]:
        """The ids in the index, ascending (N,)."""
        found = [segment.ids for segment in self._segments]
        return np.sort(np.concatenate([np.zeros(0, np.int64), *found], dtype=np.int64))

    @property
    def codes(self) -> NDArray[np.uint8]:
        """The codes (N, B/8) by ascending id: a copy."""
        return codes_and_ids(self._segments, self._width)[0]

    @property
    def nbytes(self) -> int:
        """Bytes that the index holds: at 128 bits 25 an item, and 0.3 MB."""
        return sum(segment.nbytes for segment in self._segments)

    def search(
        self, queries: ArrayLike, length: int = 64, k: int = 10, exhaustive: bool = False
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The k nearest codes of each query by their first `length` bits, exactly.

        Args:
            queries: packed codes (Q, B/8).
            length: bits to compare, a multiple of 8 up to B.
            k: how many, from 1 to N.
            exhaustive: compare with every code, skip none: slower, the same answer.

        Returns:
            Distances (Q, K) and ids (Q, K), ordered by distance, then id.

        Raises:
            ValueError: if an argument breaks these rules, or the index is empty.
        """
        segments = self._segments
        wanted = self._cut(queries, length)
        size = sum(map(len, segments))
        if not size:
            raise ValueError("the index is empty: `add` codes before a search")
        if isinstance(k, bool) or not isinstance(k, WHOLE) or not 1 <= k <= size:
            raise ValueError(
                f"`k` must be a whole number from 1 to {size}, the number of codes, but got {k!r}"
            )
        keys = best(segments, wanted, int(k), exhaustive)
        return (keys >> 32).astype(np.int32), keys & 0xFFFFFFFF

    def _cut(self, queries: ArrayLike, length: int) -> NDArray[np.uint8]:
        """The first `length` bits of checked queries, (Q, b/8)."""
        length, wanted = check_length(length, 8 * self._width), check_codes(queries, "queries")
        if wanted.shape[1] != self._width:
            raise ValueError(
                f"`queries` must be {self._width} bytes wide as the index is but got {wanted.shape[1]}"
            )
        return np.array(wanted[:, : length // 8], order="C")

    def range_search(
        self, queries: ArrayLike, length: int = 64, radius: int = 8
    ) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
        """All codes at most `radius` from each query in their first `length` bits, exactly.

        Args:
            queries: packed codes (Q, B/8).
            length: bits to compare, a multiple of 8 up to B.
            radius: the greatest distance, from 0 to `length`.

        Returns:
            Limits (Q + 1,), distances (M,) and ids (M,), as faiss gives them: those of query i are at
            limits[i] to limits[i + 1], ordered by distance, then id.

        Raises:
            ValueError: if an argument breaks these rules.
        """
        segments, wanted = self._segments, self._cut(queries, length)
        if isinstance(radius, bool) or not isinstance(radius, WHOLE) or not 0 <= radius <= length:
            raise ValueError(
                f"`radius` must be a whole number from 0 to `length` {length} but got {radius!r}"
            )
        found = [within(segments, query, int(radius)) for query in wanted]
        limits = np.cumsum([0, *map(len, found)], dtype=np.int64)
        keys = np.concatenate([np.zeros(0, np.int64), *found])
        return limits, (keys >> 32).astype(np.int32), keys & 0xFFFFFFFF

    def reconstruct(self, ids: ArrayLike) -> NDArray[np.uint8]:
        """The codes (M, B/8) of ids (M,), in their order.

        Raises:
            ValueError: if `ids` are not whole numbers, or one is not in the index.
        """
        return codes_of(self._segments, self._width, whole_numbers(ids))

    def add(self, codes: ArrayLike, ids: ArrayLike | None = None) -> NDArray[np.int64]:
        """Add codes (N, B/8); their ids (N,).

        Args:
            codes: packed codes as wide as the index's.
            ids: their own ids (N,), from 0 and below 2**32, none of which is in the index; by default they
                number on from the highest that there was.

        Costs little however large the index is: new codes are arranged apart, and merged with what is
        there only when there is no longer much more of it.

        Raises:
            ValueError: if `codes` are not packed codes as wide as the index's, or `ids` break their rule;
                nothing is added then.
        """
        packed = check_codes(codes)
        if packed.shape[1] != self._width:
            raise ValueError(
                f"`codes` must be {self._width} bytes wide as the index is but got {packed.shape[1]}"
            )
        with self._turn:
            numbers = self._numbers(len(packed), ids)
            if len(packed):
                self._segments = joined(self._segments, packed, numbers.astype(np.uint32))
                self._next = max(self._next, int(numbers.max()) + 1)
        return numbers

    def _numbers(self, count: int, ids: ArrayLike | None) -> NDArray[np.int64]:
        """The ids (N,) of new codes, checked."""
        if ids is None:
            if self._next + count > MOST_IDS:
                raise ValueError(
                    f"`codes` must leave the ids below 2**32 but would reach {self._next + count}"
                )
            return np.arange(self._next, self._next + count, dtype=np.int64)
        numbers = whole_numbers(ids)
        if len(numbers) != count:
            raise ValueError(f"`ids` must be one per code, {count}, but got {len(numbers)}")
        if count and not 0 <= numbers.min() <= numbers.max() < MOST_IDS:
            wrong = numbers.min() if numbers.min() < 0 else numbers.max()
            raise ValueError(f"`ids` must be from 0 and below 2**32 but got {wrong}")
        unique, counts = np.unique(numbers, return_counts=True)
        if (counts > 1).any():
            raise ValueError(f"`ids` must be each given once but got {unique[counts > 1][0]} twice")
        if (known := any_in(self._segments, unique)).size:
            raise ValueError(f"`ids` must be new but {known[0]} is in the index")
        return numbers

    def merge(self, other: NestedIndex, keep_ids: bool = False) -> NDArray[np.int64]:
        """Add the codes of another index, by its ascending ids; the ids that they have here (N,).

        Args:
            other: an index of codes as wide; it stays as it is.
            keep_ids: keep its ids, none of which may be in this index; else they number on from the highest.

        Raises:
            ValueError: if `other` is of another width, or an id is in both; nothing is added then.
        """
        if other.length != self.length:
            raise ValueError(f"`other` must hold codes of {self.length} bits but holds {other.length}")
        codes, ids = codes_and_ids(other._segments, other._width)
        return self.add(codes, ids if keep_ids else None)

    def remove(self, ids: ArrayLike) -> None:
        """Remove the codes with these ids; the others keep theirs.

        Raises:
            ValueError: if `ids` are not whole numbers, or one is not in the index; nothing is removed then.
        """
        with self._turn:
            numbers = check_ids(ids, lambda asked: any_in(self._segments, asked))
            gone = numbers.astype(np.uint32)
            touched = [s.without(gone) if np.isin(gone, s.ids).any() else s for s in self._segments]
            self._segments = tuple(segment for segment in touched if segment is not None)

    def save(self, path: str | Path) -> None:
        """Write the index to one safetensors file, which appears complete or not at all."""
        with self._turn:
            segments, following = self._segments, self._next
        write_index(path, segments, self._width, following)

    @classmethod
    def load(cls, path: str | Path) -> NestedIndex:
        """Open a saved index, memory-mapped: its pages are read when they are needed.

        Raises:
            ValueError: if the file is no saved index, is cut short or altered, or is of a newer version.
            FileNotFoundError: if there is none.
        """
        index = cls.__new__(cls)
        index._segments, index._width, index._next = read_index(path)
        index._turn = Lock()
        return index

    def to_faiss(self, length: int | None = None, kind: str = "flat") -> Any:
        """A binary index of faiss of the first `length` bits (default: all), with the same ids. Needs faiss.

        Args:
            length: bits, a multiple of 8 up to B.
            kind: "flat", which is exact (a `faiss.IndexBinaryIDMap2` where ids have gaps); "ivf", a
                `faiss.IndexBinaryIVF`, or "hash", a `faiss.IndexBinaryHash`, which are as exact as their
                `nprobe` or `nflip` lets them be.

        Raises:
            ValueError: if an argument breaks its rule, or `kind` is "ivf" and the index is empty.
        """
        length = self.length if length is None else check_length(length, self.length)
        codes, ids = codes_and_ids(self._segments, self._width)
        return to_faiss(prefix(codes, length), ids, kind)


def warm_up(longest: int = 128) -> bool:
    """Wait until the compiled kernels are ready for codes of `longest` bits; whether there are any."""
    return kernels(1 if longest < 256 else 2, wait=True) is not None
