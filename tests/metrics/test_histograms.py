"""Tie-expected figures against the mean over every order of the ties."""

from itertools import permutations
from math import comb

import numpy as np
import pytest
from metrics.rankings import orders

from nhl.codes import hamming
from nhl.metrics import histograms, mean_average_precision


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
        hit = np.mean([any(r[:top]) for r in rankings])
        assert found.average_precision(top)[q] == pytest.approx(expected)
        assert found.precision(top)[q] == pytest.approx(hits / top)
        assert found.recall(top)[q] == pytest.approx(hits / relevant)
        assert found.hit_rate(top)[q] == pytest.approx(hit)


def test_average_precision_over_all_counts_the_last_image() -> None:
    queries, database = np.zeros((1, 1), np.uint8), np.array([[1], [3], [7]], np.uint8)
    found = histograms(queries, database, [1], [0, 0, 1], [8])[8]
    assert found.average_precision()[0] == pytest.approx(1 / 3)
    assert found.average_precision(2)[0] == 0


def test_hit_rate_by_hand() -> None:
    """Two wrong at distance 0, then two right among five at distance 1, then one right."""
    database = np.array([[0], [0], [1], [2], [4], [8], [16], [3]], np.uint8)
    found = histograms(np.zeros((1, 1), np.uint8), database, [1], [0, 0, 1, 1, 0, 0, 0, 1], [8])[8]
    expected = {1: 0, 2: 0, 3: 2 / 5, 4: 1 - 3 / 5 * 2 / 4, 5: 1 - 1 / 10, 6: 1, 8: 1, 100: 1}
    assert {k: float(found.hit_rate(k)[0]) for k in expected} == pytest.approx(expected)


def test_hit_rate_of_a_large_tie_is_hypergeometric() -> None:
    n, r, c = 5000, 40, 300
    codes = np.zeros((n, 1), np.uint8)
    found = histograms(codes[:1], codes, [1], np.arange(n) < r, [8])[8]
    assert found.hit_rate(c)[0] == pytest.approx(1 - comb(n - r, c) / comb(n, c), abs=1e-12)


def test_another_picture_of_the_same_instance() -> None:
    """Every picture asks for the others of its instance, itself left out, in every order of the ties."""
    rng = np.random.default_rng(5)
    codes, instances = rng.choice(np.array([0, 1, 3], np.uint8), (8, 1)), np.repeat(np.arange(4), 2)
    found = histograms(codes, codes, instances, instances, [8])[8].without_itself()
    for q in range(8):
        others = np.delete(np.arange(8), q)
        rankings = orders(hamming(codes[q : q + 1], codes[others])[0].tolist())
        right = instances[others] == instances[q]
        for k in (1, 2, 5, 7):
            expected = np.mean([right[list(order[:k])].any() for order in rankings])
            assert found.hit_rate(k)[q] == pytest.approx(expected)
    with pytest.raises(ValueError, match="at distance 0, but query 1 is not"):
        histograms(codes[:2], codes, [0, 9], instances, [8])[8].without_itself()


def test_the_only_relevant_image_is_found_at_its_own_rank() -> None:
    rng = np.random.default_rng(8)
    codes, instances = rng.integers(0, 256, (60, 16), dtype=np.uint8), np.repeat(np.arange(20), 3)
    found = histograms(codes[::3], codes[1::3], instances[::3], instances[1::3], [128])[128]
    distances = hamming(codes[::3], codes[1::3])
    for q, row in enumerate(distances):
        nearer, level = (row < row[q]).sum(), (row == row[q]).sum()
        for k in range(1, 21):
            assert found.hit_rate(k)[q] == pytest.approx(np.clip((k - nearer) / level, 0, 1))


def test_no_relevant_image_scores_nothing_and_counts() -> None:
    codes = np.zeros((2, 1), np.uint8)
    assert mean_average_precision(codes, codes, [5, 5], [0, 1], 8) == 0
    found = histograms(codes, codes, [5, 0], [0, 0], [8])[8]
    for values in (found.average_precision(), found.precision(2), found.recall(2), found.hit_rate(2)):
        assert values.tolist() == [0, 1]


