"""Commands that do not train never load torch, nor do mistakes, help and the version."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import nhl
from nhl.__main__ import main

ROOT = Path(__file__).parents[2]
HEAVY = "{'torch', 'torchvision', 'timm', 'gradio', 'faiss', 'matplotlib', 'pyarrow', 'clickhouse_connect'}"
# As `python -m nhl` does it, and then what was loaded on a line of its own.
RUN = f"""
import sys
from nhl.__main__ import main
try:
    status = main(sys.argv[1:])
except SystemExit as stop:
    status = stop.code
print(chr(10) + 'loaded:', *sorted({HEAVY} & set(sys.modules)))
sys.exit(status)
"""


def run(*arguments: str) -> tuple[int, str, str]:
    """Exit status, what was printed, and errors of a command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["--help"], 0, "search .* find the nearest pictures"),
        (["--version"], 0, rf"^nhl {re.escape(nhl.__version__)}$"),
        (["search", "--help"], 0, "--engine {nested,clickhouse}"),
        (["train", "--help"], 0, "--epochs EPOCHS"),
        (["gallery", "list", "--help"], 0, "the gallery file"),
        (["search", "a.db", "b.png", "--nope"], 2, "unrecognized arguments: --nope"),
        (["search", "a.db", "b.png", "--bits", "many"], 2, "invalid int value: 'many'"),
        (["serch"], 2, "invalid choice: 'serch'"),
        ([], 2, "the following arguments are required: COMMAND"),
        (["search", "nowhere.db", "b.png"], 2, "error: no gallery at nowhere.db"),
        (["export", "--checkpoint", "nowhere", "--to", "a.xml"], 2, "error: no checkpoint in nowhere"),
        (
            ["export", "--checkpoint", "emoji", "--to", "a.xml", "--pictures", "nowhere"],
            2,
            "error: there is no folder nowhere",
        ),
    ],
)
def test_help_and_mistakes_load_nothing_heavy(arguments: list[str], status: int, told: str) -> None:
    code, output, errors = run(*arguments)
    assert code == status
    assert re.search(told, output if status == 0 else errors, re.MULTILINE)
    assert output.endswith("\nloaded:\n")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--loss", "cqs"], "argument --loss: invalid choice: 'cqs'"),
        (["--lengths", "12"], "`--lengths` must be positive multiples of 8 but got 12"),
        (
            ["--device", "gpu"],
            "argument --device: must be as torch says it, such as cpu or cuda:1, but got 'gpu'",
        ),
        (["--constants", "3"], "argument --constants: must be JSON"),
        (["--constants", "{"], "argument --constants: must be JSON"),
        (
            ["--constants", '{{"nope": 1}}'],
            "unknown constant 'nope' of orthohash in `--constants`; choose from margin, scale, smoothing, seed",
        ),
        (
            ["--loss", "dsh", "--mixup-alpha", "0", "--constants", '{{"scale": 0}}'],
            "'scale' of dsh in `--constants` must be a number of at least 1, or null, but got 0",
        ),
        (
            ["--weighting", "static"],
            "'weights' of static in `--weighting-constants` must be a number from 0 for each length, not all 0, but got None",
        ),
        (["--backbone", "lite9"], "unknown backbone 'lite9'; `timm.list_models()` gives the choices"),
        (["--frozen-stages", "8"], "`--frozen-stages` must be from 0 to 7 but got 8"),
        (["--data", "emojis"], "unknown data set 'emojis'"),
        (["--start", "runs/none"], "no checkpoint in runs/none"),
        (["--start", "{checkpoint}"], "`--start` must be a checkpoint of tf_efficientnet_lite0, but"),
        (["--to", "{checkpoint}"], "holds a finished checkpoint: name another, or delete it"),
        (["--to", "pyproject.toml"], "`--to` must be a folder but pyproject.toml is a file"),
        (["--data", "emoji:{gallery}", "--levels", "1"], "`--mixup-alpha` must be 0 with `--levels`"),
        (
            ["--data", "emoji:{gallery}", "--levels", "1", "--mixup-alpha", "0"],
            "`--levels` must be 0 for 'emoji:",
        ),
        (
            ["--data", "emoji:{gallery}", "--validation-fraction", "0.001"],
            "of each class rounds to no picture",
        ),
    ],
)
def test_mistakes_in_training_are_told_before_torch_is_loaded(
    options: list[str], told: str, tiny_checkpoint: Path
) -> None:
    places = {"checkpoint": tiny_checkpoint, "gallery": tiny_checkpoint / "gallery.db"}
    given = [option.format(**places) if "}" in option else option for option in options]
    code, output, errors = run("train", "--to", "unused", *given)
    assert code == 2
    assert told in errors.splitlines()[-1]
    assert output.endswith("\nloaded:\n")
    assert not (ROOT / "unused").exists()


def test_searching_listing_and_verifying_load_no_torch(tiny_checkpoint: Path) -> None:
    """Not even at the very first search, which has the network converted in another process."""
    gallery, picture = str(tiny_checkpoint / "gallery.db"), str(ROOT / "docs" / "page.png")
    commands = [
        ["search", gallery, picture, "--top", "1"],
        ["gallery", "list", gallery],
        ["gallery", "verify", gallery],
    ]
    for command in commands:
        code, output, errors = run(*command)
        assert code == 0, errors
        assert output.endswith("\nloaded:\n")


def test_torch_would_be_found() -> None:
    """The check above can fail: a mistake that only torch knows does load it."""
    _, output, _ = run("train", "--to", "unused", "--device", "cuda:99")
    assert "loaded: timm torch" in output


@pytest.mark.parametrize(
    ("typed", "shown"), [("/usr/bin/nhl", "nhl"), ("nhl.exe", "nhl"), ("nhl/__main__.py", "python -m nhl")]
)
def test_usage_names_what_was_typed(
    typed: str, shown: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [typed, "search", "--help"])
    with pytest.raises(SystemExit):
        main()
    assert capsys.readouterr().out.startswith(f"usage: {shown} search ")
