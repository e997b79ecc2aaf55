"""NestedIndex against brute force: sets of every kind, all lengths, K from 1 to N, compiled or not."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hn

from nhl.codes import hamming
from nhl.index import NestedIndex, segment, warm_up


def uniform(count, width=16, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, width), dtype=np.uint8)


def clustered(count, width=16):
    random = np.random.default_rng(1)
    flips = np.packbits(random.random((count, width * 8)) < 0.1, axis=1)
    return uniform(10, width)[random.integers(0, 10, count)] ^ flips


def duplicates(count, width=16):
    return uniform(3, width)[np.random.default_rng(2).integers(0, 3, count)]


def brute_force(codes, queries, length, k, ids=None):
    distances = hamming(queries, codes, length)
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    numbers = np.arange(len(codes)) if ids is None else ids
    return np.take_along_axis(distances, order, axis=1), numbers[order]


def assert_exact(index, codes, queries, length, k, ids=None):
    expected = brute_force(codes, queries, length, k, ids)
    for exhaustive in (False, True):
        distances, found = index.search(queries, length, k, exhaustive=exhaustive)
        assert distances.dtype == np.int32
        assert found.dtype == np.int64
        np.testing.assert_array_equal(distances, expected[0])
        np.testing.assert_array_equal(found, expected[1])


@pytest.fixture(params=["compiled", "numpy"])
def engine(request, monkeypatch):
    """Both ways to compute."""
    if request.param == "numpy":
        monkeypatch.setattr(segment, "kernels", lambda *_, **__: None)
    elif not warm_up():
        pytest.skip("numba is not installed")


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("make", [uniform, clustered, duplicates])
@pytest.mark.parametrize("count", [1, 2, 63, 700, 5000])
def test_exact_at_every_length(make, count):
    codes = make(count)
    index = NestedIndex(codes)
    queries = np.concatenate([codes[:2], uniform(2, seed=9)])
    for length in range(8, 129, 8):
        for k in {1, min(10, count), count}:
            assert_exact(index, codes, queries, length, k)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("make", [uniform, clustered, duplicates])
def test_exact_where_prefixes_have_a_table(make, monkeypatch):
    monkeypatch.setattr(segment, "PREFIX_ROWS", 1)
    for width in (1, 2, 3):
        codes = make(3000, width)
        index = NestedIndex(codes)
        for length in range(8, 8 * width + 1, 8):
            for k in (1, 10, 500, 3000):
                assert_exact(index, codes, uniform(4, width, seed=5), length, k)


@pytest.mark.parametrize("width", [1, 3, 31, 32, 64])
def test_exact_at_every_width(width):
    warm_up(8 * width)
    codes = clustered(2000, width)
    index = NestedIndex(codes)
    for length in {8, 8 * (width // 2) or 8, 8 * width}:
        assert_exact(index, codes, uniform(3, width), length, 20)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_exact_property(data):
    width = data.draw(st.integers(1, 5))
    bytes_ = st.sampled_from([0, 1, 3, 255]) if data.draw(st.booleans()) else st.integers(0, 255)
    rows = st.integers(1, 80)
    codes = data.draw(hn.arrays(np.uint8, st.tuples(rows, st.just(width)), elements=bytes_))
    queries = data.draw(hn.arrays(np.uint8, st.tuples(st.integers(0, 3), st.just(width)), elements=bytes_))
    length, k = 8 * data.draw(st.integers(1, width)), data.draw(st.integers(1, len(codes)))
    assert_exact(NestedIndex(codes), codes, queries, length, k)


def test_many_bands_dense_and_sparse():
    warm_up()
    codes = np.concatenate([uniform(60_000), duplicates(20_000)])
    index = NestedIndex(codes)
    queries = np.concatenate([codes[-2:], clustered(2)])
    for length in (8, 16, 24, 32, 64, 128):
        assert_exact(index, codes, queries, length, 10)


@pytest.mark.parametrize("kind", ["ordered", "shuffled", "equal"])
@pytest.mark.parametrize("width", [4, 7, 16, 40])
def test_exact_with_ties_across_many_bands(kind, width):
    """Few different codes, so that whole bands tie, with ids that run against the order of search."""
    warm_up(8 * width)
    random = np.random.default_rng(6)
    kinds = uniform(1 if kind == "equal" else 40, width, seed=6)
    codes = kinds[random.integers(0, len(kinds), 30_000)]
    ids = np.arange(30_000)[::-1] if kind == "ordered" else random.permutation(30_000)
    index, order = NestedIndex(codes[:0]), np.argsort(ids)
    index.add(codes, ids)
    queries = np.concatenate([kinds[:1], uniform(2, width, seed=8)])
    for length in {8, 32, 8 * (width // 2), 8 * width}:
        for k in (1, 10, 700):
            assert_exact(index, codes[order], queries, length, k, ids[order])
    index.remove(np.arange(0, 30_000, 3))
    left = np.flatnonzero(np.arange(30_000) % 3)
    for length in (8, 8 * width):
        assert_exact(index, codes[order][left], queries, length, 40, left)


@pytest.mark.usefixtures("engine")
def test_a_batch_is_its_queries_one_by_one():
    codes = clustered(20_000)
    index = NestedIndex(codes)
    assert_exact(index, codes, uniform(40), 64, 7)
    assert index.search(codes[:0], 64, 7)[1].shape == (0, 7)


@pytest.mark.usefixtures("engine")
def test_codes_and_queries_in_any_memory_order():
    codes = np.asfortranarray(clustered(1500))
    index = NestedIndex(codes[::-1])
    queries = np.repeat(uniform(3), 2, axis=1)[:, ::2]
    queries.flags.writeable = False
    for length in (64, 128):
        assert_exact(index, codes[::-1], queries, length, 10)


def test_the_index_owns_its_codes():
    codes = uniform(100, 1)
    index, before = NestedIndex(codes), codes.copy()
    codes[:] = 0
    np.testing.assert_array_equal(index.codes, before)
    assert_exact(index, before, uniform(2, 1), 8, 5)


def test_add_and_remove_keep_ids():
    random = np.random.default_rng(3)
    codes = clustered(3000)
    index, ids = NestedIndex(codes[:1000]), np.arange(1000)
    for start, stop in ((1000, 1001), (1001, 1040), (1040, 2200), (2200, 3000)):
        np.testing.assert_array_equal(index.add(codes[start:stop]), np.arange(start, stop))
        gone = random.choice(ids, 150, replace=False)
        index.remove(gone)
        ids = np.append(np.setdiff1d(ids, gone), np.arange(start, stop))
        np.testing.assert_array_equal(index.ids, ids)
        np.testing.assert_array_equal(index.codes, codes[ids])
        for length in (8, 32, 128):
            assert_exact(index, codes[ids], uniform(3), length, 30, ids)
            assert_exact(index, codes[ids], uniform(1), length, len(ids), ids)


def test_remove_with_a_prefix_table(monkeypatch):
    monkeypatch.setattr(segment, "PREFIX_ROWS", 1)
    codes, index = clustered(2000), NestedIndex(clustered(2000))
    index.remove(range(0, 2000, 3))
    ids = np.setdiff1d(np.arange(2000), np.arange(0, 2000, 3))
    for length in (8, 16, 24):
        assert_exact(index, codes[ids], uniform(3), length, 25, ids)


def test_ids_are_never_given_twice():
    index = NestedIndex(uniform(5))
    index.remove([4, 4])
    index.remove([])
    assert index.add(uniform(2)).tolist() == [5, 6]
    assert index.ids.tolist() == [0, 1, 2, 3, 5, 6]
    index.remove(index.ids)
    assert len(index) == 0
    assert index.codes.shape == (0, 16)
    assert index.add(uniform(1)).tolist() == [7]


def test_search_while_codes_are_added():
    index, failures = NestedIndex(uniform(500)), []

    def search():
        for _ in range(200):
            distances, ids = index.search(uniform(1), 64, 500)
            if len(set(ids[0].tolist())) != 500 or (np.diff(distances[0]) < 0).any():
                failures.append(ids)

    thread = threading.Thread(target=search)
    thread.start()
    for _ in range(30):
        index.add(uniform(40))
    thread.join()
    assert not failures


def test_to_faiss_gives_the_same_distances():
    faiss = pytest.importorskip("faiss")
    index, queries = NestedIndex(clustered(900)), uniform(4)
    for length in (8, 128, None):
        flat = index.to_faiss(length)
        assert isinstance(flat, faiss.IndexBinaryFlat)
        width = 16 if length is None else length // 8
        distances, _ = flat.search(np.ascontiguousarray(queries[:, :width]), 12)
        np.testing.assert_array_equal(distances, index.search(queries, 8 * width, 12)[0])
    index.remove(range(0, 900, 2))
    distances, ids = index.to_faiss(128).search(queries, 5)
    np.testing.assert_array_equal(distances, index.search(queries, 128, 5)[0])
    assert (ids % 2 == 1).all()


def test_memory_is_about_25_bytes_an_item(monkeypatch):
    assert NestedIndex(clustered(20_000)).nbytes / 20_000 < 20.8
    monkeypatch.setattr(segment, "PREFIX_ROWS", 1)
    assert NestedIndex(clustered(20_000)).nbytes - 4 * 65537 < 20_000 * 24.8


@pytest.mark.parametrize(
    "codes", [uniform(3).astype(np.int64), uniform(3)[0], np.zeros((3, 0), np.uint8), [[1.0, 2.0]]]
)
def test_rejects_what_is_no_packed_codes(codes):
    with pytest.raises(ValueError, match="`codes` must be packed codes, uint8"):
        NestedIndex(codes)
    with pytest.raises(ValueError, match="`queries` must be packed codes, uint8"):
        NestedIndex(uniform(3)).search(codes)


def test_rejects_codes_too_wide():
    with pytest.raises(ValueError, match="`codes` must be at most 8000 bytes wide but got 8001"):
        NestedIndex(np.zeros((1, 8001), np.uint8))


@pytest.mark.parametrize("length", [0, 12, 136, -8, 64.0, True])
def test_rejects_lengths(length):
    with pytest.raises(ValueError, match="`length` must be a multiple of 8 from 8 to 128 but got"):
        NestedIndex(uniform(20)).search(uniform(1), length)
    if length is not True:
        with pytest.raises(ValueError, match="`length` must be a multiple of 8"):
            NestedIndex(uniform(20)).to_faiss(length)


@pytest.mark.parametrize("k", [0, -1, 21, 2.0, True, None])
def test_rejects_k(k):
    with pytest.raises(
        ValueError, match="`k` must be a whole number from 1 to 20, the number of codes, but got"
    ):
        NestedIndex(uniform(20)).search(uniform(1), 64, k)


@pytest.mark.parametrize("width", [1, 8, 17])
def test_rejects_another_width(width):
    index = NestedIndex(uniform(20))
    with pytest.raises(ValueError, match=f"`queries` must be 16 bytes wide as the index is but got {width}"):
        index.search(uniform(1, width))
    with pytest.raises(ValueError, match=f"`codes` must be 16 bytes wide as the index is but got {width}"):
        index.add(uniform(1, width))


def test_rejects_a_search_of_nothing():
    with pytest.raises(ValueError, match="the index is empty: `add` codes before a search"):
        NestedIndex(uniform(0)).search(uniform(1))


def test_rejects_unknown_ids():
    index = NestedIndex(uniform(20))
    for ids in ([3, 20], [-1], [2**40]):
        with pytest.raises(ValueError, match="`ids` must be in the index but got"):
            index.remove(ids)
    with pytest.raises(ValueError, match="`ids` must be whole numbers but got float64"):
        index.remove([1.0])
    assert len(index) == 20


def test_rejects_ids_beyond_32_bits():
    index = NestedIndex(uniform(2))
    index._next = 2**32 - 1
    assert index.add(uniform(1)).tolist() == [2**32 - 1]
    assert 2**32 - 1 in index.search(uniform(1), 8, 3)[1]
    with pytest.raises(
        ValueError, match=r"`codes` must leave the ids below 2\*\*32 but would reach 4294967297"
    ):
        index.add(uniform(1))
