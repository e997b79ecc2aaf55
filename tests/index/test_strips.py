"""Codes in strips: where each byte lies, and what the bits that rows share say of distances."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nhl.codes import hamming
from nhl.index.strips import STRIP, codes_in, common, gray_rank, groups, lay, lay_common, unlay


def codes_of(count, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, width), dtype=np.uint8)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 200), st.integers(1, 11))
def test_every_byte_is_found_again(count, width):
    codes = codes_of(count, width)
    strips = lay(codes)
    assert strips.shape == (-(-count // STRIP) * STRIP * width,)
    for row in {0, count // 2, count - 1}:
        for j in range(width):
            group = groups(strips, width)[j // 4]
            assert group[row // STRIP, j % 4, row % STRIP] == codes[row, j]
    np.testing.assert_array_equal(unlay(strips, width)[:count], codes)
    rows = np.random.default_rng(1).permutation(count)
    np.testing.assert_array_equal(codes_in(strips, width, rows), codes[rows])


def test_gray_ranks_of_all_bytes_make_a_path_of_single_bits():
    codes = np.arange(256, dtype=np.uint8)[:, None]
    path = codes[np.argsort(gray_rank(codes))]
    assert (np.bitwise_count(path[1:] ^ path[:-1]) == 1).all()


def test_gray_ranks_follow_the_first_64_bits_and_no_others():
    codes = codes_of(50, 12)
    np.testing.assert_array_equal(gray_rank(codes), gray_rank(codes[:, :8]))
    assert len(set(gray_rank(codes).tolist())) == 50


@pytest.mark.parametrize("count", [1, 64, 65, 5000])
def test_bits_in_common_bound_the_distances(count):
    """With few bits that vary the bound is far from 0, and it is met by no row from below."""
    codes = codes_of(1, 6, 1) ^ (codes_of(count, 6, 2) & codes_of(1, 6, 3))
    queries = codes_of(20, 6, 4)
    lowest, highest = common(codes, codes)
    bounds = np.bitwise_count((lowest ^ queries[:, None]) & ~(lowest ^ highest)).sum(axis=2)
    distances = hamming(queries, codes, 48)
    for strip in range(len(lowest)):
        rows = slice(strip * STRIP, (strip + 1) * STRIP)
        assert (bounds[:, strip] <= distances[:, rows].min(axis=1)).all()
    assert bounds.mean() > 5


def test_bits_in_common_lie_beside_the_mask_of_those_that_are():
    lowest, highest = codes_of(70, 5, 1), codes_of(70, 5, 2)
    strips = lay_common(lowest, highest)[: 2 * STRIP * 8].reshape(2, 8, STRIP)
    np.testing.assert_array_equal(strips[1, 4, :6], lowest[64:, 2])
    np.testing.assert_array_equal(strips[0, 3, :], ~(lowest ^ highest)[:64, 1])
