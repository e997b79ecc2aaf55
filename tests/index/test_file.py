"""Saved indexes: the same answers from a memory-mapped file, and no answer from a damaged one."""

import json

import numpy as np
import pytest
from safetensors.numpy import save

from nhl.index import NestedIndex, file, segment, warm_up

CODES = np.random.default_rng(0).integers(0, 256, (3000, 16), dtype=np.uint8)


@pytest.fixture
def saved(tmp_path, monkeypatch):
    """An index of two segments with a prefix table, and its file."""
    monkeypatch.setattr(segment, "PREFIX_ROWS", 1000)
    index = NestedIndex(CODES)
    index.add(CODES[:70])
    index.remove([5, 3001])
    index.save(tmp_path / "index")
    return index, tmp_path / "index"


def change_header(path, change):
    """Rewrite a file's header, at its old length."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    entries = json.loads(data[8 : 8 + size])
    change(entries)
    header = json.dumps(entries, separators=(",", ":")).encode().ljust(size)
    path.write_bytes(len(header).to_bytes(8, "little") + header + data[8 + size :])


def test_load_answers_the_same(saved):
    index, path = saved
    loaded = NestedIndex.load(path)
    assert len(loaded) == len(index)
    np.testing.assert_array_equal(loaded.codes, index.codes)
    for length in (8, 16, 64, 128):
        for found, expected in zip(
            loaded.search(CODES[:4], length), index.search(CODES[:4], length), strict=True
        ):
            np.testing.assert_array_equal(found, expected)
    assert loaded.add(CODES[:1]).tolist() == [3070]
    loaded.remove([0])
    assert len(NestedIndex.load(path)) == len(index)


def test_load_is_memory_mapped(saved):
    codes = NestedIndex.load(saved[1])._segments[0].codes
    while codes.base is not None and not isinstance(codes, np.memmap):
        codes = codes.base
    assert isinstance(codes, np.memmap) or type(codes).__name__ == "mmap"


def test_a_loaded_index_needs_no_new_compilation(saved):
    if not warm_up():
        pytest.skip("numba is not installed")
    from nhl.index import kernels

    loaded = NestedIndex.load(saved[1])
    for length in (8, 16, 128):
        for queries in (CODES[:2], CODES[:2][:, ::-1], loaded.codes[:1]):
            loaded.search(queries, length)
            loaded.search(queries, length, exhaustive=True)
            loaded.range_search(queries, length, 3)
    for kernel in (kernels.search_all, kernels.search_strips, kernels.search_within, kernels.search_prefixes):
        work = {str(signature) for signature in kernel.signatures}
        assert len(work) <= 2, work  # at most one for uint8 and one for uint16


def test_save_over_a_loaded_file(saved):
    _, path = saved
    loaded = NestedIndex.load(path)
    loaded.add(CODES[:10])
    loaded.save(path)
    assert len(NestedIndex.load(path)) == len(loaded)
    assert [file.name for file in path.parent.iterdir()] == ["index"]


def test_an_empty_index_can_be_saved(tmp_path):
    index = NestedIndex(CODES[:2])
    index.remove([0, 1])
    index.save(tmp_path / "index")
    loaded = NestedIndex.load(str(tmp_path / "index"))
    assert len(loaded) == 0
    assert loaded.add(CODES[:1]).tolist() == [2]


def test_readable_without_this_project(saved):
    from safetensors.numpy import load_file

    index, path = saved
    tensors = load_file(path)
    ids = tensors["0.ids"]
    pieces = tensors["0.codes"].reshape(4, -1, 4, 64)  # four bytes together, strips, bytes, rows of a strip
    codes = pieces.transpose(1, 3, 0, 2).reshape(-1, 16)[: len(ids)]
    np.testing.assert_array_equal(codes[np.argsort(ids)], index.codes[: len(codes)])


def test_a_file_of_version_1_opens(tmp_path):
    codes, ids = CODES[:500], np.random.default_rng(4).permutation(500).astype(np.uint32)
    tensors = {"0.planes": np.ascontiguousarray(codes.T), "0.ids": ids, "0.low": np.zeros((16, 1), np.uint8)}
    marks = {"format": file.FORMAT, "version": "1", "width": "16", "next_id": "900"}
    marks["sum"] = file._sum(tensors, marks)
    (tmp_path / "index").write_bytes(save(tensors, marks))
    loaded = NestedIndex.load(tmp_path / "index")
    np.testing.assert_array_equal(loaded.codes, codes[np.argsort(ids)])
    assert loaded.search(codes[7:8], 128, 1)[1].tolist() == [[ids[7]]]
    assert loaded.add(codes[:1]).tolist() == [900]


def test_every_cut_and_every_altered_byte_is_noticed(saved):
    _, path = saved
    whole = path.read_bytes()
    random = np.random.default_rng(1)
    places = [*range(0, 40), *random.integers(40, len(whole), 60).tolist(), len(whole) - 1]
    for place in places:
        for damaged in (whole[:place], whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :]):
            path.write_bytes(damaged)
            with pytest.raises(ValueError, match="`path` must be"):
                NestedIndex.load(path)
    path.write_bytes(whole + b"more")
    with pytest.raises(ValueError, match="is cut short or altered: build it again"):
        NestedIndex.load(path)


@pytest.mark.parametrize("content", [b"", b"picture", b"\x02\0\0\0\0\0\0\0[]", b"\x02\0\0\0\0\0\0\0{}"])
def test_rejects_another_file(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ValueError, match=r"`path` must be a saved index but .* is not one"):
        NestedIndex.load(tmp_path / "file")


def test_rejects_a_newer_version(saved):
    change_header(saved[1], lambda entries: entries["__metadata__"].update(version="3"))
    with pytest.raises(
        ValueError, match=r"must be of version 2 or older but .* is of version 3: update this project"
    ):
        NestedIndex.load(saved[1])


@pytest.mark.parametrize(
    "change",
    [
        lambda entries: entries["__metadata__"].update(width="8"),
        lambda entries: entries["__metadata__"].update(next_id="1"),
        lambda entries: entries["0.codes"].update(shape=[2, 24064]),
        lambda entries: entries["0.ids"].update(dtype="U8"),
        lambda entries: entries["0.ids"].update(dtype="F16"),
        lambda entries: entries.pop("1.band_ids"),
        lambda entries: entries.update({"1.ids": entries["0.ids"], "0.ids": entries["1.ids"]}),
    ],
)
def test_rejects_an_altered_header(saved, change):
    change_header(saved[1], change)
    with pytest.raises(ValueError, match=r"must be a whole saved index but .* is cut short or altered"):
        NestedIndex.load(saved[1])


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing"):
        NestedIndex.load(tmp_path / "nothing")
