"""One cell of a comparison: what modes that are trained alike learn with a loss and a seed, measured.

All learn from the same pictures with the same epochs and rates, heads on frozen features or whole networks; only what is
compared differs. No result of a query decides anything: each run keeps its last averaged weights.
"""

import itertools
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from nhl.centers import hadamard_centers
from nhl.evaluation.comparison import Comparison
from nhl.evaluation.features import Features
from nhl.evaluation.modes import MODES, Mode
from nhl.evaluation.unsupervised import UNSUPERVISED, Precisions, Search
from nhl.layer import NestedHashLayer
from nhl.losses import LOSSES, CenterLoss
from nhl.metrics import histograms
from nhl.model.backbones import create_backbone
from nhl.model.normalization import Normalization
from nhl.model.preprocessing import Preprocessing
from nhl.nesting import NestedLoss
from nhl.training.depthwise import use_fast_depthwise
from nhl.training.random_views import Draw, crops
from nhl.training.settings import NONE, Settings
from nhl.training.trainer import Shown, Trainer, all_shown


def trained_as(loss: str, mode: str) -> str:
    """The first mode whose training is the same: without a `nested_scale` nothing is scaled, without centres none differ.

    What is cut short is one of the runs of one model a length.
    """

    def effective(mode: Mode) -> Mode:
        scaled = mode.scaled and bool(LOSSES[loss].nested_scale)
        hadamard = mode.hadamard and issubclass(LOSSES[loss], CenterLoss)
        return replace(mode, scaled=scaled, hadamard=hadamard, cut=False)

    if MODES[mode].without_loss:
        return mode
    return next(name for name, other in MODES.items() if effective(other) == effective(MODES[mode]))


def measure(
    comparison: Comparison, found: Features, loss: str, modes: Sequence[str], seed: int
) -> list[dict[str, Any]]:
    """The records of modes that are trained alike, one a mode and length."""
    lengths, records = comparison.settings.lengths, []
    how = MODES[modes[0]]
    for of_run in _runs([MODES[mode] for mode in modes], lengths):
        start = time.perf_counter()
        if how.unsupervised:
            search = UNSUPERVISED[how.unsupervised](found, of_run[0], seed)
        else:
            run = _train(comparison, found, _settings(comparison, how, loss, of_run, seed), how)
        seconds = time.perf_counter() - start
        for cut in (False, True):
            alike = [mode for mode in modes if MODES[mode].cut == cut]
            if not alike or (cut and of_run != lengths[-1:]):
                continue
            if how.unsupervised:
                scores = {of_run[0]: _of_search(comparison, found, search)}
            else:
                scores = _scores(comparison, run, found, how, lengths if cut else of_run)
            for mode, (length, maps) in itertools.product(alike, scores.items()):
                record = {"loss": loss, "mode": mode, "length": length, "seed": seed}
                each = {"maps": maps} if len(maps) > 1 else {}
                records.append(
                    {**record, "map": round(float(np.mean(maps)), 5), **each, "seconds": round(seconds, 2)}
                )
    return records


def _runs(modes: Sequence[Mode], lengths: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The lengths of each run."""
    if all(how.cut for how in modes):
        return [lengths[-1:]]
    return [lengths] if modes[0].nested else [(length,) for length in lengths]


def _settings(comparison: Comparison, how: Mode, loss: str, lengths: tuple[int, ...], seed: int) -> Settings:
    settings = comparison.settings
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
    device = torch.device("cuda" if comparison.tune and torch.cuda.is_available() else "cpu")
    trunk, width = _network(settings, device) if comparison.tune else (nn.Identity(), found.train.shape[-1])
    hidden = comparison.hidden
    if hidden:
        trunk = nn.Sequential(trunk, nn.Linear(width, hidden), nn.ReLU(), nn.Dropout(comparison.dropout))
    layer = (_SeparateHeads if how.heads else NestedHashLayer)(hidden or width, settings.lengths)
    labels = torch.from_numpy(found.labels[0])
    views = found.train.to(device)

    def inputs(epoch: int) -> Shown:
        return all_shown(views[epoch % len(views)])

    objective = None
    if how.matryoshka:
        objective = NestedLoss(lambda length: _Softmax(length, found.classes), settings.lengths)
    run = Trainer(settings, trunk, layer, inputs, labels, found.classes, device, objective=objective)
    if how.hadamard:
        for each in run.objective.losses:
            if isinstance(each, CenterLoss):
                own = hadamard_centers(found.classes, each.length, settings.seed)
                each.centers.copy_(torch.from_numpy(own.copy()))
    for epoch in range(settings.epochs):
        run.epoch(epoch)
    return run


def _network(settings: Settings, device: torch.device) -> tuple[nn.Module, int]:
    """From bytes (M, 3, S, S) to features (M, D), and D."""
    backbone = create_backbone(settings.backbone, settings.pretrained)
    if device.type == "cpu" and settings.precision == "bfloat16":
        use_fast_depthwise(backbone)
    network = nn.Sequential(_Views(settings.size), backbone).to(memory_format=torch.channels_last)
    return network, cast(int, backbone.num_features)


def _scores(
    comparison: Comparison, run: Trainer, found: Features, how: Mode, lengths: tuple[int, ...]
) -> dict[int, list[float]]:
    """mAP of each split by length, of prefixes of one code or of codes of their own."""
    scores: dict[int, list[float]] = {length: [] for length in lengths}
    labels = np.concatenate(found.labels[1:])
    for output in range(len(lengths)) if how.heads else [-1]:
        codes = np.concatenate([run.codes(part, output) for part in (found.query, found.database)])
        wanted = [lengths[output]] if how.heads else lengths
        for split in range(comparison.splits):
            query, database = found.drawn(split)
            each = histograms(codes[query], codes[database], labels[query], labels[database], lengths=wanted)
            for length, histogram in each.items():
                scores[length].append(_mean(histogram.average_precision()))
    return scores


def _of_search(comparison: Comparison, found: Features, search: Search) -> list[float]:
    """mAP of each split, of codes that no labels have made."""
    return [_mean(search(found.redrawn(split))) for split in range(comparison.splits)]


def _mean(precisions: Precisions) -> float:
    return round(float(precisions.mean()), 5)


class _Views(nn.Module):
    """Bytes (M, 3, S, S) to a network's inputs; while it learns, to random crops of them."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.normalize = Normalization(Preprocessing(size=size))

    def forward(self, images: Tensor) -> Tensor:
        if self.training:
            seed = int(torch.randint(2**62, ()))  # on the CPU, so that it waits for no GPU
            images = crops(images, Draw(seed, images.device))
        normal: Tensor = self.normalize(images)
        return normal.contiguous(memory_format=torch.channels_last)


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
