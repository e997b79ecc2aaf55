"""A visitor's pictures to codes: in batches on the processor, or all at once on a GPU that ZeroGPU lends.

Hugging Face's ZeroGPU gives a process a GPU only inside a function that `spaces.GPU` has decorated, after a
second or more of waiting: worth it for hundreds of pictures, never for one query. Without it nothing here
differs from `Encoder.encode`, and `spaces` is not imported.
"""

import importlib
import logging
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nhl.codes import pack
from nhl.machine import lends_gpu
from nhl.model.encode import Encoder
from nhl.model.runtimes import TorchNetwork

Codes = NDArray[np.uint8]
BATCH = 16
GPU_SECONDS = (
    30  # asked for: the first use sets up CUDA; a visitor's share of the day is charged what it takes
)


class Encoding(Protocol):
    """Pictures one after another, then their codes (N, B/8)."""

    def add(self, image: Image.Image) -> None: ...

    def codes(self) -> Codes: ...


def new_encoding(encoder: Encoder) -> Encoding:
    """The quickest way to encode many pictures here."""
    return InBatches(encoder) if lent is None else OnLentGPU(encoder, lent)


class InBatches:
    """On the processor, a few pictures at a time, so that no more of them are in memory."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder, self._waiting = encoder, list[Image.Image]()
        self._done = [np.zeros((0, encoder.config.lengths[-1] // 8), np.uint8)]

    def add(self, image: Image.Image) -> None:
        """Take one more picture."""
        self._waiting.append(image)
        if len(self._waiting) == BATCH:
            self._encode()

    def codes(self) -> Codes:
        """The codes of all of them."""
        self._encode()
        return np.concatenate(self._done)

    def _encode(self) -> None:
        self._done.append(self._encoder.encode(self._waiting))
        self._waiting.clear()


class OnLentGPU:
    """All at once on a lent GPU, or on the processor where none is to be had now."""

    def __init__(self, encoder: Encoder, outputs: Callable[[str, Codes], NDArray[np.float32]]) -> None:
        self._encoder, self._outputs, self._squares = encoder, outputs, list[Image.Image]()

    def add(self, image: Image.Image) -> None:
        """Take one more picture; only what the network sees of it is kept."""
        self._squares.append(self._encoder.config.preprocessing.square(image))

    def codes(self) -> Codes:
        """The codes of all of them."""
        try:
            return pack(
                self._outputs(
                    str(self._encoder.folder), np.stack([np.asarray(square) for square in self._squares])
                )
            )
        except Exception as error:  # all used up for today, none free, or it failed
            logging.getLogger("app").warning("no GPU was lent (%s): encoded on the processor", error)
            return self._encoder.encode(self._squares)


@cache
def _network(folder: str) -> TorchNetwork:
    return TorchNetwork(Path(folder))


def gpu_outputs(folder: str, pixels: Codes) -> NDArray[np.float32]:
    """Pixels (M, S, S, 3) to the real outputs (M, B) of a checkpoint, in the process that has the GPU."""
    network = _network(folder)
    return np.concatenate([network(pixels[start : start + 64]) for start in range(0, len(pixels), 64)])


def _lent() -> Any:
    """`gpu_outputs` where a GPU is lent, else None."""
    if not lends_gpu():
        return None
    try:
        spaces: Any = importlib.import_module("spaces")
    except ImportError:
        return None
    return spaces.GPU(duration=GPU_SECONDS)(gpu_outputs)


lent = _lent()  # at import, since ZeroGPU wants to know at its start what will ask for a GPU


def report_start() -> None:
    """Tell ZeroGPU that all is decorated, as Gradio's `launch` would: it ends a Space that never says so."""
    if lent is not None:
        importlib.import_module("spaces.zero").startup()
