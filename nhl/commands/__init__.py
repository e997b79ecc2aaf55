"""The commands of `python -m nhl`, one a file: `add(commands)` declares one, and its `run` does it."""

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tqdm import tqdm

from nhl.model.shipped import EMOJI, GALLERY, shipped

if TYPE_CHECKING:
    from nhl.data import Protocol


class Formatter(argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter):
    """Help that keeps its lines and names the defaults, but for those that say nothing, such as None."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        default = action.default
        off = default is False and not isinstance(action, argparse.BooleanOptionalAction)
        if default is None or off or default in ("", [], {}):
            return action.help
        if isinstance(default, list | tuple):  # as they are typed
            return f"{action.help} (default: {' '.join(map(str, default))})"
        return super()._get_help_string(action)


def declare(commands: Any, name: str, text: str, **more: Any) -> Any:
    """The parser of a command: `text` is its line in the list of commands, and the first line of its own help."""
    sentence = f"{text[0].upper()}{text[1:]}."
    return commands.add_parser(name, help=text, description=sentence, formatter_class=Formatter, **more)


class Parser(argparse.ArgumentParser):
    """A parser that answers a mistake in one line, and says where the options are told."""

    def error(self, message: str) -> NoReturn:
        """End with status 2."""
        self.exit(2, f"error: {message}; `{self.prog} --help` tells the options\n")


def whole_number(least: int) -> Callable[[str], int]:
    """The type of an option that is a whole number of at least `least`."""

    def number(text: str) -> int:
        try:
            if (found := int(text)) >= least:
                return found
        except ValueError:
            pass
        raise argparse.ArgumentTypeError(f"must be a whole number from {least} but got {text!r}")

    return number


@contextmanager
def bar(title: str, unit: str = "it") -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error, moved by calls of (done, total); none before the first."""
    shown: tqdm[NoReturn] | None = None

    def move(done: int, total: int) -> None:
        nonlocal shown
        if shown is None:
            shown = tqdm(desc=title, unit=unit, file=sys.stderr)
        shown.total = total
        shown.n = done
        shown.refresh() if done == total else shown.update(0)

    try:
        yield move
    finally:
        if shown is not None:
            shown.close()


def gallery_file(text: str) -> Path:
    """A gallery as a command names it: its file, or `emoji` for the one that comes with the library."""
    return Path(text) if text != EMOJI or Path(text).exists() else _shipped() / GALLERY


def model_folder(text: str) -> Path:
    """A model as a command names it: its folder, or `emoji` for the one that comes with the library."""
    return Path(text) if text != EMOJI or Path(text).exists() else _shipped()


def _shipped() -> Path:
    try:
        return shipped(EMOJI)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def add_unreadable(parser: argparse.ArgumentParser) -> None:
    """Declare what is done about pictures that cannot be read."""
    parser.add_argument(
        "--unreadable",
        choices=["refuse", "skip", "trust"],
        help="pictures that cannot be read: stop before the work begins, leave them out, or do not look; "
        "by default refuse for folder and list, else trust",
    )


def check_bits(bits: int, checkpoint: Path) -> None:
    """Refuse a code length that the model does not have, in the words of the option.

    Raises:
        ValueError: if it is none.
    """
    from nhl.model.checkpoint import read_config

    longest = read_config(checkpoint).lengths[-1]
    if bits % 8 or not 8 <= bits <= longest:
        raise ValueError(f"`--bits` must be a multiple of 8 from 8 to {longest} but got {bits}")


def check_target(path: Path, folder: bool = False) -> None:
    """Refuse a file to write, or a folder, the option `--to`, that could not be made, before the time for it is spent.

    Raises:
        ValueError: if it is the other of the two, or what should be a folder above it is a file.
        PermissionError: if the folder that it would lie in may not be written.
    """
    if path.exists() and path.is_dir() != folder:
        kinds = ("folder", "file") if folder else ("file", "folder")
        raise ValueError(f"`--to` must be a {kinds[0]} but {path} is a {kinds[1]}")
    there = path if path.is_dir() else next(above for above in path.absolute().parents if above.exists())
    if not there.is_dir():
        raise ValueError(f"`--to` {path} must lie in a folder but {there} is a file")
    if not os.access(there, os.W_OK):
        raise PermissionError(f"`--to` {path} cannot be made: {there} may not be written")


@contextmanager
def in_words_of_options(flags: Mapping[str, str]) -> Iterator[None]:
    """Let a `ValueError` that names an argument, `batch_size`, name the option that sets it, `--batch-size`."""
    try:
        yield
    except ValueError as error:
        known = re.compile(f"`({'|'.join(flags)})`")
        said = known.sub(lambda found: f"`{flags[found[1]]}`", str(error))
        if said == str(error):
            raise
        raise ValueError(said) from error


def protocol(options: argparse.Namespace) -> "Protocol":
    """The data set of a command with `--data` and `--unreadable`; a bar shows while its pictures are looked at."""
    from nhl.data import load_protocol

    with bar("Looking at pictures") as progress:
        return load_protocol(options.data, options.unreadable, progress)
