"""What users of faiss expect: codes within a radius, codes of ids, own ids, merging; and threads that add and search."""

import pickle
import threading
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nhl.codes import hamming
from nhl.index import NestedIndex, nested, segment, warm_up


def codes_of(count, width=4, seed=0, kinds=5):
    random = np.random.default_rng(seed)
    flips = np.packbits(random.random((count, width * 8)) < 0.1, axis=1)
    centres = random.integers(0, 256, (kinds, width), dtype=np.uint8)
    return centres[random.integers(0, kinds, count)] ^ flips


def assert_within(index, codes, ids, queries, length, radius):
    limits, distances, found = index.range_search(queries, length, radius)
    assert (limits.dtype, distances.dtype, found.dtype) == (np.int64, np.int32, np.int64)
    assert (limits[0], len(limits), limits[-1]) == (0, len(queries) + 1, len(found))
    for i, row in enumerate(hamming(queries, codes, length)):
        expected = sorted((int(d), int(n)) for d, n in zip(row, ids, strict=True) if d <= radius)
        here = slice(limits[i], limits[i + 1])
        assert list(zip(distances[here].tolist(), found[here].tolist(), strict=True)) == expected


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 60), st.integers(1, 4), st.data())
def test_range_search_is_exact(count, width, data):
    codes, seed = codes_of(count, width, data.draw(st.integers(0, 99))), data.draw(st.integers(0, 99))
    ids = np.random.default_rng(seed).choice(10_000, count, replace=False)
    index = NestedIndex(codes[:0])
    for part in np.array_split(np.arange(count), data.draw(st.integers(1, 3))):
        index.add(codes[part], ids[part])
    length = 8 * data.draw(st.integers(1, width))
    assert_within(index, codes, ids, codes_of(3, width, 7), length, data.draw(st.integers(0, length)))


@pytest.mark.parametrize("radius", [0, 3, 40, 128])
@pytest.mark.parametrize("length", [8, 64, 128])
def test_range_search_of_many_lists_at_every_length(length, radius):
    codes = codes_of(6000, 16, kinds=20)
    index = NestedIndex(codes)
    index.remove(np.arange(0, 6000, 7))
    ids = index.ids
    assert_within(index, codes[ids], ids, codes[:3], length, min(radius, length))


@pytest.mark.parametrize("engine", ["compiled", "numpy"])
def test_range_search_of_more_answers_than_there_is_room_for_at_first(engine, monkeypatch):
    if engine == "numpy":
        monkeypatch.setattr(segment, "kernels", lambda *_: None)
    elif not warm_up():
        pytest.skip("numba is not installed")
    monkeypatch.setattr(segment, "FOUND", 3)
    codes = codes_of(20_000, 4)
    index = NestedIndex(codes)
    for radius in (0, 5, 32):
        assert_within(index, codes, np.arange(20_000), codes[:2], 32, radius)


def test_a_loaded_index_answers_every_call(tmp_path):
    codes = codes_of(300)
    index = NestedIndex(codes[:200])
    index.merge(NestedIndex(codes[200:]))
    index.remove([250])
    index.save(tmp_path / "index")
    loaded, left = NestedIndex.load(tmp_path / "index"), np.delete(np.arange(300), 250)
    assert_within(loaded, codes[left], left, codes[:3], 24, 9)
    assert (299 in loaded, 250 in loaded) == (True, False)
    assert (loaded.reconstruct(left[::-1]) == codes[left[::-1]]).all()
    assert loaded.merge(index).tolist() == list(range(300, 599))
    assert (loaded.reconstruct(range(300, 599)) == codes[left]).all()


def test_own_ids_are_kept_through_search_file_and_faiss(tmp_path):
    faiss = pytest.importorskip("faiss")
    codes, ids = codes_of(300, 16), np.random.default_rng(3).permutation(5000)[:300]
    index = NestedIndex(codes[:100])
    index.remove(np.arange(100))
    for part in np.array_split(np.arange(300), 4):
        assert index.add(codes[part], ids[part]).tolist() == ids[part].tolist()
    index.save(tmp_path / "index")
    order = np.argsort(ids)
    for one in (index, NestedIndex.load(tmp_path / "index"), pickle.loads(pickle.dumps(index))):
        assert one.ids.tolist() == np.sort(ids).tolist()
        assert (one.codes == codes[order]).all()
        assert (one.reconstruct(ids) == codes).all()
        distances, found = one.search(codes[:5], 128, 300)
        expected = hamming(codes[:5], codes, 128)
        keys = np.sort(expected.astype(np.int64) << 32 | ids, axis=1)
        assert (distances == keys >> 32).all()
        assert (found == keys & 0xFFFFFFFF).all()
        assert one.add(codes[:1]).tolist() == [max(int(ids.max()) + 1, 100)]
    flat = index.to_faiss()
    assert isinstance(flat, faiss.IndexBinaryIDMap2)
    assert (flat.reconstruct(int(ids[7])) == codes[7]).all()


