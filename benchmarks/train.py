"""What nesting costs in training: all code lengths in one run against a run for each, everything in turns.

Runs are whole processes of `python -m nhl train`, from their start to the checkpoint; in each round
all of them take turns in a new order. The time of an epoch is the mean over those after the first, which prepares the
pictures; with one view and no validation these do nothing but train, so that nothing hides what nesting costs.
A step is one batch through the part that learns, forward, backward and the optimiser, all kinds in turns on one network
in one process, on the CPU. A whole step is one in which nothing is frozen: in float32, in bfloat16 as torch does it, and
in bfloat16 as `nhl.training.depthwise` does it.
"""

import csv
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from benchmarks.options import options_of
from benchmarks.result_file import write_result
from nhl.codes import LENGTHS
from nhl.layer import NestedHashLayer
from nhl.model.backbones import create_backbone, feature_width, split_backbone
from nhl.nesting import NestedLoss
from nhl.training.depthwise import use_fast_depthwise
from nhl.training.settings import Settings
from nhl.weighting import WEIGHTINGS, Weighting

ALL = "all lengths"
CLASSES = 98


def run(lengths: Sequence[int], flags: Sequence[str], folder: Path) -> dict[str, float]:
    """Seconds of one training run, the whole process, and of an epoch after the first."""
    command = [sys.executable, "-m", "nhl", "train", "--to", str(folder), *flags]
    start = time.perf_counter()
    subprocess.run([*command, "--lengths", *map(str, lengths)], check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - start
    with (folder / "log.csv").open(encoding="utf-8") as file:
        done = [float(row["seconds"]) for row in csv.DictReader(file)]
    learning = max(done[-1] - done[0], 0.05)  # the log tells tenths: a nought may be half of one
    return {"seconds": seconds, "epoch_seconds": learning / (len(done) - 1)}


def runs(lengths: Sequence[int], flags: Sequence[str], rounds: int) -> dict[str, list[dict[str, float]]]:
    """The figures of each run in every round: of all lengths together, and of each alone."""
    kinds = {ALL: tuple(lengths), **{f"{length} bits": (length,) for length in lengths}}
    found: dict[str, list[dict[str, float]]] = {name: [] for name in kinds}
    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as work:
        for turn in range(rounds):
            for name in random.permutation(list(kinds)).tolist():
                print(f"round {turn + 1} of {rounds}, {name}", file=sys.stderr, flush=True)
                found[name].append(run(kinds[name], flags, Path(work) / f"{turn} {name}"))
    return found


def run_ratios(found: Mapping[str, Sequence[Mapping[str, float]]]) -> dict[str, float]:
    """How an epoch and the whole compare with single lengths: the median of each round's own ratio."""
    together, *alone = found.values()
    epochs, speeds = [], []
    for both, *single in zip(together, *alone, strict=True):
        epochs.append(both["epoch_seconds"] / statistics.mean(one["epoch_seconds"] for one in single))
        speeds.append(sum(one["seconds"] for one in single) / both["seconds"])
    return {
        "epoch_times_one_length": statistics.median(epochs),
        "times_faster_than_single_runs": statistics.median(speeds),
    }


def learn(
    network: nn.ModuleList,
    optimizer: torch.optim.Optimizer,
    objective: NestedLoss,
    weighting: Weighting,
    inputs: Tensor,
    labels: Tensor,
) -> None:
    """One training step of a tuned part and its layer at the objective's lengths, the longest of the layer's."""
    tuned, layer = network
    features = tuned(inputs)  # (M, D)
    outputs = layer(features)[-len(objective.lengths) :]
    losses = objective(outputs, labels)
    loss = (weighting(losses, outputs, features) * losses).sum()
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), Settings().clip_grad_norm)
    optimizer.step()


def steps(lengths: Sequence[int], size: int, frozen_stages: int) -> dict[str, Callable[[], None]]:
    """A step of the longest length alone, and of all lengths with either weighting, on one network."""
    torch.manual_seed(0)
    defaults = Settings()
    backbone = create_backbone(defaults.backbone).to(memory_format=torch.channels_last)
    stem, tuned = split_backbone(backbone, frozen_stages)
    network = nn.ModuleList([tuned, NestedHashLayer(feature_width(backbone), lengths)]).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4)
    images = torch.randn(defaults.batch_size, 3, size, size).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(CLASSES, (len(images),))
    with torch.no_grad():
        inputs = stem.eval()(images)

    def step(used: Sequence[int], name: str) -> Callable[[], None]:
        objective = NestedLoss(defaults.loss, used, CLASSES, defaults.distillation)
        return partial(learn, network, optimizer, objective, WEIGHTINGS[name](len(used)), inputs, labels)

    return {
        "one length": step(lengths[-1:], "equal"),
        "equal": step(lengths, "equal"),
        "nhl": step(lengths, "nhl"),
    }


class _Precision(nn.Module):
    """A network under bfloat16 autocast, or not."""

    def __init__(self, network: nn.Module, half: bool) -> None:
        super().__init__()
        self.network, self.in_half = network, half

    def forward(self, inputs: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=self.in_half):
            features: Tensor = self.network(inputs)
        return features.float()


