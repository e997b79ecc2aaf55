"""Pictures to packed codes: decode, resize and run the network side by side on all processors."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nhl.codes import pack
from nhl.images import ImageError, ImageSource, load_image
from nhl.machine import processors
from nhl.model.checkpoint import read_config
from nhl.model.runtimes import RUNTIMES, fastest_runtime

Progress = Callable[[int, int], None]


class Encoder:
    """A trained checkpoint, ready to encode; safe to share between threads.

    Args:
        folder: the checkpoint.
        runtime: "openvino", "torch", or None for the fastest at hand. All give the same codes, but for
            bits whose real value is within rounding of zero.

    Raises:
        CheckpointError: if `folder` holds no whole checkpoint.
        ValueError: if `runtime` is unknown.
    """

    def __init__(self, folder: str | Path, runtime: str | None = None) -> None:
        if runtime is not None and runtime not in RUNTIMES:
            raise ValueError(f"unknown runtime {runtime!r}; choose from {', '.join(RUNTIMES)}")
        self.folder, self.config = Path(folder), read_config(folder)
        self.runtime = runtime or fastest_runtime()
        self._network = RUNTIMES[self.runtime](self.folder)

    def encode(
        self,
        images: Sequence[ImageSource],
        batch_size: int = 32,
        progress: Progress | None = None,
        unreadable: dict[int, ImageError] | None = None,
    ) -> NDArray[np.uint8]:
        """Packed codes (N, B/8) of pictures.

        Args:
            images: paths, bytes, binary files or PIL pictures.
            batch_size: pictures that go through the network together.
            progress: called as `progress(done, total)` after every batch.
            unreadable: where given, pictures that cannot be read are left out of the codes, and this dict
                says which and why, by their place in `images`.

        Raises:
            ImageError: if a picture cannot be read and `unreadable` is None; it says which.
            ValueError: if `images` is no sequence of pictures or `batch_size` is below 1.
        """
        return pack(self.outputs(images, batch_size, progress, unreadable))

    def outputs(
        self,
        images: Sequence[ImageSource],
        batch_size: int = 32,
        progress: Progress | None = None,
        unreadable: dict[int, ImageError] | None = None,
    ) -> NDArray[np.float32]:
        """The real outputs (N, B) whose signs are the codes; arguments as for `encode`."""
        if isinstance(images, str | bytes | bytearray | memoryview | Image.Image):
            raise ValueError(f"`images` must be a sequence of pictures but got one {type(images).__name__}")
        if batch_size < 1:
            raise ValueError(f"`batch_size` must be at least 1 but got {batch_size}")
        total, workers = len(images), processors()
        size = max(1, min(batch_size, -(-total // workers)))  # few pictures still occupy every processor
        batches = [range(start, min(start + size, total)) for start in range(0, total, size)]

        def run(batch: range) -> NDArray[np.float32]:
            pixels = [found for i in batch if (found := self._pixels(images[i], i, unreadable)) is not None]
            return self._network(np.stack(pixels)) if pixels else nothing

        nothing = np.empty((0, self.config.lengths[-1]), dtype=np.float32)
        found = [nothing]
        with ThreadPoolExecutor(workers) as pool:
            results = map(run, batches) if total == 1 else pool.map(run, batches)
            for batch, outputs in zip(batches, results, strict=True):
                found.append(outputs)
                if progress is not None:
                    progress(batch.stop, total)
        return np.concatenate(found)

    def _pixels(
        self, image: ImageSource, place: int, unreadable: dict[int, ImageError] | None
    ) -> NDArray[np.uint8] | None:
        """A picture as pixels (S, S, 3), or None after noting that it cannot be read."""
        try:
            return np.asarray(self.config.preprocessing.square(load_image(image)))
        except ImageError as error:
            name = str(image) if isinstance(image, str | Path) else f"images[{place}]"
            named = ImageError(f"{name}: {error}")
            if unreadable is None:
                raise named from error
            unreadable[place] = named
            return None