@pytest.mark.parametrize(("kind", "widen"), [("ivf", "nprobe"), ("hash", "nflip")])
@pytest.mark.parametrize("length", [8, 32])
def test_to_faiss_of_another_kind_is_exact_where_it_looks_everywhere(kind, widen, length):
    pytest.importorskip("faiss")
    codes, ids = codes_of(600), np.random.default_rng(3).permutation(5000)[:600]
    index = NestedIndex(codes[:0])
    index.add(codes, ids)
    other = index.to_faiss(length, kind)
    setattr(other, widen, min(16, length) if kind == "hash" else other.nlist)
    distances, found = other.search(np.ascontiguousarray(codes[:4, : length // 8]), 5)
    assert (distances == index.search(codes[:4], length, 5)[0]).all()
    for query, row, near in zip(codes[:4], found, distances, strict=True):
        assert (hamming(query[None], index.reconstruct(row), length)[0] == near).all()


def test_to_faiss_refuses_unknown_kinds_and_lists_of_nothing():
    pytest.importorskip("faiss")
    with pytest.raises(ValueError, match="unknown kind 'hnsw'; choose from flat, ivf, hash"):
        NestedIndex(codes_of(3)).to_faiss(kind="hnsw")
    empty = NestedIndex(codes_of(3)[:0])
    with pytest.raises(ValueError, match="the index is empty: `add` codes before its lists can be trained"):
        empty.to_faiss(kind="ivf")
    assert empty.to_faiss(kind="hash").ntotal == 0


def test_an_index_out_of_a_pickle_is_read_only_as_any_other():
    """Else each kernel would be compiled once more for it."""
    for copied in pickle.loads(pickle.dumps(NestedIndex(codes_of(5))))._segments:
        assert not any(getattr(copied, field.name).flags.writeable for field in fields(copied))


def test_ids_are_asked_for():
    index = NestedIndex(codes_of(5))
    index.remove([2])
    assert [number in index for number in (0, 2, 4, 5, -1, "0", 1.0, True, np.int64(3))] == [
        *(True, False, True, False, False, False, False, False, True)
    ]
    assert index.reconstruct([]).shape == (0, 4)
    assert (index.reconstruct(4) == codes_of(5)[4:]).all()


def test_merging_keeps_the_codes_and_on_demand_the_ids():
    first, second = codes_of(40, seed=1), codes_of(30, seed=2)
    index, other = NestedIndex(first), NestedIndex(second[:0])
    other.add(second, np.arange(100, 130))
    assert index.merge(other).tolist() == list(range(40, 70))
    assert (index.codes == np.concatenate([first, second])).all()
    assert index.merge(other, keep_ids=True).tolist() == list(range(100, 130))
    assert (index.reconstruct(np.arange(100, 130)) == second).all()
    assert len(other) == 30
    with pytest.raises(ValueError, match="`ids` must be new but 100 is in the index"):
        index.merge(other, keep_ids=True)
    assert len(index) == 100
    with pytest.raises(ValueError, match="`other` must hold codes of 32 bits but holds 64"):
        index.merge(NestedIndex(codes_of(3, 8)))


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([0, 1], "`ids` must be one per code, 3, but got 2"),
        ([7, 8, 7], "`ids` must be each given once but got 7 twice"),
        ([7, 8, 1], "`ids` must be new but 1 is in the index"),
        ([7, 8, -2], "`ids` must be from 0 and below 2\\*\\*32 but got -2"),
        ([7, 8, 1 << 32], "`ids` must be from 0 and below 2\\*\\*32 but got 4294967296"),
        ([0.5, 1, 2], "`ids` must be whole numbers but got float64"),
        ([[1, 2, 3]], r"`ids` must have one dimension but got shape \(1, 3\)"),
    ],
)
def test_ids_that_break_their_rule_add_nothing(ids, message):
    index = NestedIndex(codes_of(3))
    with pytest.raises(ValueError, match=message):
        index.add(codes_of(3), ids)
    assert index.ids.tolist() == [0, 1, 2]


@pytest.mark.parametrize("radius", [-1, 17, 1.5, True])
def test_radius_is_checked(radius):
    with pytest.raises(
        ValueError, match=f"`radius` must be a whole number from 0 to `length` 16 but got {radius}"
    ):
        NestedIndex(codes_of(3)).range_search(codes_of(1), 16, radius)


def test_unknown_ids_are_refused():
    with pytest.raises(ValueError, match="`ids` must be in the index but got 9"):
        NestedIndex(codes_of(3)).reconstruct([1, 9])


def test_a_search_sees_the_index_before_or_after_what_another_thread_adds(monkeypatch):
    """Codes are added at the worst moment: after the search has taken the segments."""
    index = NestedIndex(codes_of(3))
    whole = nested.check_codes

    def add_first(codes, name="codes"):
        if name == "queries":
            monkeypatch.setattr(nested, "check_codes", whole)
            index.add(codes_of(5, seed=4))
        return whole(codes, name)

    monkeypatch.setattr(nested, "check_codes", add_first)
    with pytest.raises(ValueError, match="`k` must be a whole number from 1 to 3"):
        index.search(codes_of(1), 32, 8)  # of the 3 codes that it began with, not of 8
    assert index.search(codes_of(1), 32, 8)[1].shape == (1, 8)


def test_two_that_add_take_turns(monkeypatch):
    """The first is held while it arranges its codes; the second waits, and no code or id is lost."""
    index, build, begun, go_on = NestedIndex(codes_of(2)), nested.joined, threading.Event(), threading.Event()

    def slowly(segments, fresh, numbers):
        if len(fresh) == 10:
            begun.set()
            assert go_on.wait(30)
        return build(segments, fresh, numbers)

    monkeypatch.setattr(nested, "joined", slowly)
    given: list[int] = []
    first = threading.Thread(target=lambda: given.extend(index.add(codes_of(10, seed=1)).tolist()))
    first.start()
    assert begun.wait(30)
    second = threading.Thread(target=lambda: given.extend(index.add(codes_of(5, seed=2)).tolist()))
    second.start()
    second.join(0.2)
    assert second.is_alive()
    go_on.set()
    first.join(30)
    second.join(30)
    assert sorted(given) == list(range(2, 17))
    assert (index.codes == np.concatenate([codes_of(2), codes_of(10, seed=1), codes_of(5, seed=2)])).all()
