"""Images per second, from images to codes: our runtime beside torch as it comes, in turns in one run.

The network alone is timed on pictures that are already decoded and resized; the whole path starts from files. Speed
does not depend on the weights: without a checkpoint, or with `--size`, they are random.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.options import options_of
from benchmarks.result_file import write_result
from nhl.images import load_image
from nhl.machine import processors
from nhl.model.checkpoint import WEIGHTS, Config, read_config
from nhl.model.encode import Encoder
from nhl.model.network import NestedHashModel
from nhl.model.preprocessing import Preprocessing
from nhl.model.runtimes import fastest_runtime

BATCH = 32
BASELINE, OURS = "torch eager", "nhl"
Task: TypeAlias = tuple[int, Callable[[], object]]
"""How many images, and what to time."""


def thumbnail(generator: np.random.Generator) -> bytes:
    """A WebP file such as a gallery holds: 96 x 96."""
    return _file(generator, (96, 96), "WEBP")


def photo(generator: np.random.Generator) -> bytes:
    """A JPEG file such as a visitor sends: 640 x 480."""
    return _file(generator, (640, 480), "JPEG")


def _file(generator: np.random.Generator, size: tuple[int, int], kind: str) -> bytes:
    file = BytesIO()
    patches(generator, size).save(file, kind, quality=85)
    return file.getvalue()


def patches(generator: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    """A synthetic picture: patches of colour that run into each other."""
    coarse = Image.fromarray(generator.integers(0, 256, (12, 12, 3), dtype=np.uint8))
    return coarse.resize(size, Image.Resampling.BICUBIC)


def tasks(folder: Path, images: int) -> tuple[dict[str, Task], float]:
    """What is timed, and the share of bits that are equal to torch's."""
    encoder, model = Encoder(folder), NestedHashModel.from_pretrained(folder)
    last = NestedHashModel.from_pretrained(folder).to(memory_format=torch.channels_last)
    generator, prepare = np.random.default_rng(0), model.config.preprocessing
    thumbnails, photos = ([make(generator) for _ in range(images)] for make in (thumbnail, photo))
    pictures = [load_image(file) for file in thumbnails]
    pixels = np.stack([np.asarray(prepare.square(picture)) for picture in pictures])  # (N, S, S, 3)
    batch = torch.from_numpy(np.stack([prepare(picture) for picture in pictures[:BATCH]]))  # (M, 3, S, S)
    batch_last = batch.contiguous(memory_format=torch.channels_last)
    pool, starts = ThreadPoolExecutor(processors()), range(0, images, BATCH)

    def torch_network(network: NestedHashModel, inputs: torch.Tensor) -> Callable[[], object]:
        return torch.inference_mode()(lambda: network(inputs)[-1])

    def our_network() -> object:
        return list(pool.map(lambda start: encoder._network(pixels[start : start + BATCH]), starts))

    different = np.unpackbits(encoder.encode(thumbnails) ^ model.encode(thumbnails))
    return {
        f"{BASELINE}, network, batch {BATCH}": (BATCH, torch_network(model, batch)),
        f"torch channels last, network, batch {BATCH}": (BATCH, torch_network(last, batch_last)),
        f"{OURS}, network, batch {BATCH}": (images, our_network),
        f"{OURS}, thumbnail files, batch {BATCH}": (images, lambda: encoder.encode(thumbnails, BATCH)),
        f"{OURS}, photo files, batch {BATCH}": (images, lambda: encoder.encode(photos, BATCH)),
        f"{BASELINE}, network, batch 1": (1, torch_network(model, batch[:1])),
        "torch channels last, network, batch 1": (1, torch_network(last, batch_last[:1])),
        f"{OURS}, network, batch 1": (1, lambda: encoder._network(pixels[:1])),
        f"{OURS}, thumbnail files, batch 1": (1, lambda: encoder.encode(thumbnails[:1])),
        f"{OURS}, photo files, batch 1": (1, lambda: encoder.encode(photos[:1])),
    }, 1 - float(different.mean())


def measure(timed: dict[str, Task], rounds: int) -> dict[str, float]:
    """Images a second of each task: the median over rounds in which all tasks take turns."""
    seconds: dict[str, list[float]] = {name: [] for name in timed}
    for turn in range(rounds + 1):
        for name, (count, task) in timed.items():
            repeats = max(1, 16 // count)
            start = time.perf_counter()
            for _ in range(repeats):
                task()
            if turn:  # the first only warms up
                seconds[name].append((time.perf_counter() - start) / (count * repeats))
    return {name: 1 / statistics.median(values) for name, values in seconds.items()}


def arithmetic(folder: Path) -> tuple[float, float]:
    """GFLOP that the network costs an image, and GFLOP/s of a matrix product on all cores: the ceiling."""
    model = NestedHashModel.from_pretrained(folder)
    size = model.config.preprocessing.size
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        model(torch.zeros(1, 3, size, size))
    matrix = torch.rand(2048, 2048)
    seconds = []
    for _ in range(9):
        start = time.perf_counter()
        matrix @ matrix
        seconds.append(time.perf_counter() - start)
    return counter.get_total_flops() / 1e9, 2 * 2048**3 / min(seconds) / 1e9


def random_checkpoint(folder: Path, size: int) -> Path:
    """A checkpoint of the default backbone with random weights."""
    config = Config("tf_efficientnet_lite0", classes=("a", "b"), preprocessing=Preprocessing(size))
    NestedHashModel(config).save_pretrained(folder)
    return folder


def main(arguments: Sequence[str]) -> int:
    """Run it: see `--help`."""
    parser = options_of("encode", __doc__)
    parser.add_argument(
        "--checkpoint", type=Path, default=Path("checkpoints/emoji"), help="folder of the model"
    )
    parser.add_argument("--size", type=int, help="side of the inputs in pixels; the weights are then random")
    parser.add_argument("--images", type=int, default=256, help="number of files to encode")
    parser.add_argument("--rounds", type=int, default=9, help="number of turns, of which the median counts")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as work:
        folder: Path = options.checkpoint
        if options.size or not (folder / WEIGHTS).is_file():
            folder = random_checkpoint(Path(work), options.size or 128)
        timed, equal = tasks(folder, options.images)
        speeds, config = measure(timed, options.rounds), read_config(folder)
        cost, ceiling = arithmetic(folder)
    print(f"{'':44} images/s  x torch eager  x network alone")
    records = []
    for name, speed in speeds.items():
        who, what, batch = name.split(", ")
        record = {"who": who, "what": what, "batch": batch, "images_per_s": round(speed, 1)}
        record["times_torch_eager"] = round(speed / speeds[f"{BASELINE}, network, {batch}"], 2)
        record["times_own_network"] = round(speed / speeds[f"{who}, network, {batch}"], 2)
        records.append(record)
        print(
            f"{name:44} {speed:8.1f} {record['times_torch_eager']:14.2f} {record['times_own_network']:16.2f}"
        )
    used = cost * speeds[f"{OURS}, network, batch {BATCH}"] / ceiling
    print(f"{equal:.4%} of bits equal to torch's")
    print(f"{cost:.3f} GFLOP an image; ours does {used:.0%} of a matrix product's {ceiling:.0f} GFLOP/s")
    result = {
        "backbone": config.backbone,
        "size": config.preprocessing.size,
        "runtime": fastest_runtime(),
        "bits_equal_to_torch": equal,
        "gflop_per_image": round(cost, 4),
        "matrix_product_gflop_per_s": round(ceiling),
        "share_of_matrix_product": round(used, 2),
        "records": records,
    }
    print(f"\nwritten to {write_result('encode', result, options.out)}")
    return 0
