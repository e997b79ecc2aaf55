"""A user's mistake is one sentence; an error of the program shows where it lies."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from nhl.__main__ import REPORT, main
from nhl.codes import check_lengths
from nhl.commands import gallery, in_words_of_options, search, train
from nhl.mistakes import is_users

Capture = pytest.CaptureFixture[str]


def of_numpy() -> None:
    np.zeros(2) + np.zeros(3)


def of_the_standard_library() -> None:
    import_module("json").loads("{")


def of_arithmetic() -> None:
    1 / len("")


def within_words_of_options() -> None:
    with in_words_of_options({"lengths": "--lengths"}):
        of_numpy()


@pytest.mark.parametrize(
    "wrong",
    [
        of_numpy,
        of_the_standard_library,
        of_arithmetic,
        within_words_of_options,
        lambda: int("many"),
        lambda: import_module("nhl.nowhere"),
        lambda: {}["nothing"],
    ],
)
def test_an_error_of_the_program_shows_its_traceback(
    wrong: Callable[[], object], monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(search, "_check", lambda options: wrong())
    assert main(["search", "a.db", "b.png"]) == 1
    shown = capsys.readouterr().err
    assert shown.startswith("Traceback (most recent call last):\n")
    assert shown.endswith(f"\n{REPORT}\n")
    assert "error: " not in shown.splitlines()


def test_a_call_into_c_from_a_line_of_the_package_is_not_the_users() -> None:
    """Its traceback ends in the package as that of a `raise` does."""
    with pytest.raises(ValueError, match="invalid literal") as error:
        eval("int('many')", {"__name__": "nhl.codes"})
    assert not is_users(error.value)


def _out_of_memory() -> None:
    raise MemoryError("Unable to allocate 8 TiB")


def _within_words_of_options() -> None:
    with in_words_of_options({"lengths": "--lengths"}):
        check_lengths([12])


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda: check_lengths([12]), "error: `lengths` must be positive multiples of 8 but got 12\n"),
        (_within_words_of_options, "error: `--lengths` must be positive multiples of 8 but got 12\n"),
        (lambda: Path("nowhere").read_bytes(), "error: nowhere does not exist\n"),
        (lambda: Path("nhl").read_bytes(), "error: nhl cannot be read or written (Is a directory)\n"),
        (
            lambda: Path("pyproject.toml/a").read_bytes(),
            "error: pyproject.toml/a cannot be read or written (Not a directory)\n",
        ),
        (lambda: import_module("no_such_package"), "error: No module named 'no_such_package'\n"),
        (_out_of_memory, "error: Unable to allocate 8 TiB\n"),
    ],
)
def test_a_mistake_is_one_sentence(
    wrong: Callable[[], object], told: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(search, "_check", lambda options: wrong())
    assert main(["search", "a.db", "b.png"]) == 2
    assert capsys.readouterr().err == told


def test_only_commands_that_go_on_promise_to(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    @contextmanager
    def stop(*_: object, **__: object) -> Iterator[None]:
        raise KeyboardInterrupt
        yield

    def stopped(options: argparse.Namespace) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "_train", stopped)
    monkeypatch.setattr(gallery, "bar", stop)
    monkeypatch.setattr(search, "_check", stopped)
    more = "; the same command goes on from here"
    for command, promise in (
        (["train", "--to", "unused"], more),
        (["gallery", "add", "nowhere", "--to", "unused.db"], more),
        (["gallery", "build", "emoji", "--to", "unused.db"], ""),
        (["search", "a.db", "b.png"], ""),
    ):
        assert main(command) == 130
        assert capsys.readouterr().err == f"stopped{promise}\n"
