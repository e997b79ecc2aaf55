"""Every option of every command with a value that is wrong: one line that names it, before torch is loaded."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from drawings import draw

from nhl.__main__ import _parser, main
from nhl.gallery.folder import add_folder

ROOT = Path(__file__).parents[2]
# What a command is given beside the wrong value: its positional arguments by name, and options.
GIVEN: dict[str, dict[str, str]] = {
    "train": {"--to": "new", "--data": "emoji:{gallery}"},
    "average": {"checkpoints": "{model}", "--to": "new"},
    "evaluate": {"--checkpoint": "{model}", "--data": "emoji:{gallery}"},
    "compare": {"--to": "new.json", "--data": "emoji:{gallery}"},
    "gallery build": {"name": "emoji", "--to": "new.db", "--packages": "{folder}"},
    "gallery add": {"folder": "{folder}", "--to": "new.db", "--checkpoint": "{model}"},
    "gallery encode": {"gallery": "{gallery}"},
    "gallery list": {"gallery": "{gallery}"},
    "gallery remove": {"gallery": "{grown}", "paths": "{picture}"},
    "gallery verify": {"gallery": "{gallery}"},
    "gallery export": {"gallery": "{gallery}", "--to": "new.npz"},
    "search": {"gallery": "{gallery}", "image": "{picture}"},
    "advise": {"gallery": "{gallery}"},
    "export": {"--checkpoint": "{model}", "--to": "new.xml"},
}
NO_MODEL = ("runs/none", "no checkpoint in runs/none: there is no such folder; train one with")
NO_GALLERY = ("none.db", "no gallery at none.db: make one with")
NO_DATA = ("emojis", "unknown data set 'emojis'; choose from emoji, ")
COUNT, SHARE, CHOICE = "0", "1.5", "other"
# A wrong value, and what the line says of it; by default the option's name.
WRONG: dict[str, dict[str, str | tuple[str, str]]] = {
    "train": {
        "--to": ("{picture}", "`--to` must be a folder but {picture} is a file"),
        "--device": "gpu",
        "--unreadable": CHOICE,
        "--data": NO_DATA,
        "--start": NO_MODEL,
        "--lengths": "12",
        "--rounds": COUNT,
        "--size": COUNT,
        "--epochs": COUNT,
        "--batch-size": "1",
        "--validate-every": COUNT,
        "--ema-decay": SHARE,
        "--validation-fraction": SHARE,
        **dict.fromkeys(("--loss", "--weighting", "--fit", "--precision", "--augment"), CHOICE),
        **dict.fromkeys(("--constants", "--weighting-constants"), "3"),
        "--level-weights": '{{"class": 1}}',
        **dict.fromkeys(("--eval-size", "--frozen-stages", "--views", "--seed"), "-1"),
        **dict.fromkeys(("--distillation", "--central", "--instances", "--levels", "--warmup"), "-1"),
        **dict.fromkeys(("--head-lr", "--backbone-lr", "--weight-decay", "--mixup-alpha"), "nan"),
        "--clip-grad-norm": "0",
    },
    "average": {
        "checkpoints": ("{model}", "`DIR` must be two or more but got 1"),
        "--to": ("{picture}", "`--to` must be a folder but {picture} is a file"),
    },
    "evaluate": {
        "--checkpoint": NO_MODEL,
        "--data": NO_DATA,
        "--top": COUNT,
        "--at": COUNT,
        "--unreadable": CHOICE,
        "--csv": "none/a.csv",
        "--curve": "{folder}",
        "--plot": "a.gif",
    },
    "compare": {
        "--to": ("{picture}", "`--to` {picture} is damaged or no result of a comparison"),
        "--data": NO_DATA,
        "--lengths": "12",
        "--hidden": "-1",
        "--cache": "{picture}",
        **dict.fromkeys(("--losses", "--modes", "--fit", "--precision"), CHOICE),
        **dict.fromkeys(("--seeds", "--epochs", "--batch-size", "--size", "--views", "--workers"), COUNT),
        "--splits": COUNT,
        "--backbone-lr": "0.1",  # without --tune
        **dict.fromkeys(("--lr", "--weight-decay", "--distillation"), "-1"),
        **dict.fromkeys(("--dropout", "--validation-fraction"), SHARE),
    },
    "gallery build": {
        "name": CHOICE,
        "--to": ("{folder}", "`--to` must be a file but {folder} is a folder"),
        "--packages": ("none", "none/emoji-datasource-google-16.0.0.tgz is missing"),
        "--seed": "x",
    },
    "gallery add": {
        "folder": ("{picture}", "{picture} is a file: give the folder that it lies in"),
        "--to": ("{folder}", "{folder} is a folder: give a file in it"),
        "--checkpoint": NO_MODEL,
        "--labels": ("none.csv", "the file of labels none.csv does not exist"),
    },
    "gallery encode": {"gallery": NO_GALLERY, "--checkpoint": NO_MODEL},
    "gallery list": {"gallery": ("{folder}", "{folder} is a folder: give a gallery file")},
    "gallery remove": {"gallery": NO_GALLERY, "paths": ("other.png", "holds no picture from ")},
    "gallery verify": {"gallery": ("{picture}", "{picture} is no gallery or is damaged")},
    "gallery export": {
        "gallery": NO_GALLERY,
        "--checkpoint": NO_MODEL,
        "--to": "a.txt",
        "--bits": "12",
    },
    "search": {
        "gallery": NO_GALLERY,
        "image": ("none.png", "The file 'none.png' does not exist"),
        "--checkpoint": NO_MODEL,
        "--bits": "12",
        "--top": COUNT,
        "--engine": CHOICE,
        "--show": "a.txt",
    },
    "advise": {"gallery": NO_GALLERY, "--checkpoint": NO_MODEL, "--queries": COUNT, "--seed": "-1"},
    "export": {
        "--checkpoint": NO_MODEL,
        "--to": "a.txt",
        "--pictures": ("none", "there is no folder none"),
    },
}
ASK_TORCH = {"train --backbone"}
"""Of which only torch's packages know what is right."""
# All commands in one process, which says of each its status, its errors and whether torch was loaded.
RUN = """
import contextlib, io, json, sys
from nhl.__main__ import main
for command in json.load(sys.stdin):
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(errors):
        try:
            status = main(command)
        except SystemExit as stop:
            status = stop.code
    print(json.dumps([status, errors.getvalue(), "torch" in sys.modules]))
"""


