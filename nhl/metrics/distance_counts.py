"""How many images of each grade of relevance lie at each distance from each query, at every length in one pass.

Lengths are counted in groups. An image's place in a group's table says its distance at the first length
and what each further length adds to it, so that one count serves all lengths of the group (for 8, 16 and
32 bits: 9 * 9 * 17 cells). The histogram of one length is then the sum of the table along diagonals.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nhl.codes import check_codes, check_length, check_lengths
from nhl.machine import processors

MOST_CELLS = 1 << 13  # of a table: it stays in the first cache
COMPILED_PAIRS = 1 << 25  # pairs of query and image from which it pays to load the compiled loop
BLOCK_PAIRS = 1 << 20  # pairs whose grades are held at once

Bytes = NDArray[np.uint8]
Counts = NDArray[np.uint32]
Grades = Callable[[slice], NDArray[Any]]


class Steps(NamedTuple):
    """One step a length: the bytes it adds, and what a bit there adds to the place of an image.

    Attributes:
        ends: (L,) the byte after the last of each length.
        weights: (L,) 1 where a group starts; of the type of places, uint16 or, if need be, uint32.
        zero: 0, of the type of the distance that one step adds: uint8 is faster, if it holds that.
        group_of: (L,) the group of each length.
        groups: the lengths of each group.
        cells: of the largest group's table.
    """

    ends: NDArray[np.int64]
    weights: NDArray[Any]
    zero: Any
    group_of: NDArray[np.int64]
    groups: list[list[int]]
    cells: int


def check_search(
    query_codes: ArrayLike, database_codes: ArrayLike, lengths: Iterable[int]
) -> tuple[Bytes, Bytes, tuple[int, ...]]:
    """Queries (Q, B/8), database (N, B/8) and lengths, checked against each other.

    Raises:
        ValueError: if they do not fit.
    """
    queries, database = check_codes(query_codes, "query_codes"), check_codes(database_codes, "database_codes")
    if queries.shape[1] != database.shape[1]:
        raise ValueError(
            f"`query_codes` must be {database.shape[1]} bytes wide as `database_codes` but are {queries.shape[1]}"
        )
    wanted = check_lengths(lengths)
    check_length(wanted[-1], queries.shape[1] * 8)
    return queries, database, wanted


def count_distances(
    queries: Bytes,
    database: Bytes,
    grades_of: Grades,
    lengths: tuple[int, ...],
    compiled: bool | None = None,
    grades: int = 2,
) -> dict[int, NDArray[np.int64]]:
    """Counts (Q, G, b + 1) at each length: of the images of grade 0 (not relevant), of grade 1, and so on.

    Args:
        queries: packed codes (Q, B/8).
        database: packed codes (N, B/8).
        grades_of: for some queries, (q, N) the grade of each image, bool or uint8, below G.
        lengths: ascending multiples of 8 up to B.
        compiled: whether numba counts, or NumPy (the same, some times slower); by default numba where it is
            installed and the work is worth loading it.
        grades: G, the number of grades.
    """
    steps = _steps(lengths, grades)
    if compiled is None:
        compiled = len(queries) * len(database) >= COMPILED_PAIRS and find_spec("numba") is not None
    count = (_numba_counter if compiled else _numpy_counter)(database[:, : lengths[-1] // 8], steps)
    size = max(1, min(64, BLOCK_PAIRS // max(len(database), 1)))

    def block(start: int) -> dict[int, Counts]:
        rows = slice(start, min(start + size, len(queries)))
        tables = np.zeros((rows.stop - start, len(steps.groups), grades * steps.cells), np.uint32)
        count(queries[rows], grades_of(rows), tables)
        split = tables.reshape(len(tables), -1, grades, steps.cells)
        return {
            length: counts
            for g, group in enumerate(steps.groups)
            for length, counts in _by_length(split[:, g], group)
        }

    with ThreadPoolExecutor(processors()) as pool:
        found = list(pool.map(block, range(0, len(queries), size)))
    return {
        length: np.concatenate(
            [np.zeros((0, grades, length + 1), np.int64), *(part[length] for part in found)]
        )
        for length in lengths
    }


def _steps(lengths: tuple[int, ...], grades: int) -> Steps:
    groups: list[list[int]] = []
    weights, sizes, group_of, before = list[int](), list[int](), list[int](), 0
    for length in lengths:
        added = length - before + 1
        if groups and sizes[-1] * added <= MOST_CELLS:
            groups[-1].append(length)
            weights.append(sizes[-1])
            sizes[-1] *= added
        else:
            groups.append([length])
            weights.append(1)
            sizes.append(length + 1)
        group_of.append(len(groups) - 1)
        before = length
    places = np.uint16 if grades * max(sizes) <= 1 << 16 else np.uint32
    zero = np.uint8(0) if max(b - a for a, b in pairwise((0, *lengths))) < 256 else places(0)
    ends = np.array(lengths, np.int64) // 8
    return Steps(ends, np.array(weights, places), zero, np.array(group_of, np.int64), groups, max(sizes))


def _by_length(table: NDArray[np.uint32], group: list[int]) -> Iterator[tuple[int, Counts]]:
    """Each length of a group with its counts (q, G, b + 1), from the group's table (q, G, cells)."""
    length, (queries, grades) = group[0], table.shape[:2]
    cells = math.prod([length + 1, *(b - a + 1 for a, b in pairwise(group))])
    joint = table[:, :, :cells].reshape(queries, grades, -1, length + 1)
    yield length, _sum(joint)
    for longer in group[1:]:
        added = longer - length
        # Rows 0, 1, 2, ... shifted by 0, 1, 2, ...: written wide, and read one narrower.
        wide = np.zeros((queries, grades, joint.shape[2] // (added + 1), added + 1, longer + 2), np.uint32)
        wide[..., : length + 1] = joint.reshape(*wide.shape[:4], length + 1)
        flat = wide.reshape(queries, grades, wide.shape[2], -1)[..., : (added + 1) * (longer + 1)]
        joint = _sum(flat.reshape(queries, grades, -1, added + 1, longer + 1))
        length = longer
        yield length, _sum(joint)


def _sum(counts: Counts) -> Counts:
    """The sum over the last axis but one."""
    return np.asarray(counts.sum(-2, dtype=np.uint32))


Counter = Callable[[Bytes, NDArray[Any], NDArray[np.uint32]], None]


def _numba_counter(database: Bytes, steps: Steps) -> Counter:
    from nhl.metrics import count_kernels

    planes, offset = np.array(database.T, order="C"), steps.weights.dtype.type(steps.cells)

    def count(queries: Bytes, graded: NDArray[Any], tables: NDArray[np.uint32]) -> None:
        codes = planes, np.array(queries, order="C"), graded.view(np.uint8)
        count_kernels.count(*codes, steps.ends, steps.weights, steps.group_of, offset, steps.zero, tables)

    return count


def _numpy_counter(database: Bytes, steps: Steps) -> Counter:
    dtype = steps.weights.dtype.type
    spans = [slice(a, b) for a, b in pairwise([0, *steps.ends.tolist()])]
    words = [_words(database[:, span]) for span in spans]

    def count(queries: Bytes, graded: NDArray[Any], tables: NDArray[np.uint32]) -> None:
        asked = [_words(queries[:, span]) for span in spans]
        for q, grade in enumerate(graded):
            total = grade * dtype(steps.cells)
            place: NDArray[Any] = total
            for step, weight in enumerate(steps.weights):
                near: NDArray[Any] = np.zeros(len(total), steps.zero.dtype)
                for word, wanted in zip(words[step], asked[step][:, q], strict=True):
                    near += np.bitwise_count(word ^ wanted)
                added = near.astype(dtype)
                total = total + added
                place = total if weight == 1 else place + weight * added
                if step + 1 == len(steps.weights) or steps.weights[step + 1] == 1:
                    tables[q, steps.group_of[step]] = np.bincount(place, minlength=tables.shape[2])

    return count


def _words(codes: Bytes) -> NDArray[Any]:
    """Codes (N, bytes) as rows (words, N) of 8 bytes where these fill them, else of one: the faster ones."""
    word = np.uint8 if codes.shape[1] % 8 else np.uint64
    return np.ascontiguousarray(np.ascontiguousarray(codes).view(word).T)
