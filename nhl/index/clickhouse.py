"""ClickHouseIndex: the same codes and the same answers in a database, on one machine or many.

A code is a row of 64-bit words, its first bit the highest of `w0`, so that its first b bits are a mask
away and a search reads only the words that it compares. One client serves both an embedded engine and a
server. Needs `clickhouse-connect[chdb]`. Clusters and sizes: docs/SCALE.md.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nhl.codes import check_codes, check_ids, check_length

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

LONGEST = 4096  # bits; a word is a column, and a distance is the sum of an expression a word
ID_BITS = 48  # a key is distance, then id, in 64 bits: its order is the order of the answers
MOST_K = (1 << 24) - 1  # what the engine's `groupArraySorted` holds
ROWS = 1_000_000  # in one insertion: just below where the engine cuts it in two
WORDS = 32  # words of the queries in one statement: reading a row serves them all
IDS = 5_000  # ids in one statement: at most 80 kB, where servers take 128 kB
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def connect(where: str | Path = ":memory:") -> Client:
    """Open an embedded engine or a server; close the client when done, or use it in a `with`.

    Args:
        where: a folder, made if there is none, in which an engine inside this process keeps its tables;
            or the address of a server, `http://user:password@host:8123/database`. A process has one
            embedded engine: to open another folder, close every client of the first.

    Raises:
        ModuleNotFoundError: if clickhouse-connect, or chdb for a folder, is not installed.
    """
    try:
        import clickhouse_connect

        if str(where).startswith(("http://", "https://")):  # without a session, threads may share the client
            return clickhouse_connect.get_client(dsn=str(where), autogenerate_session_id=False)
        return clickhouse_connect.get_client(interface="chdb", path=str(where))
    except ImportError as error:
        raise ModuleNotFoundError(
            "the ClickHouse engine needs packages: pip install 'clickhouse-connect[chdb]'", name=error.name
        ) from error


class ClickHouseIndex:
    """Exact nearest codes by Hamming distance, at every length, in a table of a ClickHouse engine.

    Answers as `NestedIndex` does: exact, ordered by distance, then id; ids are numbered on and never given
    twice. The codes stay when the client is closed: the same table opened again holds them. Any number may
    search; one may add at a time, since it numbers the codes.

    Args:
        client: a clickhouse-connect client, see `connect`.
        table: its name; made if there is none, and beside it `TABLE_next`, which keeps the next id.
        length: bits of a whole code, B, a multiple of 8.
        cluster: the name of a cluster, to make the tables on all its machines and remove on all of them.

    Raises:
        ValueError: if a name or `length` breaks the rules, or the table holds codes of another length.
    """

    def __init__(
        self, client: Client, table: str = "codes", length: int = 128, cluster: str | None = None
    ) -> None:
        for what, name in (("table", table), ("cluster", cluster)):
            if name is not None and not NAME.fullmatch(name):
                raise ValueError(
                    f"`{what}` must be letters a to z, digits and _, no digit first, but got {name!r}"
                )
        self._client, self._table, self._cluster = client, table, cluster
        self.length = check_length(length, LONGEST)
        for statement in definitions(table, self.length, cluster):
            client.command(statement)
        self._next = 0
        found, _ = self._marks()
        if not found:
            self._mark(0)
        elif found != self.length:
            raise ValueError(f"`length` must be {found} as in the table {table!r} but got {self.length}")

    @classmethod
    def holding(cls, codes: ArrayLike) -> ClickHouseIndex:
        """An index of packed codes (N, B/8) with ids 0 to N - 1, in the memory of this process.

        Raises:
            ValueError: if `codes` are not packed codes.
            ModuleNotFoundError: if the engine is not installed.
        """
        packed = check_codes(codes)
        index = cls(connect(), f"codes_{uuid4().hex}", 8 * packed.shape[1])
        index.add(packed)
        return index

    def __len__(self) -> int:
        return int(self._numbers(f"SELECT count() FROM {self._table}")[0])

    def search(
        self, queries: ArrayLike, length: int = 64, k: int = 10
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The k nearest codes of each query by their first `length` bits, exactly.

        Args:
            queries: packed codes (Q, B/8).
            length: bits to compare, a multiple of 8 up to B.
            k: how many, from 1 to N, and below 2**24.

        Returns:
            Distances (Q, K) and ids (Q, K), ordered by distance, then id.

        Raises:
            ValueError: if an argument breaks these rules, or the index is empty.
        """
        length = check_length(length, self.length)
        wanted = words(self._packed(queries, "queries")[:, : length // 8])
        if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 1 <= k <= MOST_K:
            raise self._refusal(k)
        step = max(1, WORDS // wanted.shape[1])
        answers = [np.zeros(0, np.uint64)]
        for start in range(0, len(wanted), step):
            some = wanted[start : start + step]
            statement = nearest(self._table, length, int(k), len(some))
            answers.append(self._numbers(statement, {"queries": some.ravel().tolist()}))
            if len(answers[-1]) < len(some) * k:  # to count first would be a second scan
                raise self._refusal(k)
        keys = np.concatenate(answers).reshape(len(wanted), k)
        return (keys >> ID_BITS).astype(np.int32), (keys & ((1 << ID_BITS) - 1)).astype(np.int64)

    def add(self, codes: ArrayLike) -> NDArray[np.int64]:
        """Add codes (N, B/8); their new ids (N,). Should it fail, some may be there; no id repeats.

        Raises:
            ValueError: if `codes` are not packed codes as wide as the index's.
        """
        packed = self._packed(codes, "codes")
        first = max(self._next, self._marks()[1])  # another client may have added
        following = first + len(packed)
        if following > 1 << ID_BITS:
            raise ValueError(f"`codes` must leave the ids below 2**{ID_BITS} but would reach {following}")
        ids = np.arange(first, following, dtype=np.int64)
        if len(packed):
            self._mark(following)  # before the rows: what fails below wastes ids and repeats none
        for start in range(0, len(packed), ROWS):
            block = slice(start, start + ROWS)
            self._insert(self._table, np.column_stack([ids[block].astype(np.uint64), words(packed[block])]))
        return ids

    def remove(self, ids: ArrayLike) -> None:
        """Remove the codes with these ids; the others keep theirs.

        Raises:
            ValueError: if `ids` are not whole numbers, or one is not in the index; nothing is removed then.
        """
        among = "WHERE id IN {ids:Array(UInt64)}"

        def parts(numbers: NDArray[Any]) -> list[dict[str, list[int]]]:
            return [{"ids": numbers[start : start + IDS].tolist()} for start in range(0, len(numbers), IDS)]

        def held(numbers: NDArray[Any]) -> NDArray[Any]:
            here = numbers[(numbers >= 0) & (numbers < 1 << ID_BITS)]
            known = [self._numbers(f"SELECT id FROM {self._table} {among}", part) for part in parts(here)]
            return np.concatenate([here[:0], *known])

        numbers = check_ids(ids, held)
        rows = f"{self._table}_local ON CLUSTER {self._cluster}" if self._cluster else self._table
        for block in parts(numbers):
            self._client.command(f"DELETE FROM {rows} {among}", parameters=block)

    def _refusal(self, k: object) -> ValueError:
        size = min(len(self), MOST_K)
        if not size:
            return ValueError("the index is empty: `add` codes before a search")
        return ValueError(f"`k` must be a whole number from 1 to {size} but got {k!r}")

    def _packed(self, codes: ArrayLike, name: str) -> NDArray[np.uint8]:
        packed = check_codes(codes, name)
        if 8 * packed.shape[1] != self.length:
            raise ValueError(
                f"`{name}` must be {self.length // 8} bytes wide as the index is but got {packed.shape[1]}"
            )
        return packed

    def _marks(self) -> list[int]:
        """The length of the table's codes, 0 if it is new, and its next id."""
        return self._numbers(f"SELECT arrayJoin([max(length), max(next)]) FROM {self._table}_next").tolist()

    def _mark(self, following: int) -> None:
        self._insert(f"{self._table}_next", np.array([[self.length, following]], np.uint64))
        self._next = following

    def _insert(self, table: str, rows: NDArray[np.uint64]) -> None:
        """Insert rows of numbers; on a cluster, return when the machines have them."""
        settings = {"distributed_foreground_insert": 1}
        self._client.raw_insert(table, insert_block=rows.tobytes(), fmt="RowBinary", settings=settings)

    def _numbers(self, statement: str, parameters: dict[str, list[int]] | None = None) -> NDArray[np.uint64]:
        """The numbers, UInt64, that a statement selects, in order."""
        return np.frombuffer(self._client.raw_query(statement, parameters, fmt="RowBinary"), "<u8")


def words(codes: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Packed codes (N, B/8) as 64-bit words (N, ceil(B/64)), the first bit the highest, zeros at the end.

    >>> [hex(word) for word in words(np.array([[1, 2, 255]], dtype=np.uint8))[0].tolist()]
    ['0x102ff0000000000']
    """
    count, width = codes.shape
    padded = np.zeros((count, -(-width // 8) * 8), np.uint8)
    padded[:, :width] = codes
    return padded.view(">u8").astype(np.uint64)


def definitions(table: str, length: int, cluster: str | None = None) -> list[str]:
    """The statements that make the tables of codes of `length` bits, where there are none.

    The words stay uncompressed, since good codes do not compress and unpacking takes longer than comparing.
    On a cluster each machine holds a part, `TABLE_local`, and `TABLE` is all of them.
    """
    columns = [f"w{i} UInt64 CODEC(NONE)" for i in range(-(-length // 64))]
    tables = {
        table: ("id", ", ".join(["id UInt64 CODEC(Delta, LZ4)", *columns])),
        f"{table}_next": ("next", "length UInt64, next UInt64"),
    }
    found = []
    for name, (key, row) in tables.items():
        if cluster is None:
            found.append(f"CREATE TABLE IF NOT EXISTS {name} ({row}) ENGINE = MergeTree ORDER BY {key}")
        else:
            found += [
                f"CREATE TABLE IF NOT EXISTS {name}_local ON CLUSTER {cluster} ({row}) "
                f"ENGINE = ReplicatedMergeTree ORDER BY {key}",
                f"CREATE TABLE IF NOT EXISTS {name} ON CLUSTER {cluster} ({row}) "
                f"ENGINE = Distributed({cluster}, currentDatabase(), {name}_local, {key})",
            ]
    return found


def nearest(table: str, length: int, k: int, count: int) -> str:
    """The statement that selects the k smallest keys of each of `count` queries, one after the other.

    The parameter `queries` holds their words, masked as `distance` masks the columns.
    """
    each = -(-length // 64)
    keys = [
        f"groupArraySorted({k})(bitShiftLeft(toUInt64({distance(length, i * each)}), {ID_BITS}) + id)"
        for i in range(count)
    ]
    return (
        f"WITH {{queries:Array(UInt64)}} AS q SELECT arrayJoin(arrayConcat({', '.join(keys)})) FROM {table}"
    )


def distance(length: int, start: int = 0) -> str:
    """The distance by the first `length` bits between a row and a query, words from `start` in the array q.

    >>> distance(96)
    'bitHammingDistance(w0, q[1]) + bitHammingDistance(bitAnd(w1, 0xffffffff00000000), q[2])'
    """
    columns = [f"w{i}" for i in range(-(-length // 64))]
    if length % 64:
        columns[-1] = f"bitAnd({columns[-1]}, {(1 << 64) - (1 << 64 - length % 64):#x})"
    return " + ".join(f"bitHammingDistance({c}, q[{i}])" for i, c in enumerate(columns, start + 1))
