"""How near a result comes to what was asked for, in words that a visitor would use."""

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import IntEnum

from nhl.gallery import Item


class Grade(IntEnum):
    """What a result has in common with the query; higher is better."""

    OTHER = 0
    GROUP = 1
    CLASS = 2
    INSTANCE = 3


def grade(query: Item | None, found: Item) -> Grade | None:
    """The grade of a picture found; None where the class of either is unknown.

    An instance is told by its name, in galleries that have it in several styles; a group is a further label
    that both have.

    >>> cat = Item(0, "cat", "animal-mammal", ("animal-mammal", "Animals & Nature"), "Noto")
    >>> bird = Item(1, "owl", "animal-bird", ("animal-bird", "Animals & Nature"), "Noto")
    >>> grade(cat, Item(2, "cat", "animal-mammal", cat.labels, "Fluent")), grade(cat, bird), grade(None, cat)
    (<Grade.INSTANCE: 3>, <Grade.GROUP: 1>, None)
    """
    if query is None or not query.label or not found.label:
        return None
    if found.label == query.label:
        several = query.style and found.style
        return Grade.INSTANCE if several and found.name == query.name else Grade.CLASS
    return Grade.GROUP if set(query.labels[1:]) & set(found.labels[1:]) else Grade.OTHER


def grades_of(items: Iterable[Item]) -> tuple[Grade, ...]:
    """The grades that a gallery can tell apart, best first."""
    known = {Grade.CLASS, Grade.OTHER}
    for item in items:
        known |= ({Grade.INSTANCE} if item.style else set()) | ({Grade.GROUP} if item.labels[1:] else set())
    return tuple(sorted(known, reverse=True))


def count_grades(grades: Sequence[Grade], found: Iterable[Grade | None]) -> dict[Grade, int]:
    """How many of those found have each grade, in the order of `grades`; nothing where one is unknown.

    >>> count_grades((Grade.CLASS, Grade.OTHER), [Grade.CLASS, Grade.CLASS])
    {<Grade.CLASS: 2>: 2, <Grade.OTHER: 0>: 0}
    """
    counts = Counter(found)
    return {} if None in counts or not counts else {grade: counts[grade] for grade in grades}


def likely_class(found: Sequence[Item]) -> tuple[str, int]:
    """The most frequent class of some pictures, of equal ones that of the earliest, and how many have it.

    >>> likely_class([])
    ('', 0)
    """
    counts = Counter(item.label for item in found if item.label)
    return counts.most_common(1)[0] if counts else ("", 0)
