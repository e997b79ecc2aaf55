"""Synthetic codes keep the statistics of the real ones, class by class and bit by bit."""

import numpy as np
import pytest

from nhl.codes import unpack
from nhl.index.synthetic import enlarge

RANDOM = np.random.default_rng(0)
CODES = np.concatenate([RANDOM.integers(0, 256, (300, 4)), RANDOM.integers(0, 16, (100, 4))]).astype(np.uint8)
LABELS = ["wide"] * 300 + ["low"] * 100


def test_keeps_shares_of_classes_and_bits():
    drawn = unpack(enlarge(CODES, LABELS, 70_000))
    expected = unpack(CODES).mean(axis=0)
    np.testing.assert_allclose(drawn.mean(axis=0), expected, atol=0.01)
    low = unpack(enlarge(CODES[300:], LABELS[300:], 500))
    assert (low.reshape(500, 4, 8)[:, :, :4] == 0).all()


def test_is_seeded():
    first, same, other = (enlarge(CODES, LABELS, 50, seed) for seed in (1, 1, 2))
    assert (first == same).all()
    assert (first != other).any()
    assert enlarge(CODES, LABELS, 0).shape == (0, 4)


def test_rejects():
    with pytest.raises(ValueError, match="`codes` must hold at least one code but is empty"):
        enlarge(CODES[:0], [], 5)
    with pytest.raises(ValueError, match=r"`labels` must be 400, one for each code, but got shape \(3,\)"):
        enlarge(CODES, LABELS[:3], 5)
    with pytest.raises(ValueError, match="`count` must be 0 or more but got -1"):
        enlarge(CODES, LABELS, -1)
