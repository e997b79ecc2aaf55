"""Codes in other programs' files, read as those programs do."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from nhl.codes import hamming
from nhl.gallery import Item
from nhl.gallery.export import FORMATS, export_codes

CODES = np.random.default_rng(0).integers(0, 256, (6, 16), dtype=np.uint8)
ITEMS = [
    Item(n, f"{n}.jpg", label, (label,), source=f"/п/{n}.jpg")
    for n, label in zip((3, 4, 9, 11, 12, 40), "abcabc", strict=True)
]
IDS = [item.id for item in ITEMS]


def test_numpy(tmp_path: Path) -> None:
    export_codes(ITEMS, CODES, tmp_path / "new" / "x.npz")
    with np.load(tmp_path / "new" / "x.npz") as file:
        np.testing.assert_array_equal(file["codes"], CODES)
        assert file["ids"].tolist() == IDS
        assert file["labels"].tolist() == list("abcabc")
        assert file["sources"][1] == "/п/4.jpg"


def test_safetensors(tmp_path: Path) -> None:
    export_codes(ITEMS, CODES, tmp_path / "x.safetensors", 32)
    with safe_open(tmp_path / "x.safetensors", framework="numpy") as file:
        np.testing.assert_array_equal(file.get_tensor("codes"), CODES[:, :4])
        assert file.get_tensor("ids").tolist() == IDS
        classes = json.loads(file.metadata()["classes"])
        assert [classes[n] for n in file.get_tensor("labels")] == list("abcabc")


def test_parquet(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    export_codes(ITEMS, CODES, tmp_path / "x.parquet")
    rows = parquet.read_table(tmp_path / "x.parquet").to_pylist()
    assert rows[2] == {
        "id": 9,
        "name": "9.jpg",
        "label": "c",
        "labels": ["c"],
        "source": "/п/9.jpg",
        "code": CODES[2].tobytes(),
    }


def test_plain_faiss_opens_the_index(tmp_path: Path) -> None:
    faiss = pytest.importorskip("faiss")
    export_codes(ITEMS, CODES, tmp_path / "x.faiss", 64)
    index = faiss.read_index_binary(str(tmp_path / "x.faiss"))
    distances, ids = index.search(np.ascontiguousarray(CODES[:, :8]), 6)
    assert ids[:, 0].tolist() == IDS
    np.testing.assert_array_equal(distances, np.sort(hamming(CODES, CODES, 64), axis=1))


@pytest.mark.parametrize(("suffix", "module"), [(".parquet", "pyarrow"), (".faiss", "faiss")])
def test_a_missing_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ModuleNotFoundError, match=rf"needs {module}: `pip install"):
        export_codes(ITEMS, CODES, tmp_path / f"x{suffix}")
    assert not list(tmp_path.iterdir())


def test_bad_arguments(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"`to` must end on \.npz, .* but got 'x\.csv'"):
        export_codes(ITEMS, CODES, tmp_path / "x.csv")
    with pytest.raises(ValueError, match="`length` must be a multiple of 8 from 8 to 128 but got 12"):
        export_codes(ITEMS, CODES, tmp_path / "x.npz", 12)


@pytest.mark.parametrize("suffix", FORMATS)
def test_an_empty_gallery(tmp_path: Path, suffix: str) -> None:
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    export_codes([], CODES[:0], tmp_path / f"x{suffix}")
    assert (tmp_path / f"x{suffix}").stat().st_size > 0
