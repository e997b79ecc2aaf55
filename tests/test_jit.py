"""The compiler, where it can keep nothing."""

import pytest


def test_compiles_anew_where_nothing_can_be_kept(monkeypatch):
    pytest.importorskip("numba")
    from nhl import jit

    def njit(*, nogil, cache=False):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: (function, nogil)

    monkeypatch.setattr(jit, "njit", njit)
    assert jit.jit(len) == (len, True)
