"""What the page teaches, as numbers: what a longer code gains, what it costs, and why nesting is special."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from app.service.search import Query, Result, SearchService
from nhl.codes import hamming
from nhl.metrics import histograms

ENOUGH = 0.95


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

    @property
    def right(self) -> int | None:
        """How many are of the query's class, None where that is unknown."""
        verdicts = [result.right for result, _ in self.results]
        return None if None in verdicts else sum(map(bool, verdicts))

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
    """Average precision of one query by length, expected over ties, the query itself left out.

    Nothing where its class is unknown, or no other picture has it.
    """
    others = np.array([item != query.item for item in service.searched])
    same = np.array([item.label == query.label for item in service.searched]) & others
    if not query.label or not same.any():
        return {}
    codes, relevant = service.searched_codes[others], same[others].astype(np.int64)
    found = histograms(query.code[None], codes, np.ones(1, np.int64), relevant, service.lengths)
    return {length: float(h.average_precision()[0]) for length, h in found.items()}


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
