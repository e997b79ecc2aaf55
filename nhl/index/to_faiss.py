"""The codes of an index as a faiss index: flat and exact, or one of its approximate kinds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint8]
ROWS_A_LIST = 64  # faiss warns where fewer than 39 codes train a centre
MOST_LISTS = 4096
PREFIX = 16  # bits by which a hash index groups


def to_faiss(codes: Codes, ids: NDArray[np.int64], kind: str = "flat") -> Any:
    """A binary index of faiss with codes (N, b/8) and their ascending ids (N,).

    Raises:
        ValueError: if `kind` is not in `KINDS`, or there is nothing to train the lists of "ivf" on.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}; choose from {', '.join(KINDS)}")
    return KINDS[kind](np.ascontiguousarray(codes), ids)


def _flat(codes: Codes, ids: NDArray[np.int64]) -> Any:
    """A flat index numbers its codes without a gap; where ids have gaps it is wrapped."""
    import faiss

    flat = faiss.IndexBinaryFlat(8 * codes.shape[1])
    if not len(ids) or len(ids) == ids[-1] + 1:
        flat.add(codes)
        return flat
    numbered = faiss.IndexBinaryIDMap2(flat)
    numbered.add_with_ids(codes, ids)
    return numbered


def _lists(codes: Codes, ids: NDArray[np.int64]) -> Any:
    import faiss

    if not len(codes):
        raise ValueError("the index is empty: `add` codes before its lists can be trained")
    count = int(np.clip(len(codes) // ROWS_A_LIST, 1, MOST_LISTS))
    bits = 8 * codes.shape[1]
    found = faiss.IndexBinaryIVF(faiss.IndexBinaryFlat(bits), bits, count)
    sample = np.random.default_rng(0).choice(len(codes), min(len(codes), ROWS_A_LIST * count), replace=False)
    found.train(codes[np.sort(sample)])
    found.add_with_ids(codes, ids)
    return found


def _hash(codes: Codes, ids: NDArray[np.int64]) -> Any:
    import faiss

    found = faiss.IndexBinaryHash(8 * codes.shape[1], min(PREFIX, 8 * codes.shape[1]))
    if len(codes):
        found.add_with_ids(codes, ids)
    return found


KINDS: dict[str, Callable[[Codes, NDArray[np.int64]], Any]] = {"flat": _flat, "ivf": _lists, "hash": _hash}
