"""Flags, ports, and what is said when the page cannot start."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from app.__main__ import PORTS, bind, main, parser
from app.service.search import SearchService
from nhl.codes import check_lengths


def test_the_port_comes_from_the_flag_else_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRADIO_SERVER_PORT", raising=False)
    assert parser().parse_args([]).port is None
    monkeypatch.setenv("GRADIO_SERVER_PORT", "8123")
    assert parser().parse_args([]).port == 8123
    assert parser().parse_args(["--port", "8124"]).port == 8124


@pytest.mark.parametrize(
    ("flag", "value", "most"),
    [("--port", "99999", 65535), ("--port", "-1", 65535), ("--requests-per-minute", "-1", 10**9)],
)
def test_numbers_out_of_range_are_said(
    flag: str, value: str, most: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([f"{flag}={value}"])
    told = f"argument {flag}: must be a whole number from 0 to {most} but got '{value}'"
    assert capsys.readouterr().err.splitlines()[-1].endswith(told)


def test_the_first_free_port_is_taken() -> None:
    with bind("127.0.0.1", None) as first:
        first.listen()
        with bind("127.0.0.1", None) as second:
            ports = first.getsockname()[1], second.getsockname()[1]
    assert ports[0] < ports[1]
    assert set(ports) <= set(PORTS)


def test_answers_leave_at_once() -> None:
    with bind("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP  # asyncio then turns Nagle's algorithm off


def test_a_taken_port_is_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_SERVER_NAME", "127.0.0.1")
    with bind("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            bind("127.0.0.1", port)
        assert main(["--port", str(port)]) == 2
    assert f"port {port} of 127.0.0.1 cannot be had" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", ["--checkpoint", "--gallery"])
def test_a_missing_folder_is_said(
    wrong: str, tmp_path: Path, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--checkpoint", str(tiny_checkpoint), "--port", "0", wrong, str(tmp_path / "nowhere")]
    assert main(arguments) == 2
    shown = capsys.readouterr().err
    assert "nowhere" in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda *_: Path("nowhere").read_bytes(), "nowhere does not exist\n"),
        (lambda *_: check_lengths([12]), "`lengths` must be positive multiples of 8 but got 12\n"),
    ],
)
def test_a_mistake_is_one_sentence(
    wrong: Callable[..., object],
    told: str,
    tiny_checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(SearchService, "open", wrong)
    assert main(["--checkpoint", str(tiny_checkpoint), "--port", "0"]) == 2
    assert capsys.readouterr().err == told


def test_a_mistake_that_the_page_finds_is_one_sentence_too(
    tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FRAME_ANCESTORS", "*")
    assert main(["--checkpoint", str(tiny_checkpoint), "--port", "0"]) == 2
    shown = capsys.readouterr().err
    assert re.search(r"(^|\n)`FRAME_ANCESTORS` must hold addresses [^\n]+\n$", shown)
    assert "Traceback" not in shown


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        (lambda *_: int("many"), ValueError),
        (lambda *_: np.zeros(2) + np.zeros(3), ValueError),
        (lambda *_: {}["nothing"], KeyError),
        (lambda *_: import_module("app.nowhere"), ModuleNotFoundError),
    ],
)
def test_an_error_of_the_program_is_not_the_users(
    wrong: Callable[..., object],
    kind: type[Exception],
    tiny_checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(SearchService, "open", wrong)
    with pytest.raises(kind):
        main(["--checkpoint", str(tiny_checkpoint), "--port", "0"])


def test_a_missing_package_is_said(tiny_checkpoint: Path) -> None:
    code = (
        "import sys; sys.modules['gradio'] = None; from app.__main__ import main; "
        "sys.exit(main(['--checkpoint', sys.argv[1], '--port', '0']))"
    )
    command = [sys.executable, "-c", code, str(tiny_checkpoint)]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 2
    assert "the page needs the package gradio" in done.stderr
    assert "`pip install -r requirements.txt`" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGINT for one process")
def test_control_c_stops_it_without_a_word(tiny_checkpoint: Path) -> None:
    command = [sys.executable, "-m", "app", "--checkpoint", str(tiny_checkpoint), "--port", "0"]
    listening = lambda: signal.signal(signal.SIGINT, signal.default_int_handler)  # noqa: E731 - may be ignored
    server = subprocess.Popen(
        command,
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=listening,
    )
    assert server.stdout is not None
    assert server.stdout.readline().startswith("The page is ready at http://127.0.0.1:")
    server.send_signal(signal.SIGINT)
    _, errors = server.communicate(timeout=20)
    assert server.returncode == 0
    assert "Traceback" not in errors
