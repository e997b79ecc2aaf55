"""A visitor's own pictures: out of files and zip archives into a gallery that lives as long as the visit."""

from __future__ import annotations

import secrets
import tempfile
import threading
import time
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from app import texts
from app.service.encoding import new_encoding
from app.service.measured import class_scores
from app.service.search import SearchService
from app.service.worker import Report
from nhl.gallery import Gallery, Item, write_gallery
from nhl.gallery.archive import entries
from nhl.gallery.thumbnails import thumbnail
from nhl.images import ImageError, ImageSource, load_image
from nhl.model.encode import Encoder

MOST_PICTURES = 300
MOST_ENTRIES = 2_000
MOST_BYTES = 200_000_000
MOST_PICTURE_BYTES = 20_000_000
MOST_PIXELS = 25_000_000  # as transparent WebP or 32-bit TIFF they take 400 MB while they are read
MOST_SECONDS = 120.0

_ONE_AT_A_TIME = threading.Lock()
warnings.simplefilter(
    "ignore", Image.DecompressionBombWarning
)  # for the console: `read_picture` refuses these


def read_picture(source: ImageSource) -> Image.Image:
    """A visitor's picture; others wait meanwhile, for several at once might take more memory than there is.

    Raises:
        ImageError: if it cannot be read, or is too large.
    """
    with _ONE_AT_A_TIME:
        return load_image(source, max_pixels=MOST_PIXELS)


class OwnPictures:
    """The gallery of one visitor, in a temporary folder.

    Attributes:
        service: searches it.
        skipped: how many files were left out.
        seen: when they were last looked at, by the clock of `time.monotonic`.
    """

    def __init__(
        self, service: SearchService, skipped: int, folder: tempfile.TemporaryDirectory[str]
    ) -> None:
        self.service, self.skipped, self._folder = service, skipped, folder
        self.seen = time.monotonic()

    def close(self) -> None:
        """Remove the pictures; may be called again."""
        self.service.gallery.close()
        self._folder.cleanup()


def index_pictures(
    paths: Sequence[Path], encoder: Encoder, report: Report = lambda stage, done: None
) -> OwnPictures:
    """Read pictures, and make them a gallery.

    What is no picture that can be read, is too large, or comes after the first 300 or after two minutes is left
    out and counted.
    Folders of an archive become classes, as `nhl gallery add` would have it of the folder that was zipped.

    Args:
        paths: pictures or zip archives of pictures.
        encoder: of the model.
        report: is told the stage and the share that is done, 0 to 1.

    Raises:
        ValueError: if there is not one picture, or no room for them.
    """
    items: list[Item] = []
    thumbnails: list[bytes] = []
    encoding = new_encoding(encoder)
    skipped = 0
    total, end = sum(map(_count, paths)), time.monotonic() + MOST_SECONDS
    for name, label, content in _contents(paths):
        report("read", (len(items) + skipped) / max(total, len(items) + skipped + 1))
        open_still = len(items) < MOST_PICTURES and time.monotonic() < end
        image = _picture(content) if open_still else None
        if image is None:
            skipped += 1
            continue
        items.append(Item(len(items), name, label, (label,) if label else ()))
        thumbnails.append(thumbnail(image))
        encoding.add(image)
    if not items:
        raise ValueError(texts.NO_OWN_PICTURES)
    return _gallery(items, thumbnails, encoding.codes(), encoder, skipped)


def _gallery(
    items: list[Item], thumbnails: list[bytes], codes: np.ndarray[tuple[int, int], np.dtype[np.uint8]],
    encoder: Encoder, skipped: int,
) -> OwnPictures:  # fmt: skip
    folder = tempfile.TemporaryDirectory(prefix="nested-hashing-")
    path = Path(folder.name) / "gallery.db"
    try:
        write_gallery(path, zip(items, thumbnails, strict=True), {"title": texts.MINE})
    except OSError as error:  # a full disk
        folder.cleanup()
        raise ValueError(texts.DISK_FULL) from error
    scores = class_scores(items, codes, encoder.config.lengths)
    service = SearchService(encoder, Gallery(path), codes, scores, key=secrets.token_hex(16))
    return OwnPictures(service, skipped, folder)


def _count(path: Path) -> int:
    """About how many pictures there are."""
    try:
        with zipfile.ZipFile(path) as archive:
            return min(len(archive.filelist), MOST_ENTRIES)
    except (OSError, ValueError, zipfile.BadZipFile):
        return 1


def _contents(paths: Sequence[Path]) -> Iterator[tuple[str, str, bytes | None]]:
    """Name, class and bytes of every file; None for the bytes of what must not be read."""
    left = MOST_BYTES
    for path in paths:
        if not zipfile.is_zipfile(path):
            content = _limited(path, min(left, MOST_PICTURE_BYTES))
            left -= len(content or b"")
            yield path.name, "", content
            continue
        try:
            with zipfile.ZipFile(path) as archive:
                for entry in entries(archive, MOST_ENTRIES):
                    limit = min(left, MOST_PICTURE_BYTES)
                    content = b"" if entry.is_outside else _entry(archive, entry.info, limit)
                    left = max(0, left - len(content))
                    fits = len(content) <= limit
                    yield entry.path.name, entry.label, content if fits else None
                for _ in archive.filelist[MOST_ENTRIES:]:
                    yield "", "", None
        except (OSError, ValueError, zipfile.BadZipFile):
            yield path.name, "", None


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limit: int) -> bytes:
    """The bytes of a file in an archive, one more than the limit at most, whatever size it claims."""
    try:
        with archive.open(entry) as file:
            return file.read(limit + 1)
    except Exception:  # encrypted, damaged, or packed in a way that Python does not know
        return b""


def _limited(path: Path, limit: int) -> bytes | None:
    try:
        return path.read_bytes() if path.stat().st_size <= limit else None
    except OSError:
        return None


def _picture(content: bytes | None) -> Image.Image | None:
    try:
        return None if content is None else read_picture(content)
    except ImageError:
        return None
