"""The page's model on a machine with a GPU, in minutes and without internet access.

First the tests of training and losses run on that machine. A few epochs then measure pictures per second, and the model is
trained for as many epochs as fit into the time left: all of the network, with new views in every epoch. The weights
start from a checkpoint, so that nothing is downloaded; Tiny ImageNet and `emoji-styles.db` lie in the folder that NHL_DATA
names. A run that was stopped goes on when the same command is given again with the same `--epochs`.
"""

import csv
import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from tqdm import tqdm

from benchmarks.options import options_of
from benchmarks.result_file import write_result
from nhl.data import Protocol, load_protocol
from nhl.training.settings import Settings
from nhl.training.train import Progress, train

RECIPE = Settings(
    data="emoji-photos",
    loss="none",
    levels=1.0,
    distillation=0.0,
    weighting="equal",
    mixup_alpha=0.0,
    frozen_stages=0,
    views=0,
    rounds=10,
    precision="bfloat16",
    batch_size=256,
    head_lr=5e-3,
    backbone_lr=1e-3,
    ema_decay=0.999,
    warmup=2.0,
    validation_fraction=0.0,
)
PROBE = 3  # epochs that measure; the first is not counted
RESERVE = 0.85  # share of the time left that epochs are planned for


def pictures_an_epoch(protocol: Protocol, settings: Settings) -> float:
    """How many pictures an epoch shows, on average."""
    photographs = 0 if protocol.photographs is None else len(protocol.photographs.train)
    return len(protocol.train) + photographs / settings.rounds


def epoch_seconds(folder: Path) -> float:
    """The median time of an epoch of a run after the first."""
    with (folder / "log.csv").open(encoding="utf-8") as file:
        done = [float(row["seconds"]) for row in csv.DictReader(file)]
    return statistics.median(later - sooner for sooner, later in itertools.pairwise(done))


def main(arguments: Sequence[str]) -> int:
    """Run it: see `--help`."""
    parser = options_of("gpu", __doc__)
    parser.add_argument("--to", type=Path, default=Path("runs/gpu"), help="folder of the checkpoint")
    parser.add_argument("--start", default="checkpoints/emoji", help="checkpoint to start from")
    parser.add_argument("--data", default=RECIPE.data, help="data set")
    parser.add_argument("--device", default="cuda", help="torch device")
    parser.add_argument("--minutes", type=float, default=8.0, help="minutes that everything may take")
    parser.add_argument(
        "--epochs", type=int, help="number of epochs; by default as many as fit into the time"
    )
    parser.add_argument("--batch-size", type=int, default=RECIPE.batch_size, help="pictures in a batch")
    parser.add_argument("--no-tests", action="store_true", help="leave out the tests")
    options = parser.parse_args(arguments)
    begun = time.monotonic()
    if torch.device(options.device).type == "cuda" and not torch.cuda.is_available():
        parser.error(f"--device {options.device} is not there: torch finds no GPU")
    if not options.no_tests:
        tests = [sys.executable, "-m", "pytest", "-q", "tests/training", "tests/losses"]
        if status := subprocess.run(tests, check=False).returncode:
            return status
    settings = replace(RECIPE, data=options.data, start=options.start, batch_size=options.batch_size)
    protocol = load_protocol(options.data)
    with tempfile.TemporaryDirectory() as probe:
        train(replace(settings, epochs=PROBE), probe, protocol, report=_tell, device=options.device)
        seconds = epoch_seconds(Path(probe))
    rate = pictures_an_epoch(protocol, settings) / seconds
    print(f"{rate:,.0f} pictures a second", flush=True)
    left = options.minutes * 60 - (time.monotonic() - begun)
    epochs = options.epochs or max(PROBE, int(RESERVE * left / seconds))
    train(replace(settings, epochs=epochs), options.to, protocol, report=_tell, device=options.device)
    gpu = torch.cuda.get_device_name(options.device) if options.device.startswith("cuda") else "none"
    result = {
        "gpu": gpu,
        "batch_size": settings.batch_size,
        "pictures_per_second": round(rate),
        "epochs": epochs,
        "epoch_seconds": round(epoch_seconds(options.to), 2),
        "minutes": round((time.monotonic() - begun) / 60, 1),
    }
    print(f"written to {write_result('gpu', result, options.out)}")
    return 0


def _tell(now: Progress) -> None:
    tqdm.write(f"epoch {now.epoch} of {now.epochs}: loss {now.loss:.3f}", file=sys.stderr)
