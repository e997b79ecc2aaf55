"""Compiled loops of the exact search (needs numba), over codes stored as planes: one row per byte.

With a plane per byte a distance is a sum of byte-wise popcounts, which every vector unit does well
(`pshufb` on AVX2, `vpopcntb` on AVX512, `cnt` on NEON), and a b-bit query reads b/8 bytes an item.
A candidate is one number, `distance << 32 | id`, so that the order of ties costs nothing. The K best
are a heap with the worst of them at its root. Import this module through `nhl.index.compiled`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nhl.jit import STRIP, jit, popcount, trailing_zeros, within

NONE = np.int64(2**63 - 1)  # worse than every candidate
PIECE = 512  # rows tested at once for a candidate
CHUNK = 65536  # rows whose distances are held at once: in the second cache, and long enough to read ahead
WORK = CHUNK + PIECE  # elements of the array `work` that holds them
FIRST = 4096  # rows in the nearest lists, visited first: they set the bar for the others
RUN = CHUNK - PIECE  # rows that the pruned search scans before it looks at its bounds again


@jit
def _four_planes(planes: Any, query: Any, j: int, start: int, size: int, out: Any, more: bool) -> None:
    a, b = planes[j, start : start + size], planes[j + 1, start : start + size]
    c, d = planes[j + 2, start : start + size], planes[j + 3, start : start + size]
    u, v, x, y = query[j], query[j + 1], query[j + 2], query[j + 3]
    if more:
        for i in range(size):
            first = popcount(np.uint8(a[i] ^ u)) + popcount(np.uint8(b[i] ^ v))
            out[i] += first + popcount(np.uint8(c[i] ^ x)) + popcount(np.uint8(d[i] ^ y))
    else:
        for i in range(size):
            first = popcount(np.uint8(a[i] ^ u)) + popcount(np.uint8(b[i] ^ v))
            out[i] = first + popcount(np.uint8(c[i] ^ x)) + popcount(np.uint8(d[i] ^ y))


@jit
def _distances(planes: Any, query: Any, start: int, stop: int, out: Any) -> None:
    """Hamming distances of rows `start` to `stop`, into `out`; four planes a pass spare its traffic."""
    size, width = stop - start, len(query)
    odd = width % 4
    if odd == 0:
        _four_planes(planes, query, 0, start, size, out, False)
    for j in range(odd):
        a, u = planes[j, start:stop], query[j]
        if j == 0:
            for i in range(size):
                out[i] = popcount(np.uint8(a[i] ^ u))
        else:
            for i in range(size):
                out[i] += popcount(np.uint8(a[i] ^ u))
    for j in range(odd if odd else 4, width, 4):
        _four_planes(planes, query, j, start, size, out, True)


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
def _scan(planes: Any, ids: Any, query: Any, start: int, stop: int, work: Any, heap: Any) -> None:
    """Offer rows `start` to `stop`, at most CHUNK of them, to the heap."""
    _distances(planes, query, start, stop, work)
    size = stop - start
    far = (1 << 8 * work.itemsize) - 1
    for i in range(size, -(-size // PIECE) * PIECE):
        work[i] = far
    limit = min(heap[0] >> 32, far - 1)
    for piece in range(0, size, PIECE):
        least = work[piece]
        for distance in work[piece : piece + PIECE]:  # with an index it is not compiled to vectors
            least = min(least, distance)
        if least > limit:
            continue
        for strip in range(piece, piece + PIECE, STRIP):
            mask = within(work, strip, limit)
            while mask:
                i = strip + trailing_zeros(mask)
                mask &= mask - np.uint64(1)
                key = (np.int64(work[i]) << 32) | np.int64(ids[start + i])
                if key < heap[0]:
                    _replace_root(heap, key)
                    limit = min(heap[0] >> 32, far - 1)


@jit
def search_all(planes: Any, ids: Any, queries: Any, work: Any, heaps: Any) -> None:
    """The exhaustive search: every row, one after the other."""
    for q in range(len(queries)):
        heaps[q].fill(NONE)
        for start in range(0, len(ids), CHUNK):
            _scan(planes, ids, queries[q], start, min(start + CHUNK, len(ids)), work, heaps[q])


@jit
def search_lists(
    planes: Any,
    ids: Any,
    centres: Any,
    list_blocks: Any,
    block_rows: Any,
    low: Any,
    high: Any,
    block_ids: Any,
    queries: Any,
    work: Any,
    heaps: Any,
) -> None:
    """The nearest lists first, then the others as they lie; blocks that cannot hold an answer are skipped.

    d(query, row) >= |d(query, centre) - d(row, centre)|, and `low`, `high` bracket the last for every
    length (their row is length / 8 - 1). At an equal distance the block's lowest id decides. What is
    left is scanned in runs of neighbours: where nothing can be skipped, that is the exhaustive search.
    """
    lists, width = centres.shape[1], queries.shape[1]
    lows, highs = low[width - 1], high[width - 1]
    away, taken = np.empty(lists, np.int64), np.empty(lists, np.uint8)
    for q in range(len(queries)):
        query, heap = queries[q], heaps[q]
        heap.fill(NONE)
        _distances(centres, query, 0, lists, work)
        for c in range(lists):
            away[c], taken[c] = work[c], 0
        start, stop = np.int64(0), np.int64(0)
        seen = following = 0
        while True:
            if seen < FIRST:
                run, c = PIECE, 0
                for other in range(lists):
                    if taken[c] or (away[other] < away[c] and not taken[other]):
                        c = other
            else:
                run = RUN
                while following < lists and taken[following]:
                    following += 1
                c = following
            if c == lists or taken[c]:
                break
            taken[c] = 1
            first, last = list_blocks[c], list_blocks[c + 1]
            seen += block_rows[last] - block_rows[first]
            for block in range(first, last):
                bound = max(away[c] - np.int64(highs[block]), np.int64(lows[block]) - away[c], 0)
                if (bound << 32 | np.int64(block_ids[block])) >= heap[0]:
                    continue
                if block_rows[block] != stop or stop - start >= run:
                    _scan(planes, ids, query, start, stop, work, heap)
                    start = np.int64(block_rows[block])
                stop = np.int64(block_rows[block + 1])
        _scan(planes, ids, query, start, stop, work, heap)


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


@jit
def assign(planes: Any, centres: Any, work: Any, best: Any, nearest: Any) -> None:
    """The nearest centre of every row, into `nearest`; the first among equals."""
    size = planes.shape[1]
    query = np.empty(planes.shape[0], np.uint8)
    for start in range(0, size, CHUNK):
        stop = min(start + CHUNK, size)
        found = nearest[start:stop]
        for c in range(centres.shape[1]):
            for j in range(len(query)):
                query[j] = centres[j, c]
            _distances(planes, query, start, stop, work)
            for i in range(stop - start):
                if c == 0 or work[i] < best[i]:
                    best[i] = work[i]
                    found[i] = c
