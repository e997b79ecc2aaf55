"""What the page knows: pictures to codes, codes to nearest pictures, and how good and fast that was.

No Gradio here, and no torch where the encoder runs without it.
"""

import random
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nhl.checkpoint import read_config, read_evaluation
from nhl.codes import unpack
from nhl.encode import Encoder
from nhl.gallery import Gallery, Item
from nhl.gallery_codes import gallery_codes
from nhl.index import NestedIndex

MAX_K = 100
REPEATS, REPEAT_SECONDS = 21, 0.01


@dataclass(frozen=True)
class Query:
    """What is looked for: packed bits (B/8,), and the item if it is one of the gallery's."""

    code: NDArray[np.uint8]
    item: Item | None = None

    @property
    def token(self) -> str:
        """The query as a short text: an item's id, or "x" and the bits in hexadecimal."""
        return f"x{self.code.tobytes().hex()}" if self.item is None else str(self.item.id)

    @property
    def label(self) -> str:
        """The class, empty where it is unknown."""
        return "" if self.item is None else self.item.label

    @property
    def bits(self) -> str:
        """The B bits as a text of 0 and 1."""
        return "".join(map(str, unpack(self.code[None])[0]))


@dataclass(frozen=True)
class Result:
    """One picture found; `right` says whether its class is the query's, None where that is unknown."""

    rank: int
    item: Item
    distance: int
    right: bool | None


@dataclass(frozen=True)
class Answer:
    """The nearest pictures at one length; `search_us` is the median time of the search alone."""

    query: Query
    length: int
    k: int
    search_us: float
    results: tuple[Result, ...]

    @property
    def right(self) -> int | None:
        """How many of the results are of the query's class, None where that is unknown."""
        return sum(bool(result.right) for result in self.results) if self.query.label else None


class SearchService:
    """One model with one gallery, ready to search.

    The items of the split "train" are searched and those of the split "query" are the examples; a gallery
    without splits is searched whole and gives its own examples.

    Args:
        checkpoint: the folder of a trained model.
        gallery: a gallery file; the checkpoint's own by default.

    Raises:
        ValueError: if the checkpoint or the gallery cannot be read, or the gallery is empty.
    """

    def __init__(self, checkpoint: str | Path, gallery: str | Path | None = None) -> None:
        folder = Path(checkpoint)
        own = folder / "gallery.db"
        self.gallery = Gallery(gallery or own)
        self.items = self.gallery.items()
        if not self.items:
            raise ValueError(f"the gallery {self.gallery.path} holds no pictures")
        self.lengths = read_config(folder).lengths
        self.encoder = Encoder(folder)
        self.codes = gallery_codes(self.gallery, folder, self.encoder)  # (N, B/8), of all items
        self.quality = read_quality(folder) if self.gallery.path.resolve() == own.resolve() else {}
        self.key = self.gallery.fingerprint[:16]

        self._numbers = {item.id: number for number, item in enumerate(self.items)}
        self._searched = self._of_split("train")
        self._examples = self._of_split("query")
        self.index = NestedIndex(self.codes[self._searched])
        self._warm_up()

    def __len__(self) -> int:
        """How many pictures are searched."""
        return len(self._searched)

    def _of_split(self, split: str) -> list[int]:
        numbers = range(len(self.items))
        return [n for n in numbers if self.items[n].split == split] or list(numbers)

    def _warm_up(self) -> None:
        query = self.picture(Image.new("RGB", (8, 8)))
        for length in self.lengths:
            self.search(query, length, 1)

    def query(self, token: str) -> Query:
        """The query that a token stands for.

        Raises:
            ValueError: if it is neither the id of an item nor an x and a whole code.
        """
        digits = self.codes.shape[1] * 2
        with suppress(ValueError, KeyError):
            if not token.startswith("x"):
                number = self._numbers[int(token[:20])]
                return Query(self.codes[number], self.items[number])
            if len(token) == digits + 1:
                return Query(np.frombuffer(bytes.fromhex(token[1:]), dtype=np.uint8))
        raise ValueError(
            f"`q` must be the id of a picture, or x and {digits} hexadecimal digits, but got {token[:50]!r}"
        )

    def picture(self, image: Image.Image) -> Query:
        """A visitor's picture as a query."""
        return Query(self.encoder.encode([image])[0])

    def check(self, length: Any, k: Any) -> tuple[int, int]:
        """A code length and a number of results, whatever they are, checked.

        Raises:
            ValueError: if one of them cannot be searched.
        """
        if isinstance(length, bool) or not isinstance(length, int) or length not in self.lengths:
            choices = ", ".join(map(str, self.lengths))
            raise ValueError(f"`length` must be one of {choices} but got {str(length)[:50]!r}")
        if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= MAX_K:
            raise ValueError(f"`k` must be a whole number from 1 to {MAX_K} but got {str(k)[:50]!r}")
        return length, k

    def search(self, query: Query, length: Any, k: Any) -> Answer:
        """The k nearest pictures, the query itself left out.

        Raises:
            ValueError: if `length` or `k` cannot be searched.
        """
        length, k = self.check(length, k)
        times: list[float] = []
        end = time.perf_counter() + REPEAT_SECONDS
        while not times or (len(times) < REPEATS and time.perf_counter() < end):
            start = time.perf_counter()
            distances, places = self._nearest(query, length, k)
            times.append(time.perf_counter() - start)
        found = [
            (self.items[self._searched[n]], int(d)) for n, d in zip(places[0], distances[0], strict=True)
        ]
        others = [(item, distance) for item, distance in found if item != query.item][:k]
        results = tuple(
            Result(rank, item, distance, item.label == query.label if query.label else None)
            for rank, (item, distance) in enumerate(others, start=1)
        )
        return Answer(query, length, k, round(median(times) * 1e6, 1), results)

    def _nearest(self, query: Query, length: int, k: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Distances and places (1, K) with one to spare, for the query itself may be among them."""
        return self.index.search(query.code[None], length=length, k=min(k + 1, len(self)))

    def examples(self, count: int, names: Sequence[str] = (), seed: int | None = None) -> list[Item]:
        """Pictures to try: one of each of these names first, then one of each class, then any.

        Of the pictures of one name, and of the names, those come first that show best what a length is
        worth: few results right at the shortest length, many at the middle one.

        Args:
            count: how many, at most.
            names: of items; those that there are not are passed over.
            seed: of the choice.
        """
        pool = [self.items[n] for n in self._examples]
        random.Random(seed).shuffle(pool)
        telling = sorted((item for item in pool if item.name in names), key=self._gain, reverse=True)
        by_name = {item.name: item for item in reversed(telling)}
        named = [item for item in telling if by_name[item.name] is item]
        by_label = {item.label: item for item in pool}
        return list(dict.fromkeys([*named, *by_label.values(), *pool]))[:count]

    def _gain(self, item: Item) -> int:
        query, lengths = self.query(str(item.id)), (self.lengths[0], self.lengths[len(self.lengths) // 2])
        short, long = (self._nearest(query, length, 12)[1][0] for length in lengths)
        return self._count(long, item.label) - self._count(short, item.label)

    def _count(self, places: NDArray[np.int64], label: str) -> int:
        return sum(self.items[self._searched[n]].label == label for n in places)


def read_quality(folder: Path) -> dict[int, float]:
    """Mean average precision by code length, from the checkpoint's evaluation; nothing where there is none."""
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        scores = (read_evaluation(folder) or {})["lengths"]
        return {int(length): float(score["map"]) for length, score in scores.items()}
    return {}
