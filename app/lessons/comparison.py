"""The same query at several lengths: what is kept, gained and lost from one to another."""

from dataclasses import dataclass
from enum import Enum

from app.search_service import Query, Result, SearchService


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
