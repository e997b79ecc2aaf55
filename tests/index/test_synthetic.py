"""Synthetic codes are as spread as the real ones, class by class."""

import numpy as np
import pytest

from nhl.codes import hamming, unpack
from nhl.index import synthetic
from nhl.index.synthetic import enlarge

RANDOM = np.random.default_rng(0)
CODES = np.concatenate([RANDOM.integers(0, 256, (300, 4)), RANDOM.integers(0, 16, (100, 4))]).astype(np.uint8)
LABELS = ["wide"] * 300 + ["low"] * 100


def tenth(codes):
    return np.sort(hamming(codes[:300], codes), axis=1)[:, 10].mean()


def test_keeps_shares_of_classes_and_bits():
    drawn = unpack(enlarge(CODES, LABELS, 70_000))
    np.testing.assert_allclose(drawn.mean(axis=0), unpack(CODES).mean(axis=0), atol=0.04)
    low = unpack(enlarge(CODES[300:], LABELS[300:], 500))
    assert (low.reshape(500, 4, 8)[:, :, :4] == 0).all()


def test_nearest_codes_are_as_far_apart_where_bits_depend_on_each_other():
    """32 bits of 6 that are free: drawn each by itself they would lie twice as far apart."""
    random = np.random.default_rng(1)
    codes = np.packbits(random.standard_normal((2000, 6)) @ random.standard_normal((6, 32)) > 0, axis=1)
    drawn = enlarge(codes[:1000], np.zeros(1000), 2000)
    bits = unpack(codes)
    alone = np.packbits(random.permuted(bits, axis=0), axis=1)
    assert abs(tenth(drawn) - tenth(codes)) < 0.2 * tenth(codes)
    assert tenth(alone) > 1.5 * tenth(codes)


def test_a_drawn_code_lies_between_near_ones_of_its_class(monkeypatch):
    monkeypatch.setattr(synthetic, "NEIGHBOURS", 1)
    codes, labels = np.array([[0], [1], [255], [127]], np.uint8), ["a", "a", "b", "a"]
    assert set(enlarge(codes, labels, 400).ravel().tolist()) <= {0, 1, 255, *range(1, 128, 2)}
    assert (enlarge(codes[2:3], ["b"], 5) == 255).all()


def test_one_code_has_bits_of_several_neighbours():
    """Three rare bits, each in codes of its own: those that have all of them are mixed."""
    rare = np.repeat(np.array([0b001, 0b010, 0b100], np.uint8), 8)[:, None]
    assert (unpack(enlarge(rare, np.zeros(24), 4000)).sum(axis=1) > 2).any()


def test_large_classes_are_looked_through_in_parts(monkeypatch):
    monkeypatch.setattr(synthetic, "TOGETHER", 50)
    near = synthetic._neighbours(CODES, np.array(LABELS))
    assert (near[:300] < 300).all()
    assert (near[300:] >= 300).all()
    assert (near != np.arange(400)[:, None]).all()


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
