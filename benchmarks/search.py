"""NestedIndex beside faiss.IndexBinaryFlat: one query, K = 10, the same codes, in turns.

Both have one thread, and faiss is also timed with all. "Cold" is a query just before which 64 MB of other memory were
read. The codes are of three kinds: the gallery's, enlarged but as spread out as they were (how nearly so is printed, and
written to the result); uniform; and collapsed onto the centres of their classes.

All methods take turns in one run, in a new order each round, three queries at a time, of which the first
is not counted; a figure is the median of the rest. Every answer is checked against faiss. At 8 and 16
bits faiss is also given the codes padded with zeros to 32, where it is fastest. The memory's speed, with one thread and
with all of them reading, is measured in the same run: no exhaustive search can take less time than reading its bytes.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from benchmarks.code_kinds import CODES, Codes, agreement, gallery_codes
from benchmarks.options import options_of
from benchmarks.result_file import write_result
from nhl.codes import LENGTHS
from nhl.index import NestedIndex, warm_up
from nhl.jit import jit
from nhl.machine import processors

K = 10
QUERIES = 64
BLOCK = 3
POOL = ThreadPoolExecutor(max(processors() - 1, 1))
OTHER = np.ones(1 << 23, np.uint64)  # 64 MB: reading it empties the caches


@jit
def read(words: Any) -> Any:
    """Read memory as fast as one thread can."""
    found = np.uint64(0)
    for i in range(words.size):
        found ^= words[i]
    return found


def read_by_all(words: NDArray[np.uint64]) -> None:
    """The same with all cores: what they could spare a query at most, the hand-over included."""
    first, *others = np.array_split(words, processors())
    waiting = [POOL.submit(read, part) for part in others]
    read(first)
    for part in waiting:
        part.result()


def compare(codes: Codes, queries: Codes, index: NestedIndex, length: int, rounds: int) -> dict[str, float]:
    """Median microseconds of each method at one length."""
    short, asked = (
        np.ascontiguousarray(codes[:, : length // 8]),
        np.ascontiguousarray(queries[:, : length // 8]),
    )
    flat = faiss.IndexBinaryFlat(length)
    flat.add(short)
    words = np.frombuffer(short.data, np.uint64, short.size // 8)
    methods: dict[str, Callable[[int], Any]] = {
        "faiss": lambda q: flat.search(asked[q : q + 1], K),
        "nhl": lambda q: index.search(queries[q : q + 1], length, K),
        "exhaustive": lambda q: index.search(queries[q : q + 1], length, K, exhaustive=True),
        "read": lambda _: read(words),
        "read_all": lambda _: read_by_all(words),
        "faiss_all": lambda q: flat.search(asked[q : q + 1], K),
    }
    methods |= {f"{name}_cold": methods[name] for name in ("faiss", "nhl")}
    if length < 32:
        padded = faiss.IndexBinaryFlat(32)
        padded.add(np.pad(short, ((0, 0), (0, 4 - length // 8))))
        wide = np.pad(asked, ((0, 0), (0, 4 - length // 8)))
        methods["padded"] = lambda q: padded.search(wide[q : q + 1], K)
    for method in methods.values():
        method(0)
    random, seconds = np.random.default_rng(0), {name: list[float]() for name in methods}
    answers = []
    for turn in range(rounds):
        for name in random.permutation(list(methods)):
            faiss.omp_set_num_threads(processors() if name == "faiss_all" else 1)
            for i in range(BLOCK):
                q = (turn * BLOCK + i) % len(queries)
                if name.endswith("_cold"):
                    read(OTHER)
                start = time.perf_counter()
                answer = methods[name](q)
                took = time.perf_counter() - start
                if i:
                    seconds[name].append(took)
                if name in ("nhl", "exhaustive"):
                    answers.append((q, answer))
    for q, answer in answers:  # afterwards: a check would empty the caches
        check(answer, flat.search(asked[q : q + 1], K)[0], short, asked[q])
    return {name: statistics.median(times) * 1e6 for name, times in seconds.items()}


def check(
    answer: tuple[NDArray[np.int32], NDArray[np.int64]], expected: Any, codes: Codes, query: Codes
) -> None:
    """An answer has faiss's distances, and ids that are distinct and at these distances.

    Raises:
        RuntimeError: if not.
    """
    distances, ids = answer[0][0], answer[1][0]
    true = np.bitwise_count(codes[ids] ^ query).sum(axis=1)
    if (distances != expected[0]).any() or (true != distances).any() or len(set(ids.tolist())) != K:
        raise RuntimeError(
            f"the index answered {distances.tolist()} where faiss answered {expected[0].tolist()}"
        )


def batch(codes: Codes, queries: Codes, index: NestedIndex, length: int) -> dict[str, float]:
    """Microseconds a query of all queries at once, on all cores; the better of three."""
    flat = faiss.IndexBinaryFlat(length)
    flat.add(np.ascontiguousarray(codes[:, : length // 8]))
    asked = np.ascontiguousarray(queries[:, : length // 8])
    methods: dict[str, Callable[[], Any]] = {
        "faiss": lambda: flat.search(asked, K),
        "nhl": lambda: index.search(queries, length, K),
    }
    found: dict[str, float] = {}
    for name, search in methods.items():
        times = []
        for _ in range(3):
            start = time.perf_counter()
            search()
            times.append(time.perf_counter() - start)
        found[name] = min(times) * 1e6 / len(queries)
    return found


def record(kind: str, codes: Codes, queries: Codes, rounds: int) -> list[dict[str, Any]]:
    """The figures of one set of codes at every length, printed as they come."""
    start = time.perf_counter()
    index = NestedIndex(codes)
    built = time.perf_counter() - start
    print(
        f"\n{len(codes):,} {kind} codes: {index.nbytes / len(codes):.1f} bytes an item, "
        f"built in {built:.1f} s\n"
        f"{'bits':>4} {'faiss us':>9} {'padded':>8} {'nhl us':>8} {'x faiss':>8} {'x padded':>8} "
        f"{'x all':>8} {'cold us':>8} {'x faiss':>8} "
        f"{'exhaust.':>8} {'x faiss':>8} {'GB/s':>6} {'floor us':>8} {'batch us':>8} {'x faiss':>8}"
    )
    records, threads = [], processors()
    for length in LENGTHS:
        faiss.omp_set_num_threads(1)
        us = compare(codes, queries, index, length, rounds)
        faiss.omp_set_num_threads(threads)
        together = batch(codes, queries, index, length)
        speed, memory = (len(codes) * length / 8 / us[name] / 1e3 for name in ("exhaustive", "read"))
        padded = us.get("padded", us["faiss"])
        print(
            f"{length:4} {us['faiss']:9.0f} {padded:8.0f} {us['nhl']:8.1f} {us['faiss'] / us['nhl']:8.1f} "
            f"{padded / us['nhl']:8.1f} {us['faiss_all'] / us['nhl']:8.1f} "
            f"{us['nhl_cold']:8.1f} {us['faiss_cold'] / us['nhl_cold']:8.1f} {us['exhaustive']:8.0f} {us['faiss'] / us['exhaustive']:8.1f} "
            f"{speed:6.1f} {us['read']:8.0f} {together['nhl']:8.1f} {together['faiss'] / together['nhl']:8.1f}",
            flush=True,
        )
        records.append(
            {
                "codes": kind,
                "images": len(codes),
                "length": length,
                "us": {name: round(value, 1) for name, value in us.items()},
                "batch_us": {name: round(value, 1) for name, value in together.items()},
                "times_faiss": round(us["faiss"] / us["nhl"], 1),
                "times_faiss_cold": round(us["faiss_cold"] / us["nhl_cold"], 1),
                "times_faiss_all": round(us["faiss_all"] / us["nhl"], 1),
                "times_padded": round(padded / us["nhl"], 1),
                "exhaustive_gb_per_s": round(speed, 2),
                "memory_gb_per_s": round(memory, 2),
                "bytes_per_item": round(index.nbytes / len(codes), 2),
                "build_s": round(built, 2),
            }
        )
    return records


def table(records: Sequence[dict[str, Any]]) -> str:
    """What docs/PERFORMANCE.md shows of the records: a row a set of codes, a column a length.

    A cell is how many times as fast as faiss a search is, and its time over that of reading all bytes.
    """
    rows = [f"| codes | {' | '.join(map(str, LENGTHS))} bits |", "|---" * (len(LENGTHS) + 1) + "|"]
    sets: dict[tuple[int, str], list[dict[str, Any]]] = {
        (record["images"], record["codes"]): [] for record in records
    }
    for record in records:
        sets[record["images"], record["codes"]].append(record)
    for (count, kind), found in sets.items():
        cells = [
            f"{record['times_faiss']:.{1 if record['times_faiss'] < 10 else 0}f} "
            f"({record['us']['nhl'] / record['us']['read']:.2f})"
            for record in found
        ]
        rows.append(f"| {count:,} {kind} | {' | '.join(cells)} |")
    return "\n".join(rows)


def parser(name: str, description: str | None, images: list[int], rounds: int) -> argparse.ArgumentParser:
    """The options of a benchmark over sets of codes."""
    found = options_of(name, description)
    found.add_argument(
        "--images", type=size, nargs="+", default=images, help="numbers of codes, 1e6 for a million"
    )
    found.add_argument("--codes", nargs="+", choices=CODES, default=list(CODES), help="kinds of codes")
    found.add_argument(
        "--checkpoint",
        type=Path,
        default=Path("checkpoints/emoji"),
        help="folder of the model whose gallery has the real codes",
    )
    found.add_argument(
        "--rounds", type=int, default=rounds, help="number of rounds, each with two queries that count"
    )
    return found


def size(text: str) -> int:
    return int(float(text))


def sets(options: argparse.Namespace) -> Iterator[tuple[str, Codes, Codes]]:
    """Kind, codes and queries of every set that the options ask for."""
    for count in options.images:
        for kind in options.codes:
            codes = CODES[kind](count + QUERIES, options.checkpoint)
            yield kind, codes[:count], codes[count:]


def main(arguments: Sequence[str]) -> int:
    """Run it: see `--help`."""
    options = parser("search", __doc__, [10**4, 10**5, 10**6, 10**7], 8).parse_args(arguments)
    warm_up()
    result: dict[str, Any] = {"k": K}
    if "real" in options.codes:
        result["agreement"] = agreement(*gallery_codes(options.checkpoint))
        for same in result["agreement"]:
            print(
                f"{same['length']:4} bits, enlarged {same['times']} times: histograms of distances agree to {same['overlap']:.1%}, nearest "
                "{} real {} drawn, tenth {} real {} drawn".format(*same["nearest"], *same["tenth"])
            )
    records = []
    for kind, codes, queries in sets(options):
        records += record(kind, codes, queries, options.rounds)
    path = write_result("search", result | {"records": records}, options.out)
    large = [found for found in records if found["images"] >= 1e6]
    print(f"\n{table(large)}\n\nwritten to {path}")
    if "real" in options.codes:
        # Here, so that who lacks the drawing package loses the pictures alone.
        from benchmarks import pictures

        folder = pictures.DOCS if options.out is None else path.parent
        return pictures.main(["--result", str(path), "--to", str(folder)])
    return 0
