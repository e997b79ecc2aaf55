"""How good each length is: for one query, and which is the shortest that is good enough."""

from collections.abc import Mapping

import numpy as np

from app.search_service import Query, SearchService
from nhl.metrics import histograms

ENOUGH = 0.95


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
