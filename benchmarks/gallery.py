"""Pictures per second, from a folder of JPEG files to a gallery: beside its encoder on the same files, in turns.

The network alone is given pixels that are ready; the encoder starts from files; the gallery also keeps a hash and a
thumbnail of each picture. How busy the processors were is worked out from the processor time that was used.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from benchmarks.encode import patches
from benchmarks.options import options_of
from benchmarks.result_file import write_result
from nhl.gallery.folder import add_folder
from nhl.images import load_image
from nhl.machine import processors
from nhl.model.encode import Encoder

SIZES = ((160, 120), (640, 480), (1600, 1200))
NETWORK, ENCODER, GALLERY = "network", "encoder", "gallery add"


def jpeg(generator: np.random.Generator, size: tuple[int, int]) -> bytes:
    """A synthetic photo: patches of colour, and grain that makes the file as large as a photo's."""
    colours = np.asarray(patches(generator, size), dtype=np.float32)
    grain = generator.normal(0, 6, (size[1], size[0], 1))
    file = BytesIO()
    Image.fromarray((colours + grain).clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=85)
    return file.getvalue()


def fill(folder: Path, size: tuple[int, int], count: int) -> list[Path]:
    """A folder of `count` different files; their paths."""
    folder.mkdir()
    generator = np.random.default_rng(0)
    paths = [folder / f"{number}.jpg" for number in range(count)]
    for path in paths:
        path.write_bytes(jpeg(generator, size))
    return paths


def tasks(
    paths: Sequence[Path], encoder: Encoder, checkpoint: Path, work: Path
) -> dict[str, Callable[[], object]]:
    """What takes turns, each on all the files."""
    ready = [encoder.config.preprocessing.square(load_image(path)) for path in paths[:64]]
    pictures = [ready[place % len(ready)] for place in range(len(paths))]

    def gallery() -> None:
        with tempfile.TemporaryDirectory(dir=work) as made:
            add_folder(Path(made) / "gallery.db", paths[0].parent, checkpoint)

    return {
        NETWORK: lambda: encoder.encode(pictures),
        ENCODER: lambda: encoder.encode(paths),
        GALLERY: gallery,
    }


def measure(timed: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Seconds, and seconds of processor time, of each task in each round; a first round is not counted."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in timed}
    for turn in tqdm(range(rounds + 1), "rounds", disable=None):
        for name, task in timed.items():
            start, used = time.perf_counter(), time.process_time()
            task()
            if turn:
                found[name].append((time.perf_counter() - start, time.process_time() - used))
    return found


def main(arguments: Sequence[str]) -> int:
    """Run it: see `--help`."""
    parser = options_of("gallery", __doc__)
    parser.add_argument(
        "--checkpoint", type=Path, default=Path("checkpoints/emoji"), help="folder of the model"
    )
    parser.add_argument("--pictures", type=int, default=2000, help="number of files of each size")
    parser.add_argument(
        "--rounds", type=int, default=3, help="number of rounds, in each of which all take turns"
    )
    options = parser.parse_args(arguments)
    encoder, records = Encoder(options.checkpoint), []
    print(f"{'':24} pictures/s  x network  x encoder  processors busy")
    with tempfile.TemporaryDirectory() as work:
        for width, height in SIZES:
            paths = fill(Path(work) / f"{width}", (width, height), options.pictures)
            size = statistics.mean(path.stat().st_size for path in paths)
            found = measure(tasks(paths, encoder, options.checkpoint, Path(work)), options.rounds)
            seconds = {name: statistics.median(one for one, _ in turns) for name, turns in found.items()}
            for name, turns in found.items():
                busy = statistics.median(used / one for one, used in turns) / processors()
                record = {
                    "what": name,
                    "width": width,
                    "height": height,
                    "kilobytes": round(size / 1e3, 1),
                    "pictures_per_s": round(options.pictures / seconds[name], 1),
                    "times_network": round(seconds[NETWORK] / seconds[name], 2),
                    "times_encoder": round(seconds[ENCODER] / seconds[name], 2),
                    "processors_busy": round(busy, 2),
                }
                records.append(record)
                print(
                    f"{width:5} x {height:4} {name:12}{record['pictures_per_s']:10.1f}"
                    f" {record['times_network']:10.2f} {record['times_encoder']:10.2f} {busy:16.0%}"
                )
    result = {"pictures": options.pictures, "rounds": options.rounds, "records": records}
    print(f"\nwritten to {write_result('gallery', result, options.out)}")
    return 0
