"""The commands of `python -m nhl`, one a file: `add(commands)` declares one, and its `run` does it."""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm


class Formatter(argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter):
    """Help that keeps its lines and names the defaults."""


@contextmanager
def bar(title: str, unit: str = "it") -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error, moved by calls of (done, total)."""
    with tqdm(desc=title, unit=unit, file=sys.stderr) as shown:

        def move(done: int, total: int) -> None:
            shown.total = total
            shown.n = done
            shown.refresh() if done == total else shown.update(0)

        yield move
