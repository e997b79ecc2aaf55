"""One cell of a comparison: a mode trained with a loss and a seed, and measured.

All learn from the same frozen features with the same epochs and rates; only what is compared differs. No result of a
query decides anything: each run keeps its last averaged weights.
"""

import time
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from nhl.centers import hadamard_centers
from nhl.evaluation.comparison import Comparison
from nhl.evaluation.features import Features
from nhl.evaluation.modes import MODES, Mode
from nhl.evaluation.unsupervised import UNSUPERVISED, Precisions
from nhl.layer import NestedHashLayer
from nhl.losses import LOSSES, CenterLoss
from nhl.metrics import histograms
from nhl.nesting import NestedLoss
from nhl.training.settings import NONE, Settings
from nhl.training.trainer import Shown, Trainer, all_shown


def trained_as(loss: str, mode: str) -> str:
    """The first mode whose training is the same: without a `nested_scale` nothing is scaled, without centres none differ."""

    def effective(mode: Mode) -> Mode:
        scaled = mode.scaled and bool(LOSSES[loss].nested_scale)
        return replace(mode, scaled=scaled, hadamard=mode.hadamard and issubclass(LOSSES[loss], CenterLoss))

    if MODES[mode].without_loss:
        return mode
    return next(name for name, other in MODES.items() if effective(other) == effective(MODES[mode]))


def measure(comparison: Comparison, found: Features, loss: str, mode: str, seed: int) -> list[dict[str, Any]]:
    """The records of one cell, one a length."""
    how = MODES[mode]
    records = []
    for lengths in _runs(how, comparison.settings.lengths):
        start = time.perf_counter()
        if how.unsupervised:
            precisions = {lengths[0]: UNSUPERVISED[how.unsupervised](found, lengths[0], seed)}
            seconds = time.perf_counter() - start
        else:
            run = _train(comparison, found, _settings(comparison.settings, how, loss, lengths, seed), how)
            seconds = time.perf_counter() - start
            precisions = _precisions(run, found, how, comparison.settings.lengths if how.cut else lengths)
        for length, values in precisions.items():
            record = {"loss": loss, "mode": mode, "length": length, "seed": seed}
            records.append({**record, "map": round(float(values.mean()), 5), "seconds": round(seconds, 2)})
    return records


def _runs(how: Mode, lengths: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The lengths of each run."""
    if how.cut:
        return [lengths[-1:]]
    return [lengths] if how.nested else [(length,) for length in lengths]


def _settings(settings: Settings, how: Mode, loss: str, lengths: tuple[int, ...], seed: int) -> Settings:
    loss = settings.loss if loss == NONE else loss  # of which `Trainer` then makes no use
    constants = dict(settings.constants)
    if scale := LOSSES[loss].nested_scale:
        constants["scale"] = scale if how.scaled else None
    return replace(
        settings,
        loss=loss,
        lengths=lengths,
        constants=constants,
        weighting=how.weighting,
        distillation=settings.distillation if how.distilled else 0.0,
        central=how.central,
        seed=seed,
    )


def _train(comparison: Comparison, found: Features, settings: Settings, how: Mode) -> Trainer:
    torch.manual_seed(settings.seed)
    width, hidden = found.train.shape[-1], comparison.hidden
    head: nn.Module = nn.Identity()
    if hidden:
        head = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Dropout(comparison.dropout))
    layer = (_SeparateHeads if how.heads else NestedHashLayer)(hidden or width, settings.lengths)
    labels = torch.from_numpy(found.labels[0])

    def inputs(epoch: int) -> Shown:
        return all_shown(found.train[epoch % len(found.train)])

    objective = None
    if how.matryoshka:
        objective = NestedLoss(lambda length: _Softmax(length, found.classes), settings.lengths)
    device = torch.device("cpu")
    run = Trainer(settings, head, layer, inputs, labels, found.classes, device, objective=objective)
    if how.hadamard:
        for each in run.objective.losses:
            if isinstance(each, CenterLoss):
                own = hadamard_centers(found.classes, each.length, settings.seed)
                each.centers.copy_(torch.from_numpy(own.copy()))
    for epoch in range(settings.epochs):
        run.epoch(epoch)
    return run


def _precisions(run: Trainer, found: Features, how: Mode, lengths: tuple[int, ...]) -> dict[int, Precisions]:
    """Average precisions (Q,) by length, of prefixes of one code or of codes of their own."""
    precisions = {}
    for output in range(len(lengths)) if how.heads else [-1]:
        codes = run.codes(found.query, output), run.codes(found.database, output)
        wanted = [lengths[output]] if how.heads else lengths
        scores = histograms(*codes, *found.labels[1:], lengths=wanted)
        precisions.update({length: score.average_precision() for length, score in scores.items()})
    return precisions


class _SeparateHeads(nn.Module):
    """Features (M, D) to the outputs (M, b) of every length, each by a linear map of its own."""

    def __init__(self, in_features: int, lengths: tuple[int, ...]) -> None:
        super().__init__()
        self.heads = nn.ModuleList(NestedHashLayer(in_features, [length]) for length in lengths)

    def forward(self, features: Tensor) -> tuple[Tensor, ...]:
        return tuple(head(features)[0] for head in self.heads)


class _Softmax(nn.Module):
    """Cross-entropy of a linear classifier on real codes (M, b)."""

    def __init__(self, length: int, classes: int) -> None:
        super().__init__()
        self.classifier = nn.Linear(length, classes)

    def forward(self, codes: Tensor, labels: Tensor) -> Tensor:
        """Real codes (M, b) and class numbers (M,), or zeros and ones (M, C), to a scalar."""
        if labels.ndim == 2:
            labels = labels / labels.sum(1, keepdim=True).clamp(min=1)
        return nn.functional.cross_entropy(self.classifier(codes), labels)
