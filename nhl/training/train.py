"""Train a model from pictures: one run, all code lengths; resumable after a kill at any moment."""

import csv
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np
import torch

from nhl.atomic_write import atomic_write
from nhl.data import Pictures, Protocol, load_protocol
from nhl.data.views import Views
from nhl.metrics import histograms
from nhl.model.backbones import split_backbone
from nhl.model.checkpoint import Config
from nhl.model.network import NestedHashModel
from nhl.model.preprocessing import Preprocessing
from nhl.training.depthwise import quicken
from nhl.training.mixture import Mixture
from nhl.training.run import Levels, Run, Shown, all_shown
from nhl.training.settings import Settings

STATE = "state.pt"


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
    is called again with the same settings and folder.

    Args:
        settings: how.
        folder: the checkpoint; also `settings.json`, `log.csv` and, until the end, `state.pt`.
        protocol: the data; by default `settings.data`.
        report: called after each epoch.
        step: called with the number of batches done and of all in the epoch.
        device: of torch; by default a GPU where there is one.
        prepare: called with the pictures made ready and all, while they are decoded and their views computed.

    Raises:
        ValueError: if the folder holds a run with other settings or a damaged state, `settings.start` is
            of another backbone, or the data do not know the things that `settings.instances` needs.
        FloatingPointError: if a loss is not finite; the message says when and at which length. The
            checkpoint of the last whole epoch, if there was one, is in the folder.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    protocol = protocol or load_protocol(settings.data)
    found = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    session = _Session(settings, protocol, found, prepare)
    run = session.run
    epoch, seconds = _resume(run, settings, folder)
    while epoch < settings.epochs:
        start = time.perf_counter()
        try:
            losses, weights = run.epoch(epoch, step)
        except FloatingPointError:
            if epoch:
                _resume(run, settings, folder)
                session.save(folder)
            raise
        epoch += 1
        score = session.validate(epoch)
        seconds += time.perf_counter() - start
        _save_state(run, epoch, seconds, folder)
        left = seconds / epoch * (settings.epochs - epoch)
        values = tuple(losses.tolist()), tuple(weights.tolist())
        progress = Progress(epoch, settings.epochs, seconds, left, *values, score)
        _log(progress, run.lengths, folder)
        report(progress)
    session.save(folder)
    (folder / STATE).unlink()
    return session.model


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
        encoding = replace(preprocessing, size=settings.encode_size or settings.size)
        config = Config(
            settings.backbone, settings.lengths, protocol.classes, encoding, settings.encode_mirror
        )
        self.model = NestedHashModel(config, settings.pretrained and not settings.start).to(device)
        self.model.to(memory_format=torch.channels_last)
        if settings.start:
            _start(self.model, settings.start)
        stem, tuned = split_backbone(self.model.backbone, settings.frozen_stages)
        stem.requires_grad_(False).eval()
        if device.type == "cpu" and settings.precision == "bfloat16":
            quicken(tuned)

        def views(pictures: Pictures, count: int, keep: bool = True) -> Views:
            seen = preprocessing if count else encoding
            how = (settings.seed, device, settings.precision)
            return Views(pictures, seen, stem, count, *how, augment=settings.augment, keep=keep)

        learn, self.held_back = protocol.train, None
        if settings.validation:
            learn, held_back = learn.split(settings.validation, settings.seed)
            searched = learn
            if not set(learn.sources) <= set(protocol.database.sources):
                held_back, searched = held_back.split(
                    0.5, settings.seed, least=1
                )  # new pictures are searched
            self.held_back = (views(held_back, 0), views(searched, 0))
        parts = [learn]
        if protocol.photographs is None:
            keep = settings.views > 0
            seen = views(learn, settings.views if keep else settings.epochs, keep)

            def inputs(epoch: int) -> Shown:
                return all_shown(seen.get(epoch))

        else:
            parts.append(protocol.photographs.train)
            half = settings.precision == "bfloat16"
            how = (settings.rounds, settings.views, settings.seed, device, half, prepare)
            inputs = Mixture(learn, parts[1], preprocessing, stem, *how)
        labels = torch.from_numpy(np.concatenate([part.labels for part in parts]))
        classes = len(protocol.classes)
        things = _things(learn, settings) if settings.instances else None
        levels = _levels(parts, protocol, settings) if settings.levels else None
        if levels is not None and len(parts) > 1:
            labels = levels.labels[:, levels.names.index("class")]
        self.run = Run(settings, tuned, self.model.layer, inputs, labels, classes, device, things, levels)

    def validate(self, epoch: int) -> float | None:
        """Mean mAP over the lengths on the pictures kept back, if due; the run keeps the best weights."""
        due = epoch % self.settings.validate_every == 0 or epoch == self.settings.epochs
        if self.held_back is None or not due:
            return None
        query, searched = self.held_back
        codes = self.run.codes(query.get(0)), self.run.codes(searched.get(0))
        labels = query.pictures.labels, searched.pictures.labels
        found = histograms(*codes, *labels, lengths=self.run.lengths).values()
        score = float(np.mean([h.average_precision().mean() for h in found]))
        self.run.keep(score)
        return score

    def save(self, folder: Path) -> None:
        """Write the checkpoint with the weights to keep."""
        self.run.finish()
        self.model.eval().save_pretrained(folder)


