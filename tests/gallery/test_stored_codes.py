from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from nhl.gallery.stored_codes import REMEDY, StaleCodesError, load_codes, save_codes

CODES = np.random.default_rng(0).integers(0, 256, (7, 16), dtype=np.uint8)
IDS = np.array([4, 3, 9, 100, 5_000_000_000, 0, 1])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save_codes(tmp_path / "new" / "codes.safetensors", CODES, IDS, model="m", gallery="g")
    return tmp_path / "new" / "codes.safetensors"


def load(path: Path) -> tuple[np.ndarray, np.ndarray]:
    return load_codes(path, model="m", gallery="g")


def test_what_is_saved_is_loaded(path: Path) -> None:
    codes, ids = load(path)
    np.testing.assert_array_equal(codes, CODES)
    np.testing.assert_array_equal(ids, IDS)
    assert codes.dtype == np.uint8
    assert ids.dtype == np.int64
    assert [file.name for file in path.parent.iterdir()] == ["codes.safetensors"]


def test_strided_and_empty_codes(path: Path) -> None:
    save_codes(path, CODES[::2, ::-1], IDS[::2].astype(np.uint32), model="m", gallery="g")
    np.testing.assert_array_equal(load(path)[0], CODES[::2, ::-1])
    save_codes(path, CODES[:0], IDS[:0], model="m", gallery="g")
    assert load(path)[0].shape == (0, 16)


@pytest.mark.parametrize("ids", [IDS[:3], IDS[None], IDS.astype(float), 7])
def test_bad_ids(tmp_path: Path, ids: object) -> None:
    with pytest.raises(ValueError, match="`ids` must be 7 whole numbers, one for each code, but got"):
        save_codes(tmp_path / "x", CODES, ids, model="m", gallery="g")


def test_bad_codes(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="`codes` must be packed codes"):
        save_codes(tmp_path / "x", CODES.astype(int), IDS, model="m", gallery="g")


@pytest.mark.parametrize(
    ("model", "gallery", "sentence"), [("x", "g", "another model"), ("m", "x", "another gallery")]
)
def test_codes_of_another_model_or_gallery(path: Path, model: str, gallery: str, sentence: str) -> None:
    with pytest.raises(StaleCodesError, match=f"codes.safetensors was made with {sentence}: {REMEDY}"):
        load_codes(path, model=model, gallery=gallery)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(StaleCodesError, match=f"there are no codes at .*: {REMEDY}"):
        load(tmp_path / "codes.safetensors")


def test_a_file_of_another_version(path: Path) -> None:
    save_file({"codes": CODES, "ids": IDS}, path)
    with pytest.raises(StaleCodesError, match="is of another version"):
        load(path)


def test_every_cut_and_every_flipped_bit_is_noticed(path: Path) -> None:
    data = path.read_bytes()
    for end in range(0, len(data), 7):
        path.write_bytes(data[:end])
        with pytest.raises(StaleCodesError, match=f"codes.safetensors .*: {REMEDY}"):
            load(path)
    for position in range(len(data) - CODES.nbytes - IDS.nbytes, len(data), 3):
        path.write_bytes(data[:position] + bytes([data[position] ^ 16]) + data[position + 1 :])
        with pytest.raises(StaleCodesError, match="checksum does not match"):
            load(path)


def test_a_failed_write_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save_codes(path, CODES[:1], IDS[:1], model="m", gallery="g")
    assert len(load(path)[0]) == 7
    assert [file.name for file in path.parent.iterdir()] == ["codes.safetensors"]
