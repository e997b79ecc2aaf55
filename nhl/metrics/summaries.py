"""Figures of a whole set of queries or codes."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from nhl.codes import check_codes, check_length, check_lengths, prefix


def macro_mean(values: ArrayLike, classes: ArrayLike) -> float:
    """The mean over classes of the mean over the queries of each: small classes count as much as large ones.

    Args:
        values: (Q,).
        classes: (Q,) the class of each query; classes without a query do not count.

    Raises:
        ValueError: if there is no query, or not one class for each value.

    >>> macro_mean([1, 1, 1, 0], [7, 7, 7, 9])
    0.5
    """
    figures, labels = np.asarray(values, dtype=np.float64), np.asarray(classes)
    if figures.ndim != 1 or labels.shape != figures.shape or not len(figures):
        raise ValueError(
            "`values` and `classes` must have one shape (Q,), Q from 1, but got shapes "
            f"{figures.shape} and {labels.shape}"
        )
    _, inverse = np.unique(labels, return_inverse=True)
    return float((np.bincount(inverse, figures) / np.bincount(inverse)).mean())


def distinct_codes(codes: ArrayLike, lengths: Iterable[int]) -> dict[int, float]:
    """How many of N codes differ at each length, as a share of N, above 0 up to 1.

    Args:
        codes: (N, B/8), packed.
        lengths: ascending multiples of 8 up to B.

    Raises:
        ValueError: if there is no code, or a length does not fit them.

    >>> distinct_codes(np.array([[0, 0], [0, 1]], dtype=np.uint8), [8, 16])
    {8: 0.5, 16: 1.0}
    """
    packed, wanted = check_codes(codes), check_lengths(lengths)
    check_length(wanted[-1], packed.shape[1] * 8)
    if not len(packed):
        raise ValueError("`codes` must hold at least one code but is empty")
    return {length: len(np.unique(prefix(packed, length), axis=0)) / len(packed) for length in wanted}


def without_relevant(query_labels: ArrayLike, database_labels: ArrayLike) -> int:
    """How many queries have no image in the database that shares a label with them: they score 0 in every figure.

    Args:
        query_labels: (Q,) class numbers or names, or (Q, C) zeros and ones.
        database_labels: (N,) or (N, C) likewise.

    >>> without_relevant([0, 1, 2], [0, 0, 2])
    1
    """
    queries, database = np.asarray(query_labels), np.asarray(database_labels)
    if queries.ndim > 1:
        return int((~(queries[:, database.any(0)] != 0).any(1)).sum())
    return int((~np.isin(queries, database)).sum())