def test_one_label_makes_everything_right() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 256, (9, 2), dtype=np.uint8)
    for found in histograms(codes, codes, np.zeros(9), np.zeros(9), [8, 16]).values():
        for values in (found.average_precision(), found.average_precision(3), found.precision(9)):
            assert values == pytest.approx(1)


def test_one_code_for_all_is_a_random_order() -> None:
    codes, labels = np.zeros((6, 1), np.uint8), np.array([1, 1, 0, 0, 0, 0])
    found = histograms(codes[:1], codes, [1], labels, [8])[8]
    drawn = [slow_average_precision(list(order), 6) for order in set(permutations([True] * 2 + [False] * 4))]
    assert found.average_precision()[0] == pytest.approx(np.mean(drawn))
    assert found.precision(3)[0] == pytest.approx(1 / 3)
    assert found.precision_within(0)[0] == pytest.approx(1 / 3)


def test_places_past_the_last_image_hold_nothing_relevant() -> None:
    codes = np.zeros((2, 1), np.uint8)
    found = histograms(codes[:1], codes, [1], [1, 1], [8])[8]
    assert (found.precision(8)[0], found.recall(8)[0], found.average_precision(8)[0]) == (0.25, 1, 1)


def test_nothing_to_search_scores_nothing() -> None:
    codes = np.zeros((2, 2), np.uint8)
    found = histograms(codes, codes[:0], [1, 2], [], [8, 16])
    assert found[16].all.shape == (2, 17)
    for values in (
        found[8].average_precision(),
        found[8].recall(1),
        found[8].hit_rate(1),
        found[8].precision_within(2),
    ):
        assert values.tolist() == [0, 0]


def test_no_query() -> None:
    codes = np.zeros((2, 1), np.uint8)
    found = histograms(codes[:0], codes, [], [1, 2], [8])[8]
    assert found.all.shape == (0, 9)
    assert found.average_precision().shape == found.hit_rate(3).shape == (0,)
    with pytest.raises(ValueError, match="there are 0 queries"):
        found.precision_recall()
    with pytest.raises(ValueError, match="`query_codes` is empty"):
        mean_average_precision(codes[:0], codes, [], [1, 2], 8)


@pytest.mark.parametrize("k", [0, -1, 2.5, True])
def test_numbers_of_results_are_whole(k: int) -> None:
    codes = np.zeros((2, 1), np.uint8)
    found = histograms(codes, codes, [0, 1], [0, 1], [8])[8]
    for figure in (found.precision, found.recall, found.hit_rate):
        with pytest.raises(ValueError, match=f"`k` must be a whole number from 1 but got {k}"):
            figure(k)
    with pytest.raises(ValueError, match=f"`top` must be a whole number from 1 but got {k}"):
        found.average_precision(k)
    with pytest.raises(ValueError, match="`radius` must be a whole number from 0 but got -1"):
        found.precision_within(-1)


def test_several_labels_match_when_one_is_shared() -> None:
    codes = np.array([[0], [1], [255]], np.uint8)
    labels = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1]])
    assert mean_average_precision(codes[:1], codes[1:], labels[:1], labels[1:], 8) == 1
    assert mean_average_precision(codes[2:], codes[:2], labels[2:], labels[:2], 8) == 0


def test_labels_may_be_names_or_of_different_width() -> None:
    codes = np.array([[0], [1], [255]], np.uint8)
    names = np.array(["cat", "cat", "dog"])
    assert mean_average_precision(codes[:1], codes[1:], names[:1], names[1:], 8) == 1
    far = np.array([2**63 + 1, 2**63], np.uint64)  # as floating point they would be equal
    assert mean_average_precision(codes[:1], codes[1:], np.array([-1]), far, 8) == 0
    assert histograms(codes[1:], codes[:1], far, np.array([2**63], np.uint64), [8])[8].relevant.sum() == 1


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
    assert found.precision_within(0)[0] == 0
    assert found.precision_within(2)[0] == 0.5
    precision, recall = found.precision_recall()
    assert precision[:4] == pytest.approx([1, 1, 1 / 2, 2 / 3])
    assert recall[:4] == pytest.approx([0, 1 / 2, 1 / 2, 1])


