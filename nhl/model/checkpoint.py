"""A trained model on disk: a folder that needs no pickle and says what it is. Imports no torch.

`model.safetensors` (weights), `config.json` (this file's `Config`), `evaluation.json` (scores per
length, and of which weights), `README.md` (the model card), `SHA256SUMS` (checksums of the first three, which are compared
whenever one is read; `sha256sum --check` does it too).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from nhl.atomic_write import write_bytes
from nhl.codes import LENGTHS, check_lengths
from nhl.digest import sha256
from nhl.model.preprocessing import Preprocessing

WEIGHTS, CONFIG, EVALUATION = "model.safetensors", "config.json", "evaluation.json"
SUMS = "SHA256SUMS"
MODEL = "model"  # in an evaluation: the fingerprint of what was measured
FORMAT = 1
REMEDY = "copy the checkpoint again from where it came, or train again"


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
        mirror: whether the outputs are the mean over a picture and its mirror image: better codes for twice
            the work (Simonyan and Zisserman 2015, arXiv 1409.1556).
        format: version of the checkpoint format.
    """

    backbone: str
    lengths: tuple[int, ...] = LENGTHS
    classes: tuple[str, ...] = ()
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    mirror: bool = False
    format: int = FORMAT

    def __post_init__(self) -> None:
        object.__setattr__(self, "lengths", check_lengths(self.lengths))
        object.__setattr__(self, "classes", tuple(self.classes))
        if not isinstance(self.mirror, bool):
            raise ValueError(f"`mirror` must be true or false but got {self.mirror!r}")

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
        CheckpointError: if the folder holds no checkpoint of this format, or the file was altered.
    """
    path = _path(folder, CONFIG)
    content = path.read_bytes()
    try:
        config = Config.from_dict(json.loads(content))
    except (ValueError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}; {REMEDY}") from error
    _check(path, content)
    return config


def write_config(folder: str | Path, config: Config) -> None:
    """Write `config.json` into a folder, which is made where it is missing."""
    _write(Path(folder), CONFIG, config.as_dict())


def read_evaluation(folder: str | Path) -> dict[str, Any] | None:
    """The stored scores of a checkpoint, or None where it has none.

    Raises:
        CheckpointError: if the file was altered, or was measured with other weights or another configuration
            than those beside it.
    """
    path = Path(folder) / EVALUATION
    if not path.is_file():
        return None
    content = path.read_bytes()
    _check(path, content)
    try:
        found: dict[str, Any] = dict(json.loads(content))
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}; {REMEDY}") from error
    if found.get(MODEL) != fingerprint(folder):
        raise CheckpointError(
            f"{path} does not name the weights beside it, so its scores may be those of others: measure these "
            f"with `python -m nhl evaluate --checkpoint {folder} --save`"
        )
    return found


def write_evaluation(folder: str | Path, evaluation: dict[str, Any]) -> None:
    """Write `evaluation.json` into a folder; it names the model that was measured, by default that of the folder."""
    _write(Path(folder), EVALUATION, {MODEL: fingerprint(folder)} | evaluation)


def weights_path(folder: str | Path) -> Path:
    """The weights file of a checkpoint.

    Raises:
        CheckpointError: if it is missing or was altered.
    """
    path = _path(folder, WEIGHTS)
    _check(path, path.read_bytes())
    return path


def fingerprint(folder: str | Path) -> str:
    """A hash of weights and configuration: models that give equal codes have equal ones.

    Raises:
        CheckpointError: if one of them is missing or was altered.
    """
    contents = []
    for path in (_path(folder, CONFIG), _path(folder, WEIGHTS)):
        contents.append(path.read_bytes())
        _check(path, contents[-1])
    return sha256(*contents)


def seal(folder: str | Path, *names: str) -> None:
    """Note the checksums of files of a checkpoint; a file that has none is not compared."""
    folder = Path(folder)
    sums = _sums(folder / SUMS) | {name: sha256((folder / name).read_bytes()) for name in names}
    lines = (f"{digest}  {name}\n" for name, digest in sorted(sums.items()))
    write_bytes(folder / SUMS, "".join(lines).encode())


def _check(path: Path, content: bytes) -> None:
    sums = path.with_name(SUMS)
    noted = _sums(sums).get(path.name)
    if noted is not None and noted != sha256(content):
        raise CheckpointError(
            f"{path} is damaged or belongs to another model: it is not what {SUMS} says; {REMEDY}, "
            f"or, if you changed it yourself, delete {sums}"
        )


def _sums(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
    found = [re.fullmatch(f"([0-9a-f]{{64}})  ({CONFIG}|{WEIGHTS}|{EVALUATION})", line) for line in lines]
    if not all(found):
        raise CheckpointError(f"{path} is damaged: {REMEDY}, or delete it if the other files are right")
    return {match[2]: match[1] for match in found if match}


def _write(folder: Path, name: str, content: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_bytes(folder / name, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())
    seal(folder, name)


def _path(folder: str | Path, name: str) -> Path:
    path = Path(folder) / name
    if not path.is_file():
        reason = f"{name} is missing"
        if not Path(folder).is_dir():
            reason = "that is a file, not a folder" if Path(folder).exists() else "there is no such folder"
        raise CheckpointError(f"no checkpoint in {folder}: {reason}; train one with `python -m nhl train`")
    return path
