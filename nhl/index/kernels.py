"""Compiled loops of the exact search (needs numba), over codes in strips of 64: see `nhl.index.strips`.

A distance is a sum of byte-wise popcounts, which every vector unit does well (`pshufb` on AVX2,
`vpopcntb` on AVX512, `cnt` on NEON), and a b-bit query reads b/8 bytes an item. A candidate is one number,
`distance << 32 | id`, so that the order of ties costs nothing. The K best are a heap with the worst of
them at its root. Import this module through `nhl.index.compiled`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nhl.index.near import near, near_common, next_near, within
from nhl.index.strips import STRIP
from nhl.jit import jit, popcount, trailing_zeros

NONE = np.int64(2**63 - 1)  # worse than every candidate
DENSE = 48  # strips of a band from which all of it is read: in order, memory is faster than bounds spare
MOST_UNASKED = 15  # bands that are read whole after such a one, before bounds are asked again


@jit
def _replace_root(heap: Any, key: int) -> None:
    at, size = 0, len(heap)
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and heap[child + 1] > heap[child]:
            child += 1
        if heap[child] <= key:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = key


@jit
def _first(count: int) -> Any:
    """A mask of the first `count` of 64; of all where there are more."""
    return ~np.uint64(0) if count >= STRIP else (np.uint64(1) << np.uint64(count)) - np.uint64(1)


@jit
def _limit(heap: Any, distances: Any) -> int:
    """The greatest distance that can still be an answer, as far as the type of `distances` reaches."""
    return min(heap[0] >> 32, (1 << 8 * distances.itemsize) - 2)


@jit
def _offer(mask: Any, ids: Any, strip: int, distances: Any, heap: Any) -> int:
    """Offer the marked rows of a strip to the heap; the new limit."""
    mask &= _first(len(ids) - strip * STRIP)
    while mask:
        i = trailing_zeros(mask)
        mask &= mask - np.uint64(1)
        key = (np.int64(distances[i]) << 32) | np.int64(ids[strip * STRIP + i])
        if key < heap[0]:
            _replace_root(heap, key)
    return _limit(heap, distances)


@jit
def _scan(
    codes: Any, ids: Any, strip_ids: Any, start: int, stop: int, query: Any, distances: Any, heap: Any
) -> None:
    """Offer all rows of strips `start` to `stop`."""
    strips, asked = len(strip_ids), len(query)
    width, limit = len(codes) // (strips * STRIP), _limit(heap, distances)
    while start < stop:
        start = next_near(codes, strips, width, start, stop, query, asked, distances, limit)
        if start < stop:
            tied = (np.int64(limit) << 32 | np.int64(strip_ids[start])) < heap[
                0
            ]  # one at the limit may be better
            if tied or limit:
                bar = limit if tied else limit - 1
                mask = near(codes, strips, width, start, query, asked, distances, bar)
                if mask:
                    limit = _offer(mask, ids, start, distances, heap)
            start += 1


@jit
def search_all(codes: Any, ids: Any, strip_ids: Any, queries: Any, work: Any, heaps: Any) -> None:
    """The exhaustive search: every strip, one after the other."""
    for q in range(len(queries)):
        heaps[q].fill(NONE)
        _scan(codes, ids, strip_ids, 0, len(strip_ids), queries[q], work, heaps[q])


@jit
def measure(codes: Any, query: Any, distances: Any) -> None:
    """The distances of all strips' rows, one after the other."""
    strips, asked = len(distances) // STRIP, len(query)
    width = len(codes) // len(distances)
    for strip in range(strips):
        near(codes, strips, width, strip, query, asked, distances[strip * STRIP :], 0)


