"""Graded relevance from packed codes: the same instance is worth more than the same class, and that more than the group.

Labels at V levels, from coarse to fine, give an image one of the grades 0 to V for a query: the number of
the finest level that both share, from 1. As in `nhl.metrics.histograms`, every figure is its expectation
over random order within ties, in closed form. [0]

[0] McSherry and Najork, Computing Information Retrieval Performance Measures Efficiently in the
    Presence of Tied Scores, ECIR 2008
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nhl.metrics.distance_counts import check_search, count_distances
from nhl.metrics.histograms import Counts, Floats, Histograms, whole

MOST_LEVELS = 255  # a grade is one byte


@dataclass(frozen=True)
class GradedHistograms:
    """How many images of each grade lie at each distance from each query at one length.

    Args:
        counts: (Q, V + 1, b + 1), of grade 0 (nothing shared) to V (the finest level shared).
    """

    counts: Counts

    def at_least(self, grade: int) -> Histograms:
        """The histograms in which the images from some grade up are relevant.

        Raises:
            ValueError: if `grade` is no whole number from 1 to V.
        """
        finest = self.counts.shape[1] - 1
        if whole("grade", grade, 1) > finest:
            raise ValueError(f"`grade` must be a whole number from 1 to {finest} but got {grade}")
        return Histograms(self.counts.sum(1), self.counts[:, grade:].sum(1))

    def ndcg(self, k: int) -> Floats:
        """Expected normalised discounted cumulative gain (Q,) of the first k, from 0 to 1. [1]

        The gain of grade r is 2^r - 1, the discount of place i is 1 / log2(i + 1). The ideal order, by
        which the sum is divided, is that of all images. 0 where none has a grade above 0.

        [1] Jarvelin and Kekalainen, Cumulated Gain-Based Evaluation of IR Techniques, TOIS 2002; the
            gain 2^r - 1 as in Burges et al., Learning to Rank Using Gradient Descent, ICML 2005

        Raises:
            ValueError: if `k` is no whole number from 1.
        """
        k = whole("k", k, 1)
        gains = 2.0 ** np.arange(self.counts.shape[1]) - 1  # (V + 1,)
        discounts = 1 / np.log2(np.arange(2, k + 2))
        within = np.concatenate([[0.0], discounts.cumsum()])  # of the first 0, 1, ..., k places

        def spread(sizes: Counts) -> Floats:
            """The discounts of the places that each of successive runs of images takes."""
            after = sizes.cumsum(1)
            return np.asarray(within[np.minimum(after, k)] - within[np.minimum(after - sizes, k)])

        images = self.counts.sum(1)  # (Q, b + 1)
        gained = np.einsum("qgd,g->qd", self.counts, gains) / np.maximum(images, 1)  # mean of each tie
        best_first = self.counts.sum(2)[:, ::-1]  # (Q, V + 1)
        ideal = spread(best_first) @ gains[::-1]
        found = (gained * spread(images)).sum(1)
        return np.asarray(np.divide(found, ideal, out=np.zeros(len(found)), where=ideal > 0))


def graded_histograms(
    query_codes: ArrayLike,
    database_codes: ArrayLike,
    query_levels: ArrayLike,
    database_levels: ArrayLike,
    lengths: Iterable[int],
    *,
    itself: ArrayLike | None = None,
    compiled: bool | None = None,
) -> dict[int, GradedHistograms]:
    """Graded distance histograms at several lengths, from one pass over the codes.

    Args:
        query_codes: (Q, B/8), packed.
        database_codes: (N, B/8), packed.
        query_levels: (Q, V) whole numbers at V levels, from coarse to fine; -1 where a query has no label.
        database_levels: (N, V) likewise.
        lengths: ascending multiples of 8 up to B.
        itself: (Q,) where queries are images of the database, the place of each; it is left out.
        compiled: as for `nhl.metrics.histograms`.

    Raises:
        ValueError: if shapes disagree, a length does not fit the codes, the levels are no hierarchy (one
            class in two groups), or the image at the place of a query has another code or other labels.

    >>> codes = np.array([[0], [1], [3]], dtype=np.uint8)
    >>> levels = [[0, 0], [0, 1], [0, 0]]
    >>> found = graded_histograms(codes[:1], codes, levels[:1], levels, [8], itself=[0])
    >>> found[8].ndcg(10).round(3)  # (1 + 3 / log2(3)) / (3 + 1 / log2(3))
    array([0.797])
    """
    queries, database, wanted = check_search(query_codes, database_codes, lengths)
    of_queries = _check_levels(query_levels, "query_levels", len(queries))
    of_images = _check_levels(database_levels, "database_levels", len(database))
    if of_queries.shape[1] != of_images.shape[1]:
        raise ValueError(
            f"`query_levels` must have {of_images.shape[1]} columns as `database_levels` but has {of_queries.shape[1]}"
        )
    _check_hierarchy(np.concatenate([of_queries, of_images]))

    def grades_of(rows: slice) -> NDArray[np.uint8]:
        return _grades(of_queries[rows, None], of_images)

    grades = of_queries.shape[1] + 1
    counts = count_distances(queries, database, grades_of, wanted, compiled, grades)
    if itself is not None:
        places = _check_itself(itself, (queries, of_queries), (database, of_images))
        own = _grades(of_queries, of_queries)
        for each in counts.values():
            each[np.arange(len(places)), own, 0] -= 1
    return {length: GradedHistograms(each) for length, each in counts.items()}


def _grades(first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The grades (...,) of labels (..., V) for each other."""
    found = np.zeros(np.broadcast_shapes(first.shape, second.shape)[:-1], np.uint8)
    for level in range(first.shape[-1]):
        label = first[..., level]
        found[(label == second[..., level]) & (label >= 0)] = level + 1
    return found


