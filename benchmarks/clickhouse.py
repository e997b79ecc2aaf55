"""ClickHouseIndex beside NestedIndex: the same codes, K = 10, in turns; every answer is compared.

The engine is embedded, keeps its table in a temporary folder, and uses all cores for one statement, where
NestedIndex uses one for one query. A figure is the median over all queries but the first of each turn. For a batch,
which is all queries in one call on all cores, it is the faster of two calls divided by the number of queries. Bytes per
row are those of the files after merging.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.code_kinds import Codes
from benchmarks.result_file import write_result
from benchmarks.search import BLOCK, QUERIES, K, parser, sets
from nhl.codes import LENGTHS
from nhl.index import NestedIndex, warm_up
from nhl.index.clickhouse import ClickHouseIndex, connect

TABLE = "codes"


def timed(action: Callable[..., Any], *arguments: Any) -> tuple[float, Any]:
    """Seconds that an action takes, and what it returns."""
    start = time.perf_counter()
    result = action(*arguments)
    return time.perf_counter() - start, result


def compare(
    queries: Codes, nested: NestedIndex, table: ClickHouseIndex, length: int, rounds: int
) -> dict[str, float]:
    """Milliseconds a query of each method at one length.

    Raises:
        RuntimeError: if the two answer differently.
    """
    methods: dict[str, Callable[[Codes], Any]] = {
        "nested": lambda some: nested.search(some, length, K),
        "exhaustive": lambda some: nested.search(some, length, K, exhaustive=True),
        "clickhouse": lambda some: table.search(some, length, K),
    }
    random, seconds = np.random.default_rng(0), {name: list[float]() for name in methods}
    for turn in range(rounds):
        for name in random.permutation(list(methods)):
            for i in range(BLOCK):
                q = (turn * BLOCK + i) % len(queries)
                took, _ = timed(methods[name], queries[q : q + 1])
                if i:
                    seconds[name].append(took)
    found = {name: statistics.median(times) * 1e3 for name, times in seconds.items()}
    answers = {}
    for name, method in methods.items():
        runs = [timed(method, queries) for _ in range(2)]
        found[f"{name}_batch"] = min(took for took, _ in runs) * 1e3 / len(queries)
        answers[name] = runs[0][1]
    for name in methods:
        if any((a != b).any() for a, b in zip(answers[name], answers["nested"], strict=True)):
            raise RuntimeError(f"{name!r} and 'nested' answered differently at {length} bits")
    return found


def record(kind: str, codes: Codes, queries: Codes, rounds: int, folder: Path) -> dict[str, Any]:
    """The figures of one set of codes, printed as they come."""
    built, nested = timed(NestedIndex, codes)
    with connect(folder) as client:
        table = ClickHouseIndex(client, TABLE, 8 * codes.shape[1])
        added, _ = timed(table.add, codes)
        merged, _ = timed(client.command, f"OPTIMIZE TABLE {TABLE} FINAL")
        statement = f"SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = '{TABLE}'"
        size = int(str(client.command(statement))) / len(codes)
        print(
            f"\n{len(codes):,} {kind} codes: added in {added:.2f} s, {len(codes) / added / 1e6:.2f} million a "
            f"second, merged in {merged:.2f} s, {size:.2f} bytes a row; NestedIndex built in {built:.2f} s, "
            f"{nested.nbytes / len(codes):.2f} bytes\nms a query, alone and in a batch of {len(queries)}\n"
            f"{'bits':>4} {'clickhouse':>10} {'exhaustive':>10} {'nested':>8} "
            f"{'batch: clickhouse':>18} {'exhaustive':>10} {'nested':>8}"
        )
        lengths = {}
        for length in LENGTHS:
            ms = compare(queries, nested, table, length, rounds)
            print(
                f"{length:4} {ms['clickhouse']:10.2f} {ms['exhaustive']:10.3f} {ms['nested']:8.3f} "
                f"{ms['clickhouse_batch']:18.2f} {ms['exhaustive_batch']:10.3f} {ms['nested_batch']:8.3f}",
                flush=True,
            )
            lengths[length] = {name: round(value, 4) for name, value in ms.items()}
    return {
        "codes": kind,
        "images": len(codes),
        "add_s": round(added, 3),
        "rows_per_s": round(len(codes) / added),
        "merge_s": round(merged, 3),
        "bytes_per_row": round(size, 3),
        "nested_build_s": round(built, 3),
        "nested_bytes_per_row": round(nested.nbytes / len(codes), 3),
        "ms": lengths,
    }


def main(arguments: Sequence[str]) -> int:
    """Run it: see `--help`."""
    options = parser("clickhouse", __doc__, [10**6, 10**7], 10).parse_args(arguments)
    warm_up()
    records = []
    for kind, codes, queries in sets(options):
        with tempfile.TemporaryDirectory() as folder:
            records.append(record(kind, codes, queries, options.rounds, Path(folder)))
    result = {"k": K, "batch": QUERIES, "records": records}
    print(f"\nwritten to {write_result('clickhouse', result, options.out)}")
    return 0
