"""Measures by grade, from a gallery's own codes."""

import numpy as np
import pytest

from app.service import measured
from app.service.measured import class_scores, graded_scores
from nhl.gallery import Item

CODES = np.array([[0], [1], [3]], dtype=np.uint8)
CAT, DOG = ("cat", "mammals", ("mammals",), "Noto"), ("dog", "mammals", ("mammals",), "Noto")


def test_a_pencil_case() -> None:
    """A dog at distance 1 before the cat at 2: (1 + 3 / log2(3)) / (3 + 1 / log2(3))."""
    items = [Item(n, *what) for n, what in enumerate((CAT, DOG, CAT))]
    found = graded_scores(items, CODES, [0], [8])
    assert found[8]["ndcg_at_10"] == pytest.approx((1 + 3 / np.log2(3)) / (3 + 1 / np.log2(3)))
    assert found[8]["precision_at_10"] == pytest.approx(0.2)


def test_a_group_is_worth_least_and_a_class_is_told_from_it() -> None:
    owl = ("owl", "birds", ("birds", "animals"), "Noto")
    cat, dog = ((name, "mammals", ("mammals", "animals"), "Noto") for name in ("cat", "dog"))
    items = [Item(n, *what) for n, what in enumerate((cat, owl, dog))]
    found = graded_scores(items, CODES, [0], [8])
    assert found[8]["ndcg_at_10"] == pytest.approx((1 + 3 / np.log2(3)) / (3 + 1 / np.log2(3)))
    assert found[8]["precision_at_10"] == pytest.approx(0.1)


def test_of_very_many_queries_some_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    items = [Item(n, *what) for n, what in enumerate((CAT, DOG, CAT))]
    monkeypatch.setattr(measured, "MOST_PAIRS", 9)
    assert graded_scores(items, CODES, [0, 1, 2], [8]) == graded_scores(items, CODES, [0, 2], [8])


def test_nothing_without_queries() -> None:
    assert graded_scores([Item(0, *CAT)], CODES[:1], [], [8]) == {}


def test_classes_of_own_pictures_by_leaving_one_out() -> None:
    """The other picture of its class comes second of three for the first, and last for the last."""
    labels = ["a", "b", "", "a"]
    items = [Item(n, str(n), label) for n, label in enumerate(labels)]
    codes = np.array(
        [[0], [1], [7], [3]], dtype=np.uint8
    )  # distances of 0: 1, 3, 2; of 3: 2 of 0, 1 of 1 and 2
    first, last = 1 / 2, 1 / 3
    assert class_scores(items, codes, [8])[8]["map"] == pytest.approx((first + last) / 2)


@pytest.mark.parametrize("labels", [["", ""], ["a", "a"], ["a", "b"]])
def test_no_quality_where_no_class_can_be_told(labels: list[str]) -> None:
    assert class_scores([Item(n, str(n), label) for n, label in enumerate(labels)], CODES[:2], [8]) == {}