def _check_levels(levels: ArrayLike, name: str, count: int) -> NDArray[np.int64]:
    array = np.asarray(levels)
    if not array.size:
        array = array.astype(np.int64)
    if array.dtype.kind not in "iu" or array.ndim != 2 or not 1 <= array.shape[1] <= MOST_LEVELS:
        raise ValueError(
            f"`{name}` must be whole numbers of shape (N, V), V levels from 1 to {MOST_LEVELS}, but got "
            f"{array.dtype} of shape {array.shape}"
        )
    if len(array) != count:
        raise ValueError(f"`{name}` must have {count} rows, one for each code, but has {len(array)}")
    return array.astype(np.int64)


def _check_hierarchy(levels: NDArray[np.int64]) -> None:
    """Refuse levels (N, V) in which one label lies in two of the level above."""
    for coarse, fine in pairwise(range(levels.shape[1])):
        pairs = np.unique(levels[:, [coarse, fine]], axis=0)
        pairs = pairs[(pairs >= 0).all(1)]
        labels, counts = np.unique(pairs[:, 1], return_counts=True)
        if (counts > 1).any():
            label = labels[counts > 1][0]
            above = pairs[pairs[:, 1] == label, 0].tolist()
            raise ValueError(
                f"levels must be a hierarchy but label {label} of level {fine} lies in labels {above[0]} and "
                f"{above[1]} of level {coarse}"
            )


def _check_itself(
    itself: ArrayLike,
    queries: tuple[NDArray[np.uint8], NDArray[np.int64]],
    database: tuple[NDArray[np.uint8], NDArray[np.int64]],
) -> NDArray[np.int64]:
    places = np.asarray(itself)
    size = len(database[0])
    if (
        places.shape != (len(queries[0]),)
        or (places.dtype.kind not in "iu" and places.size)
        or ((places < 0) | (places >= size)).any()
    ):
        raise ValueError(
            f"`itself` must be {len(queries[0])} places below {size}, one for each query, but got "
            f"{places.dtype} of shape {places.shape}"
        )
    places = places.astype(np.int64)
    same = (queries[0] == database[0][places]).all(1) & (queries[1] == database[1][places]).all(1)
    if not same.all():
        wrong = np.flatnonzero(~same)[0]
        raise ValueError(
            f"`itself` must name the image that each query is but image {places[wrong]} has another code or "
            f"other labels than query {wrong}"
        )
    return places
