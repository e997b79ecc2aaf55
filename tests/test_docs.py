"""The examples in README and docs run as they stand; only the training is made small."""

import re
import shlex
from pathlib import Path

import pytest
from drawings import COLOURS, draw

from app.__main__ import parser as app_parser
from nhl.__main__ import main

ROOT = Path(__file__).parents[1]
SMALL = [
    "--backbone",
    "test_efficientnet.r160_in1k",
    "--no-pretrained",
    "--size",
    "32",
    "--views",
    "1",
    "--epochs",
    "1",
]
NEEDS = {".onnx": "onnx", ".parquet": "pyarrow"}


def blocks(page: Path) -> list[tuple[int, str, str]]:
    """The fenced blocks of a page: line, language, content."""
    text = page.read_text(encoding="utf-8")
    found = re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(text[: m.start()].count("\n") + 1, m[1], m[2]) for m in found]


def run_python(page: Path, line: int, content: str, names: dict[str, object]) -> None:
    exec(compile("\n" * line + content, str(page), "exec"), names)  # errors name the line of the page


def run_command(line: str) -> None:
    _, _, module, *arguments = shlex.split(line, comments=True)
    if module == "app":
        app_parser().parse_args(arguments)
        return
    assert module == "nhl"
    for ending, package in NEEDS.items():
        if any(argument.endswith(ending) for argument in arguments):
            try:
                __import__(package)
            except ImportError:
                return
    assert main([*arguments, *(SMALL if arguments[0] == "train" else [])]) == 0, line


@pytest.fixture
def place(tmp_path: Path, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the examples suppose."""
    for colour in COLOURS:
        (tmp_path / "photos" / colour).mkdir(parents=True)
        for n in range(4):
            draw(colour, n).save(tmp_path / "photos" / colour / f"{n}.png")
    draw("red", 0).save(tmp_path / "photos" / "red" / "0.png")
    for name in ("photo.jpg", "a.jpg", "b.png"):
        draw("red", 0).save(tmp_path / name)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "emoji").symlink_to(tiny_checkpoint)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_examples_run(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, names = ROOT / "docs" / "EXAMPLES.md", {"__name__": "examples"}
    found = blocks(page)
    assert {language for _, language, _ in found} == {"", "python"}
    for line, language, content in found:
        if language == "python":
            run_python(page, line, content, names)
        else:
            for command in content.splitlines():
                run_command(command)
    assert (place / "mine.xml").exists()
    assert (place / "found.png").exists()
    assert "bits keep 99 % of the quality" in capsys.readouterr().out


def test_the_readme_runs(place: Path) -> None:
    """But for what needs a page that is up."""
    page, names = ROOT / "README.md", {"__name__": "readme"}
    found = [block for block in blocks(page) if block[1] == "python" and "gradio_client" not in block[2]]
    assert found
    for line, _, content in found:
        run_python(page, line, content, names)
