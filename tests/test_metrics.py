"""Tie-expected figures against the mean over every order of the ties."""

from itertools import permutations, product

import numpy as np
import pytest

from nhl.codes import hamming
from nhl.metrics import histograms, mean_average_precision


def orders(distances: list[int]) -> list[tuple[int, ...]]:
    """Every ranking that sorts by distance."""
    ties = [[i for i, d in enumerate(distances) if d == level] for level in sorted(set(distances))]
    return [sum(parts, ()) for parts in product(*(permutations(tie) for tie in ties))]


def slow_average_precision(ranking: list[bool], top: int) -> float:
    hits, total = 0, 0.0
    for rank, right in enumerate(ranking[:top], 1):
        hits += right
        total += right * hits / rank
    return total / max(1, min(top, sum(ranking)))


def tied_case(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Two queries and seven images, of one byte with few distinct values: many ties."""
    rng = np.random.default_rng(seed)
    values = np.array([0, 1, 3, 255], dtype=np.uint8)
    return (
        values[rng.integers(2, size=(2, 1))],
        values[rng.integers(4, size=(7, 1))],
        rng.integers(2, size=2),
        rng.integers(2, size=7),
    )


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("top", [1, 3, 5, 7, 20])
def test_every_figure_is_the_mean_over_all_orders(seed: int, top: int) -> None:
    queries, database, query_labels, labels = tied_case(seed)
    found = histograms(queries, database, query_labels, labels, [8])[8]
    for q in range(2):
        rankings = [
            [bool(labels[i] == query_labels[q]) for i in order]
            for order in orders(hamming(queries, database)[q].tolist())
        ]
        relevant = max(1, int((labels == query_labels[q]).sum()))
        expected = np.mean([slow_average_precision(r, top) for r in rankings])
        hits = np.mean([sum(r[:top]) for r in rankings])
        assert found.average_precision(top)[q] == pytest.approx(expected)
        assert found.precision(top)[q] == pytest.approx(hits / top)
        assert found.recall(top)[q] == pytest.approx(hits / relevant)


def test_average_precision_over_all_counts_the_last_image() -> None:
    queries, database = np.zeros((1, 1), np.uint8), np.array([[1], [3], [7]], np.uint8)
    found = histograms(queries, database, [1], [0, 0, 1], [8])[8]
    assert found.average_precision()[0] == pytest.approx(1 / 3)
    assert found.average_precision(2)[0] == 0


def test_no_relevant_image_scores_nothing() -> None:
    codes = np.zeros((2, 1), np.uint8)
    assert mean_average_precision(codes, codes, [5, 5], [0, 1], 8) == 0


def test_several_labels_match_when_one_is_shared() -> None:
    codes = np.array([[0], [1], [255]], np.uint8)
    labels = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1]])
    assert mean_average_precision(codes[:1], codes[1:], labels[:1], labels[1:], 8) == 1
    assert mean_average_precision(codes[2:], codes[:2], labels[2:], labels[:2], 8) == 0


def test_one_pass_gives_what_each_length_gives_alone() -> None:
    rng = np.random.default_rng(3)
    queries, database = (rng.integers(0, 256, (n, 16), dtype=np.uint8) for n in (70, 90))
    labels = rng.integers(3, size=70), rng.integers(3, size=90)
    found = histograms(queries, database, *labels, [8, 24, 128])
    for length, h in found.items():
        distances = hamming(queries, database, length)
        same = labels[0][:, None] == labels[1][None]
        for radius in range(length + 1):
            assert (h.all[:, radius] == (distances == radius).sum(1)).all()
            assert (h.relevant[:, radius] == ((distances == radius) & same).sum(1)).all()
        assert h.average_precision().mean() == mean_average_precision(queries, database, *labels, length)


def test_precision_within_radius_and_curve() -> None:
    queries = np.zeros((1, 1), np.uint8)
    found = histograms(queries, np.array([[1], [3], [7]], np.uint8), [1], [1, 0, 1], [8])[8]
    assert found.within(0)[0] == 0
    assert found.within(2)[0] == 0.5
    precision, recall = found.precision_recall()
    assert precision[:4] == pytest.approx([1, 1, 1 / 2, 2 / 3])
    assert recall[:4] == pytest.approx([0, 1 / 2, 1 / 2, 1])


def test_labels_of_the_wrong_shape() -> None:
    codes = np.zeros((2, 1), np.uint8)
    with pytest.raises(ValueError, match="labels must both be"):
        histograms(codes, codes, [0, 1], [[0, 1], [1, 0]], [8])
    with pytest.raises(ValueError, match="labels are for"):
        histograms(codes, codes, [0, 1, 2], [0, 1], [8])
    with pytest.raises(ValueError, match="from 8 to 8 but got 16"):
        histograms(codes, codes, [0, 1], [0, 1], [16])
