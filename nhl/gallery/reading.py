"""Read picture files, once, into what a gallery keeps of them, in the encoder's own threads."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nhl.digest import sha256
from nhl.gallery.files import PictureFile
from nhl.gallery.thumbnails import thumbnail
from nhl.images import ImageError, load_image
from nhl.machine import processors
from nhl.model.encode import Encoder

MAX_PIXELS = 89_000_000  # more, and Pillow takes a file for an attack
MAX_BYTES = 2**29
CHUNK = 32  # pictures a processor, that are stored together
IN_FLIGHT = 2  # chunks; while one ends and is stored, the other keeps the processors busy


@dataclass(frozen=True)
class Read:
    """What became of a file.

    Args:
        file: the file.
        digest: a hash of its content, empty if it could not be read.
        thumbnail: a small WebP picture, where there is a code.
        code: packed bytes (B/8,); None where the content is known or is no picture.
        error: why there is no picture, or empty.
    """

    file: PictureFile
    digest: str = ""
    thumbnail: bytes = b""
    code: bytes | None = None
    error: str = ""


class _Chunk(Sequence[Image.Image | bytes]):
    """Files that are read when the encoder takes them; `read` holds what was found on the way."""

    def __init__(self, files: Sequence[PictureFile], knows: Callable[[PictureFile, str], bool]) -> None:
        self.files, self._knows = files, knows
        self.read = [Read(file) for file in files]

    def __len__(self) -> int:
        return len(self.files)

    @overload
    def __getitem__(self, place: int) -> Image.Image | bytes: ...
    @overload
    def __getitem__(self, place: slice) -> "_Chunk": ...
    def __getitem__(self, place: int | slice) -> "Image.Image | bytes | _Chunk":
        if isinstance(place, slice):
            return _Chunk(self.files[place], self._knows)
        file, digest = self.files[place], ""
        try:
            content = _content(file)
            digest = sha256(content)
            if not self._knows(file, digest):
                image = load_image(content, max_pixels=MAX_PIXELS)
                self.read[place] = Read(file, digest, thumbnail(image))
                return image
            self.read[place] = Read(file, digest)
        except (ImageError, OSError) as error:
            self.read[place] = Read(file, digest, error=getattr(error, "strerror", None) or str(error))
        return b""  # which the encoder passes over as unreadable


def _content(file: PictureFile) -> bytes:
    if file.size > MAX_BYTES:
        raise ImageError(f"The file has {file.size / 2**20:.0f} MiB; at most {MAX_BYTES // 2**20} are read.")
    with open(file.path, "rb") as opened:  # noqa: PTH123 (pathlib has no bytes)
        return opened.read(MAX_BYTES)


def read_pictures(
    files: Sequence[PictureFile], encoder: Encoder, knows: Callable[[PictureFile, str], bool]
) -> Iterator[list[Read]]:
    """Read and encode files, chunk by chunk in their order.

    Args:
        files: in the order wanted.
        encoder: of the model.
        knows: whether a file's content, given by its digest, needs no new code.
    """

    def read(chunk: _Chunk) -> list[Read]:
        passed_over: dict[int, ImageError] = {}
        codes: NDArray[np.uint8] = encoder.encode(chunk, unreadable=passed_over)
        rest = iter(codes)
        return [
            one if place in passed_over else Read(one.file, one.digest, one.thumbnail, next(rest).tobytes())
            for place, one in enumerate(chunk.read)
        ]

    size = CHUNK * processors()
    chunks = [_Chunk(files[start : start + size], knows) for start in range(0, len(files), size)]
    pool = ThreadPoolExecutor(IN_FLIGHT)
    try:
        yield from pool.map(read, chunks)
    finally:
        for chunk in chunks:
            chunk.files = ()  # the caller has had enough: those under way read no further
        pool.shutdown(cancel_futures=True)
