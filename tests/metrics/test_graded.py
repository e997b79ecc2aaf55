"""Graded figures against the mean over every order of the ties, and by hand."""

from math import log2

import numpy as np
import pytest
from metrics.rankings import orders

from nhl.codes import hamming
from nhl.metrics import GradedHistograms, graded_histograms, histograms

GROUP_OF = np.array([0, 0, 1, -1])  # of four classes; the last has no group
CLASS_OF = np.array([0, 0, 1, 2, 2, 3])  # of six instances


def levels_of(instances: np.ndarray) -> np.ndarray:
    return np.stack([GROUP_OF[CLASS_OF[instances]], CLASS_OF[instances], instances], 1)


def slow_grade(first: np.ndarray, second: np.ndarray) -> int:
    shared = [level for level in range(len(first)) if first[level] == second[level] != -1]
    return max(shared) + 1 if shared else 0


def slow_dcg(gains: list[float], k: int) -> float:
    return sum(gain / log2(place + 1) for place, gain in enumerate(gains[:k], 1))


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("k", [1, 2, 4, 7, 10])
def test_ndcg_and_recall_are_the_means_over_all_orders(seed: int, k: int) -> None:
    """Every picture is a query, itself left out; codes of one byte with few distinct values."""
    rng = np.random.default_rng(seed)
    codes = rng.choice(np.array([0, 1, 3, 255], np.uint8), (8, 1))
    levels = levels_of(rng.integers(6, size=8))
    found = graded_histograms(codes, codes, levels, levels, [8], itself=range(8))[8]
    ndcg, recall = found.ndcg(k), found.at_least(3).recall(k)
    for q in range(8):
        others = np.delete(np.arange(8), q)
        grades = [slow_grade(levels[q], levels[i]) for i in others]
        gains = [2.0**grade - 1 for grade in grades]
        ideal = slow_dcg(sorted(gains, reverse=True), k)
        rankings = orders(hamming(codes[q : q + 1], codes[others])[0].tolist())
        dcg = np.mean([slow_dcg([gains[i] for i in order], k) for order in rankings])
        assert ndcg[q] == pytest.approx(dcg / ideal if ideal else 0)
        hits = np.mean([sum(grades[i] == 3 for i in order[:k]) for order in rankings])
        assert recall[q] == pytest.approx(hits / max(1, grades.count(3)))


def test_ndcg_by_hand() -> None:
    """The same class, then a tie of the same instance and the same group."""
    codes = np.array([[1], [2], [4]], np.uint8) | np.array([[0], [1], [1]], np.uint8)
    query, levels = [[0, 0, 0]], [[0, 0, 1], [0, 0, 0], [0, 1, 2]]
    found = graded_histograms(np.zeros((1, 1), np.uint8), codes, query, levels, [8])[8]
    mean = (7 + 1) / 2
    expected = 3 + mean / log2(3) + mean / log2(4)
    assert found.ndcg(10)[0] == pytest.approx(expected / (7 + 3 / log2(3) + 1 / log2(4)))
    assert found.ndcg(1)[0] == pytest.approx(3 / 7)
    assert found.counts[0, :, :3].tolist() == [[0, 0, 0], [0, 0, 1], [0, 1, 0], [0, 0, 1]]


def test_a_perfect_order_has_1_and_one_without_relevant_images_0() -> None:
    codes = np.array([[0], [1], [3], [7]], np.uint8)
    levels = np.array([[0, 0, 0], [0, 0, 1], [0, 1, 2], [1, 2, 3]])
    found = graded_histograms(codes[:1], codes, levels[:1], levels, [8])[8]
    assert found.ndcg(10)[0] == pytest.approx(1)
    alone = graded_histograms(codes[:1], codes, [[5, 9, 9]], levels, [8])[8]
    assert alone.ndcg(10)[0] == 0


def test_an_unlabelled_level_matches_nothing() -> None:
    codes = np.zeros((2, 1), np.uint8)
    found = graded_histograms(codes[:1], codes, [[-1, 4]], [[-1, 5], [-1, 4]], [8])[8]
    assert found.counts[0, :, 0].tolist() == [1, 0, 1]
    nothing = graded_histograms(codes[:1], codes, [[-1, -1]], [[-1, -1]] * 2, [8], itself=[1])[8]
    assert nothing.counts[0, :, 0].tolist() == [1, 0, 0]


