"""What every benchmark's `--help` has in common."""

import argparse
from pathlib import Path

from nhl.commands import Formatter


def options_of(name: str, description: str | None, result: bool = True) -> argparse.ArgumentParser:
    """The parser of a benchmark, to which it adds its options.

    Args:
        name: as in `python -m benchmarks NAME`.
        description: of what it measures, the docstring of its module.
        result: whether it writes a result file.
    """
    found = argparse.ArgumentParser(
        prog=f"python -m benchmarks {name}", description=description, formatter_class=Formatter
    )
    if result:
        found.add_argument("--out", type=Path, help=f"result file; by default benchmarks/results/{name}.json")
    return found
