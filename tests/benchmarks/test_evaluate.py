"""A small run of the evaluation benchmark, and what it refuses."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import __main__ as table
from nhl.metrics import histograms


def test_evaluate_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("numba")
    out = tmp_path / "evaluate.json"
    options = ["--queries", "7", "--images", "500", "--sample", "2", "--rounds", "1", "--out", str(out)]
    assert table.main(["evaluate", *options]) == 0
    records = json.loads(out.read_text())["records"]
    assert [record["codes"] for record in records] == ["uniform", "clustered"]
    assert set(records[0]["seconds"]) == {"loop", "numpy", "numba"}
    assert "7 queries against 500 images" in capsys.readouterr().out


def test_a_count_that_is_wrong_is_refused() -> None:
    from benchmarks.evaluate import LENGTHS, Loop, check, clustered

    codes, labels = clustered(50, np.random.default_rng(0))
    loop = Loop(codes[:3], codes, labels, labels)
    right = histograms(codes[:3], codes, labels[:3], labels, LENGTHS)
    check(loop, 3, right, right)
    moved = replace(right[32], relevant=np.roll(right[32].relevant, 1, axis=1))
    with pytest.raises(RuntimeError, match="numba disagrees at 32 bits"):
        check(loop, 3, right, {**right, 32: moved})
    with pytest.raises(RuntimeError, match="the loop disagrees at 32 bits"):
        check(loop, 3, {**right, 32: moved}, {**right, 32: moved})
