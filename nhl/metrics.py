"""Retrieval quality from packed codes: pure functions, exact under ties.

At short lengths thousands of images tie. Their order carries no information, so every figure here is
its expectation over random order within ties, in closed form from the histogram of distances. [0]

[0] McSherry and Najork, Computing Information Retrieval Performance Measures Efficiently in the
    Presence of Tied Scores, ECIR 2008
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nhl.codes import check_codes, check_length, check_lengths, hamming

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

    def average_precision(self, top: int | None = None) -> Floats:
        """Expected average precision (Q,) of the first `top` results (default: all).

        The sum of the precisions at the relevant ranks, over min(top, relevant); 0 without relevant ones.
        """
        total = int(self.all[0].sum()) if len(self.all) else 0
        top = total if top is None else min(top, total)
        before, relevant_before = _before(self.all), _before(self.relevant)
        counted = np.clip(top - before, 0, self.all)  # images of the tie within the first `top`
        share = self.relevant / np.maximum(self.all, 1)
        # Within a tie of n with r relevant, rank N0 + j is relevant with probability r / n, and then has
        # R0 + 1 + (j - 1) (r - 1) / (n - 1) relevant images up to it; divided by N0 + j and summed over j:
        slope = (self.relevant - 1) / np.maximum(self.all - 1, 1)
        harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, total + 1))])
        fractions = harmonic[before + counted] - harmonic[before]
        precisions = slope * counted + (relevant_before + 1 - slope * (before + 1)) * fractions
        possible = np.minimum(top, self.relevant.sum(1))
        return np.asarray((share * precisions).sum(1) / np.maximum(possible, 1))

    def found(self, k: int) -> Floats:
        """Expected number (Q,) of relevant images among the first k."""
        counted = np.clip(k - _before(self.all), 0, self.all)
        return np.asarray((counted * self.relevant / np.maximum(self.all, 1)).sum(1))

    def precision(self, k: int) -> Floats:
        """Expected share (Q,) of relevant images among the first k."""
        return self.found(k) / k

    def recall(self, k: int) -> Floats:
        """Expected share (Q,) of the relevant images that are among the first k."""
        return self.found(k) / np.maximum(self.relevant.sum(1), 1)

    def within(self, radius: int) -> Floats:
        """Precision (Q,) among the images within a Hamming radius; 0 where there is none."""
        found, relevant = self.all[:, : radius + 1].sum(1), self.relevant[:, : radius + 1].sum(1)
        return np.asarray(relevant / np.maximum(found, 1))

    def precision_recall(self) -> tuple[Floats, Floats]:
        """The precision-recall curve over growing radius, (b + 1,) each, averaged over queries.

        A query without any image within a radius counts with precision 1 there: nothing found is wrong.
        """
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
) -> dict[int, Histograms]:
    """Distance histograms at several lengths.

    Args:
        query_codes: (Q, B/8), packed.
        database_codes: (N, B/8), packed.
        query_labels: (Q,) class numbers, or (Q, C) zeros and ones.
        database_labels: (N,) or (N, C) likewise.
        lengths: ascending multiples of 8 up to B.

    Raises:
        ValueError: if shapes disagree or a length does not fit the codes.
    """
    queries, database = check_codes(query_codes, "query_codes"), check_codes(database_codes, "database_codes")
    found = check_lengths(lengths)
    check_length(found[-1], queries.shape[1] * 8)
    relevant = _relevant(np.asarray(query_labels), np.asarray(database_labels))
    if relevant.shape != (len(queries), len(database)):
        raise ValueError(
            f"labels are for {relevant.shape} queries and images, codes {len(queries), len(database)}"
        )
    parts: dict[int, list[tuple[Counts, Counts]]] = {length: [] for length in found}
    for start in range(0, len(queries), _CHUNK):
        rows = slice(start, start + _CHUNK)
        distances = np.zeros((len(queries[rows]), len(database)), dtype=np.int32)
        for first, last in zip((0, *found), found, strict=False):
            distances += hamming(queries[rows, first // 8 : last // 8], database[:, first // 8 : last // 8])
            parts[last].append(
                (_count(distances, last), _count(np.where(relevant[rows], distances, -1), last))
            )
    empty = [(np.zeros((0, 1), dtype=np.int64),) * 2]
    return {
        length: Histograms(*map(np.concatenate, zip(*(part or empty), strict=True)))
        for length, part in parts.items()
    }


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

    >>> codes = np.array([[0], [255]], dtype=np.uint8)
    >>> mean_average_precision(codes, codes, [0, 1], [0, 1], length=8)
    1.0
    """
    found = histograms(query_codes, database_codes, query_labels, database_labels, [length])
    return float(found[length].average_precision(top).mean())


_CHUNK = 64


def _before(counts: Counts) -> Counts:
    return np.asarray(counts.cumsum(1) - counts)


def _count(distances: NDArray[np.int32], length: int) -> Counts:
    """Rows of distances (Q, N) to histograms (Q, b + 1); distance -1 is not counted."""
    rows = np.arange(len(distances))[:, None] * (length + 2)
    flat = np.bincount((distances + 1 + rows).ravel(), minlength=len(distances) * (length + 2))
    return flat.reshape(len(distances), length + 2)[:, 1:]


def _relevant(query_labels: NDArray[np.generic], database_labels: NDArray[np.generic]) -> NDArray[np.bool_]:
    if query_labels.ndim == 1 and database_labels.ndim == 1:
        return np.asarray(query_labels[:, None] == database_labels[None])
    if query_labels.ndim == 2 and database_labels.ndim == 2:
        return np.asarray(query_labels.astype(np.float32) @ database_labels.astype(np.float32).T > 0)
    raise ValueError(
        f"labels must both be (N,) or both (N, C) but got {query_labels.shape}, {database_labels.shape}"
    )
