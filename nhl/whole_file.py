"""Files that appear complete or not at all."""

import glob
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ABANDONED = 600.0  # seconds without a change, after which nobody is writing any more


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A path to write to, with the same ending; the file takes its own place when that is done.

    If writing fails or is interrupted, what stood there before still stands. What a killed process left is
    removed when the same file is next written.

    Raises:
        OSError: of the kind that writing it raised.
    """
    partial = path.with_name(f".partial-{os.getpid()}-{path.name}")
    for left in path.parent.glob(f".partial-*-{glob.escape(path.name)}"):
        with suppress(OSError):  # another has removed it
            if time.time() - left.stat().st_mtime > ABANDONED:
                left.unlink()
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        raise type(error)(
            f"{path} cannot be written ({error}): make room, or choose a place that can; "
            "what stood there still stands"
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that appears complete or not at all."""
    with whole(path) as partial:
        partial.write_bytes(content)
