"""What a stopped run needs to go on: kept after each epoch, and refused where it belongs to something else."""

from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import torch

from nhl.atomic_write import atomic_write
from nhl.training.checks import SETTINGS, STATE
from nhl.training.settings import Settings
from nhl.training.trainer import Trainer


def save_state(trainer: Trainer, epoch: int, seconds: float, folder: Path, source: str) -> None:
    """Keep all that an unbroken continuation needs.

    Args:
        trainer: what learns.
        epoch: whole epochs done.
        seconds: spent on them.
        folder: of the checkpoint.
        source: a digest of what the run learns from.

    Raises:
        OSError: if it cannot be written.
    """
    try:
        with atomic_write(folder / STATE) as partial:
            state = {"epoch": epoch, "seconds": seconds, "source": source, "run": trainer.state_dict()}
            torch.save(state, partial)
    except (OSError, RuntimeError) as error:  # the latter is torch's word for a full disk
        reason = str(error.__cause__ or error).splitlines()[0]
        raise OSError(
            f"{folder / STATE} cannot be written ({reason}): make room and give the same command again; "
            "it goes on from its last whole epoch"
        ) from error


def resume(trainer: Trainer, settings: Settings, folder: Path, source: str) -> tuple[int, float]:
    """Load the state of a stopped run, if there is one; the epochs and seconds done.

    Raises:
        ValueError: if the folder holds a run with other data, or a damaged state.
    """
    state_path = folder / STATE
    if not state_path.is_file():
        settings.save(folder / SETTINGS)
        (folder / "log.csv").unlink(missing_ok=True)
        return 0, 0.0
    state = _read_state(state_path, trainer.device)
    if state["source"] != source:
        raise ValueError(
            f"`folder` {folder} holds a run that was trained on other pictures, labels or first weights than "
            f"{settings.data!r} has now: name another, or delete it"
        )
    trainer.load_state_dict(state["run"])
    return state["epoch"], state["seconds"]


def _read_state(path: Path, device: torch.device) -> dict[str, Any]:
    try:
        with ZipFile(path) as parts:
            if damaged := parts.testzip():  # torch itself looks at no checksum
                raise BadZipFile(f"{damaged} does not match its checksum")
        state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    except (BadZipFile, EOFError, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{path} is damaged ({reason}): delete it to restart the run") from error
    return state
