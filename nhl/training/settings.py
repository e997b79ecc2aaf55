"""The settings of one training run: frozen, checked, stored beside the weights."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from nhl.atomic_write import write_bytes
from nhl.codes import LENGTHS, check_lengths
from nhl.model.preprocessing import FITS
from nhl.training.constants import MOST_SEED, OF_LOSSES, OF_WEIGHTINGS, are_weights, check_constants

DEFAULT_BACKBONE = "tf_efficientnet_lite0"
NONE = "none"
WHOLE = {
    "size": 1,
    "epochs": 1,
    "batch_size": 2,  # features are normalised over the pictures of a batch
    "validate_every": 1,
    "rounds": 1,
    "views": 0,
    "eval_size": 0,
    "frozen_stages": 0,
    "seed": 0,
}
"""Settings that are whole numbers, and the least of each."""
REAL = (
    "distillation",
    "central",
    "instances",
    "levels",
    "head_lr",
    "backbone_lr",
    "weight_decay",
    "warmup",
    "clip_grad_norm",
    "mixup_alpha",
)
"""Settings that are real numbers from 0."""
CHOICES = {
    "loss": (*OF_LOSSES, NONE),
    "weighting": tuple(OF_WEIGHTINGS),
    "augment": ("color", "trivial"),
    "precision": ("float32", "bfloat16"),
    "fit": FITS,
}
"""Settings that are names, and their choices. What they stand for needs torch, and mistakes are answered before."""
WITH_BANK = ("dbdh", "dhn", "dsh", "mdsh")
"""The losses that were published with a memory bank."""


@dataclass(frozen=True)
class Settings:
    """How to train.

    Args:
        data: a data set, `NAME` or `NAME:PATH`.
        backbone: name of the backbone in timm.
        pretrained: start the backbone from ImageNet weights.
        start: folder of a checkpoint of the same backbone whose weights to start from instead. If it has the same classes and
            lengths, the directions of the levels begin at the mean codes of their labels.
        lengths: code lengths in bits.
        loss: csq, dpn, dbdh, dhn, dch, dsh, dtsh, lcdsh, shcir, mdsh, orthohash, hashnet or greedyhash; or none, which
            trains the levels alone.
        constants: constants of the loss.
        bank: also compare pairs with the memory bank that the loss was published with, where it was published with one.
        distillation: lambda, the weight of long-to-short distillation.
        central: weight of central similarity, which draws the codes of every length to nesting hash centres, beside
            the loss; 0 leaves it out.
        instances: weight of telling apart the instances within a class, by the bits that only the longest code has;
            for data that know which pictures show the same instance.
        levels: weight of `LevelLoss` beside the loss, at every length; for data with labels at several levels.
        level_weights: how much the levels named here count at each length, such as {"group": [1, 0, 0, 0, 0]}; by
            default short codes learn the coarse levels and long codes the fine ones.
        rounds: epochs in which all photographs beside the drawings are shown once.
        weighting: how the lengths are weighted: nhl, equal, static, uncertainty, gradnorm or pcgrad.
        weighting_constants: constants of the weighting, such as the `weights` of "static".
        size: side of the network's input in pixels.
        eval_size: side at which the trained model is given pictures; 0 means `size`. Random crops show things larger
            than whole pictures do, and a larger side makes up for that (Touvron et al. 2019, arXiv 1906.06423).
        flip_tta: give the trained model each picture and its mirror image, and take the mean of the two: better
            codes for twice the work (Simonyan and Zisserman 2015, arXiv 1409.1556). Validation goes without.
        fit: how pictures become square, as in `Preprocessing`.
        frozen_stages: first stages of the backbone that do not learn; their output is computed once a view.
        precision: precision of the backbone's arithmetic, "float32" or "bfloat16".
        augment: what random views change besides the crop, "color" or "trivial" (TrivialAugmentWide).
        views: random views of each picture that are computed and kept; with 0, a new one in every epoch and none kept.
        epochs: passes over the training pictures.
        batch_size: pictures in a batch, M.
        head_lr: highest learning rate of the nested layer.
        backbone_lr: highest learning rate of the backbone.
        weight_decay: weight decay of AdamW.
        warmup: epochs of rising learning rate, before it falls as a cosine.
        clip_grad_norm: largest norm of the gradient.
        mixup_alpha: alpha of the Beta distribution by which pairs of pictures are blended; 0 leaves it out.
        ema_decay: decay of the running average of the weights, which is what is kept.
        validation_fraction: share of the training pictures, of photographs too, kept back to choose the best epoch by
            their mAP; 0 keeps the last.
        validate_every: epochs between two validations.
        seed: seed of everything random.
    """

    data: str = "emoji"
    backbone: str = DEFAULT_BACKBONE
    pretrained: bool = True
    start: str = ""
    lengths: tuple[int, ...] = LENGTHS
    loss: str = "orthohash"
    constants: Mapping[str, Any] = field(default_factory=dict)
    bank: bool = True
    distillation: float = 0.5
    central: float = 0.0
    instances: float = 0.0
    levels: float = 0.0
    level_weights: Mapping[str, Sequence[float]] = field(default_factory=dict)
    rounds: int = 6
    weighting: str = "nhl"
    weighting_constants: Mapping[str, Any] = field(default_factory=dict)
    size: int = 128
    eval_size: int = 0
    flip_tta: bool = False
    fit: str = "pad"
    frozen_stages: int = 3
    precision: str = "float32"
    augment: str = "color"
    views: int = 12
    epochs: int = 36
    batch_size: int = 64
    head_lr: float = 1e-2
    backbone_lr: float = 1e-3
    weight_decay: float = 0.05
    warmup: float = 1.0
    clip_grad_norm: float = 5.0
    mixup_alpha: float = 0.2
    ema_decay: float = 0.995
    validation_fraction: float = 0.1
    validate_every: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "lengths", check_lengths(self.lengths))
        for name, least in WHOLE.items():
            value = getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise ValueError(f"`{name}` must be a whole number of at least {least} but got {value}")
        for name in REAL:
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"`{name}` must be a number of at least 0 but got {value}")
        if self.seed >= MOST_SEED:
            raise ValueError(f"`seed` must be below {MOST_SEED} but got {self.seed}")
        count = len(self.lengths)
        for row in self.level_weights.values():
            if not are_weights(row, count):
                raise ValueError(
                    f"`level_weights` must be {count} numbers from 0 a level, one for each length, but got {row!r}"
                )
        if self.clip_grad_norm == 0:
            raise ValueError("`clip_grad_norm` must be above 0 but got 0")
        for name in ("validation_fraction", "ema_decay"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"`{name}` must be at least 0 and below 1 but got {getattr(self, name)}")
        if self.instances and len(self.lengths) < 2:
            raise ValueError(f"`instances` must be 0 with one length alone but got {self.instances}")
        for name, known in CHOICES.items():
            if getattr(self, name) not in known:
                raise ValueError(f"unknown {name} {getattr(self, name)!r}; choose from {', '.join(known)}")
        losses, weightings = OF_LOSSES.get(self.loss, {}), OF_WEIGHTINGS[self.weighting]
        check_constants("constants", self.loss, losses, self.constants, count)
        check_constants("weighting_constants", self.weighting, weightings, self.weighting_constants, count)
        if self.loss == NONE and not self.levels:
            raise ValueError(f"`levels` must be above 0 with the loss {NONE!r} but got 0")
        if self.mixup_alpha and self.levels:
            raise ValueError(
                f"`mixup_alpha` must be 0 with `levels` but got {self.mixup_alpha}: blended labels have no level"
            )
        if self.mixup_alpha and self.bank and self.loss in WITH_BANK:
            raise ValueError(
                f"`mixup_alpha` must be 0 with the memory bank of {self.loss!r} but got {self.mixup_alpha}: "
                "blended pictures have no place in it; or turn off `bank`"
            )

    def save(self, path: Path) -> None:
        """Write the settings as JSON."""
        write_bytes(path, (json.dumps(asdict(self), indent=2) + "\n").encode())

    @classmethod
    def load(cls, path: Path) -> "Settings":
        """Read settings from JSON.

        Raises:
            ValueError: if the file is damaged, a key is unknown or a value breaks its rule.
        """
        try:
            values = dict(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path} is damaged ({error}): delete its folder, or name another") from error
        names = [f.name for f in fields(cls)]
        if unknown := sorted(set(values) - set(names)):
            raise ValueError(f"unknown setting {unknown[0]!r} in {path}; choose from {', '.join(names)}")
        return cls(**values)
