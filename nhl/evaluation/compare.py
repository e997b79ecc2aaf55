"""A comparison: every loss, every mode, several seeds, kept in one file and resumed from it."""

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from nhl.atomic_write import write_bytes
from nhl.data import load_protocol
from nhl.evaluation.cells import Cell, measure, trained_as
from nhl.evaluation.features import Features, features
from nhl.evaluation.modes import MODES
from nhl.evaluation.unlearned import check_unlearned
from nhl.losses import LOSSES
from nhl.training.settings import NONE, Settings

SPLIT_SEED = 0
_DEFAULTS = json.loads(json.dumps(asdict(Settings())))  # of settings that an older file does not know


@dataclass(frozen=True)
class Comparison:
    """What is compared, and how all of it is trained.

    Args:
        settings: of every run; `loss`, `weighting`, `central`, `seed` are those of each cell instead, and
            `distillation` counts in the distilled modes. With `validation_fraction`, that share of the training
            pictures is kept back and measured on instead of the queries: to choose settings by.
        losses: names from `LOSSES`.
        modes: names from `MODES`.
        seeds: each of heads, batches and their order; the pictures and their split stay.
        hidden: width of the layer between the features and the nested layer.
        dropout: share of its outputs that are left out in training.
    """

    settings: Settings
    losses: tuple[str, ...]
    modes: tuple[str, ...]
    seeds: tuple[int, ...] = (0, 1, 2)
    hidden: int = 512
    dropout: float = 0.0

    def __post_init__(self) -> None:
        for name, known in (("losses", LOSSES), ("modes", MODES)):
            if unknown := [one for one in getattr(self, name) if one not in known]:
                raise ValueError(f"unknown {name} {unknown[0]!r}; choose from {', '.join(known)}")
        if self.settings.views < 1:  # features are computed once, so there is a number of them
            raise ValueError(f"`views` must be at least 1 but got {self.settings.views}")

    def cells(self) -> Iterator[Cell]:
        """Every loss, mode and seed; a mode without a loss once a seed, under the loss "none"."""
        for seed in self.seeds:
            for loss in (*self.losses, NONE):
                for mode in self.modes:
                    if MODES[mode].without_loss == (loss == NONE):
                        yield loss, mode, seed


def compare(
    comparison: Comparison,
    path: Path,
    cache: Path,
    workers: int = 1,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
    about: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Train and measure every cell; write each to the result file as it is done.

    A comparison that was stopped goes on where it was when it is called again.

    Args:
        comparison: what.
        path: result file, JSON: `comparison`, `protocol`, and `records` of `loss`, `mode`, `length`,
            `seed`, `map` (tie-expected) and `seconds` (of training: in "single" modes of the length's own run,
            else of the one run of all lengths).
        cache: folder of the features.
        workers: processes, one thread each.
        progress: called with what is under way, how much is done and of how much.
        about: what the file says first, such as the command.

    Returns:
        The records.

    Raises:
        ValueError: if the file holds another comparison's records.
    """
    found = _features(comparison, cache, lambda done, total: progress("Features", done, total))
    for mode in comparison.modes:
        check_unlearned(MODES[mode].unlearned, found, comparison.settings.lengths)
    description = found.description
    del found  # the workers read it for themselves
    described = json.loads(json.dumps(asdict(comparison)))
    records = _read(path, described)
    done = {(r["loss"], r["mode"], r["seed"]) for r in records}
    asked: dict[Cell, list[str]] = {}
    for loss, mode, seed in comparison.cells():
        if (loss, mode, seed) not in done:
            asked.setdefault((loss, trained_as(loss, mode), seed), []).append(mode)
    total = len(asked)
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, context, _prepare, (comparison, cache)) as pool:
        running: set[Future[list[dict[str, Any]]]] = {pool.submit(_cell, cell) for cell in asked}
        while running:
            progress("Comparing", total - len(running), total)
            ready, running = wait(running, return_when=FIRST_COMPLETED)
            for cell in ready:
                made = cell.result()
                modes = asked[made[0]["loss"], made[0]["mode"], made[0]["seed"]]
                records += [{**record, "mode": mode} for mode in modes for record in made]
            records.sort(key=lambda r: (r["seed"], r["loss"], r["mode"], r["length"]))
            result = {"comparison": described, "protocol": description, "records": records}
            _write(path, {**(about or {}), **result})
    progress("Comparing", total, total)
    return records


def _read(path: Path, described: dict[str, Any]) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    held = json.loads(path.read_text(encoding="utf-8"))
    chosen = ("losses", "modes", "seeds")  # may grow: what else there is decides the figures
    then = {**held["comparison"], "settings": {**_DEFAULTS, **held["comparison"]["settings"]}}
    if any(then[key] != value for key, value in described.items() if key not in chosen):
        raise ValueError(f"`path` {path} holds a comparison with other settings: name another, or delete it")
    return list(held["records"])


_worker: tuple[Comparison, Features]


def _prepare(comparison: Comparison, cache: Path) -> None:
    global _worker
    torch.set_num_threads(1)
    _worker = comparison, _features(comparison, cache)


def _features(
    comparison: Comparison, cache: Path, progress: Callable[[int, int], None] = lambda done, total: None
) -> Features:
    settings = comparison.settings
    found = features(settings, load_protocol(settings.data), cache, progress)
    return (
        found.held_back(settings.validation_fraction, SPLIT_SEED) if settings.validation_fraction else found
    )


def _cell(cell: Cell) -> list[dict[str, Any]]:
    comparison, found = _worker
    loss, mode, seed = cell
    return measure(comparison, found, loss, mode, seed)


def _write(path: Path, result: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, json.dumps(result, indent=1).encode())
