"""Coarse to fine: how many pictures each prefix of the code leaves, if none of the final results may be lost."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.search_service import Query, Result, SearchService
from nhl.codes import hamming


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
