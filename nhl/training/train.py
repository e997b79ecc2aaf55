"""Train a model from pictures: one run, all code lengths; resumable after a kill at any moment."""

import csv
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from nhl.data import Pictures, Protocol, load_protocol
from nhl.data.views import Views
from nhl.digest import sha256
from nhl.metrics import histograms
from nhl.model.backbones import split_backbone
from nhl.model.checkpoint import Config, fingerprint
from nhl.model.network import NestedHashModel
from nhl.model.preprocessing import Preprocessing
from nhl.training.checks import STATE, check_data, check_folder, check_network, instances, levels, parts
from nhl.training.depthwise import use_fast_depthwise
from nhl.training.mixture import Mixture
from nhl.training.settings import Settings
from nhl.training.state import resume, save_state
from nhl.training.trainer import Levels, Shown, Trainer, all_shown

KEEP_EVERY = 300.0
"""Seconds between two checkpoints of a run that goes on."""
SLOW_PRECISION = "`precision` bfloat16 is slow on this processor, which has no instructions for it: float32 is several times as fast"


@dataclass(frozen=True)
class Progress:
    """What a callback is told after each epoch; losses and weights are of each length, the shortest first."""

    epoch: int
    epochs: int
    seconds: float
    seconds_left: float
    losses: tuple[float, ...]
    weights: tuple[float, ...]
    validation: float | None

    @property
    def loss(self) -> float:
        """The weighted sum."""
        return sum(weight * loss for weight, loss in zip(self.weights, self.losses, strict=True))


def train(
    settings: Settings,
    folder: str | Path,
    protocol: Protocol | None = None,
    report: Callable[[Progress], None] = lambda progress: None,
    step: Callable[[int, int], None] = lambda done, total: None,
    device: str | None = None,
    prepare: Callable[[int, int], None] = lambda done, total: None,
) -> NestedHashModel:
    """Train a model and leave its checkpoint in a folder.

    A run that was stopped goes on from its last whole epoch, with the result of an unbroken one, when it
    is called again with the same settings and folder. The folder is a checkpoint before that, too: every
    `KEEP_EVERY` seconds the averaged weights so far are written.

    Args:
        settings: how.
        folder: the checkpoint; also `settings.json`, `log.csv` and, until the end, `state.pt`.
        protocol: the data; by default `settings.data`.
        report: called after each epoch.
        step: called with the number of batches done and of all in the epoch.
        device: of torch; by default a GPU where there is one.
        prepare: called with the pictures made ready and all, while they are decoded and their views computed.

    Raises:
        ValueError: if the folder holds a finished checkpoint, a run with other settings or data or a damaged state,
            `settings.start` is of another backbone, there is no such backbone, there are too few pictures, the data do not know the
            instances or levels that the settings need, or there is no such device.
        MemoryError: if the device runs out of memory; the state of the last whole epoch is kept.
        FloatingPointError: if a loss is not finite; the message says when and at which length. The
            checkpoint of the last whole epoch, if there was one, is in the folder.
    """
    folder = Path(folder)
    check_folder(settings, folder)
    check_network(settings)
    found = _device(device)
    protocol = protocol or load_protocol(settings.data)
    check_data(settings, protocol)
    folder.mkdir(parents=True, exist_ok=True)
    session = _Session(settings, protocol, found, prepare)
    run = session.run
    epoch, seconds = resume(run, settings, folder, session.source)
    if session.has_learnt and not epoch:
        run.begin_at_codes(prepare)
    if not epoch:
        save_state(
            run, epoch, seconds, folder, session.source
        )  # by it a folder with weights is known as unfinished
    kept = time.perf_counter()

    def keep(done: int, total: int) -> None:
        nonlocal kept
        step(done, total)
        if time.perf_counter() - kept >= KEEP_EVERY:
            session.save_average(folder)
            kept = time.perf_counter()

    while epoch < settings.epochs:
        start = time.perf_counter()
        try:
            losses, weights = run.epoch(epoch, keep)
        except FloatingPointError:
            if epoch:
                resume(run, settings, folder, session.source)
                session.save(folder)
            raise
        except torch.OutOfMemoryError as error:
            raise MemoryError(
                f"the device is out of memory with `batch_size` {settings.batch_size} and `size` {settings.size}: "
                "lower one of them"
            ) from error
        epoch += 1
        score = session.validate(epoch)
        seconds += time.perf_counter() - start
        save_state(run, epoch, seconds, folder, session.source)
        left = seconds / epoch * (settings.epochs - epoch)
        values = tuple(losses.tolist()), tuple(weights.tolist())
        progress = Progress(epoch, settings.epochs, seconds, left, *values, score)
        _log(progress, run.lengths, folder)
        report(progress)
    session.save(folder)
    (folder / STATE).unlink()
    return session.model


def _device(name: str | None) -> torch.device:
    """A device of torch by its name, by default a GPU where there is one.

    Raises:
        ValueError: if this machine has none of that name.
    """
    try:
        found = torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
        torch.empty(0, device=found)
    except (RuntimeError, AssertionError, ModuleNotFoundError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"`device` must be one of this machine but got {name!r} ({reason})") from error
    return found


