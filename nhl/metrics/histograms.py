"""Retrieval quality from packed codes: pure functions, exact under ties.

At short lengths thousands of images tie. Their order carries no information, so every figure here is
its expectation over random order within ties, in closed form from the histogram of distances. [0]

A query without any relevant image scores 0 in every figure, and counts in a mean over queries. Where there
are fewer than k images, the places that stay empty hold nothing relevant.

[0] McSherry and Najork, Computing Information Retrieval Performance Measures Efficiently in the
    Presence of Tied Scores, ECIR 2008
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nhl.metrics.distance_counts import Grades, check_search, count_distances

_KINDS = {"U": "names", "S": "bytes", **dict.fromkeys("biuf", "numbers")}  # of labels; objects may be any

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Histograms:
    """How many images lie at each distance from each query at one length.

    Args:
        all: (Q, b + 1), of all images of the database.
        relevant: (Q, b + 1), of those that share a label with the query.
    """

    all: Counts
    relevant: Counts

    def without_itself(self) -> "Histograms":
        """The same with each query, itself one of the images, taken out of them.

        Raises:
            ValueError: if a query has no relevant image at distance 0, so cannot be one of them.
        """
        missing = np.flatnonzero(self.relevant[:, 0] < 1)
        if len(missing):
            raise ValueError(
                f"every query must be one of the images, at distance 0, but query {missing[0]} is not"
            )
        itself = np.arange(self.all.shape[1]) == 0
        return Histograms(self.all - itself, self.relevant - itself)

    def average_precision(self, top: int | None = None) -> Floats:
        """Expected average precision (Q,) of the first `top` results (default: all).

        The sum of the precisions at the relevant ranks, over min(top, relevant).

        Raises:
            ValueError: if `top` is no whole number from 1.
        """
        total = int(self.all[0].sum()) if len(self.all) else 0
        top = total if top is None else min(whole("top", top, 1), total)
        after = np.minimum(self.all.cumsum(1), top)
        before = np.minimum(_before(self.all), top)
        counted = after - before  # images of the tie within the first `top`
        share = self.relevant / np.maximum(self.all, 1)
        # Within a tie of n with r relevant, rank N0 + j is relevant with probability r / n, and then has
        # R0 + 1 + (j - 1) (r - 1) / (n - 1) relevant images up to it; divided by N0 + j and summed over j:
        slope = (self.relevant - 1) / np.maximum(self.all - 1, 1)
        harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, total + 1))])[after]
        fractions = np.diff(harmonic, axis=1, prepend=0)
        precisions = slope * counted + (_before(self.relevant) + 1 - slope * (before + 1)) * fractions
        possible = np.minimum(top, self.relevant.sum(1))
        return np.asarray((share * precisions).sum(1) / np.maximum(possible, 1))

    def hits_at(self, k: int) -> Floats:
        """Expected number (Q,) of relevant images among the first k.

        Raises:
            ValueError: here and below, if `k` is no whole number from 1.
        """
        k = whole("k", k, 1)
        counted = np.clip(k - _before(self.all), 0, self.all)
        return np.asarray((counted * self.relevant / np.maximum(self.all, 1)).sum(1))

    def precision(self, k: int) -> Floats:
        """Expected share (Q,) of relevant images among the first k."""
        return self.hits_at(k) / k

    def recall(self, k: int) -> Floats:
        """Expected share (Q,) of the relevant images that are among the first k."""
        return self.hits_at(k) / np.maximum(self.relevant.sum(1), 1)

    def hit_rate(self, k: int) -> Floats:
        """Probability (Q,) that at least one relevant image is among the first k.

        Metric learning calls its mean over queries Recall@K [1], re-identification rank-k accuracy. The
        k-th place cuts a tie of n images with r relevant, of which c are taken: all c are irrelevant with
        the hypergeometric probability C(n - r, c) / C(n, c).

        [1] Jegou et al., Product Quantization for Nearest Neighbor Search, PAMI 2011
        """
        k = whole("k", k, 1)
        taken = np.clip(k - _before(self.all), 0, self.all)
        sure = ((taken == self.all) & (self.relevant > 0)).any(1)
        cut = (taken > 0) & (taken < self.all)  # at most one tie a query
        n, r, c = (np.where(cut, counts, 0).sum(1) for counts in (self.all, self.relevant, taken))
        fewer, more = np.minimum(r, c), np.maximum(r, c)  # r and c may change places
        missed = np.ones(len(n))
        for i in range(int(fewer.max(initial=0))):
            missed *= np.where(i < fewer, np.maximum(n - more - i, 0) / np.maximum(n - i, 1), 1)
        return np.where(sure, 1.0, 1 - missed)

    def precision_within(self, radius: int) -> Floats:
        """Precision (Q,) among the images within a Hamming radius; 0 where there is none.

        Raises:
            ValueError: if `radius` is no whole number from 0.
        """
        radius = whole("radius", radius, 0)
        found, relevant = self.all[:, : radius + 1].sum(1), self.relevant[:, : radius + 1].sum(1)
        return np.asarray(relevant / np.maximum(found, 1))

    def tied_at(self, place: int) -> Counts:
        """How many images (Q,) lie at the distance of the `place`-th, itself among them; 0 where there are fewer.

        Raises:
            ValueError: if `place` is no whole number from 1.
        """
        place = whole("place", place, 1)
        holds = (_before(self.all) < place) & (self.all.cumsum(1) >= place)  # at most one distance a query
        return np.asarray(np.where(holds, self.all, 0).sum(1))

    def precision_recall(self) -> tuple[Floats, Floats]:
        """The precision-recall curve over the radii 0 to b, (b + 1,) each, averaged over queries.

        A query without any image within a radius counts with precision 1 there: nothing found is wrong.

        Raises:
            ValueError: if there is no query.
        """
        if not len(self.all):
            raise ValueError("a mean over queries needs at least one but there are 0 queries")
        found, relevant = self.all.cumsum(1), self.relevant.cumsum(1)
        precision = np.where(found > 0, relevant / np.maximum(found, 1), 1.0)
        recall = relevant / np.maximum(self.relevant.sum(1, keepdims=True), 1)
        return np.asarray(precision.mean(0)), np.asarray(recall.mean(0))


def histograms(
    query_codes: ArrayLike,
    database_codes: ArrayLike,
    query_labels: ArrayLike,
    database_labels: ArrayLike,
    lengths: Iterable[int],
    *,
    compiled: bool | None = None,
) -> dict[int, Histograms]:
    """Distance histograms at several lengths, from one pass over the codes.

    An image is relevant where it has the query's label, or shares one with it. Any labels will do: with the
    numbers of instances in place of classes, `without_itself().hit_rate(10)` says how likely another picture
    of the same instance is among the first ten.

    Args:
        query_codes: (Q, B/8), packed.
        database_codes: (N, B/8), packed.
        query_labels: (Q,) class numbers or names, or (Q, C) zeros and ones, C from 2.
        database_labels: (N,) or (N, C) likewise.
        lengths: ascending multiples of 8 up to B.
        compiled: count with numba, or with NumPy alone: the same, slower. By default numba where it is
            installed and there is enough to do.

    Raises:
        ValueError: if shapes disagree, labels have another form, or a length does not fit the codes.
    """
    queries, database, wanted = check_search(query_codes, database_codes, lengths)
    of_queries = _check_labels(query_labels, "query_labels")
    labels = _check_labels(database_labels, "database_labels")
    relevant = relevance(of_queries, labels)
    if (len(of_queries), len(labels)) != (len(queries), len(database)):
        raise ValueError(
            f"labels are for {len(of_queries)} queries and {len(labels)} images, "
            f"codes for {len(queries)} and {len(database)}"
        )
    counts = count_distances(queries, database, relevant, wanted, compiled)
    return {length: Histograms(both.sum(1), both[:, 1]) for length, both in counts.items()}


def mean_average_precision(
    query_codes: ArrayLike,
    database_codes: ArrayLike,
    query_labels: ArrayLike,
    database_labels: ArrayLike,
    length: int,
    top: int | None = None,
) -> float:
    """Tie-expected mean average precision at one length, over the first `top` results (default: all).

    Arguments as in `histograms`.

    Raises:
        ValueError: as in `histograms`, and if there is no query.

    >>> codes = np.array([[0], [255]], dtype=np.uint8)
    >>> mean_average_precision(codes, codes, [0, 1], [0, 1], length=8)
    1.0
    """
    found = histograms(query_codes, database_codes, query_labels, database_labels, [length])
    if not len(found[length].all):
        raise ValueError("a mean over queries needs at least one but `query_codes` is empty")
    return float(found[length].average_precision(top).mean())


def _before(counts: Counts) -> Counts:
    return np.asarray(counts.cumsum(1) - counts)


def whole(name: str, value: int, least: int) -> int:
    """A whole number from `least`, checked."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"`{name}` must be a whole number from {least} but got {value!r}")
    return int(value)


