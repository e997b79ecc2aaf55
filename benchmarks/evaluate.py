"""Evaluation at every length: one pass over the codes against a product and a sort for each query and length.

`loop` is the field's usual code: for each length and query, signs as float32, distance = (b - q @ db.T) / 2,
argsort, average precision. It runs on a sample of the queries, and its time is scaled to all. Each round
takes a piece of the loop, then `numpy` and `numba` on all queries, so that a busy machine slows all three;
a ratio is the median over rounds. First it is checked that
  - numba and NumPy count the same, all queries, all lengths;
  - the loop's distances have the same histograms, relevant and all, for its sample;
  - the loop's average precision is the tie-expected one on codes without ties, to 1e-9;
  - with ties it lies between that of the best and of the worst order.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.options import options_of
from benchmarks.result_file import write_result
from nhl.codes import LENGTHS, unpack
from nhl.metrics import Histograms, histograms

Codes = NDArray[np.uint8]
Labels = NDArray[np.int64]
Floats = NDArray[np.float32]
CLASSES = 10
FLIPPED = 0.1  # share of bits in which a clustered code differs from its class


def uniform(count: int, random: np.random.Generator) -> tuple[Codes, Labels]:
    """Random bits and random classes."""
    codes = random.integers(0, 256, (count, LENGTHS[-1] // 8), dtype=np.uint8)
    return codes, random.integers(CLASSES, size=count)


def clustered(count: int, random: np.random.Generator) -> tuple[Codes, Labels]:
    """Codes as a trained network gives them: each near that of its class."""
    labels = random.integers(CLASSES, size=count)
    centres = np.random.default_rng(0).integers(0, 2, (CLASSES, LENGTHS[-1]), dtype=np.uint8)
    flips = random.random((count, LENGTHS[-1]), np.float32) < FLIPPED
    return np.packbits(centres[labels] ^ flips, axis=1), labels


CODES = {"uniform": uniform, "clustered": clustered}


class Loop:
    """The usual code; signs are made beforehand and not timed."""

    def __init__(self, queries: Codes, database: Codes, query_labels: Labels, labels: Labels) -> None:
        self.queries = {b: unpack(queries, b).astype(np.float32) * 2 - 1 for b in LENGTHS}
        self.database = {b: unpack(database, b).astype(np.float32) * 2 - 1 for b in LENGTHS}
        self.query_labels, self.labels = query_labels, labels

    def distances(self, query: int, length: int) -> Floats:
        return np.asarray(0.5 * (length - self.queries[length][query] @ self.database[length].T), np.float32)

    def average_precision(self, query: int, length: int) -> float:
        order = np.argsort(self.distances(query, length))
        return ranked(self.labels[order] == self.query_labels[query])


def ranked(relevant: NDArray[np.bool_]) -> float:
    """Average precision of one ranking."""
    ranks = np.flatnonzero(relevant) + 1.0
    return float(np.mean(np.arange(1, len(ranks) + 1) / ranks)) if len(ranks) else 0.0


def check(loop: Loop, sample: int, found: dict[int, Histograms], plain: dict[int, Histograms]) -> None:
    """That all three count and score the same, as this file's first words say.

    Raises:
        RuntimeError: if not.
    """
    for length, h in found.items():
        _same(
            (h.all == plain[length].all).all() and (h.relevant == plain[length].relevant).all(),
            "numba",
            length,
        )
        expected = h.average_precision()
        for q in range(sample):
            distances = loop.distances(q, length).astype(np.int64)
            right = loop.labels == loop.query_labels[q]
            for counts, chosen in ((h.all, distances), (h.relevant, distances[right])):
                _same((np.bincount(chosen, minlength=length + 1) == counts[q]).all(), "the loop", length)
            worst, best = (ranked(right[np.lexsort((side, distances))]) for side in (right, ~right))
            for score in (expected[q], loop.average_precision(q, length)):
                _same(worst - 1e-9 <= score <= best + 1e-9, "average precision", length)


def check_without_ties(seed: int) -> None:
    """That the loop and the closed form agree to 1e-9 where every distance occurs once."""
    length = LENGTHS[-1]
    random = np.random.default_rng(seed)
    database = np.packbits(np.tri(length + 1, length, -1, np.uint8), axis=1)[random.permutation(length + 1)]
    query, labels = np.zeros((1, length // 8), np.uint8), random.integers(2, size=length + 1)
    expected = histograms(query, database, [1], labels, [length])[length].average_precision()[0]
    loop = Loop(query, database, np.array([1]), labels)
    _same(abs(loop.average_precision(0, length) - expected) < 1e-9, "average precision without ties", length)


def _same(agree: bool, what: str, length: int) -> None:
    if not agree:
        raise RuntimeError(f"{what} disagrees at {length} bits")


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(
    kind: str, queries: int, images: int, sample: int, rounds: int
) -> dict[str, str | int | float | dict[str, float]]:
    """Seconds of each way and how many times faster than the loop, for one kind of codes."""
    random = np.random.default_rng(1)
    (asked, query_labels), (database, labels) = (CODES[kind](n, random) for n in (queries, images))
    loop = Loop(asked[:sample], database, query_labels, labels)

    def way(compiled: bool) -> dict[int, Histograms]:
        return histograms(asked, database, query_labels, labels, LENGTHS, compiled=compiled)

    check(loop, min(sample, 4), way(True), way(False))  # also: compiled before it is timed
    ways: dict[str, Callable[[], object]] = {
        "loop": lambda: [loop.average_precision(q, length) for length in LENGTHS for q in range(sample)],
        "numpy": lambda: [h.average_precision().mean() for h in way(False).values()],
        "numba": lambda: [h.average_precision().mean() for h in way(True).values()],
    }
    scale = {"loop": queries / sample, "numpy": 1, "numba": 1}
    times = [{name: seconds(work) * scale[name] for name, work in ways.items()} for _ in range(rounds)]
    took = {name: statistics.median(turn[name] for turn in times) for name in ways}
    faster = {
        name: statistics.median(turn["loop"] / turn[name] for turn in times) for name in ("numpy", "numba")
    }
    print(
        f"{kind:10} {took['loop']:9.2f} {took['numpy']:9.3f} {took['numba']:9.3f} "
        f"{faster['numpy']:10.0f} {faster['numba']:10.0f}",
        flush=True,
    )
    return {
        "codes": kind,
        "queries": queries,
        "images": images,
        "sampled_queries_of_the_loop": sample,
        "seconds": {name: round(value, 4) for name, value in took.items()},
        "times_faster": {name: round(value, 1) for name, value in faster.items()},
    }


def main(arguments: Sequence[str]) -> int:
    """Run it: see `--help`."""
    parser = options_of("evaluate", __doc__)
    parser.add_argument("--queries", type=int, default=1000, help="number of queries")
    parser.add_argument("--images", type=int, default=54000, help="number of database images")
    parser.add_argument(
        "--sample", type=int, default=20, help="number of queries that the loop takes in each round"
    )
    parser.add_argument("--rounds", type=int, default=5, help="number of rounds")
    parser.add_argument("--codes", nargs="+", choices=CODES, default=list(CODES), help="kinds of codes")
    options = parser.parse_args(arguments)
    check_without_ties(seed=0)
    print(
        f"{options.queries:,} queries against {options.images:,} images at {', '.join(map(str, LENGTHS))} bits; "
        f"the loop is timed on {options.sample} queries and scaled\n"
        f"{'codes':10} {'loop s':>9} {'numpy s':>9} {'numba s':>9} {'x (numpy)':>10} {'x (numba)':>10}"
    )
    sample = min(options.sample, options.queries)
    records = [
        measure(kind, options.queries, options.images, sample, options.rounds) for kind in options.codes
    ]
    result = {"lengths": list(LENGTHS), "rounds": options.rounds, "records": records}
    print(f"\nwritten to {write_result('evaluate', result, options.out)}")
    return 0