class _Session:
    """A model, its pictures, and the run between them."""

    def __init__(
        self,
        settings: Settings,
        protocol: Protocol,
        device: torch.device,
        prepare: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        torch.manual_seed(settings.seed)
        self.settings = settings
        preprocessing = Preprocessing(size=settings.size, fit=settings.fit)
        encoding = replace(preprocessing, size=settings.eval_size or settings.size)
        config = Config(settings.backbone, settings.lengths, protocol.classes, encoding, settings.flip_tta)
        self.model = NestedHashModel(config, settings.pretrained and not settings.start).to(device)
        self.model.to(memory_format=torch.channels_last)
        self.has_learnt = bool(settings.start) and _start(self.model, settings.start)
        stem, tuned = split_backbone(self.model.backbone, settings.frozen_stages)
        stem.requires_grad_(False).eval()
        if device.type == "cpu" and settings.precision == "bfloat16":
            if torch.backends.cpu.get_cpu_capability() == "AVX2":
                warnings.warn(SLOW_PRECISION, stacklevel=3)
            use_fast_depthwise(tuned)

        def views(pictures: Pictures, count: int, keep: bool = True) -> Views:
            seen = preprocessing if count else encoding
            how = (settings.seed, device, settings.precision)
            return Views(pictures, seen, stem, count, *how, augment=settings.augment, keep=keep)

        learnt = parts(settings, protocol)
        self.queries = [views(query, 0) for query in learnt.queries]
        self.searched = None if learnt.database is None else views(learnt.database, 0)
        if learnt.photographs is None:
            keep = settings.views > 0
            seen = views(learnt.learn, settings.views if keep else settings.epochs, keep)

            def inputs(epoch: int) -> Shown:
                return all_shown(seen.get(epoch))

        else:
            half = settings.precision == "bfloat16"
            how = (settings.rounds, settings.views, settings.seed, device, half, prepare)
            inputs = Mixture(learnt.learn, learnt.photographs, preprocessing, stem, *how)
        first = (fingerprint(settings.start),) if settings.start else ()
        self.source = sha256(*(part.digest() for part in learnt.taught), *first)
        labels = torch.from_numpy(np.concatenate([part.labels for part in learnt.taught]))
        classes = len(protocol.classes)
        shown = torch.from_numpy(instances(settings, learnt.learn)) if settings.instances else None
        named = None
        if settings.levels:
            named = Levels(torch.from_numpy(levels(settings, protocol, learnt)), protocol.levels)
        if named is not None and learnt.photographs is not None:
            labels = named.labels[:, named.names.index("class")]
        self.run = Trainer(settings, tuned, self.model.layer, inputs, labels, classes, device, shown, named)

    def validate(self, epoch: int) -> float | None:
        """Mean mAP over the lengths and the sets of queries kept back, if due; the run keeps the best weights."""
        due = epoch % self.settings.validate_every == 0 or epoch == self.settings.epochs
        if self.searched is None or not due:
            return None
        codes, labels = self.run.codes(self.searched.get(0)), self.searched.pictures.labels
        each: list[float] = []
        for query in self.queries:
            asked = self.run.codes(query.get(0)), codes, query.pictures.labels, labels
            found = histograms(*asked, lengths=self.run.lengths).values()
            each.append(float(np.mean([h.average_precision().mean() for h in found])))
        score = float(np.mean(each))
        self.run.keep(score)
        return score

    def save_average(self, folder: Path) -> None:
        """Write the checkpoint with the averaged weights so far, if they are finite; learning goes on with its own."""
        own = {name: value.clone() for name, value in self.run.network.state_dict().items()}
        average = self.run.average.module.state_dict()
        if all(value.isfinite().all() for value in average.values()):
            self.run.network.load_state_dict(average)
            self.model.eval().save_pretrained(folder)
            self.run.network.load_state_dict(own)
            self.run.network.train()

    def save(self, folder: Path) -> None:
        """Write the checkpoint with the weights to keep."""
        self.run.finish()
        self.model.eval().save_pretrained(folder)


def _start(model: NestedHashModel, folder: str) -> bool:
    """Take a checkpoint's backbone, and its layer where lengths and classes are the same; whether they are."""
    other = NestedHashModel.from_pretrained(Path(folder))
    mine, its = model.config, other.config
    model.backbone.load_state_dict(other.backbone.state_dict())
    if same := (its.lengths, its.classes) == (mine.lengths, mine.classes):
        model.layer.load_state_dict(other.layer.state_dict())
    return same


def _log(progress: Progress, lengths: tuple[int, ...], folder: Path) -> None:
    path = folder / "log.csv"
    new = not path.is_file()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if new:
            columns = [f"{what}_{length}" for what in ("loss", "weight") for length in lengths]
            writer.writerow(["epoch", "seconds", "validation_map", *columns])
        validation = "" if progress.validation is None else f"{progress.validation:.4f}"
        values = [f"{value:.5f}" for value in (*progress.losses, *progress.weights)]
        writer.writerow([progress.epoch, f"{progress.seconds:.3f}", validation, *values])
