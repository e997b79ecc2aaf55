"""What is asked, and what is found."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.service.grades import Grade, count_grades
from nhl.codes import unpack
from nhl.gallery import Item


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
    """One picture found; its grade is None where the class of the query is unknown."""

    rank: int
    item: Item
    distance: int
    grade: Grade | None


@dataclass(frozen=True)
class Answer:
    """The nearest pictures at one length; `search_us` is the median time of the search alone."""

    query: Query
    length: int
    k: int
    search_us: float
    results: tuple[Result, ...]
    grades: tuple[Grade, ...]

    @property
    def counts(self) -> dict[Grade, int]:
        """How many results have each grade of the gallery, best first; nothing where the class is unknown."""
        return count_grades(self.grades, (result.grade for result in self.results))