def test_one_level_is_what_plain_histograms_count() -> None:
    rng = np.random.default_rng(1)
    queries, database = (rng.integers(0, 256, (n, 16), dtype=np.uint8) for n in (40, 70))
    asked, labels = (rng.integers(4, size=n) for n in (40, 70))
    lengths = [8, 24, 128]
    plain = histograms(queries, database, asked, labels, lengths)
    graded = graded_histograms(queries, database, asked[:, None], labels[:, None], lengths)
    for length in lengths:
        found = graded[length].at_least(1)
        assert (found.all == plain[length].all).all()
        assert (found.relevant == plain[length].relevant).all()


def test_each_grade_is_what_its_level_counts() -> None:
    """In a hierarchy the images of at least a grade are those that share the label of its level."""
    rng = np.random.default_rng(2)
    codes, levels = rng.integers(0, 4, (50, 2), dtype=np.uint8), levels_of(rng.integers(5, size=50))
    graded = graded_histograms(codes, codes, levels, levels, [8, 16], itself=np.arange(50))
    for level in range(3):
        plain = histograms(codes, codes, levels[:, level], levels[:, level], [8, 16])
        for length, found in graded.items():
            expected = plain[length].without_itself()
            assert (found.at_least(level + 1).relevant == expected.relevant).all()
            assert (found.at_least(level + 1).all == expected.all).all()


def test_compiled_is_numpy() -> None:
    pytest.importorskip("numba")
    rng = np.random.default_rng(4)
    codes, levels = rng.integers(0, 256, (300, 16), dtype=np.uint8), levels_of(rng.integers(6, size=300))
    every = tuple(range(8, 136, 8))
    for lengths in ((8, 16, 32, 64, 128), (16, 128), every):
        fast, plain = (
            graded_histograms(codes, codes, levels, levels, lengths, compiled=compiled)
            for compiled in (True, False)
        )
        for length in lengths:
            assert (fast[length].counts == plain[length].counts).all()
            assert (fast[length].counts.sum((1, 2)) == 300).all()


CODES = np.zeros((2, 1), np.uint8)
LEVELS = np.array([[0, 0], [0, 1]])


@pytest.mark.parametrize(
    ("query_levels", "levels", "message"),
    [
        (LEVELS, [[0, 0], [1, 0]], "hierarchy but label 0 of level 1 lies in labels 0 and 1 of level 0"),
        (LEVELS, [[0], [1]], "`query_levels` must have 1 columns as `database_levels` but has 2"),
        (
            LEVELS,
            [[0, 0.5], [1, 0]],
            r"`database_levels` must be whole numbers .* got float64 of shape \(2, 2\)",
        ),
        ([0, 1], LEVELS, r"`query_levels` must be whole numbers of shape \(N, V\).* int64 of shape \(2,\)"),
        (np.zeros((2, 300), int), LEVELS, r"V levels from 1 to 255, but got int64 of shape \(2, 300\)"),
        (LEVELS[:1], LEVELS, "`query_levels` must have 2 rows, one for each code, but has 1"),
    ],
)
def test_levels_of_the_wrong_form(query_levels: object, levels: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        graded_histograms(CODES, CODES, query_levels, levels, [8])


@pytest.mark.parametrize(
    ("itself", "message"),
    [
        ([0], r"`itself` must be 2 places below 2, .* int64 of shape \(1,\)"),
        ([0, 2], "`itself` must be 2 places below 2"),
        ([-1, 1], "`itself` must be 2 places below 2"),
        ([0.0, 1.0], "but got float64"),
        ([1, 1], "but image 1 has another code or other labels than query 0"),
    ],
)
def test_a_query_at_a_wrong_place(itself: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        graded_histograms(CODES, CODES, LEVELS, LEVELS, [8], itself=itself)


def test_codes_and_lengths_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="`query_codes` must be 2 bytes wide as `database_codes` but are 1"):
        graded_histograms(CODES, np.zeros((2, 2), np.uint8), LEVELS, LEVELS, [8])
    with pytest.raises(ValueError, match="from 8 to 8 but got 16"):
        graded_histograms(CODES, CODES, LEVELS, LEVELS, [16])


@pytest.mark.parametrize("grade", [0, 3, 1.5])
def test_grades_are_whole_numbers(grade: int) -> None:
    found = graded_histograms(CODES, CODES, LEVELS, LEVELS, [8])[8]
    with pytest.raises(ValueError, match=f"`grade` must be a whole number from 1.* but got {grade}"):
        found.at_least(grade)
    with pytest.raises(ValueError, match="`k` must be a whole number from 1 but got 0"):
        found.ndcg(0)


def test_no_query() -> None:
    found = graded_histograms(CODES[:0], CODES, LEVELS[:0], LEVELS, [8])[8]
    assert isinstance(found, GradedHistograms)
    assert found.ndcg(10).shape == (0,)
