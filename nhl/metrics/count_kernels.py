"""The compiled loop of `nhl.metrics.distance_counts` (needs numba): popcounts by plane, then one scatter a group."""

from __future__ import annotations

from typing import Any

import numpy as np

from nhl.jit import jit, popcount

ROWS = 4096  # rows whose distances and places are held at once: they fit the first cache


@jit
def count(
    planes: Any,
    queries: Any,
    grades: Any,
    ends: Any,
    weights: Any,
    group_of: Any,
    offset: Any,
    zero: Any,
    tables: Any,
) -> None:
    """Count every image at its place in `tables` (q, groups, G * cells).

    Args:
        planes: (B/8, N) byte j of every code.
        queries: (q, B/8).
        grades: (q, N) uint8, below G.
        ends, weights, group_of: (L,) as in `nhl.metrics.distance_counts.Steps`.
        offset: the number of cells, of the type of places.
        zero: 0, of the type of the distance that one step adds.
        tables: uint32.
    """
    near = np.full(ROWS, zero)  # distance within the bytes of one step
    total, place = np.empty(ROWS, weights.dtype), np.empty(ROWS, weights.dtype)
    steps = len(ends)
    for q in range(len(queries)):
        query = queries[q]
        for start in range(0, planes.shape[1], ROWS):
            size = min(ROWS, planes.shape[1] - start)
            graded = grades[q, start : start + size]
            for i in range(size):
                total[i] = offset * graded[i]
            first = 0
            for step in range(steps):
                for j in range(first, ends[step]):
                    plane, byte = planes[j, start : start + size], query[j]
                    if j == first:
                        for i in range(size):
                            near[i] = popcount(np.uint8(plane[i] ^ byte))
                    else:
                        for i in range(size):
                            near[i] += popcount(np.uint8(plane[i] ^ byte))
                first, weight = ends[step], weights[step]
                if weight == 1:
                    for i in range(size):
                        total[i] += near[i]
                        place[i] = total[i]
                else:
                    for i in range(size):
                        total[i] += near[i]
                        place[i] += weight * near[i]
                if step + 1 == steps or weights[step + 1] == 1:
                    table = tables[q, group_of[step]]
                    for i in range(size):
                        table[place[i]] += 1
