"""What the page knows: pictures to codes, codes to nearest pictures, and how good and fast that was.

No Gradio here, and no torch where the encoder runs without it.
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.service.answers import Answer, Query, Result
from app.service.grades import grade, grades_of
from app.service.measured import graded_scores
from nhl.codes import tie_order
from nhl.gallery import Gallery, Item
from nhl.gallery.codes import gallery_codes
from nhl.index import NestedIndex
from nhl.model.checkpoint import read_evaluation
from nhl.model.encode import Encoder

MAX_K = 100
REPEATS, REPEAT_SECONDS = 21, 0.01
TRIED = 300  # pictures of a gallery, to find examples
MAP, NDCG = "map", "ndcg_at_10"
USUAL, FEWEST_EXAMPLES = 0.95, 100
TIMED, TIMED_K, TIMED_SECONDS = 101, 12, 0.1  # examples, to tell what a search usually takes


class SearchService:
    """One model with one gallery, ready to search.

    All items are searched, but for the query itself; those of the split "query" are the examples, in a gallery
    without splits all.

    Args:
        encoder: of the model.
        gallery: N pictures.
        codes: theirs (N, B/8), in the order of `gallery.items()`.
        scores: of the model on this gallery, such as {8: {"map": .66}}; none where it was not measured.
        key: in the addresses of its pictures, for those who know it alone; by default the gallery's
            fingerprint, for everyone.

    Raises:
        ValueError: if the gallery is empty.
    """

    def __init__(
        self,
        encoder: Encoder,
        gallery: Gallery,
        codes: NDArray[np.uint8],
        scores: Mapping[int, Mapping[str, float]] | None = None,
        key: str | None = None,
    ) -> None:
        self.encoder, self.gallery, self.codes = encoder, gallery, codes
        self.items = gallery.items()
        if not self.items:
            raise ValueError(f"the gallery {gallery.path} holds no pictures")
        self.lengths = encoder.config.lengths
        self.scores: dict[int, Mapping[str, float]] = dict(scores or {})
        self.private, self.key = key is not None, key or gallery.fingerprint[:16]
        self._numbers = {item.id: number for number, item in enumerate(self.items)}
        self.grades = grades_of(self.items)
        self._searched = tie_order(len(self.items)).tolist()
        self._examples = [n for n, item in enumerate(self.items) if item.split == "query"]
        self._examples = self._examples or list(range(len(self.items)))
        self.searched = [self.items[n] for n in self._searched]  # in the order of the index
        self.searched_codes, self.example_codes = codes[self._searched], codes[self._examples]
        self.index = NestedIndex(self.searched_codes)
        self._usual_us: dict[int, float] = {}
        self.checkpoint: Path | None = None

    @classmethod
    def open(
        cls,
        checkpoint: str | Path,
        gallery: str | Path | None = None,
        scores: Mapping[int, Mapping[str, float]] | None = None,
    ) -> "SearchService":
        """A trained model with a gallery file, by default its own; everything is run once.

        Args:
            checkpoint: the folder of the model.
            gallery: the file.
            scores: of the model on that gallery; by default those of its evaluation, or measured here.

        Raises:
            ValueError: if the checkpoint or the gallery cannot be read, or the gallery is empty.
        """
        folder, own = Path(checkpoint), Path(checkpoint) / "gallery.db"
        opened = Gallery(gallery or own)
        if not len(opened):
            raise ValueError(f"the gallery {opened.path} holds no pictures")
        encoder = Encoder(folder)
        known = scores
        if known is None:
            known = read_scores(folder) if opened.path.resolve() == own.resolve() else {}
        service = cls(encoder, opened, gallery_codes(opened, folder, encoder), known)
        service.checkpoint = folder
        if scores is None:
            service.measure_grades()
        query = service.picture(Image.new("RGB", (8, 8)))
        for length in service.lengths:
            service.search(query, length, 1)
        return service

    def measure_grades(self) -> None:
        """Measure by grade what was held out, where the gallery has grades and no evaluation knows of them."""
        held_out = [n for n, item in enumerate(self.items) if item.split == "query"]
        if len(self.grades) > 2 and not all(NDCG in self.scores.get(b, {}) for b in self.lengths):
            found = graded_scores(self.items, self.codes, held_out, self.lengths)
            self.scores = {
                b: {**scores, **self.scores.get(b, {})} for b, scores in found.items()
            } or self.scores

    @property
    def quality(self) -> dict[int, float]:
        """The `measure` by code length; nothing where it was not measured."""
        return {length: score[self.measure] for length, score in self.scores.items()}

    @property
    def measure(self) -> str:
        """The measure of quality: graded where labels have several levels and it was measured, else mAP."""
        graded = len(self.grades) > 2 and self.scores and all(NDCG in score for score in self.scores.values())
        return NDCG if graded else MAP

    def __len__(self) -> int:
        """How many pictures are searched."""
        return len(self._searched)

    @cached_property
    def usual_distance(self) -> int | None:
        """How near 95 % of the examples have another picture, by whole codes; None where there are few examples."""
        if len(self._examples) < FEWEST_EXAMPLES:
            return None
        distances, places = self.index.search(self.example_codes, length=self.lengths[-1], k=2)
        own = np.array(self._searched)[places] == np.array(self._examples)[:, None]
        nearest = np.where(own, self.lengths[-1], distances).min(1)
        return int(np.quantile(nearest, USUAL, method="lower"))

    def usual_us(self, length: int) -> float:
        """Microseconds that a search for 12 pictures takes at one length: the median over many examples, once."""
        if length not in self._usual_us:
            k, times = min(TIMED_K, len(self)), []
            end = time.perf_counter() + TIMED_SECONDS
            step = max(1, len(self.example_codes) // TIMED)
            for code in self.example_codes[::step]:
                start = time.perf_counter()
                self.index.search(code[None], length=length, k=k)
                times.append(time.perf_counter() - start)
                if start > end:
                    break
            self._usual_us[length] = round(median(times) * 1e6, 1)
        return self._usual_us[length]

    def is_far(self, query: Query) -> bool:
        """Whether a query is farther from every picture than nearly all examples are."""
        usual = self.usual_distance
        (nearest, *_) = self.results(query, self.lengths[-1], 1) or (None,)
        return usual is not None and nearest is not None and nearest.distance > usual

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
        return Answer(
            query,
            length,
            k,
            round(median(times) * 1e6, 1),
            self._results(query, k, distances, places),
            self.grades,
        )

    def results(self, query: Query, length: int, k: int) -> tuple[Result, ...]:
        """What `search` finds, without a stopwatch."""
        return self._results(query, k, *self._nearest(query, length, k))

    def _results(
        self, query: Query, k: int, distances: NDArray[np.int32], places: NDArray[np.int64]
    ) -> tuple[Result, ...]:
        found = [
            (self.items[self._searched[n]], int(d)) for n, d in zip(places[0], distances[0], strict=True)
        ]
        others = [(item, distance) for item, distance in found if item != query.item][:k]
        return tuple(
            Result(rank, item, distance, grade(query.item, item))
            for rank, (item, distance) in enumerate(others, start=1)
        )

    def code(self, item: Item) -> NDArray[np.uint8]:
        """The code of an item (B/8,)."""
        return self.codes[self._numbers[item.id]]

    def _nearest(self, query: Query, length: int, k: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Distances and places (1, K) with one to spare, for the query itself may be among them."""
        return self.index.search(query.code[None], length=length, k=min(k + 1, len(self)))

    def examples(self, count: int, names: Sequence[str] = (), seed: int | None = None) -> list[Item]:
        """Pictures to try: one of each of these names first, then one of each class, then any.

        Of the pictures of one name, of the names, and of the classes, those come first that show best what
        a length is worth: all results right at the middle length, few at the shortest.

        Args:
            count: how many, at most.
            names: of items; those that there are not are passed over.
            seed: of the choice.
        """
        pool = [self.items[n] for n in self._examples]
        random.Random(seed).shuffle(pool)
        telling = sorted((item for item in pool if item.name in names), key=self._telling, reverse=True)
        named = _first_of_each(telling, lambda item: item.name)
        if seed is not None and len(named) < count:  # without a seed: any, in any order
            pool[:TRIED] = sorted(pool[:TRIED], key=self._telling, reverse=True)
        of_class = _first_of_each(pool, lambda item: item.label)
        return list(dict.fromkeys([*named, *of_class, *pool]))[:count]

    def _telling(self, item: Item) -> tuple[bool, int]:
        """Whether all is right at the middle length; then how many more than at the shortest, else how many."""
        query, lengths = self.query(str(item.id)), (self.lengths[0], self.lengths[len(self.lengths) // 2])
        found = (self._nearest(query, length, 12)[1][0] for length in lengths)
        few, many = (self._count(places, item.label) for places in found)
        return many >= 12, many - few if many >= 12 else many

    def _count(self, places: NDArray[np.int64], label: str) -> int:
        return sum(self.items[self._searched[n]].label == label for n in places)


def _first_of_each(items: Sequence[Item], kind: Callable[[Item], str]) -> list[Item]:
    first: dict[str, Item] = {}
    for item in items:
        first.setdefault(kind(item), item)
    return list(first.values())


def read_scores(folder: Path) -> dict[int, dict[str, float]]:
    """Scores by code length, from the checkpoint's evaluation; nothing where there is none."""
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        scores = (read_evaluation(folder) or {})["lengths"]
        return {
            int(length): {name: float(value) for name, value in score.items()}
            for length, score in scores.items()
            if "map" in score
        }
    return {}
