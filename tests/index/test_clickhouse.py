"""ClickHouseIndex against NestedIndex and brute force, in the embedded engine, and through stand-ins."""

import json
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from nhl.codes import hamming
from nhl.index import NestedIndex, clickhouse
from nhl.index.clickhouse import ClickHouseIndex, connect, definitions

ROOT = Path(__file__).parents[2]


@pytest.fixture
def client(tmp_path):
    pytest.importorskip("clickhouse_connect", reason="clickhouse-connect is not installed")
    pytest.importorskip("chdb", reason="chdb, the embedded engine, is not installed")
    with connect(tmp_path / "engine") as opened:
        yield opened


def uniform(count, width=16, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, width), dtype=np.uint8)


def filled(client, codes, table="codes", **options):
    index = ClickHouseIndex(client, table, 8 * codes.shape[1], **options)
    index.add(codes)
    return index


def assert_same(index, other, queries, length, k):
    answers, expected = index.search(queries, length, k), other.search(queries, length, k)
    for found, wanted in zip(answers, expected, strict=True):
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("kinds", [700, 3], ids=["uniform", "duplicates"])
def test_exact_at_every_length(client, kinds):
    codes = uniform(kinds)[np.random.default_rng(1).integers(0, kinds, 700)]
    index, other = filled(client, codes), NestedIndex(codes)
    queries = np.concatenate([codes[:2], uniform(2, seed=9)])
    for length in range(8, 129, 8):
        for k in (1, 10, 700):
            assert_same(index, other, queries, length, k)


