import numpy as np
import pytest

from nhl import centers
from nhl.centers import hadamard_centers, hash_centers


def smallest_distance(classes: int, length: int, seed: int = 0) -> int:
    signs = hash_centers(classes, length, seed).astype(int)
    distances = (length - signs @ signs.T) // 2
    return int(distances[~np.eye(classes, dtype=bool)].min())


@pytest.mark.parametrize(("length", "least"), [(8, 2), (16, 5), (32, 12), (64, 28), (128, 58)])
def test_hundred_classes_stay_apart_at_every_length(length: int, least: int) -> None:
    assert smallest_distance(100, length) >= least


@pytest.mark.parametrize(("length", "least"), [(8, 3), (16, 8), (32, 16), (64, 33), (128, 66)])
def test_ten_classes(length: int, least: int) -> None:
    assert smallest_distance(10, length) >= least


def test_shorter_centers_are_prefixes() -> None:
    longest = hash_centers(20, 64)
    for length in (8, 16, 24, 56):
        assert np.array_equal(hash_centers(20, length), longest[:, :length])


@pytest.mark.parametrize("classes", [1, 2, 3, 98, 300])
def test_any_number_of_classes(classes: int) -> None:
    signs = hash_centers(classes, 24)
    assert signs.shape == (classes, 24)
    assert signs.dtype == np.int8
    assert set(np.unique(signs)) <= {-1, 1}
    assert len(np.unique(signs, axis=0)) == classes


def test_two_classes_are_opposite() -> None:
    assert smallest_distance(2, 8) == 8


def test_more_classes_than_bytes_share_them_evenly() -> None:
    _, counts = np.unique(hash_centers(300, 8), axis=0, return_counts=True)
    assert counts.max() <= 3


def test_a_thousand_classes_stay_apart() -> None:
    found = {length: smallest_distance(1000, length) for length in (16, 32, 64, 128)}
    assert all(found[length] >= least for length, least in {16: 2, 32: 9, 64: 23, 128: 53}.items())


def test_a_longer_length_goes_on_from_a_shorter_one(monkeypatch: pytest.MonkeyPatch) -> None:
    grown: list[int] = []
    best = centers._best_bytes
    monkeypatch.setattr(
        centers, "_best_bytes", lambda distances, rng: (grown.append(1), best(distances, rng))[1]
    )
    for length in (8, 16, 64, 32):
        hash_centers(21, length, 7)
    assert len(grown) == 8  # a byte each, once


def test_the_seed_settles_all() -> None:
    first = hash_centers(30, 16, 1).copy()
    hash_centers.cache_clear()
    centers._grown.cache_clear()
    assert np.array_equal(hash_centers(30, 16, 1), first)
    assert not np.array_equal(hash_centers(30, 16, 2), first)


def test_shared_centers_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="read-only"):
        hash_centers(3, 8)[0, 0] = 1


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="`classes` must be at least 1 but got 0"):
        hash_centers(0, 8)
    for length in (0, -8, 12, 32768):
        with pytest.raises(
            ValueError, match=f"`length` must be a positive multiple of 8 up to 32767 but got {length}"
        ):
            hash_centers(3, length)


@pytest.mark.parametrize(("classes", "length"), [(10, 8), (10, 128), (200, 128), (16, 8)])
def test_hadamard_centres_differ_in_half_their_bits_or_in_all(classes: int, length: int) -> None:
    signs = hadamard_centers(classes, length).astype(int)
    assert signs.shape == (classes, length)
    apart = (length - signs @ signs.T) // 2
    assert set(apart[~np.eye(classes, dtype=bool)].tolist()) <= {length // 2, length}
    assert (hadamard_centers(classes, length, 1) != signs).any()


@pytest.mark.parametrize(("classes", "length"), [(17, 8), (10, 24)])
def test_without_enough_hadamard_rows_bits_are_drawn(classes: int, length: int) -> None:
    signs = hadamard_centers(classes, length)
    assert signs.shape == (classes, length)
    assert set(np.unique(signs)) == {-1, 1}
    assert (hadamard_centers(classes, length) == signs).all()
