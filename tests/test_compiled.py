"""Kernels in the background: none without numba, none while they compile, the disk only where it can be."""

import sys

import numpy as np
import pytest

from nhl import compiled
from nhl.index import NestedIndex, warm_up


@pytest.fixture
def fresh(monkeypatch):
    """As in a new process."""
    monkeypatch.setattr(compiled, "_threads", {})
    monkeypatch.setattr(compiled, "_ready", {})


@pytest.mark.usefixtures("fresh")
def test_without_numba_numpy_answers(monkeypatch):
    monkeypatch.setitem(sys.modules, "nhl.kernels", None)
    monkeypatch.delattr("nhl.kernels", raising=False)
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


def test_compiles_anew_where_nothing_can_be_kept(monkeypatch):
    pytest.importorskip("numba")
    from nhl import kernels

    def njit(*, nogil, cache=False):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: (function, nogil)

    monkeypatch.setattr(kernels, "njit", njit)
    assert kernels.jit(len) == (len, True)
