"""A comparison: every loss, every mode, several seeds, kept in one file and resumed from it."""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from nhl.atomic_write import write_bytes
from nhl.data import Protocol, load_protocol
from nhl.evaluation.cells import measure, trained_as
from nhl.evaluation.comparison import Cell, Comparison, check_splits, read_records
from nhl.evaluation.features import Features, features, pixels
from nhl.evaluation.modes import MODES
from nhl.evaluation.unsupervised import check_unsupervised
from nhl.metrics import without_relevant

SPLIT_SEED = 0


def compare(
    comparison: Comparison,
    path: Path,
    cache: Path,
    workers: int = 1,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
    about: Mapping[str, Any] | None = None,
    protocol: Protocol | None = None,
) -> list[dict[str, Any]]:
    """Train and measure every cell; write each to the result file as it is done.

    A comparison that was stopped goes on where it was when it is called again.

    Args:
        comparison: what.
        path: result file, JSON: `comparison`, `protocol`, `without_relevant` (how many queries have no relevant image)
            and `records` of `loss`, `mode`, `length`, `seed`, `map` (tie-expected, the mean of the splits), of several
            splits also `maps`, and `seconds` (of training: in "single" modes of the length's own run, else of the one
            run of all lengths).
        cache: folder of the features.
        workers: processes, one thread each; where whole networks learn on a GPU, runs that share it.
        progress: called with what is under way, how much is done and of how much.
        about: what the file says first, such as the command.
        protocol: what `load_protocol` makes of `comparison.settings.data`, if it is loaded already.

    Returns:
        The records.

    Raises:
        ValueError: if the file holds another comparison's records, or a picture of the database was learnt from and
            there are several splits, in which it might be a query.
        FloatingPointError: if a loss is not finite; it says which.
        MemoryError: if a worker was killed.
    """
    records = read_records(path, comparison)
    protocol = protocol or load_protocol(comparison.settings.data)
    check_splits(comparison, protocol)
    found = _learnt(comparison, protocol, cache, lambda done, total: progress("Preparing", done, total))
    for name in filter(None, (MODES[mode].unsupervised for mode in comparison.modes)):
        check_unsupervised(name, found, comparison.settings.lengths)
    description, unanswerable = found.description, without_relevant(*found.labels[1:])
    del found  # the workers read it for themselves
    done = {(r["loss"], r["mode"], r["seed"]) for r in records}
    alike: dict[Cell, list[str]] = {}  # modes that one training serves
    for loss, mode, seed in comparison.cells():
        if (loss, mode, seed) not in done:
            alike.setdefault((loss, trained_as(loss, mode), seed), []).append(mode)
    asked = [(loss, tuple(modes), seed) for (loss, _, seed), modes in alike.items()]
    total = len(asked)

    def keep() -> None:
        records.sort(key=lambda r: (r["seed"], r["loss"], r["mode"], r["length"]))
        result = {
            "comparison": asdict(comparison),
            "protocol": description,
            "without_relevant": unanswerable,
            "records": records,
        }
        _write(path, {**(about or {}), **result})

    if not asked:  # all is there, or more: the file says what was asked for last
        keep()
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, context, _prepare, (comparison, cache)) as pool:
        try:
            running = {pool.submit(_cell, *cell): cell for cell in asked}
            while running:
                progress("Comparing", total - len(running), total)
                for ready in wait(running, return_when=FIRST_COMPLETED).done:
                    loss, modes, seed = running.pop(ready)
                    records += _result(ready, (loss, modes[0], seed))
                keep()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)  # else all other cells would be trained first
            raise
    progress("Comparing", total, total)
    return records


def _result(ready: "Future[list[dict[str, Any]]]", cell: Cell) -> list[dict[str, Any]]:
    try:
        return ready.result()
    except FloatingPointError as error:
        raise FloatingPointError(f"{cell[0]} in the mode {cell[1]}, seed {cell[2]}: {error}") from error
    except BrokenProcessPool as error:
        raise MemoryError(
            f"a worker ended by itself at {cell[0]} in the mode {cell[1]}: if memory ran out, give the same command again "
            "with fewer `workers`, and it goes on from there; a script that calls `compare` must do so under "
            '`if __name__ == "__main__":`'
        ) from error


_worker: tuple[Comparison, Features]


def _prepare(comparison: Comparison, cache: Path) -> None:
    global _worker
    torch.set_num_threads(1)
    _worker = comparison, _learnt(comparison, load_protocol(comparison.settings.data, "trust"), cache)


def _learnt(
    comparison: Comparison,
    protocol: Protocol,
    cache: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Features:
    settings = comparison.settings
    if comparison.tune:
        found = pixels(settings, protocol, progress)
    else:
        found = features(settings, protocol, cache, progress)
    share = comparison.held_back
    return found.held_back(share, SPLIT_SEED) if share else found


def _cell(loss: str, modes: tuple[str, ...], seed: int) -> list[dict[str, Any]]:
    comparison, found = _worker
    return measure(comparison, found, loss, modes, seed)


def _write(path: Path, result: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    records = ",\n".join(f"  {json.dumps(record)}" for record in result["records"])  # a line each
    text = json.dumps({**result, "records": []}, indent=1).replace(
        '"records": []', f'"records": [\n{records}\n ]'
    )
    write_bytes(path, f"{text}\n".encode())
