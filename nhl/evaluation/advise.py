"""Which code length is good enough for a gallery, and what each one costs."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from nhl.codes import check_codes, check_lengths, hamming, prefix
from nhl.index import NestedIndex, warm_up
from nhl.metrics import Histograms
from nhl.metrics.distance_counts import count_distances

SHARES = (95, 99)


@dataclass(frozen=True)
class Cost:
    """One length.

    Args:
        length: in bits.
        quality: of the search, from 0 to 1; of what, `Advice.measure` says.
        share: of the full code's quality.
        bytes: of all codes.
        search_us: the median time of one search for ten pictures, in microseconds, measured.
    """

    length: int
    quality: float
    share: float
    bytes: int
    search_us: float


@dataclass(frozen=True)
class Advice:
    """What each length is worth on a gallery.

    Args:
        measure: what the quality is.
        queries: how many queries there were.
        pictures: how many the database has.
        costs: of every length, the shortest first.
        shortest: of the lengths that keep 95 and 99 percent of the full code's quality, the shortest.
    """

    measure: str
    queries: int
    pictures: int
    costs: tuple[Cost, ...]
    shortest: dict[int, int]


def advise(
    codes: NDArray[np.uint8],
    lengths: Sequence[int],
    labels: Sequence[str] = (),
    queries: NDArray[np.int64] | None = None,
    database: NDArray[np.int64] | None = None,
    top: int = 10,
    most_queries: int = 1000,
    seed: int = 0,
) -> Advice:
    """Measure every length on a gallery's own codes.

    With labels, quality is the mean average precision, expected over ties; pictures without a label, or
    alone with theirs, are no queries. Without labels it is agreement: how many of the `top` nearest are
    among those nearest by the full code. A query that is in the database does not find itself.

    Args:
        codes: (N, B/8), packed.
        lengths: in bits; the longest is the full code.
        labels: of the N pictures, empty where unknown.
        queries: which pictures may be queries (all by default); sampled where there are too many.
        database: which pictures are the database (all by default).
        top: how many results agreement is measured on.
        most_queries: the size of the sample.
        seed: of the sample.

    Raises:
        ValueError: if there are no queries or fewer than two pictures in the database, `labels` are neither none nor N, or
            `queries` lie partly in `database`.
    """
    lengths = check_lengths(lengths)
    packed = prefix(check_codes(codes), lengths[-1])
    everything = np.arange(len(packed))
    images = everything if database is None else database
    candidates = everything if queries is None else queries
    if not len(candidates):
        raise ValueError("`queries` must name at least one picture but is empty")
    if len(images) < 2:
        raise ValueError(f"there must be at least two pictures in the database but there are {len(images)}")
    if len(labels) not in (0, len(packed)):
        raise ValueError(f"`labels` must be {len(packed)}, one for each code, but got {len(labels)}")
    numbers = _numbers(labels, len(packed))
    labelled = [n for n in candidates if _answers(numbers, images, n)]
    by_label = len(np.unique(numbers[images])) > 1 and bool(labelled)
    chosen = np.array(labelled if by_label else candidates, dtype=np.int64)
    if len(chosen) > most_queries:
        chosen = np.sort(np.random.default_rng(seed).choice(chosen, most_queries, replace=False))

    found = _histograms(packed, chosen, images, lengths, numbers if by_label else None, top)
    quality = [
        float((h.average_precision() if by_label else h.precision(min(top, len(images) - 1))).mean())
        for h in found
    ]
    shares = [q / quality[-1] if quality[-1] else 1.0 for q in quality]
    times = _search_times(packed, chosen, images, lengths, top)
    costs = tuple(
        Cost(b, q, share, len(packed) * b // 8, us)
        for b, q, share, us in zip(lengths, quality, shares, times, strict=True)
    )
    shortest = {part: next(c.length for c in costs if c.share >= part / 100) for part in SHARES}
    measure = "mAP by label" if by_label else f"agreement with the {top} nearest by the full code"
    return Advice(measure, len(chosen), len(images), costs, shortest)


def _numbers(labels: Sequence[str], count: int) -> NDArray[np.int64]:
    """Class numbers (N,), -1 where there is no label."""
    known = {label: i for i, label in enumerate(dict.fromkeys(filter(None, labels)))}
    return np.array([known.get(label, -1) for label in labels] or [-1] * count, dtype=np.int64)


def _answers(numbers: NDArray[np.int64], images: NDArray[np.int64], query: int) -> bool:
    """Whether a query has a label that another picture has."""
    return bool(numbers[query] >= 0 and (images[numbers[images] == numbers[query]] != query).any())


def _histograms(
    codes: NDArray[np.uint8],
    queries: NDArray[np.int64],
    images: NDArray[np.int64],
    lengths: tuple[int, ...],
    numbers: NDArray[np.int64] | None,
    top: int,
) -> list[Histograms]:
    """Distances at each length; relevant are the pictures with the query's label, or its full code's nearest."""
    data, inside = codes[images], np.isin(queries, images)
    if inside.any() != inside.all():
        raise ValueError("`queries` must be in `database` all or none but some are and some are not")
    itself = int(inside.all())  # the nearest of all
    place = min(top, len(images) - itself) - 1 + itself

    def relevant(rows: slice) -> NDArray[np.bool_]:
        if numbers is not None:
            return np.asarray(numbers[queries[rows], None] == numbers[images])
        full = hamming(codes[queries[rows]], data)
        return np.asarray(
            full <= np.partition(full, place, axis=1)[:, place, None]
        )  # and all that tie with it

    counts = count_distances(codes[queries], data, relevant, lengths)
    found = [Histograms(both.sum(1), both[:, 1]) for both in counts.values()]
    return [each.without_itself() for each in found] if itself else found


def _search_times(
    codes: NDArray[np.uint8],
    queries: NDArray[np.int64],
    images: NDArray[np.int64],
    lengths: tuple[int, ...],
    top: int,
) -> list[float]:
    warm_up(lengths[-1])
    index, sample = NestedIndex(codes[images]), codes[queries[:51]]
    times = []
    for length in lengths:
        taken = []
        for query in sample:
            start = time.perf_counter()
            index.search(query[None], length=length, k=min(top, len(images)))
            taken.append(time.perf_counter() - start)
        times.append(round(median(taken) * 1e6, 1))
    return times
