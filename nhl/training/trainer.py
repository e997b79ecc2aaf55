"""A trainer on prepared inputs: everything that changes while a nested layer learns."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import one_hot
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from nhl.codes import pack
from nhl.layer import sign
from nhl.losses.instance import InstanceLoss
from nhl.losses.levels import LevelLoss, level_weights
from nhl.nesting import NestedLoss
from nhl.training.objective import nested_loss, weighting
from nhl.training.settings import Settings


class Levels(NamedTuple):
    """Labels (N, V) at V levels, from coarse to fine, and the names of these."""

    labels: Tensor
    names: tuple[str, ...]

    def table(self, lengths: Sequence[int], given: Mapping[str, Sequence[float]]) -> list[list[float]]:
        """How much each level counts at each length, (V, L): as given, else by default."""
        rows = zip(self.names, level_weights(len(self.names), lengths), strict=True)
        return [list(given.get(name, row)) for name, row in rows]


NEVER = 1 << 30
CHECK_EVERY = 50
"""Steps on a GPU between two looks at its losses, each of which waits for it."""


class Shown(NamedTuple):
    """What an epoch shows: the numbers (n,) of its pictures, and from positions among them to inputs (M, ...)."""

    indices: Tensor
    get: Callable[[Tensor], Tensor]


def all_shown(inputs: Tensor) -> Shown:
    """All pictures, from their inputs (N, ...)."""
    return Shown(torch.arange(len(inputs)), lambda rows: inputs[rows])


class Trainer:
    """A network, its objective, and what the optimiser remembers.

    Args:
        settings: how to train.
        tuned: the part of the backbone that learns; inputs (M, ...) to features (M, D).
        layer: features to the outputs of every length, such as a `NestedHashLayer`.
        inputs: an epoch, from 0, to what it shows.
        labels: (N,) class numbers or (N, C) zeros and ones.
        classes: C.
        device: where to compute.
        instances: (N,) numbers from 0 of what each image shows, which `settings.instances` needs.
        levels: labels at several levels, which `settings.levels` needs.
        objective: in place of that of the settings.
    """

    def __init__(
        self,
        settings: Settings,
        tuned: nn.Module,
        layer: nn.Module,
        inputs: Callable[[int], Shown],
        labels: Tensor,
        classes: int,
        device: torch.device,
        instances: Tensor | None = None,
        levels: Levels | None = None,
        objective: NestedLoss | None = None,
    ) -> None:
        self.settings, self.inputs, self.labels, self.device = settings, inputs, labels.to(device), device
        self.network = nn.ModuleList([tuned, layer]).to(device)
        ema = get_ema_multi_avg_fn(settings.ema_decay)
        self.average = AveragedModel(self.network, multi_avg_fn=ema, use_buffers=True)
        self.objective = (objective or nested_loss(settings, classes, labels)).to(device)
        self.weighting = weighting(settings).to(device)
        self.instances = self.instance_loss = None
        if settings.instances and instances is not None:
            self.instances = instances.to(device)
            self.instance_loss = InstanceLoss(settings.lengths, int(instances.max()) + 1).to(device)
        self.levels = self.level_loss = None
        if settings.levels and levels is not None:
            self.levels = levels.labels.to(device)
            sizes = (levels.labels.max(0).values + 1).clamp(min=1).tolist()
            table = levels.table(settings.lengths, settings.level_weights)
            self.level_loss = LevelLoss(settings.lengths, sizes, table).to(device)
        groups = (
            (tuned.parameters(), settings.backbone_lr),
            (layer.parameters(), settings.head_lr),
            (self.objective.parameters(), settings.head_lr),  # some losses learn too
            (self.instance_loss.parameters() if self.instance_loss else (), settings.head_lr),
            (self.level_loss.parameters() if self.level_loss else (), settings.head_lr),
        )
        self.optimizer = torch.optim.AdamW(
            [{"params": found, "peak": peak} for group, peak in groups if (found := list(group))],
            weight_decay=settings.weight_decay,
            fused=device.type == "cuda",
        )
        self.best: tuple[float, dict[str, Tensor]] | None = None

    def epoch(
        self, epoch: int, step: Callable[[int, int], None] = lambda done, total: None
    ) -> tuple[Tensor, Tensor]:
        """One pass over the training images; the mean losses and weights of the lengths, (L,) each.

        Raises:
            FloatingPointError: if a loss is not finite.
        """
        shown = self.inputs(epoch)
        seed = (self.settings.seed, epoch)
        rng = np.random.default_rng(seed)
        torch.manual_seed(int(rng.integers(2**62)))  # so that a resumed run draws the same
        batches = torch.from_numpy(rng.permutation(len(shown.indices))).split(self.settings.batch_size)
        if len(batches) > 1 and len(batches[-1]) < self.settings.batch_size:
            batches = batches[:-1]  # a last small batch would be normalised by few pictures
        for module in (self.network, self.objective, self.weighting):
            module.train()
        self.objective.begin_epoch(epoch)
        totals = torch.zeros(2, len(self.lengths), device=self.device)
        numbers = shown.indices.to(self.device)
        bad = torch.full(
            (len(self.lengths),), NEVER, device=self.device
        )  # first step whose loss is not finite
        every = 1 if self.device.type == "cpu" else CHECK_EVERY
        for number, batch in enumerate(batches):
            self._set_rate(epoch + number / len(batches))
            losses, weights = self._step(shown.get(batch), numbers[batch], rng)
            totals += torch.stack([losses.detach(), weights])
            bad = torch.where(losses.isfinite() | (bad < NEVER), bad, number)
            if (number + 1) % every == 0 or number + 1 == len(batches):
                self._check(bad, epoch)
            step(number + 1, len(batches))
        losses, weights = totals.cpu() / len(batches)
        return losses, weights

    @property
    def lengths(self) -> tuple[int, ...]:
        """The code lengths."""
        return self.objective.lengths

    def _check(self, bad: Tensor, epoch: int) -> None:
        """Refuse to go on after a step, of those in `bad` (L,), whose loss was not finite."""
        steps = bad.tolist()
        if min(steps) < NEVER:
            worst = self.lengths[steps.index(min(steps))]
            raise FloatingPointError(
                f"the loss is not finite at epoch {epoch + 1}, step {min(steps) + 1}, {worst} bits: "
                "lower the learning rate"
            )

    def _step(self, inputs: Tensor, batch: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        x, y = inputs.to(self.device).float(), self.labels[batch]
        instances = None if self.instances is None else self.instances[batch]
        if self.settings.mixup_alpha:
            blend = self._blend(len(x), rng)
            x, y = blend(x), blend(self.objective.losses[0].memberships(y))
            if self.instance_loss is not None and instances is not None:
                instances = blend(one_hot(instances, len(self.instance_loss.directions)).float())
        features, outputs = self._forward(self.network, x)
        losses = self.objective(outputs, y, batch)
        if self.level_loss is not None and self.levels is not None:
            losses = losses + self.settings.levels * self.level_loss(outputs, self.levels[batch])
        weights = self.weighting(losses, outputs, features)
        loss = (weights * losses).sum()
        if self.instance_loss is not None:
            loss = loss + self.settings.instances * self.instance_loss(outputs[-1], instances)
        self.optimizer.zero_grad()
        loss.backward()
        learning = [p for group in self.optimizer.param_groups for p in group["params"]]
        nn.utils.clip_grad_norm_(learning, self.settings.clip_grad_norm)
        self.optimizer.step()
        self.average.update_parameters(self.network)
        return losses, weights

    def _forward(self, network: nn.ModuleList, inputs: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Features (M, D) and the L outputs (M, b), single precision."""
        tuned, layer = network
        half = self.settings.precision == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            features = tuned(inputs)
        features = features.float()  # the layer is small: half precision would only cost bits
        return features, layer(features)

    def _blend(self, count: int, rng: np.random.Generator) -> Callable[[Tensor], Tensor]:
        """What blends each picture of a batch, after the frozen stages, or its labels with another's."""
        share = float(rng.beta(self.settings.mixup_alpha, self.settings.mixup_alpha))
        other = torch.from_numpy(rng.permutation(count)).to(self.device)
        return lambda found: share * found + (1 - share) * found[other]

    def _set_rate(self, epoch: float) -> None:
        """Rise to the peak, then fall as a cosine."""
        warmup, epochs = self.settings.warmup, self.settings.epochs
        if epoch < warmup:
            rate = (epoch + 0.05) / (warmup + 0.05)
        else:
            rate = 0.5 * (1 + math.cos(math.pi * (epoch - warmup) / max(epochs - warmup, 1e-9)))
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * rate

    @torch.no_grad()
    def begin_at_codes(self, progress: Callable[[int, int], None] = lambda done, total: None) -> None:
        """Put the directions of the levels where the network's codes are, as the first epoch shows them.

        Random directions would first turn the codes of a network that has learnt.

        Args:
            progress: called with the pictures encoded and all.
        """
        if self.level_loss is None or self.levels is None:
            return
        shown = self.inputs(0)
        self.network.eval()
        parts = torch.arange(len(shown.indices)).split(self.settings.batch_size)
        outputs = [
            self._forward(self.network, shown.get(part).to(self.device).float())[1][-1] for part in parts
        ]
        self.level_loss.begin_at(sign(torch.cat(outputs)), self.levels[shown.indices.to(self.device)])

    @torch.no_grad()
    def codes(self, inputs: Tensor, output: int = -1) -> NDArray[np.uint8]:
        """Packed codes (N, b/8) of inputs (N, ...) by one output, the longest by default, with the averaged weights."""
        network = self.average.module.eval()
        assert isinstance(network, nn.ModuleList)
        batches = (batch.to(self.device).float() for batch in inputs.split(256))
        return pack(np.concatenate([self._forward(network, x)[1][output].cpu().numpy() for x in batches]))

    def keep(self, score: float) -> None:
        """Remember the averaged weights if no score before was as high."""
        if self.best is None or score > self.best[0]:
            self.best = score, {k: v.clone() for k, v in self.average.module.state_dict().items()}

    def finish(self) -> None:
        """Load the weights to keep: those of the best score, else the last average."""
        self.network.load_state_dict(self.best[1] if self.best else self.average.module.state_dict())
        self.network.eval()

    def state_dict(self) -> dict[str, Any]:
        """All that an unbroken continuation needs."""
        parts = {name: part.state_dict() for name, part in self._parts().items()}
        return {**parts, "best": self.best}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.best = state["best"]

    def _parts(self) -> dict[str, Any]:
        names = ("network", "average", "optimizer", "objective", "weighting")
        parts = {name: getattr(self, name) for name in names}
        own = {"instance_loss": self.instance_loss, "level_loss": self.level_loss}
        return parts | {name: part for name, part in own.items() if part is not None}
