"""What is killed: work that goes on where it stopped, and says on standard output what is safe.

`python -m benchmarks.reliability.work JOB ...`, in a process of its own.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CODES, STEP = 100_000, 5_000  # of the index: all, and in one addition
EPOCHS = 8


def say(number: int) -> None:
    """Report what is safe."""
    print(number, flush=True)


def all_codes() -> NDArray[np.uint8]:
    """The codes of the index (N, 16)."""
    return np.random.default_rng(0).integers(0, 256, (CODES, 16), dtype=np.uint8)


def gallery(to: str, folder: str, checkpoint: str) -> None:
    """Add a folder of pictures, a few at a time; says how many of this run are stored."""
    from nhl.gallery import reading
    from nhl.gallery.folder import add_folder

    reading.CHUNK = 2
    say(0)
    add_folder(f"{to}/my.db", folder, checkpoint, progress=lambda done, _: say(done))


def training(to: str, data: str) -> None:
    """Train a tiny network; says how many epochs are done."""
    from nhl.data import load_protocol
    from nhl.training.settings import Settings
    from nhl.training.train import train

    settings = Settings(
        data=data,
        backbone="test_efficientnet.r160_in1k",
        pretrained=False,
        size=32,
        frozen_stages=1,
        views=2,
        epochs=EPOCHS,
        batch_size=16,
        ema_decay=0.5,
    )
    say(0)
    train(settings, to, load_protocol(data), report=lambda progress: say(progress.epoch), device="cpu")


def index(to: str) -> None:
    """Add codes and save, again and again; says how many are saved."""
    from nhl.index import NestedIndex

    path, codes = Path(to) / "index", all_codes()
    path.parent.mkdir(exist_ok=True)
    say(0)
    found = NestedIndex.load(path) if path.exists() else NestedIndex(codes[:0])
    while len(found) < CODES:
        found.add(codes[len(found) : len(found) + STEP])
        found.save(path)
        say(len(found))


JOBS: dict[str, Callable[..., None]] = {"gallery": gallery, "training": training, "index": index}

if __name__ == "__main__":
    try:
        JOBS[sys.argv[1]](*sys.argv[2:])
    except (ValueError, OSError) as error:  # as `python -m nhl` says it
        sys.exit(f"error: {error}")
