"""How good a gallery's codes are by grade, from the gallery itself: where no evaluation says so."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.service.grades import Grade, grades_of
from nhl.gallery import Item
from nhl.metrics import graded_histograms

MOST_PAIRS = 20_000_000  # about two seconds
FIRST = 10


def graded_scores(
    items: Sequence[Item], codes: NDArray[np.uint8], queries: Sequence[int], lengths: Sequence[int]
) -> dict[int, dict[str, float]]:
    """nDCG@10 and the precision of classes by length, over held-out pictures among all others.

    Args:
        items: of the gallery.
        codes: theirs (N, B/8).
        queries: places of the held-out ones; where they are very many, some of them are asked.
        lengths: of codes.
    """
    if not queries:
        return {}
    places = np.array(queries)[:: 1 + len(queries) * len(items) // MOST_PAIRS]
    levels, grades = _levels(items), [grade for grade in grades_of(items) if grade]
    of_class = len(grades) - grades.index(Grade.CLASS)
    found = graded_histograms(codes[places], codes, levels[places], levels, lengths, itself=places)
    return {
        length: {
            "ndcg_at_10": float(each.ndcg(FIRST).mean()),
            "precision_at_10": float(each.at_least(of_class).precision(FIRST).mean()),
        }
        for length, each in found.items()
    }


def class_scores(
    items: Sequence[Item], codes: NDArray[np.uint8], lengths: Sequence[int]
) -> dict[int, dict[str, float]]:
    """The mAP of classes by length, every picture that is not alone with its class searched among all others.

    Nothing where there are not two classes, or every picture is alone.

    Args:
        items: of the gallery.
        codes: theirs (N, B/8).
        lengths: of codes.
    """
    labels = _numbers([item.label for item in items])
    counts = np.bincount(labels[labels >= 0])
    places = (
        np.flatnonzero((labels >= 0) & (counts[labels] > 1)) if len(counts) > 1 else np.empty(0, np.int64)
    )
    if not len(places):
        return {}
    levels = labels[:, None]
    found = graded_histograms(codes[places], codes, levels[places], levels, lengths, itself=places)
    return {b: {"map": float(each.at_least(1).average_precision().mean())} for b, each in found.items()}


def _levels(items: Sequence[Item]) -> NDArray[np.int64]:
    """Labels (N, V) from coarse to fine, a column for each grade of the gallery; -1 for none."""
    grades = grades_of(items)
    columns: list[list[object]] = [[item.label and (item.label,) for item in items]]
    if Grade.GROUP in grades:
        columns.insert(0, [item.labels[1:] and (item.labels[1],) for item in items])
    if Grade.INSTANCE in grades:
        columns.append([item.style and item.label and (item.label, item.name) for item in items])
    return np.stack([_numbers(column) for column in columns], axis=1)


def _numbers(labels: Sequence[object]) -> NDArray[np.int64]:
    order = {label: number for number, label in enumerate(dict.fromkeys(filter(None, labels)))}
    return np.array([order.get(label, -1) if label else -1 for label in labels], dtype=np.int64)
