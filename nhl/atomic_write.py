"""Files that appear complete or not at all, also after a power failure."""

import glob
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ABANDONED = 600.0  # seconds without a change, after which a partial file is taken for abandoned
_FULL = ("No space left", "disk is full")  # in errors of libraries that hide the system's own


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A path to write to, with the same ending; the file takes its own place when that is done.

    If writing fails or is interrupted, what stood there before still stands. Once it has succeeded, the
    new content survives a power failure. What a killed process left is removed when the same file is next
    written.

    Raises:
        OSError: of the kind that writing it raised.
    """
    partial = path.with_name(f".partial-{os.getpid()}-{threading.get_ident()}-{path.name}")
    for left in path.parent.glob(f".partial-*-{glob.escape(path.name)}"):
        with suppress(OSError):  # another has removed it
            if time.time() - left.stat().st_mtime > ABANDONED:
                left.unlink()
    try:
        yield partial
        with partial.open("rb+") as written:
            os.fsync(written.fileno())
        partial.replace(path)
        _sync_folder(path.parent)
    except Exception as error:
        if not isinstance(error, OSError) and not any(mark in str(error) for mark in _FULL):
            raise
        kind = type(error) if isinstance(error, OSError) else OSError
        raise kind(
            f"{path} cannot be written ({error}): make room, or choose a place that can; "
            "what stood there still stands"
        ) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file that appears complete or not at all."""
    with atomic_write(path) as partial:
        partial.write_bytes(content)


def _sync_folder(folder: Path) -> None:
    """Make a new name in a folder durable, where the system can: Windows opens no folders."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
