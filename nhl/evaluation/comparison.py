"""One model of all lengths against one model a length: every loss, every way to nest, several seeds.

What is compared, and the file of its records. Imports no torch.
"""

import json
from collections.abc import Iterator
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any

from nhl.data import Protocol
from nhl.evaluation.modes import MODES
from nhl.training.settings import CHOICES, NONE, Settings

Cell = tuple[str, str, int]  # loss, mode, seed


@dataclass(frozen=True)
class Comparison:
    """What is compared, and how all of it is trained.

    Args:
        settings: of every run; `loss`, `weighting`, `central`, `seed` are those of each cell instead,
            `distillation` counts in the distilled modes, and `validation_fraction` does not count.
        losses: names from `LOSSES`.
        modes: names from `MODES`.
        seeds: each of heads, batches and their order; the pictures and their split stay.
        hidden: width of the layer between the features and the nested layer.
        dropout: share of its outputs that are left out in training.
        tune: learn the whole network from pixels, not a head on frozen features.
        splits: draws of the queries from the pictures that nothing was learnt from, each measured; the first is the
            protocol's own.
        held_back: share of the training pictures that is kept back and measured on instead of the queries: to choose
            settings by.
    """

    settings: Settings
    losses: tuple[str, ...]
    modes: tuple[str, ...]
    seeds: tuple[int, ...] = (0, 1, 2)
    hidden: int = 512
    dropout: float = 0.0
    tune: bool = False
    splits: int = 1
    held_back: float = 0.0

    def __post_init__(self) -> None:
        losses = [name for name in CHOICES["loss"] if name != NONE]
        for name, known in (("losses", losses), ("modes", MODES)):
            if not getattr(self, name):
                raise ValueError(f"`{name}` must name at least one but is empty")
            if unknown := [one for one in getattr(self, name) if one not in known]:
                raise ValueError(f"unknown {name} {unknown[0]!r}; choose from {', '.join(known)}")
        if not self.seeds:
            raise ValueError("`seeds` must be at least one but there is none")
        if self.hidden < 0:
            raise ValueError(f"`hidden` must be a whole number of at least 0 but got {self.hidden}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"`dropout` must be at least 0 and below 1 but got {self.dropout}")
        if not 0 <= self.held_back < 1:
            raise ValueError(f"`held_back` must be at least 0 and below 1 but got {self.held_back}")
        if self.splits < 1:
            raise ValueError(f"`splits` must be at least 1 but got {self.splits}")
        frozen = [mode for mode in self.modes if MODES[mode].unsupervised]
        if self.tune and frozen:
            raise ValueError(
                f"`tune` trains whole networks but the mode {frozen[0]!r} is of frozen features: leave one of them out"
            )
        if self.settings.views < 1:  # features are computed once, so there is a number of them
            raise ValueError(f"`views` must be at least 1 but got {self.settings.views}")

    def cells(self) -> Iterator[Cell]:
        """Every loss, mode and seed; a mode without a loss once a seed, under the loss "none"."""
        for seed in self.seeds:
            for loss in (*self.losses, NONE):
                for mode in self.modes:
                    if MODES[mode].without_loss == (loss == NONE):
                        yield loss, mode, seed


def check_splits(comparison: Comparison, protocol: Protocol) -> None:
    """Refuse to draw queries from pictures that were learnt from.

    Raises:
        ValueError: if there are several splits, and pictures of the database are trained on.
    """
    drawn = comparison.splits > 1 and not comparison.held_back
    if drawn and not set(protocol.train.sources).isdisjoint(protocol.database.sources):
        raise ValueError(
            f"`splits` must be 1 where the database is trained on, as that of {protocol.name!r} is, since queries are drawn "
            f"from it too, but got {comparison.splits}"
        )


def read_records(path: Path, comparison: Comparison) -> list[dict[str, Any]]:
    """The records of a result file, also those of losses, modes and seeds that are not asked for; none without a file.

    Raises:
        ValueError: if the file is a folder, damaged, no result file, or of a comparison with other settings.
    """
    if path.is_dir():
        raise ValueError(f"`path` must be a file but {path} is a folder")
    if not path.is_file():
        return []
    given = json.loads(json.dumps(asdict(comparison)))
    defaults = json.loads(json.dumps(asdict(Settings())))  # of settings that an older file does not know
    once = {field.name: field.default for field in fields(Comparison) if field.default is not MISSING}
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        then = {**once, **held["comparison"], "settings": {**defaults, **held["comparison"]["settings"]}}
        records = list(held["records"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"`path` {path} is damaged or no result of a comparison: name another, or delete it"
        ) from error
    chosen = ("losses", "modes", "seeds")  # may grow: what else there is decides the figures
    if any(then.get(key) != value for key, value in given.items() if key not in chosen):
        raise ValueError(f"`path` {path} holds a comparison with other settings: name another, or delete it")
    return records
