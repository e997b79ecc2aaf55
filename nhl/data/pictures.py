"""Labelled pictures, and the three parts that retrieval is trained and measured on."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nhl.digest import sha256, sha256_of
from nhl.images import ImageError, load_image


@dataclass(frozen=True)
class Pictures:
    """Pictures with labels.

    Args:
        sources: N paths or image files as bytes.
        labels: (N,) class numbers, or (N, C) zeros and ones.
        groups: (N,), pictures that must not be parted by a split share a number; by default each is alone.
        levels: (N, V) numbers at V levels, from coarse to fine, each from 0; -1 where a picture has no label there.
    """

    sources: Sequence[Path | bytes]
    labels: NDArray[np.int64]
    groups: NDArray[np.int64] | None = None
    levels: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.sources)

    def image(self, index: int) -> Image.Image:
        """One picture, RGB.

        Raises:
            ImageError: if it cannot be read; the message names it.
        """
        source = self.sources[index]
        try:
            return load_image(source)
        except ImageError as error:
            name = f"sources[{index}]" if isinstance(source, bytes) else str(source)
            raise ImageError(f"{name}: {error}") from error

    def digest(self) -> str:
        """The SHA-256 of all pictures and labels, in their order: other contents have another one."""

        def parts() -> Iterator[bytes]:
            for array in (self.labels, self.groups, self.levels):
                yield b"none" if array is None else repr(array.shape).encode() + array.tobytes()
            for source in self.sources:
                yield sha256(source if isinstance(source, bytes) else source.read_bytes()).encode()

        return sha256_of(parts())

    def subset(self, indices: NDArray[np.int64]) -> "Pictures":
        """The pictures at some indices, in that order."""
        groups = None if self.groups is None else self.groups[indices]
        levels = None if self.levels is None else self.levels[indices]
        return Pictures([self.sources[i] for i in indices], self.labels[indices], groups, levels)

    def where(self, wanted: Callable[[Path | bytes], bool]) -> "Pictures":
        """The pictures whose sources are wanted, in their order."""
        return self.subset(np.flatnonzero([wanted(source) for source in self.sources]))

    def split(
        self, share: float, seed: int, least: int = 0, most: int | None = None
    ) -> tuple["Pictures", "Pictures"]:
        """Two parts, the second with about `share` of the groups of each class; seeded.

        A picture of several labels counts to the rarest of them: rare labels come into both parts, and
        frequent ones do so by their number.

        Args:
            share: between 0 and 1.
            seed: of the choice.
            least: groups of each class that the second part has at least, where the class has as many.
            most: groups of each class that it has at most.

        Raises:
            ValueError: if `share` is so small that the second part would be empty.
        """
        rng = np.random.default_rng(seed)
        groups = np.arange(len(self)) if self.groups is None else self.groups
        members, first = np.unique(groups, return_index=True)
        classes = self._rarest()[first]  # a group has the class of its first picture
        second: list[NDArray[np.int64]] = []
        for label in np.unique(classes):
            of_class = members[classes == label]
            count = max(least, round(share * len(of_class)))
            second.append(rng.permutation(of_class)[: count if most is None else min(count, most)])
        taken = np.isin(groups, np.concatenate([members[:0], *second]))
        if not taken.any():
            raise ValueError(
                f"`share` {share} of each class rounds to no picture: give more pictures or a larger share"
            )
        return self.subset(np.flatnonzero(~taken)), self.subset(np.flatnonzero(taken))

    def _rarest(self) -> NDArray[np.int64]:
        """The class (N,) of each picture: of several labels the one that fewest pictures have."""
        if self.labels.ndim == 1:
            return self.labels
        return np.where(self.labels == 1, self.labels.sum(0), len(self) + 1).argmin(1)


@dataclass(frozen=True)
class Photographs:
    """Photographs beside drawings: their `labels` are kinds, their `levels` those of the drawings.

    Args:
        train: learnt from beside the drawings.
        query: of the same kinds, never learnt from.
        kinds: names of the kinds, in the order of the labels.
    """

    train: Pictures
    query: Pictures
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Protocol:
    """Which pictures are learnt from, which are queries, and which are the database.

    Args:
        name: as the field names it.
        description: one line for tables and model cards.
        classes: names of the C classes, in the order of the labels.
        train: learnt from.
        query: never learnt from.
        database: what queries are searched in.
        levels: names of the V levels, from coarse to fine, where pictures have some.
        photographs: learnt from, and measured, beside drawings, where the data set has some.
    """

    name: str
    description: str
    classes: tuple[str, ...]
    train: Pictures
    query: Pictures
    database: Pictures
    levels: tuple[str, ...] = ()
    photographs: Photographs | None = None

    @classmethod
    def described(
        cls,
        name: str,
        title: str,
        classes: tuple[str, ...],
        train: Pictures,
        query: Pictures,
        database: Pictures,
    ) -> "Protocol":
        """A protocol whose description gives the title and the size of each part."""
        description = (
            f"{title}, {len(query):,} queries against {len(database):,} images, {len(train):,} trained on, "
            "mAP over all of them, expected over ties"
        )
        return cls(name, description, classes, train, query, database)
