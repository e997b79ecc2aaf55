"""The training loop: one run, all code lengths; resumable after a kill at any moment."""

import csv
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from nhl.backbones import split_backbone
from nhl.checkpoint import Config
from nhl.codes import pack
from nhl.data import Pictures, Protocol, load_protocol
from nhl.data.views import Views
from nhl.metrics import histograms
from nhl.model import NestedHashModel
from nhl.nesting import NestedLoss
from nhl.preprocessing import Preprocessing
from nhl.settings import Settings
from nhl.weighting import WEIGHTINGS

STATE = "state.pt"


@dataclass(frozen=True)
class Progress:
    """What a callback is told after each epoch."""

    epoch: int
    epochs: int
    loss: float
    seconds: float
    seconds_left: float
    validation: float | None


def train(
    settings: Settings,
    folder: str | Path,
    protocol: Protocol | None = None,
    report: Callable[[Progress], None] = lambda progress: None,
    step: Callable[[int, int], None] = lambda done, total: None,
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

    Raises:
        ValueError: if the folder holds a run with other settings.
        FloatingPointError: if a loss is not finite; the message says when and at which length.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    protocol = protocol or load_protocol(settings.data)
    run = _Run(settings, protocol)
    epoch, seconds = _resume(run, settings, folder)
    while epoch < settings.epochs:
        start = time.perf_counter()
        loss = run.epoch(epoch, step)
        epoch += 1
        score = run.validate(epoch)
        seconds += time.perf_counter() - start
        _save_state(run, epoch, seconds, folder)
        left = seconds / epoch * (settings.epochs - epoch)
        progress = Progress(epoch, settings.epochs, loss, seconds, left, score)
        _log(progress, folder)
        report(progress)
    model = run.finish()
    model.save_pretrained(folder)
    (folder / STATE).unlink()
    return model


class _Run:
    """Everything that changes during training."""

    def __init__(self, settings: Settings, protocol: Protocol) -> None:
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        preprocessing = Preprocessing(size=settings.size, fit=settings.fit)
        config = Config(settings.backbone, settings.lengths, protocol.classes, preprocessing)
        self.model = NestedHashModel(config, settings.pretrained).to(self.device)
        self.model.to(memory_format=torch.channels_last)
        self.stem, tuned = split_backbone(self.model.backbone, settings.frozen_stages)
        self.stem.requires_grad_(False).eval()
        self.network = nn.ModuleList([tuned, self.model.layer])
        self.average = AveragedModel(
            self.network, multi_avg_fn=get_ema_multi_avg_fn(settings.average), use_buffers=True
        )
        constants = dict(settings.constants)
        self.objective = NestedLoss(
            settings.loss, settings.lengths, len(protocol.classes), settings.distillation, **constants
        ).to(self.device)
        self.weighting = WEIGHTINGS[settings.weighting](len(settings.lengths)).to(self.device)
        learn, self.held_back = protocol.train, None
        if settings.validation:
            learn, held_back = protocol.train.split(settings.validation, settings.seed)
            self.held_back = (self._views(held_back, 0), self._views(learn, 0))
        self.views = self._views(learn, settings.views)
        self.labels = torch.from_numpy(learn.labels)
        self.optimizer = torch.optim.AdamW(
            [
                {"params": list(tuned.parameters()), "peak": settings.backbone_lr},
                {"params": list(self.model.layer.parameters()), "peak": settings.head_lr},
            ],
            weight_decay=settings.weight_decay,
        )
        self.best = -1.0
        self.best_weights: dict[str, Tensor] | None = None

    def _views(self, pictures: Pictures, count: int) -> Views:
        preprocessing = self.model.config.preprocessing
        return Views(pictures, preprocessing, self.stem, count, self.settings.seed, self.device)

    def epoch(self, epoch: int, step: Callable[[int, int], None]) -> float:
        """One pass over the training pictures; the mean weighted loss."""
        rng = np.random.default_rng((self.settings.seed, epoch))
        inputs = self.views.get(epoch)
        order = torch.from_numpy(rng.permutation(len(inputs)))
        batches = order.split(self.settings.batch_size)
        if len(batches) > 1 and len(batches[-1]) < self.settings.batch_size:
            batches = batches[:-1]  # a last small batch would be normalised by few pictures
        self.network.train()
        total = 0.0
        for number, batch in enumerate(batches):
            rate = self._rate(epoch + number / len(batches))
            for group in self.optimizer.param_groups:
                group["lr"] = group["peak"] * rate
            total += self._step(inputs[batch], self.labels[batch], rng, epoch, number)
            step(number + 1, len(batches))
        return total / len(batches)

    def _step(
        self, inputs: Tensor, labels: Tensor, rng: np.random.Generator, epoch: int, number: int
    ) -> float:
        x, y = inputs.to(self.device).float(), labels.to(self.device)
        if self.settings.mixup:
            x, y = self._mix(x, y, rng)
        tuned, layer = self.network
        features = tuned(x)  # (M, D)
        outputs = layer(features)
        losses = self.objective(outputs, y)
        if not losses.isfinite().all():
            worst = self.settings.lengths[int((~losses.isfinite()).nonzero()[0])]
            raise FloatingPointError(
                f"the loss is not finite at epoch {epoch + 1}, step {number + 1}, {worst} bits: lower the learning rate"
            )
        weights = self.weighting(losses, outputs, features)
        loss = (weights * losses).sum()
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.clip)
        self.optimizer.step()
        self.average.update_parameters(self.network)
        return float(loss.detach())

    def _mix(self, x: Tensor, y: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Blend each picture, after the frozen stages, and its labels with another's of the batch."""
        members = self.objective.losses[0].memberships(y)
        share = float(rng.beta(self.settings.mixup, self.settings.mixup))
        other = torch.from_numpy(rng.permutation(len(x))).to(self.device)
        return share * x + (1 - share) * x[other], share * members + (1 - share) * members[other]

    def _rate(self, epoch: float) -> float:
        warmup, epochs = self.settings.warmup, self.settings.epochs
        if epoch < warmup:
            return (epoch + 0.05) / (warmup + 0.05)
        return 0.5 * (1 + math.cos(math.pi * (epoch - warmup) / max(epochs - warmup, 1e-9)))

    @torch.no_grad()
    def validate(self, epoch: int) -> float | None:
        """Mean mAP over the lengths of the averaged weights on the pictures kept back; keeps the best."""
        due = epoch % self.settings.validate_every == 0 or epoch == self.settings.epochs
        if self.held_back is None or not due:
            return None
        queries, database = self.held_back
        coded = self._codes(queries), self._codes(database)
        labels = queries.pictures.labels, database.pictures.labels
        found = histograms(*coded, *labels, self.settings.lengths).values()
        if (score := float(np.mean([h.average_precision().mean() for h in found]))) > self.best:
            self.best = score
            self.best_weights = {k: v.clone() for k, v in self.average.module.state_dict().items()}
        return score

    def _codes(self, views: Views) -> np.ndarray[Any, np.dtype[np.uint8]]:
        average = self.average.module
        assert isinstance(average, nn.ModuleList)
        tuned, layer = average.eval()
        parts = [
            layer(tuned(batch.to(self.device).float()))[-1].cpu().numpy() for batch in views.get(0).split(256)
        ]
        return pack(np.concatenate(parts))

    def finish(self) -> NestedHashModel:
        """The model with the weights to keep: of the best validation, else the last average."""
        self.network.load_state_dict(self.best_weights or self.average.module.state_dict())
        return self.model.eval()


def _save_state(run: _Run, epoch: int, seconds: float, folder: Path) -> None:
    state = {
        "epoch": epoch,
        "seconds": seconds,
        "network": run.network.state_dict(),
        "average": run.average.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "best": run.best,
        "best_weights": run.best_weights,
    }
    partial = folder / (STATE + ".partial")
    torch.save(state, partial)
    partial.replace(folder / STATE)


def _resume(run: _Run, settings: Settings, folder: Path) -> tuple[int, float]:
    """Load the state of a stopped run, if there is one; epochs and seconds done."""
    settings_path, state_path = folder / "settings.json", folder / STATE
    if state_path.is_file():
        if Settings.load(settings_path) != settings:
            raise ValueError(f"`folder` {folder} holds a run with other settings: name another, or delete it")
        state = torch.load(state_path, map_location=run.device, weights_only=True)
        run.network.load_state_dict(state["network"])
        run.average.load_state_dict(state["average"])
        run.optimizer.load_state_dict(state["optimizer"])
        run.best, run.best_weights = state["best"], state["best_weights"]
        return state["epoch"], state["seconds"]
    settings.save(settings_path)
    (folder / "log.csv").unlink(missing_ok=True)
    return 0, 0.0


def _log(progress: Progress, folder: Path) -> None:
    path = folder / "log.csv"
    new = not path.is_file()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(["epoch", "loss", "seconds", "validation_map"])
        validation = "" if progress.validation is None else f"{progress.validation:.4f}"
        writer.writerow([progress.epoch, f"{progress.loss:.5f}", f"{progress.seconds:.1f}", validation])
