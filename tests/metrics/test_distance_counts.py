"""One pass at every length against plain distances; the compiled loop against NumPy."""

import sys

import numpy as np
import pytest

from nhl.codes import hamming
from nhl.metrics import distance_counts, histograms
from nhl.metrics.distance_counts import count_distances

LENGTHS = [(8,), (128,), (8, 16, 32, 64, 128), tuple(range(8, 136, 8)), (24, 40, 104), (16, 264, 520)]


def slow(queries: np.ndarray, database: np.ndarray, right: np.ndarray, length: int) -> np.ndarray:
    """One image after the other."""
    counts = np.zeros((len(queries), 2, length + 1), np.int64)
    for q, row in enumerate(hamming(queries, database, length)):
        for i, distance in enumerate(row):
            counts[q, int(right[q, i]), distance] += 1
    return counts


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("lengths", LENGTHS)
def test_every_length_as_counted_one_by_one(lengths: tuple[int, ...], compiled: bool) -> None:
    if compiled:
        pytest.importorskip("numba")
    rng = np.random.default_rng(lengths[-1])
    queries, database = (rng.integers(0, 256, (n, 66), dtype=np.uint8) for n in (5, 300))
    right = rng.random((5, 300)) < 0.3
    found = count_distances(queries, database, lambda rows: right[rows], lengths, compiled)
    assert tuple(found) == lengths
    for length, counts in found.items():
        assert (counts == slow(queries, database, right, length)).all()


def test_places_past_two_bytes() -> None:
    """Codes so long that a place needs four bytes: the extreme distances, and one between."""
    length = 8 * 5000
    database = np.zeros((3, 5000), np.uint8)
    database[1], database[2, 0] = 255, 1
    right = np.array([[True, False, True]])
    for compiled in (False, True):
        if compiled:
            pytest.importorskip("numba")
        counts = count_distances(database[:1], database, lambda rows: right[rows], (8, length), compiled)
        assert np.argwhere(counts[length][0]).tolist() == [[0, length], [1, 0], [1, 1]]
        assert np.argwhere(counts[8][0]).tolist() == [[0, 8], [1, 0], [1, 1]]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("several", [False, True])
def test_compiled_is_numpy(seed: int, several: bool) -> None:
    """More rows than the loop holds at once, more queries than a block; tied and clustered codes."""
    pytest.importorskip("numba")
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 256, 3 if seed % 2 else 256, dtype=np.uint8)
    queries, database = (rng.choice(values, (n, 16)) for n in (70, 9001))
    labels = [rng.integers(0, 2, (n, 11)) if several else rng.integers(5, size=n) for n in (70, 9001)]
    lengths = (8, 16, 32, 64, 128)
    fast, plain = (
        histograms(queries, database, *labels, lengths, compiled=compiled) for compiled in (True, False)
    )
    for length in lengths:
        assert (fast[length].all == plain[length].all).all()
        assert (fast[length].relevant == plain[length].relevant).all()
        assert (fast[length].all.sum(1) == 9001).all()


def test_numpy_counts_where_numba_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distance_counts, "COMPILED_PAIRS", 0)
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.setitem(sys.modules, "nhl.metrics.count_kernels", None)
    codes = np.array([[0], [3]], np.uint8)
    found = count_distances(codes, codes, lambda rows: np.eye(2, dtype=bool)[rows], (8,))
    assert np.argwhere(found[8]).tolist() == [[0, 0, 2], [0, 1, 0], [1, 0, 2], [1, 1, 0]]


def test_numba_counts_where_there_is_much_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    monkeypatch.setattr(distance_counts, "COMPILED_PAIRS", 4)
    monkeypatch.setattr(distance_counts, "_numpy_counter", None)
    codes = np.array([[0], [3]], np.uint8)
    assert count_distances(codes, codes, lambda rows: np.eye(2, dtype=bool)[rows], (8,))[8].sum() == 4