def test_labels_of_the_wrong_shape() -> None:
    codes = np.zeros((2, 1), np.uint8)
    with pytest.raises(ValueError, match=r"must both be one-dimensional .* shapes \(2,\) and \(2, 2\)"):
        histograms(codes, codes, [0, 1], [[0, 1], [1, 0]], [8])
    with pytest.raises(ValueError, match=r"or both of C columns .* shapes \(2, 3\) and \(2, 2\)"):
        histograms(codes, codes, [[0, 1, 0], [1, 0, 0]], [[0, 1], [1, 0]], [8])
    with pytest.raises(ValueError, match="labels are for 3 queries and 2 images, codes for 2 and 2"):
        histograms(codes, codes, [0, 1, 2], [0, 1], [8])
    with pytest.raises(ValueError, match="from 8 to 8 but got 16"):
        histograms(codes, codes, [0, 1], [0, 1], [16])
    with pytest.raises(ValueError, match="`query_codes` must be 2 bytes wide as `database_codes` but are 1"):
        histograms(codes, np.zeros((2, 2), np.uint8), [0, 1], [0, 1], [8])


NUMBERS, NAMES = np.array([[0], [1]]), np.array([["a", "b"], ["b", "a"]])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            [[-1, 1], [1, -1]],
            r"of shape \(N, C\) must be zeros and ones but holds -1: `labels > 0` makes them",
        ),
        ([[0, 2], [1, 0]], "must be zeros and ones but holds 2"),
        ([[0.5, 1], [1, 0]], r"must be zeros and ones but holds 0\.5"),
        (NAMES, "must be zeros and ones but holds a"),
        (NUMBERS, r"C from 2, but got shape \(2, 1\): give classes as `labels\.ravel\(\)`"),
        ([0.0, np.nan], "must be classes but holds NaN: give an unlabelled image a class of its own"),
    ],
)
def test_labels_of_another_form(labels: object, message: str) -> None:
    """Read as zeros and ones, a matrix of -1 and 1 would make every image relevant."""
    codes, right = np.zeros((2, 1), np.uint8), [0, 1]
    if np.asarray(labels).ndim == 2 and np.asarray(labels).shape[1] == 2:
        right = [[0, 1], [1, 0]]
    with pytest.raises(ValueError, match=f"`query_labels` .*{message}"):
        histograms(codes, codes, labels, right, [8])
    with pytest.raises(ValueError, match=f"`database_labels` .*{message}"):
        histograms(codes, codes, right, labels, [8])


def test_zeros_and_ones_may_be_booleans_or_fractions() -> None:
    codes = np.array([[0], [1], [255]], np.uint8)
    labels = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1]])
    for form in (labels.astype(bool), labels.astype(float), labels.astype(np.uint8)):
        assert mean_average_precision(codes[:1], codes[1:], form[:1], form[1:], 8) == 1


def test_names_are_no_numbers() -> None:
    """None would ever be the other, and every query would find nothing."""
    codes = np.zeros((2, 1), np.uint8)
    with pytest.raises(ValueError, match="must both be names or both numbers but got <U3 and int64"):
        histograms(codes, codes, ["cat", "dog"], [0, 1], [8])
    with pytest.raises(ValueError, match="must both be names or both numbers but got int64 and <U1"):
        histograms(codes, codes, [0, 1], ["0", "1"], [8])
    with pytest.raises(ValueError, match=r"must both be names or both numbers but got \|S3 and <U3"):
        histograms(codes, codes, [b"cat", b"dog"], ["cat", "dog"], [8])
    names = np.array(["cat", "dog"], object)
    assert histograms(codes, codes, names, ["cat", "dog"], [8])[8].relevant.sum() == 2