def _things(pictures: Pictures, settings: Settings) -> torch.Tensor:
    """Numbers (N,) of the things that pictures show, from 0."""
    if pictures.groups is None:
        raise ValueError(
            f"`instances` must be 0 for {settings.data!r}, which does not say what pictures show the same "
            f"thing, but got {settings.instances}"
        )
    return torch.from_numpy(np.unique(pictures.groups, return_inverse=True)[1])


def _levels(parts: list[Pictures], protocol: Protocol, settings: Settings) -> Levels:
    """The labels of all training pictures at every level.

    Raises:
        ValueError: if the data set has no levels.
    """
    found = [part.levels for part in parts if part.levels is not None]
    if len(found) < len(parts):
        raise ValueError(
            f"`levels` must be 0 for {settings.data!r}, which has labels at one level alone, but got {settings.levels}"
        )
    return Levels(torch.from_numpy(np.concatenate(found)), protocol.levels)


def _start(model: NestedHashModel, folder: str) -> None:
    """Take a checkpoint's backbone, and its layer where lengths and classes are the same."""
    other = NestedHashModel.from_pretrained(folder)
    mine, its = model.config, other.config
    if its.backbone != mine.backbone:
        raise ValueError(
            f"`start` must be a checkpoint of {mine.backbone}, but {folder} is one of {its.backbone}"
        )
    model.backbone.load_state_dict(other.backbone.state_dict())
    if (its.lengths, its.classes) == (mine.lengths, mine.classes):
        model.layer.load_state_dict(other.layer.state_dict())


def _save_state(run: Run, epoch: int, seconds: float, folder: Path) -> None:
    try:
        with atomic_write(folder / STATE) as partial:
            torch.save({"epoch": epoch, "seconds": seconds, "run": run.state_dict()}, partial)
    except (OSError, RuntimeError) as error:  # the latter is torch's word for a full disk
        reason = str(error.__cause__ or error).splitlines()[0]
        raise OSError(
            f"{folder / STATE} cannot be written ({reason}): make room and give the same command again; "
            "it goes on from its last whole epoch"
        ) from error


def _resume(run: Run, settings: Settings, folder: Path) -> tuple[int, float]:
    """Load the state of a stopped run, if there is one; epochs and seconds done."""
    settings_path, state_path = folder / "settings.json", folder / STATE
    if state_path.is_file():
        if Settings.load(settings_path) != settings:
            raise ValueError(f"`folder` {folder} holds a run with other settings: name another, or delete it")
        state = _read_state(state_path, run.device)
        run.load_state_dict(state["run"])
        return state["epoch"], state["seconds"]
    settings.save(settings_path)
    (folder / "log.csv").unlink(missing_ok=True)
    return 0, 0.0


def _read_state(path: Path, device: torch.device) -> dict[str, Any]:
    try:
        with ZipFile(path) as parts:
            if damaged := parts.testzip():  # torch itself looks at no checksum
                raise BadZipFile(f"{damaged} does not match its checksum")
        state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    except (BadZipFile, EOFError, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{path} is damaged ({reason}): delete it to begin the run anew") from error
    return state


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
