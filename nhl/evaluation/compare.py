"""One model of all lengths against one model a length: every loss, every way to nest, several seeds.

All heads learn from the same frozen features with the same splits, epochs and rates; only what is
compared differs. No result of a query decides anything: each run keeps its last averaged weights.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from torch import nn

from nhl.atomic_write import write_bytes
from nhl.data import load_protocol
from nhl.evaluation.features import Features, features
from nhl.layer import NestedHashLayer
from nhl.losses import LOSSES
from nhl.metrics import histograms
from nhl.training.settings import Settings
from nhl.training.trainer import Shown, Trainer, all_shown

SPLIT_SEED = 0
_DEFAULTS = json.loads(json.dumps(asdict(Settings())))  # of settings that an older file does not know
Cell = tuple[str, str, int]  # loss, mode, seed


@dataclass(frozen=True)
class Mode:
    """A way to train: one model a length, or one of all; all lengths on one scale, or as published.

    `cut`: one model of the longest length alone, whose codes are cut short to the others, as one would with an
    ordinary model. `central`: the weight of central similarity beside the loss; 1 was as good as 0.3 or 3, or better, on training
    pictures that were kept back.
    """

    nested: bool = True
    scaled: bool = True
    weighting: str = "equal"
    distilled: bool = False
    central: float = 0.0
    cut: bool = False


MODES = {
    "single": Mode(nested=False, scaled=False),
    "single-scaled": Mode(nested=False),
    "equal": Mode(scaled=False),
    "scaled": Mode(),
    "adaptive": Mode(weighting="nhl"),
    "distill": Mode(distilled=True),
    "full": Mode(weighting="nhl", distilled=True),
    "uncertainty": Mode(weighting="uncertainty"),
    "gradnorm": Mode(weighting="gradnorm"),
    "pcgrad": Mode(weighting="pcgrad"),
    "cut": Mode(nested=False, scaled=False, cut=True),
    "single-central": Mode(nested=False, central=1.0),
    "central": Mode(central=1.0),
    "central-full": Mode(weighting="nhl", distilled=True, central=1.0),
}
"""Every mode by its name. Scaled: with the `nested_scale` of the losses that have one; in the others there is
no difference."""


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
        """Every loss, mode and seed."""
        for seed in self.seeds:
            for loss in self.losses:
                for mode in self.modes:
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
    description = _features(
        comparison, cache, lambda done, total: progress("Features", done, total)
    ).description  # the workers read the rest for themselves
    described = json.loads(json.dumps(asdict(comparison)))
    records = _read(path, described)
    done = {(r["loss"], r["mode"], r["seed"]) for r in records}
    asked: dict[Cell, list[str]] = {}
    for loss, mode, seed in comparison.cells():
        if (loss, mode, seed) not in done:
            asked.setdefault((loss, _trained_as(loss, mode), seed), []).append(mode)
    total = len(asked)
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, context, _prepare, (comparison, cache)) as pool:
        running: set[Future[list[dict[str, Any]]]] = {pool.submit(_cell, cell) for cell in asked}
        while running:
            progress("Comparing", total - len(running), total)
            ready, running = wait(running, return_when=FIRST_COMPLETED)
            for cell in ready:
                found = cell.result()
                modes = asked[found[0]["loss"], found[0]["mode"], found[0]["seed"]]
                records += [{**record, "mode": mode} for mode in modes for record in found]
            records.sort(key=lambda r: (r["seed"], r["loss"], r["mode"], r["length"]))
            result = {"comparison": described, "protocol": description, "records": records}
            _write(path, {**(about or {}), **result})
    progress("Comparing", total, total)
    return records


def _trained_as(loss: str, mode: str) -> str:
    """The mode whose training is the same: without a `nested_scale` nothing is scaled."""
    if LOSSES[loss].nested_scale:
        return mode
    return next(name for name, other in MODES.items() if replace(MODES[mode], scaled=other.scaled) == other)


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


def measure(comparison: Comparison, found: Features, loss: str, mode: str, seed: int) -> list[dict[str, Any]]:
    """The records of one cell, one a length."""
    how = MODES[mode]
    constants = dict(comparison.settings.constants)
    if scale := LOSSES[loss].nested_scale:
        constants["scale"] = scale if how.scaled else None
    settings = replace(
        comparison.settings,
        loss=loss,
        constants=constants,
        weighting=how.weighting,
        distillation=comparison.settings.distillation if how.distilled else 0.0,
        central=how.central,
        seed=seed,
    )
    groups: Sequence[tuple[int, ...]] = [settings.lengths]
    if how.cut:
        groups = [settings.lengths[-1:]]
    elif not how.nested:
        groups = [(length,) for length in settings.lengths]
    records = []
    for lengths in groups:
        start = time.perf_counter()
        run = _train(comparison, found, replace(settings, lengths=lengths))
        seconds = time.perf_counter() - start
        codes = run.codes(found.query), run.codes(found.database)
        scores = histograms(*codes, *found.labels[1:], lengths=settings.lengths if how.cut else lengths)
        for length, score in scores.items():
            record = {"loss": loss, "mode": mode, "length": length, "seed": seed}
            value = float(score.average_precision().mean())
            records.append({**record, "map": round(value, 5), "seconds": round(seconds, 2)})
    return records


def _train(comparison: Comparison, found: Features, settings: Settings) -> Trainer:
    torch.manual_seed(settings.seed)
    width, hidden = found.train.shape[-1], comparison.hidden
    head: nn.Module = nn.Identity()
    if hidden:
        head = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Dropout(comparison.dropout))
    layer = NestedHashLayer(hidden or width, settings.lengths)
    labels = torch.from_numpy(found.labels[0])

    def inputs(epoch: int) -> Shown:
        return all_shown(found.train[epoch % len(found.train)])

    run = Trainer(settings, head, layer, inputs, labels, found.classes, torch.device("cpu"))
    for epoch in range(settings.epochs):
        run.epoch(epoch)
    return run


def _write(path: Path, result: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, json.dumps(result, indent=1).encode())
