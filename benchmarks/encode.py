"""Images to codes, images a second: our runtime beside torch as it comes, in one run, in turns.

The network alone is timed on pictures that are decoded and resized already; the whole path starts at
files. Speed does not depend on the weights: without a checkpoint, or with `--size`, they are random.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from nhl.checkpoint import Config
from nhl.codes import pack
from nhl.encode import Encoder
from nhl.model import NestedHashModel
from nhl.preprocessing import Preprocessing
from nhl.runtimes import processors

BATCH = 32
RESULT = Path(__file__).parent / "results" / "encode.json"
BASELINE, OURS = "torch eager", "nhl"


def thumbnail(generator: np.random.Generator) -> bytes:
    """A WebP file such as a gallery holds: 96 x 96."""
    return _file(generator, (96, 96), "WEBP")


def photo(generator: np.random.Generator) -> bytes:
    """A JPEG file such as a visitor sends: 640 x 480."""
    return _file(generator, (640, 480), "JPEG")


def _file(generator: np.random.Generator, size: tuple[int, int], kind: str) -> bytes:
    coarse = Image.fromarray(generator.integers(0, 256, (12, 12, 3), dtype=np.uint8))
    file = BytesIO()
    coarse.resize(size, Image.Resampling.BICUBIC).save(file, kind, quality=85)
    return file.getvalue()


def tasks(folder: Path, images: int) -> tuple[dict[str, tuple[int, Callable[[], Any]]], float]:
    """What is timed: name -> (number of images, function); and the part of bits equal to torch's."""
    encoder, model = Encoder(folder), NestedHashModel.from_pretrained(folder)
    last = NestedHashModel.from_pretrained(folder).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    generator = np.random.default_rng(0)
    files = {make.__name__: [make(generator) for _ in range(images)] for make in (thumbnail, photo)}
    prepare = model.config.preprocessing
    pictures = [Image.open(BytesIO(file)).convert("RGB") for file in files["thumbnail"]]
    pixels = np.stack([np.asarray(prepare.square(picture)) for picture in pictures])  # (N, S, S, 3)
    tensor = torch.from_numpy(np.stack([prepare(picture) for picture in pictures]))  # (N, 3, S, S)
    tensor_last = tensor.contiguous(memory_format=torch.channels_last)
    pool = ThreadPoolExecutor(processors())
    starts = range(0, images, BATCH)

    def network() -> None:
        list(pool.map(lambda start: encoder._network(pixels[start : start + BATCH]), starts))

    def eager(network: NestedHashModel, batch: torch.Tensor) -> Callable[[], Any]:
        return torch.inference_mode()(lambda: network(batch))

    same = encoder.encode(pictures) ^ pack(
        np.concatenate([eager(model, part)()[-1] for part in tensor.split(BATCH)])
    )
    return {
        f"{BASELINE}, network, batch {BATCH}": (BATCH, eager(model, tensor[:BATCH])),
        f"torch channels last, network, batch {BATCH}": (BATCH, eager(last, tensor_last[:BATCH])),
        f"{OURS}, network, batch {BATCH}": (images, network),
        f"{OURS}, thumbnails, batch {BATCH}": (images, lambda: encoder.encode(files["thumbnail"], BATCH)),
        f"{OURS}, photos, batch {BATCH}": (images, lambda: encoder.encode(files["photo"], BATCH)),
        f"{BASELINE}, network, batch 1": (1, eager(model, tensor[:1])),
        "torch channels last, network, batch 1": (1, eager(last, tensor_last[:1])),
        f"{OURS}, network, batch 1": (1, lambda: encoder._network(pixels[:1])),
        f"{OURS}, thumbnails, batch 1": (1, lambda: encoder.encode(files["thumbnail"][:1])),
        f"{OURS}, photos, batch 1": (1, lambda: encoder.encode(files["photo"][:1])),
    }, 1 - float(np.unpackbits(same).mean())


def measure(timed: dict[str, tuple[int, Callable[[], Any]]], rounds: int) -> dict[str, float]:
    """Images a second of each task: the median over rounds in which all tasks take turns."""
    seconds: dict[str, list[float]] = {name: [] for name in timed}
    for function in timed.values():
        function[1]()  # warm
    for _ in range(rounds):
        for name, (count, function) in timed.items():
            repeats = max(1, 16 // count)
            start = time.perf_counter()
            for _ in range(repeats):
                function()
            seconds[name].append((time.perf_counter() - start) / (count * repeats))
    return {name: 1 / statistics.median(values) for name, values in seconds.items()}


def random_checkpoint(folder: Path, size: int) -> Path:
    """A checkpoint of the default backbone with random weights."""
    config = Config("tf_efficientnet_lite0", classes=("a", "b"), preprocessing=Preprocessing(size))
    NestedHashModel(config).save_pretrained(folder)
    return folder


def main(arguments: Sequence[str]) -> int:
    """Measure, print a table, write the result file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks encode", description=__doc__)
    parser.add_argument("--checkpoint", type=Path, default=Path("checkpoints/emoji"))
    parser.add_argument("--size", type=int, help="random weights, and pictures of this many pixels a side")
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as work:
        folder: Path = options.checkpoint
        if options.size or not (folder / "model.safetensors").is_file():
            folder = random_checkpoint(Path(work), options.size or 128)
        timed, agreement = tasks(folder, options.images)
        speeds = measure(timed, options.rounds)
        encoder = Encoder(folder)
    result: dict[str, Any] = {
        "runtime": encoder.runtime,
        "size": encoder.config.preprocessing.size,
        "bits equal to torch": agreement,
        "images a second": {name: round(speed, 1) for name, speed in speeds.items()},
    }
    print(f"{'':44}  images/s  x torch eager  x network alone")
    for name, speed in speeds.items():
        batch = name.rpartition(", ")[2]
        baseline, alone = speeds[f"{BASELINE}, network, {batch}"], speeds[f"{OURS}, network, {batch}"]
        share = f"{speed / alone:15.2f}" if name.startswith(OURS) else ""
        print(f"{name:44}  {speed:8.1f}  {speed / baseline:13.2f}  {share}")
    print(f"{agreement:.4%} of bits equal to torch's")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0