@jit
def _visit(
    codes: Any, ids: Any, strip_bits: Any, strip_ids: Any, band: int, query: Any, work: Any, heap: Any
) -> bool:
    """Offer the rows of a band, 64 strips, that bounds do not exclude; whether most strips had to be read.

    A row differs from the query at least where all rows of its strip do. That is known for the first half
    of the bits and for the rest: where no row of a strip is near enough in the first half, its rest is not
    read. As long as there are no K candidates, the nearest strips come first.
    """
    strips, bands, asked = len(strip_ids), -(-len(strip_ids) // STRIP), len(query)
    width = len(codes) // (strips * STRIP)
    distances, bounds, halves = work[:STRIP], work[STRIP : 2 * STRIP], work[2 * STRIP : 3 * STRIP]
    start, half, limit = band * STRIP, asked // 8 * 4, _limit(heap, distances)
    level = np.int64(0) if heap[0] == NONE else limit
    left = near_common(strip_bits, bands, width, band, query, asked, bounds, limit) & _first(strips - start)
    if level and limit and popcount(within(bounds, 0, limit - 1) & left) >= DENSE:
        _scan(codes, ids, strip_ids, start, min(start + STRIP, strips), query, distances, heap)
        return True
    if half and left:
        near_common(strip_bits, bands, width, band, query, half, halves, 0)
    while left:
        mask = within(bounds, 0, level) & left
        left &= ~mask
        while mask:
            i = trailing_zeros(mask)
            mask &= mask - np.uint64(1)
            if (np.int64(bounds[i]) << 32 | np.int64(strip_ids[start + i])) >= heap[0]:
                continue
            if half:
                rest = np.int64(bounds[i]) - np.int64(halves[i])
                if not near(codes, strips, width, start + i, query, half, distances, limit - rest):
                    continue
            rows = near(codes, strips, width, start + i, query, asked, distances, limit)
            if rows:
                limit = _offer(rows, ids, start + i, distances, heap)
        level += 1
        if level > limit:
            break
    return False


@jit
def search_strips(
    codes: Any,
    ids: Any,
    strip_bits: Any,
    strip_ids: Any,
    band_bits: Any,
    band_ids: Any,
    queries: Any,
    work: Any,
    heaps: Any,
) -> None:
    """The nearest bands first, by the bits that their rows share, until none can hold an answer.

    At an equal distance the lowest id decides. Where bounds spare little, more and more bands that follow
    are read unasked: then this is nearly the exhaustive search.
    """
    bands, far = len(band_ids), (1 << 8 * work.itemsize) - 1
    above, width, bounds = -(-bands // STRIP), len(codes) // (len(strip_ids) * STRIP), work[3 * STRIP :]
    for q in range(len(queries)):
        query, heap = queries[q], heaps[q]
        heap.fill(NONE)
        for at in range(0, bands, STRIP):
            near_common(band_bits, above, width, at // STRIP, query, len(query), bounds[at:], 0)
        bounds[bands:] = far
        unasked = 0
        for level in range(8 * len(query) + 1):
            if level > heap[0] >> 32:
                break
            for at in range(0, bands, STRIP):
                mask = within(bounds, at, level)
                while mask:
                    band = at + trailing_zeros(mask)
                    mask &= mask - np.uint64(1)
                    if bounds[band] == far:
                        continue
                    bounds[band] = far
                    if (np.int64(level) << 32 | np.int64(band_ids[band])) >= heap[0]:
                        continue
                    if not _visit(codes, ids, strip_bits, strip_ids, band, query, work, heap):
                        unasked = 0
                        continue
                    unasked, limit = min(2 * unasked + 1, MOST_UNASKED), _limit(heap, work)
                    first = last = band + 1
                    while last < bands and last - first < unasked and bounds[last] <= limit:
                        bounds[last] = far
                        last += 1
                    stop = min(last * STRIP, len(strip_ids))
                    _scan(codes, ids, strip_ids, first * STRIP, stop, query, work, heap)


@jit
def search_within(
    codes: Any,
    ids: Any,
    strip_bits: Any,
    strip_ids: Any,
    band_bits: Any,
    query: Any,
    radius: int,
    work: Any,
    found: Any,
) -> int:
    """How many rows are at most `radius` from a query; as many of their keys as it holds go to `found`."""
    strips, bands, asked, count = len(strip_ids), -(-len(strip_ids) // STRIP), len(query), 0
    distances, above, width = work[:STRIP], -(-bands // STRIP), len(codes) // (strips * STRIP)
    for at in range(above):
        near_bands = near_common(band_bits, above, width, at, query, asked, distances, radius)
        near_bands &= _first(bands - at * STRIP)
        while near_bands:
            band = at * STRIP + trailing_zeros(near_bands)
            near_bands &= near_bands - np.uint64(1)
            near_strips = near_common(strip_bits, bands, width, band, query, asked, distances, radius)
            near_strips &= _first(strips - band * STRIP)
            while near_strips:
                strip = band * STRIP + trailing_zeros(near_strips)
                near_strips &= near_strips - np.uint64(1)
                rows = near(codes, strips, width, strip, query, asked, distances, radius)
                rows &= _first(len(ids) - strip * STRIP)
                while rows:
                    i = trailing_zeros(rows)
                    rows &= rows - np.uint64(1)
                    if count < len(found):
                        found[count] = (np.int64(distances[i]) << 32) | np.int64(ids[strip * STRIP + i])
                    count += 1
    return count


@jit
def search_prefixes(order: Any, offsets: Any, masks: Any, shift: int, queries: Any, heaps: Any) -> None:
    """Codes of at most 16 bits: open the buckets by distance; `masks` are all flips, fewest bits first.

    `order` holds ids by table prefix, ascending inside each; a shorter code owns 2**shift neighbours.
    """
    for q in range(len(queries)):
        heap = heaps[q]
        heap.fill(NONE)
        for mask in masks:
            base = np.int64(popcount(mask)) << 32
            if base > heap[0]:
                break
            first = np.int64(queries[q] ^ mask) << shift
            last = first + (1 << shift)
            if offsets[first] == offsets[last]:
                continue
            for bucket in range(first, last):
                for at in range(offsets[bucket], offsets[bucket + 1]):
                    key = base | np.int64(order[at])
                    if key >= heap[0]:
                        break
                    _replace_root(heap, key)
