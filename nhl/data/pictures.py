"""Labelled pictures, and the three parts that retrieval is trained and measured on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nhl.images import load_image


@dataclass(frozen=True)
class Pictures:
    """Pictures with labels.

    Args:
        sources: N paths or image files as bytes.
        labels: (N,) class numbers, or (N, C) zeros and ones.
        groups: (N,), pictures that must not be parted by a split share a number; by default each is alone.
    """

    sources: Sequence[Path | bytes]
    labels: NDArray[np.int64]
    groups: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.sources)

    def image(self, index: int) -> Image.Image:
        """One picture, RGB."""
        return load_image(self.sources[index])

    def subset(self, indices: NDArray[np.int64]) -> "Pictures":
        """The pictures at some indices, in that order."""
        groups = None if self.groups is None else self.groups[indices]
        return Pictures([self.sources[i] for i in indices], self.labels[indices], groups)

    def split(self, share: float, seed: int) -> tuple["Pictures", "Pictures"]:
        """Two parts, the second with about `share` of the groups of each class; seeded."""
        rng = np.random.default_rng(seed)
        groups = np.arange(len(self)) if self.groups is None else self.groups
        classes = self.labels if self.labels.ndim == 1 else self.labels.argmax(1)
        second: list[NDArray[np.int64]] = []
        for label in np.unique(classes):
            members = np.unique(groups[classes == label])
            second.append(rng.permutation(members)[: round(share * len(members))])
        taken = np.isin(groups, np.concatenate(second))
        return self.subset(np.flatnonzero(~taken)), self.subset(np.flatnonzero(taken))


@dataclass(frozen=True)
class Protocol:
    """Which pictures are learnt from, which ask, and which are searched.

    Args:
        name: as the field names it.
        description: one line for tables and model cards.
        classes: names of the C classes, in the order of the labels.
        train: learnt from.
        query: ask; never learnt from.
        database: searched.
    """

    name: str
    description: str
    classes: tuple[str, ...]
    train: Pictures
    query: Pictures
    database: Pictures