def whole_steps(lengths: Sequence[int], size: int) -> dict[str, Callable[[], None]]:
    """A step of all of the backbone and its layer, by precision."""
    defaults = Settings()
    images = torch.randn(defaults.batch_size, 3, size, size).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(CLASSES, (len(images),))

    def step(half: bool, quick: bool) -> Callable[[], None]:
        backbone = create_backbone(defaults.backbone).to(memory_format=torch.channels_last)
        if quick:
            use_fast_depthwise(backbone)
        layer = NestedHashLayer(feature_width(backbone), lengths)
        network = nn.ModuleList([_Precision(backbone, half), layer]).train()
        optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4)
        objective = NestedLoss(defaults.loss, lengths, CLASSES, defaults.distillation)
        return partial(learn, network, optimizer, objective, WEIGHTINGS["nhl"](len(lengths)), images, labels)

    return {"float32": step(False, False), "bfloat16": step(True, False), "bfloat16 quick": step(True, True)}


def whole_step_ratios(seconds: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """How many times faster bfloat16 with quick depthwise gradients is: medians of each turn's ratio."""
    quick = seconds["bfloat16 quick"]
    return {
        f"whole_step_times_faster_than_{name}": statistics.median(
            other / mine for other, mine in zip(seconds[name], quick, strict=True)
        )
        for name in ("float32", "bfloat16")
    }


def step_seconds(timed: Mapping[str, Callable[[], None]], turns: int) -> dict[str, list[float]]:
    """Seconds of each step in every turn, in a new order each; a first turn is not counted."""
    random, seconds = np.random.default_rng(0), {name: list[float]() for name in timed}
    for turn in tqdm(range(turns + 1), "steps", disable=None):
        for name in random.permutation(list(timed)).tolist():
            start = time.perf_counter()
            timed[name]()
            if turn:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def step_ratios(seconds: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """What all lengths cost over one, and adaptive weights over equal ones: medians of each turn's ratio."""
    turns = list(zip(seconds["one length"], seconds["equal"], seconds["nhl"], strict=True))
    return {
        "step_times_one_length": statistics.median(nhl / one for one, _, nhl in turns),
        "adaptive_step_times_equal": statistics.median(nhl / equal for _, equal, nhl in turns),
    }


def _milliseconds(seconds: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {name: round(statistics.median(times) * 1e3, 1) for name, times in seconds.items()}


def main(arguments: Sequence[str]) -> int:
    """Run it: see `--help`."""
    parser = options_of("train", __doc__)
    defaults = Settings()
    parser.add_argument("--data", default=defaults.data, help="data set")
    parser.add_argument("--lengths", type=int, nargs="+", default=list(LENGTHS), help="code lengths in bits")
    parser.add_argument("--epochs", type=int, default=3, help="epochs of each run, at least 2")
    parser.add_argument("--size", type=int, default=64, help="side of the pictures in the runs, in pixels")
    parser.add_argument(
        "--step-size", type=int, default=defaults.size, help="side of the pictures in the steps, in pixels"
    )
    parser.add_argument(
        "--frozen-stages",
        type=int,
        default=defaults.frozen_stages,
        help="first stages of the backbone that do not learn",
    )
    parser.add_argument(
        "--rounds", type=int, default=3, help="number of rounds, in each of which all runs take turns"
    )
    parser.add_argument("--turns", type=int, default=40, help="number of turns of each step")
    parser.add_argument("--whole-turns", type=int, default=8, help="number of turns of each whole step")
    options = parser.parse_args(arguments)
    if options.epochs < 2:
        parser.error(f"--epochs must be at least 2 but got {options.epochs}")
    seconds = step_seconds(steps(options.lengths, options.step_size, options.frozen_stages), options.turns)
    whole = step_seconds(whole_steps(options.lengths, options.step_size), options.whole_turns)
    flags = ["--data", options.data, "--epochs", str(options.epochs), "--size", str(options.size)]
    flags += ["--frozen-stages", str(options.frozen_stages), "--views", "1", "--validation-fraction", "0"]
    found = runs(options.lengths, flags, options.rounds)
    ratios = {**step_ratios(seconds), **whole_step_ratios(whole), **run_ratios(found)}
    result: dict[str, Any] = {
        **{name: getattr(options, name) for name in ("data", "lengths", "epochs", "size", "step_size")},
        **{name: getattr(options, name) for name in ("frozen_stages", "rounds", "turns", "whole_turns")},
        "ratios": {k: round(v, 3) for k, v in ratios.items()},
        "step_ms": _milliseconds(seconds),
        "whole_step_ms": _milliseconds(whole),
        "runs": {
            name: {key: [round(one[key], 2) for one in figures] for key in figures[0]}
            for name, figures in found.items()
        },
    }
    for name, value in result["ratios"].items():
        print(f"{name:37} {value:6.3f}")
    print(f"\nwritten to {write_result('train', result, options.out)}")
    return 0
