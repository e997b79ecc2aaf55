"""The table of benchmarks, what a result file says, and a small run of the search benchmark."""

import json
import sys

import numpy as np
import pytest

from benchmarks import __main__ as table
from benchmarks.machine import machine, write_result


def test_help_names_all(capsys):
    assert table.main([]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in table.BENCHMARKS)


def test_unknown_name(capsys):
    assert table.main(["nothing"]) == 2
    assert "unknown benchmark 'nothing'; choose from search" in capsys.readouterr().err


def test_a_missing_package_is_named(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    monkeypatch.delitem(sys.modules, "benchmarks.search", raising=False)
    assert table.main(["search"]) == 1
    assert "benchmark 'search' needs the package 'faiss'" in capsys.readouterr().err


def test_result_files_say_where_they_come_from(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["benchmarks", "search", "--images", "a b"])
    path = write_result("search", {"records": [1]}, tmp_path / "new" / "file.json")
    result = json.loads(path.read_text())
    assert result["records"] == [1]
    assert result["command"] == "python -m benchmarks search --images 'a b'"
    assert result["machine"]["versions"]["numpy"] == np.__version__
    assert machine()["cores"] >= 1


def test_search_runs(tmp_path, capsys):
    pytest.importorskip("faiss")
    pytest.importorskip("numba")
    out = tmp_path / "search.json"
    options = ["--images", "2000", "--codes", "uniform", "--rounds", "2", "--out", str(out)]
    assert table.main(["search", *options]) == 0
    records = json.loads(out.read_text())["records"]
    assert [record["length"] for record in records] == [8, 16, 32, 64, 128]
    assert "2,000 uniform codes" in capsys.readouterr().out


def test_search_rejects_a_wrong_answer():
    pytest.importorskip("faiss")
    pytest.importorskip("numba")
    from benchmarks.search import check

    codes = np.zeros((10, 1), np.uint8)
    with pytest.raises(RuntimeError, match="the index answered"):
        check((np.ones((1, 10), np.int32), np.arange(10)[None]), np.zeros((1, 10)), codes, codes[0])
