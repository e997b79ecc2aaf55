"""What the page teaches, as numbers: what a longer code gains, what it costs, and why nesting is special."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from app.service.answers import Query, Result
from app.service.grades import Grade, count_grades
from app.service.grades import grade as graded
from app.service.search import NDCG, SearchService
from nhl.codes import hamming
from nhl.metrics import GradedHistograms

ENOUGH = 0.95
FIRST = 10


class Fate(Enum):
    """What becomes of a result at the other length."""

    KEPT = "kept"
    GAINED = "gained"
    LOST = "lost"


@dataclass(frozen=True)
class Side:
    """The results at one length, each with its fate."""

    length: int
    results: tuple[tuple[Result, Fate], ...]

    def counts(self, grades: Sequence[Grade]) -> dict[Grade, int]:
        """How many results have each grade; nothing where the class of the query is unknown."""
        return count_grades(grades, (result.grade for result, _ in self.results))

    def count(self, fate: Fate) -> int:
        """How many results have this fate."""
        return sum(found == fate for _, found in self.results)


def compare(service: SearchService, query: Query, before: int, after: int, k: int) -> tuple[Side, Side]:
    """The k nearest at two lengths: those of the first are kept or lost, of the second kept or gained."""
    first, second = service.results(query, before, k), service.results(query, after, k)
    return _side(before, first, second, Fate.LOST), _side(after, second, first, Fate.GAINED)


def ladder(service: SearchService, query: Query, k: int) -> list[Side]:
    """The k nearest at every length; a result is kept if the next shorter length found it too, else gained."""
    sides: list[Side] = []
    found = before = service.results(query, service.lengths[0], k)
    for length in service.lengths:
        found = service.results(query, length, k)
        sides.append(_side(length, found, before, Fate.GAINED))
        before = found
    return sides


def _side(length: int, found: tuple[Result, ...], other: tuple[Result, ...], alone: Fate) -> Side:
    there = {result.item.id for result in other}
    return Side(length, tuple((r, Fate.KEPT if r.item.id in there else alone) for r in found))


@dataclass(frozen=True)
class Funnel:
    """A search that reads the code from its start and drops pictures as it goes.

    The final results are the k nearest by the whole code. After b bits a picture is left if, at this and
    at every shorter length, it is no farther than the farthest of the final results. So no final result
    is lost, and what is left can only shrink.

    Attributes:
        lengths: the L lengths, ascending.
        radius: by length, the distance of the farthest final result.
        left: by length, how many pictures are left, the query itself not counted.
        level: (N,) how many lengths each searched picture survives, 0 to L; -1 for the query itself.
        nearest: by length, the first pictures that are left, nearest by that length.
        final: the k results.
    """

    lengths: tuple[int, ...]
    radius: dict[int, int]
    left: dict[int, int]
    level: NDArray[np.int64]
    nearest: dict[int, list[int]]
    final: tuple[Result, ...]


def funnel(service: SearchService, query: Query, k: int, shown: int = 24) -> Funnel:
    """The funnel of one query; of each length the `shown` nearest pictures left are named by place."""
    items, codes, lengths = service.searched, service.searched_codes, service.lengths
    final = service.results(query, lengths[-1], k)
    ids = {result.item.id for result in final}
    ends = np.array([n for n, item in enumerate(items) if item.id in ids], dtype=np.int64)
    left = np.array([item != query.item for item in items])
    level = left.astype(np.int64) - 1
    radius: dict[int, int] = {}
    counts: dict[int, int] = {}
    nearest: dict[int, list[int]] = {}
    for length in lengths:
        distances = hamming(query.code[None], codes, length)[0]
        radius[length] = int(distances[ends].max(initial=0))
        left &= distances <= radius[length]
        level += left
        counts[length] = int(left.sum())
        places = np.flatnonzero(left)
        nearest[length] = places[np.argsort(distances[places], kind="stable")[:shown]].tolist()
    return Funnel(lengths, radius, counts, level, nearest, final)


def query_quality(service: SearchService, query: Query) -> dict[int, float]:
    """The gallery's measure of one query by length, expected over ties, the query itself left out.

    Nothing where its class is unknown, or no other picture has anything in common with it.
    """
    if not query.label:
        return {}
    others = np.array([item != query.item for item in service.searched])
    known = [item for item, other in zip(service.searched, others, strict=True) if other]
    order = {grade: rank for rank, grade in enumerate(reversed(service.grades))}
    ranks = np.array([order[grade] for item in known if (grade := graded(query.item, item)) is not None])
    if not ranks.any():
        return {}
    quality = {}
    for length in service.lengths:
        distances = hamming(query.code[None], service.searched_codes[others], length)[0]
        counts = np.zeros((1, len(order), length + 1), dtype=np.int64)
        np.add.at(counts[0], (ranks, distances), 1)
        found = GradedHistograms(counts)
        by_class = found.at_least(order[Grade.CLASS])
        quality[length] = found.ndcg(FIRST) if service.measure == NDCG else by_class.average_precision()
    return {length: float(value[0]) for length, value in quality.items()}


def good_enough(quality: Mapping[int, float], share: float = ENOUGH) -> int:
    """The shortest length that keeps `share` of the best quality.

    Raises:
        ValueError: if `quality` is empty.

    >>> good_enough({8: 0.6, 16: 0.69, 32: 0.7})
    16
    """
    if not quality:
        raise ValueError("`quality` must have a value for at least one length but is empty")
    best = max(quality.values())
    return min(length for length, value in quality.items() if value >= share * best)