def test_codes_of_any_width(client):
    for width in (1, 3, 8, 15, 17, 512):
        codes = uniform(200, width)
        index, other = filled(client, codes, f"codes_{width}"), NestedIndex(codes)
        for length in {8, width // 2 * 8 or 8, 8 * width}:
            assert_same(index, other, uniform(3, width, seed=5), length, 10)


def test_ties_go_by_id(client):
    distances, ids = filled(client, np.zeros((50, 16), np.uint8)).search(np.ones((1, 16), np.uint8), 128, 7)
    assert distances.tolist() == [[16] * 7]
    assert ids.tolist() == [list(range(7))]


def test_queries_go_in_batches_and_rows_in_blocks(client, monkeypatch):
    monkeypatch.setattr(clickhouse, "ROWS", 64)
    codes, queries = uniform(300), uniform(100, seed=4)
    index = filled(client, codes)
    assert len(index) == 300
    for count in (0, 1, 16, 17, 100):
        assert_same(index, NestedIndex(codes), queries[:count], 128, 5)


def test_add_and_remove(client, monkeypatch):
    monkeypatch.setattr(clickhouse, "IDS", 3)
    codes = uniform(40)
    index, other = filled(client, codes), NestedIndex(codes)
    for change in (index, other):
        change.remove([0, 5, 6, 7, 38, 39])
        assert change.add(codes[:3]).tolist() == [40, 41, 42]
        change.remove([41])
        assert change.add(codes[:0]).tolist() == []
        change.remove([])
        assert len(change) == 36
    for length in (8, 32, 128):
        assert_same(index, other, codes, length, 36)


def test_codes_stay_when_closed_and_ids_are_never_given_twice(tmp_path):
    pytest.importorskip("clickhouse_connect", reason="clickhouse-connect is not installed")
    pytest.importorskip("chdb", reason="chdb, the embedded engine, is not installed")
    codes = uniform(30)
    with connect(tmp_path / "engine") as client:
        filled(client, codes).remove([28, 29])
    with connect(str(tmp_path / "engine")) as client:
        index = ClickHouseIndex(client)
        assert_same(index, NestedIndex(codes[:28]), codes, 64, 28)
        assert index.add(codes[:1]).tolist() == [30]
        with pytest.raises(ValueError, match="`length` must be 128 as in the table 'codes' but got 64"):
            ClickHouseIndex(client, length=64)


def test_two_openings_of_one_table_number_on(client):
    codes = uniform(6)
    first, second = ClickHouseIndex(client), ClickHouseIndex(client)
    assert [index.add(codes[:2]).tolist() for index in (first, second, first)] == [[0, 1], [2, 3], [4, 5]]
    first.remove([3])
    assert len(second) == 5


def test_in_memory_indexes_are_apart():
    pytest.importorskip("clickhouse_connect", reason="clickhouse-connect is not installed")
    pytest.importorskip("chdb", reason="chdb, the embedded engine, is not installed")
    codes = uniform(20)
    first, second = ClickHouseIndex.holding(codes), ClickHouseIndex.holding(codes[:5, :4])
    assert (len(first), len(second), first.length, second.length) == (20, 5, 128, 32)
    assert_same(first, NestedIndex(codes), codes[:3], 64, 20)


def test_searches_run_in_threads(client):
    codes = uniform(500)
    index, answers = filled(client, codes), []
    threads = [
        threading.Thread(target=lambda: answers.append(index.search(codes[:3], 128, 5))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = NestedIndex(codes).search(codes[:3], 128, 5)
    assert len(answers) == 4
    assert all((answer[1] == expected[1]).all() for answer in answers)


def test_k_out_of_range(client, monkeypatch):
    index = filled(client, uniform(3))
    for k in (0, 4, -1, 1.5, True, "3"):
        with pytest.raises(ValueError, match=f"`k` must be a whole number from 1 to 3 but got {k!r}"):
            index.search(uniform(1), 8, k)
    monkeypatch.setattr(clickhouse, "MOST_K", 2)
    with pytest.raises(ValueError, match="`k` must be a whole number from 1 to 2 but got 3"):
        index.search(uniform(1), 8, 3)


def test_an_empty_index(client):
    index = ClickHouseIndex(client)
    assert len(index) == 0
    with pytest.raises(ValueError, match="the index is empty: `add` codes before a search"):
        index.search(uniform(1), 8, 1)


def test_wrong_lengths(client):
    index = filled(client, uniform(3))
    for length in (0, 12, 136, "8", 8.0):
        with pytest.raises(ValueError, match="`length` must be a multiple of 8 from 8 to 128 but got"):
            index.search(uniform(1), length, 1)
    for length in (0, 12, 4104):
        with pytest.raises(ValueError, match="`length` must be a multiple of 8 from 8 to 4096 but got"):
            ClickHouseIndex(client, "other", length)


def test_wrong_codes(client):
    index = filled(client, uniform(3))
    with pytest.raises(ValueError, match="`queries` must be 16 bytes wide as the index is but got 4"):
        index.search(uniform(1, 4), 8, 1)
    with pytest.raises(ValueError, match="`codes` must be 16 bytes wide as the index is but got 17"):
        index.add(uniform(1, 17))
    with pytest.raises(ValueError, match="`codes` must be packed codes"):
        index.add([[1.0]])


def test_wrong_ids_remove_nothing(client, monkeypatch):
    monkeypatch.setattr(clickhouse, "IDS", 2)
    index = filled(client, uniform(5))
    for ids, unknown in (([0, 1, 2, 5], 5), ([-1, 0], -1), ([1, 2**60], 2**60)):
        with pytest.raises(ValueError, match=f"`ids` must be in the index but got {unknown}"):
            index.remove(ids)
    with pytest.raises(ValueError, match="`ids` must be whole numbers but got float64"):
        index.remove([1.0])
    assert len(index) == 5


def test_ids_come_to_an_end(client, monkeypatch):
    monkeypatch.setattr(clickhouse, "ID_BITS", 2)
    index = filled(client, uniform(3))
    with pytest.raises(ValueError, match=r"`codes` must leave the ids below 2\*\*2 but would reach 5"):
        index.add(uniform(2))
    assert index.add(uniform(1)).tolist() == [3]


@pytest.mark.parametrize("name", ["", "a b", "codes; DROP TABLE x", "1a", "a`", "a.b", "é"])
def test_names_are_checked(name):
    with pytest.raises(
        ValueError, match="`table` must be letters a to z, digits and _, no digit first, but got"
    ):
        ClickHouseIndex(None, name)
    with pytest.raises(
        ValueError, match="`cluster` must be letters a to z, digits and _, no digit first, but got"
    ):
        ClickHouseIndex(None, "codes", cluster=name)


@pytest.mark.parametrize("missing", ["clickhouse_connect", "chdb"])
def test_a_missing_package_is_named(monkeypatch, tmp_path, missing):
    if missing == "chdb":
        pytest.importorskip("clickhouse_connect", reason="clickhouse-connect is not installed")
        for module in ("_chdbclient", "_backend.chdb_backend"):
            monkeypatch.delitem(sys.modules, f"clickhouse_connect.driver.{module}", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'clickhouse-connect\[chdb\]'"):
        connect(tmp_path)


class ClusterOfOne:
    """An embedded client that takes a cluster's statements: one machine, no replication.

    `Distributed` becomes the engine's own `remote('localhost', ...)`, which is the same storage.
    """

    def __init__(self, client):
        self.client, self.statements = client, []

    def command(self, statement, parameters=None):
        self.statements.append(statement)
        self.client.query(f"EXPLAIN AST {statement}", parameters=parameters)  # the real one at least parses
        here = statement.replace(" ON CLUSTER two", "").replace("ReplicatedMergeTree", "MergeTree")
        here = re.sub(
            r"\(.*ENGINE = Distributed\(two, (.*), (\w+), \w+\)", r"AS remote('localhost', \1, \2)", here
        )
        return self.client.command(here, parameters=parameters)

    def raw_query(self, *arguments, **options):
        return self.client.raw_query(*arguments, **options)

    def raw_insert(self, table, **options):
        self.statements.append((table, options["settings"]))
        return self.client.raw_insert(table, **options)


def test_a_cluster_gets_its_tables_and_answers_alike(client):
    stand_in, codes = ClusterOfOne(client), uniform(100)
    index, other = filled(stand_in, codes, cluster="two"), NestedIndex(codes)
    for change in (index, other):
        change.remove([3, 4])
        change.add(codes[:1])
    assert len(index) == 99
    assert_same(index, other, codes[:5], 32, 99)
    assert [s for s in stand_in.statements if "CREATE" in s] == definitions("codes", 128, "two")
    assert stand_in.statements[-3] == "DELETE FROM codes_local ON CLUSTER two WHERE id IN {ids:Array(UInt64)}"
    assert ("codes", {"distributed_foreground_insert": 1}) in stand_in.statements


def test_answers_of_two_shards_are_merged(client):
    """Both shards are the same table here, so that each row comes twice."""
    codes = uniform(50)
    filled(client, codes)
    for table in ("codes", "codes_next"):
        client.command(f"CREATE TABLE twice_{table} AS remote('localhost,localhost', default, {table})")
    client.command("RENAME TABLE twice_codes TO twice, twice_codes_next TO twice_next")
    distances, ids = ClickHouseIndex(client, "twice").search(codes[:3], 64, 100)
    expected = NestedIndex(codes).search(codes[:3], 64, 50)
    np.testing.assert_array_equal(distances, np.repeat(expected[0], 2, axis=1))
    np.testing.assert_array_equal(ids, np.repeat(expected[1], 2, axis=1))


@pytest.fixture
def address(client):
    """A stand-in for a server's HTTP door: each request is answered by the embedded engine."""

    class Door(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if insertion := re.match(rb"INSERT INTO (\w+)\s+FORMAT (\w+)\n", body):
                table, form = insertion[1].decode(), insertion[2].decode()
                client.raw_insert(table, insert_block=body[insertion.end() :], fmt=form)
                answer = b""
            else:
                statement = asked.get("query") or body.decode()
                values = {key[6:]: json.loads(v) for key, v in asked.items() if key.startswith("param_")}
                answer = client.raw_query(statement, values or None, fmt=asked.get("default_format"))
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_same_over_http(address):
    codes = uniform(100)
    with connect(address) as client:
        index, other = filled(client, codes), NestedIndex(codes)
        for change in (index, other):
            change.remove([3, 4])
        assert_same(index, other, codes[:20], 40, 98)


def test_the_statements_of_the_document(client):
    document = (ROOT / "docs/SCALE.md").read_text(encoding="utf-8")
    blocks = [block.split(";\n") for block in re.findall(r"```sql\n(.*?)\n```", document, re.DOTALL)]
    tables, full, short, staged, ordered, probe, size, cluster_tables, removal = blocks
    assert tables == definitions("codes", 128)
    codes = uniform(2000)
    filled(client, codes)
    query = uniform(1, seed=3)
    q0, q1 = clickhouse.words(query)[0].tolist()

    def selected(block):
        return client.query(block[0], parameters={"q0": q0, "q1": q1}).result_rows

    def expected(rows, length, k=10):
        distances = hamming(query, codes[rows], length)[0]
        order = np.argsort(distances, kind="stable")[:k]
        return list(zip(rows[order].tolist(), distances[order].tolist(), strict=True))

    everything = np.arange(2000)
    assert selected(full) == expected(everything, 128)
    assert selected(short) == expected(everything, 32)
    coarse = np.array([n for n, _ in expected(everything, 32, 1000)])
    assert selected(staged) == expected(np.sort(coarse), 128)
    for statement in ordered:
        client.command(statement)
    assert selected(probe) == expected(np.flatnonzero(hamming(query, codes, 8)[0] <= 1), 128)
    assert selected(size)[0][0] == 2000

    def sent(block):
        assert block[0].startswith("-- needs a cluster\n")
        return [block[0].partition("\n")[2], *block[1:]]

    assert sent(cluster_tables) == definitions("codes", 128, "many")
    client.query(f"EXPLAIN AST {sent(removal)[0]}", parameters={"ids": [1]})


def test_the_benchmark_runs(client, tmp_path, capsys):
    pytest.importorskip("faiss")
    pytest.importorskip("numba")
    from benchmarks.clickhouse import main

    client.close()  # a process has one embedded engine
    out = tmp_path / "clickhouse.json"
    options = ["--images", "2000", "--codes", "uniform", "--rounds", "2", "--out", str(out)]
    assert main(options) == 0
    record = json.loads(out.read_text())["records"][0]
    assert list(record["ms"]) == ["8", "16", "32", "64", "128"]
    assert record["bytes_per_row"] > 16
    assert "2,000 uniform codes" in capsys.readouterr().out
