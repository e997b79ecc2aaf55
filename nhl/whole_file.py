"""Files that appear complete or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A path to write to, with the same ending; the file takes its own place when that is done.

    If writing fails or is interrupted, what stood there before still stands.

    Raises:
        OSError: of the kind that writing it raised.
    """
    partial = path.with_name(f".partial-{os.getpid()}-{path.name}")
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
