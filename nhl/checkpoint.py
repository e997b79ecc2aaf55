"""A trained model on disk: a folder that needs no pickle and says what it is. Imports no torch.

`model.safetensors` (weights), `config.json` (this file's `Config`), `evaluation.json` (scores per
length), `README.md` (the model card).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from nhl.codes import LENGTHS, check_lengths
from nhl.preprocessing import Preprocessing

WEIGHTS, CONFIG, EVALUATION = "model.safetensors", "config.json", "evaluation.json"
FORMAT = 1


class CheckpointError(ValueError):
    """A checkpoint folder that is missing, incomplete, damaged, or of another version."""


@dataclass(frozen=True)
class Config:
    """What it takes to rebuild a model around its weights.

    Args:
        backbone: a timm name.
        lengths: code lengths in bits.
        classes: names of the classes that it was trained on, in the order of its hash centres.
        preprocessing: from a picture to the network's input.
        format: version of the checkpoint format.
    """

    backbone: str
    lengths: tuple[int, ...] = LENGTHS
    classes: tuple[str, ...] = ()
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    format: int = FORMAT

    def __post_init__(self) -> None:
        object.__setattr__(self, "lengths", check_lengths(self.lengths))
        object.__setattr__(self, "classes", tuple(self.classes))

    def as_dict(self) -> dict[str, Any]:
        """The settings, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> "Config":
        """The inverse of `as_dict`.

        Raises:
            ValueError: if a key is unknown or missing, or the format is another.
        """
        names = [f.name for f in fields(cls)]
        if unknown := sorted(set(settings) - set(names)):
            raise ValueError(f"unknown setting {unknown[0]!r}; choose from {', '.join(names)}")
        if settings.get("format") != FORMAT:
            raise ValueError(f"`format` must be {FORMAT} but got {settings.get('format')!r}")
        preprocessing = Preprocessing.from_dict(settings.get("preprocessing", {}))
        return cls(**{**settings, "preprocessing": preprocessing})


def read_config(folder: str | Path) -> Config:
    """The configuration of a checkpoint.

    Raises:
        CheckpointError: if the folder holds no whole checkpoint of this format.
    """
    path = _path(folder, CONFIG)
    try:
        return Config.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from error


def write_config(folder: str | Path, config: Config) -> None:
    """Write `config.json` into a folder, which is made where it is missing."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    text = json.dumps(config.as_dict(), indent=2, ensure_ascii=False) + "\n"
    (Path(folder) / CONFIG).write_text(text, encoding="utf-8")


def read_evaluation(folder: str | Path) -> dict[str, Any] | None:
    """The stored scores of a checkpoint, or None where it has none."""
    path = Path(folder) / EVALUATION
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def weights_path(folder: str | Path) -> Path:
    """The weights file of a checkpoint.

    Raises:
        CheckpointError: if it is missing.
    """
    return _path(folder, WEIGHTS)


def fingerprint(folder: str | Path) -> str:
    """A hash of weights and configuration: models that give equal codes have equal ones."""
    digest = hashlib.sha256()
    for name in (CONFIG, WEIGHTS):
        digest.update(_path(folder, name).read_bytes())
    return digest.hexdigest()


def _path(folder: str | Path, name: str) -> Path:
    path = Path(folder) / name
    if not path.is_file():
        raise CheckpointError(
            f"no checkpoint in {folder}: {name} is missing; train one with `python -m nhl train`"
        )
    return path
