"""Kernels in the background: none without numba, none while they compile, the disk only where it can be."""

import sys

import numpy as np
import pytest

from nhl.index import NestedIndex, compiled, warm_up


@pytest.fixture
def fresh(monkeypatch):
    """As in a new process."""
    monkeypatch.setattr(compiled, "_threads", {})
    monkeypatch.setattr(compiled, "_ready", {})


@pytest.mark.usefixtures("fresh")
def test_without_numba_numpy_answers(monkeypatch):
    monkeypatch.setitem(sys.modules, "nhl.index.kernels", None)
    monkeypatch.delattr("nhl.index.kernels", raising=False)
    assert not warm_up()
    codes = np.random.default_rng(0).integers(0, 256, (300_000, 2), dtype=np.uint8)
    distances, ids = NestedIndex(codes).search(codes[7:8], 16, 1)
    assert (codes[ids[0, 0]] == codes[7]).all()
    assert distances[0, 0] == 0


@pytest.mark.usefixtures("fresh")
def test_nobody_waits_for_the_compiler(monkeypatch):
    monkeypatch.setattr(compiled, "_load", lambda _: None)  # never ready
    assert compiled.kernels() is None
    codes = np.arange(200, dtype=np.uint8).reshape(100, 2)
    assert NestedIndex(codes).search(codes[:1], 8, 3)[0].shape == (1, 3)