def _check_labels(labels: ArrayLike, name: str) -> NDArray[Any]:
    """Labels (N,) or (N, C), refused where they are neither class numbers or names nor zeros and ones."""
    array = np.asarray(labels)
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise ValueError(
            f"`{name}` must be classes but holds NaN: give an unlabelled image a class of its own"
        )
    if array.ndim != 2:
        return array
    if array.shape[1] == 1:
        raise ValueError(
            f"`{name}` must be classes of shape (N,), or zeros and ones of shape (N, C), C from 2, but got shape "
            f"{array.shape}: give classes as `labels.ravel()`"
        )
    if array.dtype.kind not in "biuf" or not ((array == 0) | (array == 1)).all():
        wrong = array if array.dtype.kind not in "biuf" else array[(array != 0) & (array != 1)]
        raise ValueError(
            f"`{name}` of shape (N, C) must be zeros and ones but holds {wrong.ravel()[0]}: `labels > 0` makes "
            "them of -1 and 1"
        )
    return array


def relevance(query_labels: NDArray[Any], database_labels: NDArray[Any]) -> Grades:
    """A function of some queries, a slice, to (q, N): whether they share a label with each image."""
    if query_labels.ndim == database_labels.ndim == 1:
        kinds = {_KINDS.get(labels.dtype.kind) for labels in (query_labels, database_labels) if labels.size}
        if len(kinds - {None}) > 1:
            raise ValueError(
                "`query_labels` and `database_labels` must both be names or both numbers but got "
                f"{query_labels.dtype} and {database_labels.dtype}"
            )
        query_labels, database_labels = _small(query_labels, database_labels)
        return lambda rows: np.asarray(query_labels[rows, None] == database_labels)
    if query_labels.ndim == database_labels.ndim == 2 and query_labels.shape[1] == database_labels.shape[1]:
        having, owners = query_labels != 0, np.ascontiguousarray(database_labels.T != 0)  # (Q, C), (C, N)
        return lambda rows: np.stack([owners[labels].any(0) for labels in having[rows]])
    raise ValueError(
        "`query_labels` and `database_labels` must both be one-dimensional or both of C columns "
        f"but got shapes {query_labels.shape} and {database_labels.shape}"
    )


def _small(*labels: NDArray[Any]) -> list[NDArray[Any]]:
    """Whole numbers in the smallest type that holds them all: it is compared fastest."""
    if any(array.dtype.kind not in "iu" or not len(array) for array in labels):
        return list(labels)
    ends = [np.min_scalar_type(end) for array in labels for end in (array.min(), array.max())]
    smallest = np.result_type(*ends)
    return [array.astype(smallest) if smallest.kind in "iu" else array for array in labels]
