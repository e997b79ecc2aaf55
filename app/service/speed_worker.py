"""`python -m app.service.speed_worker`: builds a large gallery of codes and takes the time of searches in it.

A request names an `.npz` file with the real `codes` (N, B/8), their `labels` (N,) and `queries` (Q, B/8),
and the `count` of codes wanted; what is missing is drawn by `nhl.index.synthetic.enlarge`. The last gallery is kept.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import texts
from app.service.worker import Report, WorkError, answer_requests
from nhl.index import NestedIndex, warm_up
from nhl.index.synthetic import enlarge

K = 12
QUERIES = 15
REPEATS, SECONDS = 5, 0.5  # of each query, at one length
AT_ONCE = 1 << 19

Codes = NDArray[np.uint8]


@dataclass(frozen=True)
class Large:
    """Codes (count, B/8), the index over them, and queries (Q, B/8)."""

    codes: Codes
    index: NestedIndex
    queries: Codes


def build(source: str, count: int, report: Report) -> Large:
    """The real codes first, drawn ones after them."""
    with np.load(source) as real:
        known, labels, queries = real["codes"], real["labels"], real["queries"]
    with tempfile.TemporaryFile() as file:  # pages of a file: the system may write them out when it is short
        codes = np.memmap(file, np.uint8, "w+", shape=(count, known.shape[1]))
    codes[: len(known)] = known
    for seed, start in enumerate(range(len(known), count, AT_ONCE)):
        report("draw", 0.6 * start / count)
        codes[start : start + AT_ONCE] = enlarge(known, labels, min(AT_ONCE, count - start), seed)
    report("arrange", 0.6)
    warm_up()
    return Large(codes, NestedIndex(codes), queries[:QUERIES])


def times(large: Large, length: int) -> dict[str, float]:
    """Microseconds of a search by each method, in turns: the textbook scan, the index, FAISS.

    The median over the queries, each timed at its quickest: what else the machine does only ever adds.
    """
    wide, k = length // 8, min(K, len(large.codes))
    methods: dict[str, Callable[[Codes], Any]] = {
        "scan": lambda q: large.index.search(q, length, k, exhaustive=True),
        "index": lambda q: large.index.search(q, length, k),
    }
    flat = _faiss_flat(large.codes, length)
    if flat is not None:
        methods["faiss"] = lambda q: flat.search(np.ascontiguousarray(q[:, :wide]), k)
    best = {name: [float("inf")] * len(large.queries) for name in methods}
    for search in methods.values():
        search(large.queries[:1])  # not counted
    end = time.perf_counter() + SECONDS
    for turn in range(REPEATS):
        for number in range(len(large.queries)):
            for name, search in methods.items():
                start = time.perf_counter()
                search(large.queries[number : number + 1])
                best[name][number] = min(best[name][number], time.perf_counter() - start)
        if turn and time.perf_counter() > end:
            break
    return {name: round(statistics.median(seconds) * 1e6, 1) for name, seconds in best.items()}


def _faiss_flat(codes: Codes, length: int) -> Any:
    try:
        import faiss
    except ImportError:
        return None
    faiss.omp_set_num_threads(1)
    flat = faiss.IndexBinaryFlat(length)
    for start in range(0, len(codes), AT_ONCE):
        flat.add(np.ascontiguousarray(codes[start : start + AT_ONCE, : length // 8]))
    return flat


class Bench:
    """Answers requests; keeps the last gallery, for it will often be asked for again."""

    def __init__(self) -> None:
        self._made: tuple[str, int] | None = None
        self._large: Large | None = None

    def __call__(self, request: Any, report: Report) -> Any:
        wanted = request["source"], request["count"]
        try:
            if self._large is None or self._made != wanted:
                self._large = self._made = None  # free one before the other is made
                self._large, self._made = build(*wanted, report), wanted
            lengths = request["lengths"]
            found = {}
            for n, length in enumerate(lengths):
                report("measure", 0.85 + 0.15 * n / len(lengths))
                found[length] = times(self._large, length)
        except MemoryError:
            raise WorkError(texts.NO_MEMORY) from None
        except FileNotFoundError:
            raise WorkError(texts.GALLERY_GONE) from None
        return {"index_bytes": self._large.index.nbytes, "times": found}


if __name__ == "__main__":
    answer_requests(Bench())
    sys.exit()
