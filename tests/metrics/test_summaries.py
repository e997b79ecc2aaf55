"""Means over classes, distinct codes and the pictures tied at a place, by hand."""

import numpy as np
import pytest

from nhl.metrics import distinct_codes, histograms, macro_mean, without_relevant


def test_a_class_counts_once_however_many_queries_it_has() -> None:
    assert macro_mean([0.5, 1, 0, 0.25], ["a", "a", "b", "c"]) == pytest.approx((0.75 + 0 + 0.25) / 3)
    assert macro_mean([0.5, 1, 0], [4, 4, 4]) == pytest.approx(0.5)


@pytest.mark.parametrize(("values", "classes"), [([], []), ([1.0], [1, 2]), ([[1.0]], [[1]])])
def test_a_class_for_each_value(values: list[float], classes: list[int]) -> None:
    with pytest.raises(ValueError, match=r"`values` and `classes` must have one shape \(Q,\), Q from 1"):
        macro_mean(values, classes)


def test_distinct_codes_at_each_length() -> None:
    codes = np.array([[0, 0], [0, 1], [0, 1], [2, 1]], np.uint8)
    assert distinct_codes(codes, [8, 16]) == {8: 0.5, 16: 0.75}
    with pytest.raises(ValueError, match="`codes` must hold at least one code but is empty"):
        distinct_codes(codes[:0], [8])
    with pytest.raises(ValueError, match="from 8 to 16 but got 24"):
        distinct_codes(codes, [24])


def test_pictures_tied_at_a_place() -> None:
    """Distances 0 1 1 1 2."""
    found = histograms(
        np.zeros((1, 1), np.uint8), [*np.array([[0], [1], [2], [4], [3]], np.uint8)], [0], [0] * 5, [8]
    )[8]
    assert [int(found.tied_at(place)[0]) for place in range(1, 7)] == [1, 3, 3, 3, 1, 0]
    with pytest.raises(ValueError, match="`place` must be a whole number from 1 but got 0"):
        found.tied_at(0)


def test_queries_without_a_relevant_image() -> None:
    assert without_relevant(["a", "b", "b"], ["a", "c"]) == 2
    members = np.array([[1, 0, 0], [0, 1, 1], [0, 0, 0]])
    assert without_relevant(members, np.array([[0, 0, 1], [0, 0, 1]])) == 2
    assert without_relevant([0, 1], [1, 0]) == 0
