"""NestedIndex: exact search at any code length over one copy of the codes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .codes import check_codes, check_length, hamming


class NestedIndex:
    """Exact nearest codes by Hamming distance at every length, over one copy of the codes."""

    def __init__(self, codes: ArrayLike) -> None:
        self.codes = np.ascontiguousarray(check_codes(codes))
        self.ids = np.arange(len(self.codes), dtype=np.int64)

    def __len__(self) -> int:
        return len(self.codes)

    def search(
        self, queries: ArrayLike, length: int = 64, k: int = 10, exhaustive: bool = False
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The k nearest of each query: distances (Q, K) and ids (Q, K), ordered by distance, then id."""
        del exhaustive
        length = check_length(length, self.codes.shape[1] * 8)
        if not 1 <= k <= len(self):
            raise ValueError(f"`k` must be from 1 to {len(self)}, the number of codes, but got {k!r}")
        distances = hamming(queries, self.codes, length)
        order = np.argsort(distances, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(distances, order, axis=1), self.ids[order]

    def save(self, path: str | Path) -> None:
        """Write the index to one file."""
        np.save(path, self.codes)

    @classmethod
    def load(cls, path: str | Path) -> NestedIndex:
        """Open a saved index."""
        return cls(np.load(path, mmap_mode="r"))
