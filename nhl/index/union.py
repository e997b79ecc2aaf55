"""Several segments as one: what is nearest, what is within a radius, the codes of ids, and new codes joined."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nhl.index.segment import Segment
from nhl.machine import processors

SPREAD = 1 << 17  # code comparisons from which a batch is worth a second thread
Keys = NDArray[np.int64]


def within(segments: Sequence[Segment], query: NDArray[np.uint8], radius: int) -> Keys:
    """The keys `distance << 32 | id` of all codes at most `radius` from a query (b/8,), ascending."""
    found = [segment.within(query, radius) for segment in segments]
    keys: Keys = np.sort(np.concatenate([np.zeros(0, np.int64), *found]))
    return keys


def codes_of(segments: Sequence[Segment], width: int, ids: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The codes (M, B/8) of ids (M,), in their order.

    Raises:
        ValueError: if one is not in the index.
    """
    codes = np.empty((len(ids), width), np.uint8)
    missing = np.ones(len(ids), bool)
    for segment in segments:
        order = np.argsort(segment.ids)
        places = np.searchsorted(segment.ids, ids, sorter=order).clip(max=len(order) - 1)
        rows = order[places]
        here = segment.ids[rows] == ids
        codes[here] = segment.codes_of(rows[here])
        missing &= ~here
    if missing.any():
        raise ValueError(f"`ids` must be in the index but got {ids[missing][0]}")
    return codes


def any_in(segments: Sequence[Segment], ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Those of some ids that are in the index."""
    return ids[np.isin(ids, np.concatenate([np.zeros(0, np.uint32), *(s.ids for s in segments)]))]


def best(
    segments: Sequence[Segment], queries: NDArray[np.uint8], k: int, exhaustive: bool
) -> NDArray[np.int64]:
    """The k best keys of each query (Q, K), from all segments, on as many cores as that is worth."""
    found = [_spread(segment, queries, min(k, len(segment)), exhaustive) for segment in segments]
    return found[0] if len(found) == 1 else np.sort(np.concatenate(found, axis=1), axis=1)[:, :k]


def _spread(segment: Segment, queries: NDArray[np.uint8], k: int, exhaustive: bool) -> NDArray[np.int64]:
    if len(queries) == 1 or len(queries) * len(segment) < SPREAD:
        return segment.search(queries, k, exhaustive)
    parts = np.array_split(queries, min(processors(), len(queries)))
    return np.concatenate(list(_threads().map(lambda part: segment.search(part, k, exhaustive), parts)))


def joined(
    segments: tuple[Segment, ...], fresh: NDArray[np.uint8], numbers: NDArray[np.uint32]
) -> tuple[Segment, ...]:
    """Segments and new codes: merged with the last ones as long as these are not much larger."""
    while segments and len(segments[-1]) < 2 * len(fresh):
        old, old_ids = segments[-1].sorted_codes()
        fresh, numbers = np.concatenate([old, fresh]), np.concatenate([old_ids, numbers])
        segments = segments[:-1]
    if (numbers[1:] < numbers[:-1]).any():
        order = np.argsort(numbers)
        fresh, numbers = fresh[order], numbers[order]
    return (*segments, Segment.build(fresh, numbers))


def codes_and_ids(segments: Sequence[Segment], width: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The codes (N, B/8) and ids (N,) of all segments, by ascending id."""
    pieces = [segment.sorted_codes() for segment in segments]
    codes = np.concatenate([np.zeros((0, width), np.uint8), *(codes for codes, _ in pieces)])
    ids = np.concatenate([np.zeros(0, np.int64), *(ids for _, ids in pieces)], dtype=np.int64)
    if (ids[1:] < ids[:-1]).any():
        order = np.argsort(ids)
        return codes[order], ids[order]
    return codes, ids


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(processors(), thread_name_prefix="nested-index")
