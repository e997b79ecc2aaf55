"""SIGKILL at random moments: what was reported is there, nothing is there twice, the end is the unbroken one."""

import csv
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.reliability.work import CODES, EPOCHS, all_codes
from nhl.gallery.check import verify
from nhl.index import NestedIndex

ROOT = Path(__file__).parents[2]
COLOURS = ("red", "green", "blue", "gold")
PICTURES = 60  # of each colour


def pictures(folder: Path) -> Path:
    """A folder of small pictures in four sub-folders."""
    rng = np.random.default_rng(0)
    for colour in COLOURS:
        (folder / colour).mkdir(parents=True)
        for number in range(PICTURES):
            image = Image.new("RGB", (48, 48), colour)
            spot = rng.integers(0, 256, (12, 12, 3), dtype=np.uint8)
            image.paste(Image.fromarray(spot), (int(rng.integers(0, 36)), int(rng.integers(0, 36))))
            image.save(folder / colour / f"{number}.png")
    return folder


def tiny_checkpoint(folder: Path) -> Path:
    """A small network as it was drawn: its codes mean nothing, and are always the same."""
    import torch

    from nhl.model.checkpoint import Config
    from nhl.model.network import NestedHashModel
    from nhl.model.preprocessing import Preprocessing

    torch.manual_seed(0)
    config = Config("test_resnet.r160_in1k", preprocessing=Preprocessing(size=64))
    NestedHashModel(config).eval().save_pretrained(folder)
    return folder


@dataclass(frozen=True)
class GalleryJob:
    """`nhl gallery add` on a folder of pictures."""

    folder: Path
    checkpoint: Path
    name: str = "gallery"

    def arguments(self, to: Path) -> list[str]:
        """Of the work."""
        return [str(to), str(self.folder), str(self.checkpoint)]

    def safe(self, to: Path) -> int:
        """How many pictures are there.

        Raises:
            ValueError: if the gallery is damaged.
        """
        path = to / "my.db"
        if not path.exists():
            return 0
        with closing(sqlite3.connect(path)) as connection:
            if not connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
                return 0  # before its first commit it is an empty file
        verdict = verify(path)
        if verdict.problems:
            raise ValueError(f"{path} is damaged: {verdict.problems}")
        return verdict.pictures

    def counts(self, before: int, said: int) -> int:
        """What must be there after a run that said so much: each run counts its own."""
        return before + said

    def is_over(self, to: Path) -> bool:
        """Whether a run is done that was killed: never, the same command finds nothing to do."""
        return False

    def contents(self, to: Path) -> Any:
        """All that the gallery holds."""
        query = "SELECT items.*, path, size, modified, digest, model, code FROM items JOIN files ON id = files.item"
        with closing(sqlite3.connect(to / "my.db")) as connection:
            return connection.execute(f"{query} JOIN codes ON id = codes.item ORDER BY id").fetchall()


@dataclass(frozen=True)
class TrainingJob:
    """`nhl train` on the same pictures."""

    folder: Path
    name: str = "training"

    def arguments(self, to: Path) -> list[str]:
        """Of the work."""
        return [str(to), f"folder:{self.folder}"]

    def safe(self, to: Path) -> int:
        """How many epochs are done."""
        import torch

        if (to / "state.pt").exists():
            return int(torch.load(to / "state.pt", weights_only=True)["epoch"])
        return EPOCHS if (to / "model.safetensors").exists() else 0

    def counts(self, before: int, said: int) -> int:
        """What must be there after a run that said so much: epochs are numbered through."""
        return max(before, said)

    def is_over(self, to: Path) -> bool:
        """Whether a run that was killed had reached its end: the same command would refuse the finished folder."""
        return (to / "model.safetensors").exists() and not (to / "state.pt").exists()

    def contents(self, to: Path) -> Any:
        """Weights and configuration.

        Raises:
            ValueError: if an epoch is in the log twice.
        """
        with (to / "log.csv").open(newline="") as file:
            epochs = [row["epoch"] for row in csv.DictReader(file)]
        if len(epochs) != len(set(epochs)):
            raise ValueError(f"{to / 'log.csv'} holds an epoch twice: {epochs}")
        return (to / "model.safetensors").read_bytes(), (to / "config.json").read_bytes()


@dataclass(frozen=True)
class IndexJob:
    """`NestedIndex.save` over the file that is there."""

    name: str = "index"

    def arguments(self, to: Path) -> list[str]:
        """Of the work."""
        return [str(to)]

    def safe(self, to: Path) -> int:
        """How many codes are there.

        Raises:
            ValueError: if the file is damaged, or holds other codes.
        """
        if not (to / "index").exists():
            return 0
        found = NestedIndex.load(to / "index")
        if not np.array_equal(found.codes, all_codes()[: len(found)]):
            raise ValueError(f"{to / 'index'} holds other codes")
        return len(found)

    def counts(self, before: int, said: int) -> int:
        """What must be there after a run that said so much: it says what the file holds."""
        return max(before, said)

    def is_over(self, to: Path) -> bool:
        """Whether a run is done that was killed: never, the same command finds nothing to do."""
        return False

    def contents(self, to: Path) -> Any:
        """All codes."""
        found = NestedIndex.load(to / "index")
        return len(found) == CODES, found.codes.tobytes()


Job = GalleryJob | TrainingJob | IndexJob


def start(job: Job, to: Path, environment: Mapping[str, str] | None = None, **options: Any) -> Any:
    """The work in a process of its own, begun."""
    command = [sys.executable, "-m", "benchmarks.reliability.work", job.name, *job.arguments(to)]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )
    assert process.stdout is not None
    process.stdout.readline()  # it has begun
    return process


def run(job: Job, to: Path) -> float:
    """Seconds that the work takes, from its beginning to its end.

    Raises:
        RuntimeError: if it fails.
    """
    process = start(job, to)
    begun = time.perf_counter()
    _, errors = process.communicate()
    if process.returncode:
        raise RuntimeError(f"{job.name} failed: {errors}")
    return time.perf_counter() - begun


def kill_often(job: Job, kills: int, room: Path, chance: random.Random) -> dict[str, Any]:
    """Kill work at random moments and look at what is there each time; when a run is whole, begin anew."""
    room.mkdir()
    run(job, room / "unbroken")
    seconds = run(job, room / "again")  # the first fills caches
    wanted = job.contents(room / "unbroken")
    number, before, result = 0, 0, {"kills": 0, "damaged": 0, "lost": 0, "runs": 0, "unequal": 0}
    problems: list[str] = []

    def finished() -> None:
        nonlocal number, before
        result["runs"] += 1
        result["unequal"] += job.contents(room / str(number)) != wanted
        number, before = number + 1, 0

    while result["kills"] < kills:
        process = start(job, room / str(number))
        try:
            process.wait(chance.uniform(0, seconds))
        except subprocess.TimeoutExpired:
            process.kill()
        output, errors = process.communicate()
        if process.returncode == 0:
            finished()
            continue
        if process.returncode > 0:
            raise RuntimeError(f"{job.name} did not go on: {errors}")
        result["kills"] += 1
        said = max([0, *map(int, output.split("\n")[:-1])])  # a last line without its end was never said
        try:
            safe = job.safe(room / str(number))
            result["lost"] += safe < job.counts(before, said)
            before = safe
            if job.is_over(room / str(number)):
                finished()
        except ValueError as error:
            result["damaged"] += 1
            problems.append(str(error))
    run(job, room / str(number))
    finished()
    left = sum(1 for path in room.rglob("*") if "partial" in path.name)
    return {**result, "unbroken_s": round(seconds, 2), "files_left": left, "problems": problems}