class Mistake(NamedTuple):
    """A command, an option with a wrong value, what else it is given, and what it says."""

    command: str
    option: str
    told: str
    arguments: list[str]


def mistakes(places: dict[str, Path]) -> Iterator[Mistake]:
    for command, wrong in WRONG.items():
        for option, found in wrong.items():
            value, told = found if isinstance(found, tuple) else (found, option)
            given = {**GIVEN[command], option: value}
            named = [text.format(**places) for name, text in given.items() if name[0] != "-"]
            for name, text in given.items():
                named += [f"{name}={text.format(**places)}"] if name[0] == "-" else []
            yield Mistake(command, option, told.format(**places), [*command.split(), *named])


def options(parser: argparse.ArgumentParser, command: tuple[str, ...] = ()) -> Iterator[str]:
    """`command option` of all that take a value."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                yield from options(inner, (*command, name))
        elif action.nargs != 0:
            yield " ".join((*command, [*action.option_strings, action.dest][0]))


@pytest.fixture(scope="module")
def places(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pictures")
    picture, grown = folder / "red.png", tmp_path_factory.mktemp("grown") / "my.db"
    draw("red", 0).save(picture)
    add_folder(grown, folder, tiny_checkpoint)
    gallery = tiny_checkpoint / "gallery.db"
    return {
        "model": tiny_checkpoint,
        "gallery": gallery,
        "folder": folder,
        "picture": picture,
        "grown": grown,
    }


def test_no_option_is_left_out() -> None:
    known = {f"{command} {option}" for command, wrong in WRONG.items() for option in wrong}
    assert set(options(_parser([]))) == known | ASK_TORCH


def test_each_mistake_is_one_line_that_names_the_option(places: dict[str, Path], tmp_path: Path) -> None:
    asked = list(mistakes(places))
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        input=json.dumps([mistake.arguments for mistake in asked]),
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(asked)
    for mistake, (status, errors, torch) in zip(asked, answers, strict=True):
        assert (status, torch) == (2, False), (mistake, errors)
        assert errors.startswith("error: "), (mistake, errors)
        assert errors.count("\n") == 1, (mistake, errors)
        assert mistake.told in errors, (mistake, errors)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "command",
    [
        ["train"],
        ["average", "{model}", "{model}"],
        ["compare"],
        ["gallery", "build", "emoji"],
        ["gallery", "export", "{gallery}"],
        ["export", "--checkpoint={model}"],
    ],
)
def test_a_folder_that_may_not_be_written_is_said_first(
    command: list[str],
    places: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: (Path(path), mode) != (tmp_path, os.W_OK))
    to = tmp_path / "new" / "new.npz"
    assert main([*(part.format(**places) for part in command), "--to", str(to)]) == 2
    assert capsys.readouterr().err == f"error: `--to` {to} cannot be made: {tmp_path} may not be written\n"
    assert not (tmp_path / "new").exists()


def test_tables_too(
    places: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    csv = tmp_path / "a.csv"
    assert main(["evaluate", "--checkpoint", str(places["model"]), "--csv", str(csv)]) == 2
    told = f"error: `--csv` must lie in a folder that exists and can be written but got {csv}\n"
    assert capsys.readouterr().err == told


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--frozen-stages", "99", "`--frozen-stages` must be from 0 to "),
        ("--device", "cuda:99", "`--device` must be one of this machine but got 'cuda:99'"),
    ],
)
def test_what_only_torch_knows_is_one_line_too(
    option: str, value: str, told: str, tiny_gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = ["--backbone", "test_efficientnet.r160_in1k", "--no-pretrained", "--size", "32"]
    data = ["--data", f"emoji:{tiny_gallery}", "--to", str(tmp_path / "run")]
    assert main(["train", *data, *small, option, value]) == 2
    assert capsys.readouterr().err.startswith(f"error: {told}")
