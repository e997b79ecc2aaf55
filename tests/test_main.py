"""The command line as a user types it."""

import json
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from fragments import fragments

from nhl.__main__ import _parser, main
from nhl.commands import output
from nhl.data.augmentation import AUGMENTATIONS
from nhl.losses import LOSSES
from nhl.weighting import WEIGHTINGS

ROOT = Path(__file__).parents[1]

COMMANDS = [
    ["train"],
    ["average"],
    ["evaluate"],
    ["compare"],
    ["gallery"],
    ["gallery", "build"],
    ["gallery", "encode"],
    ["search"],
]


@pytest.mark.parametrize("command", [[], *COMMANDS])
def test_help_of_every_command(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([*command, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert "usage: python -m nhl" in text
    assert re.search(r"\n\n[A-Z][^\n]*\.\n\n", text)  # what it does, in a sentence
    assert not re.search(r"\(default:\s+(None|\{\}|\[\]|)\)", text)


def test_help_makes_sense_by_itself() -> None:
    assert not fragments(_parser([]))


def test_help_gives_several_values_as_they_are_typed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["compare", "--help"])
    assert "code lengths in bits (default: 8 16 32 64 128)" in capsys.readouterr().out


def test_train_explains_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "--frozen-stages FROZEN_STAGES first stages of the backbone that do not learn" in text
    assert (
        "for data that know which pictures show the same instance (default: 0.0)" in text
    )  # explained in two lines
    for option, names in (("loss", LOSSES), ("weighting", WEIGHTINGS), ("augment", AUGMENTATIONS)):
        told = re.search(f" --{option} {option.upper()} (.*?) --", text)
        assert told
        assert set(names) <= set(re.findall(r"\w+", told[1]))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--batch-size", "1"], "error: `--batch-size` must be a whole number of at least 2 but got 1"),
        (
            ["--validation-fraction", "0.001"],
            "error: `--validation-fraction` 0.001 of each class rounds to no",
        ),
        (["--loss", "dch", "--levels", "1"], "error: `--mixup-alpha` must be 0 with `--levels` but got 0.2"),
    ],
)
def test_mistakes_in_training_are_told_in_the_words_of_the_options(
    options: list[str], told: str, tiny_gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = ["--backbone", "test_efficientnet.r160_in1k", "--no-pretrained", "--size", "32", "--views", "1"]
    data = ["--data", f"emoji:{tiny_gallery}", "--to", str(tmp_path / "run")]
    assert main(["train", *data, *small, *options]) == 2
    assert told in capsys.readouterr().err


def test_a_warning_is_a_sentence_and_others_keep_their_place() -> None:
    before = warnings.formatwarning
    with output.warn_in_one_line():
        assert (
            warnings.formatwarning("two are left out", UserWarning, "a.py", 1)
            == "warning: two are left out\n"
        )
        assert "a.py:1: RuntimeWarning: overflow" in warnings.formatwarning(
            "overflow", RuntimeWarning, "a.py", 1
        )
    assert warnings.formatwarning is before


def test_train_evaluate_search(
    tiny_gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One epoch through the front door; what is learnt is tested elsewhere."""
    data, folder = f"emoji:{tiny_gallery}", str(tmp_path / "run")
    small = ["--backbone", "test_efficientnet.r160_in1k", "--no-pretrained", "--size", "32", "--views", "1"]
    assert (
        main(["train", "--to", folder, "--data", data, "--epochs", "1", "--lengths", "8", "32", *small]) == 0
    )
    assert f"checkpoint written to {folder}" in capsys.readouterr().out
    assert (
        main(["train", "--to", folder, "--data", data, "--epochs", "1", "--lengths", "8", "32", *small]) == 2
    )
    assert f"error: `--to` {folder} holds a finished checkpoint" in capsys.readouterr().err

    assert main(["evaluate", "--checkpoint", folder, "--data", data, "--json", "--save"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert set(answer["lengths"]) == {"8", "32"}
    assert 0 < answer["lengths"]["8"]["map"] <= 1
    assert json.loads((tmp_path / "run" / "evaluation.json").read_text()) == answer

    copy = tmp_path / "copy.db"
    copy.write_bytes(tiny_gallery.read_bytes())
    picture = tmp_path / "photo.png"
    from drawings import draw

    draw("red", 0).save(picture)
    search = ["search", str(copy), str(picture), "--checkpoint", folder, "--bits", "32", "--top", "3"]
    assert main([*search, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [result["rank"] for result in answer["results"]] == [1, 2, 3]
    assert answer["results"][0]["distance"] == 0  # the gallery holds this very drawing
    assert (tmp_path / "copy.codes.safetensors").is_file()
    assert main(search) == 0
    assert capsys.readouterr().out.startswith("   1     0  ")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["evaluate", "--checkpoint", "nowhere"], "error: no checkpoint in nowhere"),
        (
            ["evaluate", "--checkpoint", "emoji", "--data", "emojis"],
            "unknown data set 'emojis'; choose from emoji",
        ),
        (["search", "nowhere.db", "a.png"], "error: no gallery at nowhere.db"),
        (
            ["train", "--to", "unused", "--lengths", "12"],
            "`--lengths` must be positive multiples of 8 but got 12",
        ),
    ],
)
def test_bad_input_is_one_line(command: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command) == 2
    shown = capsys.readouterr().err.splitlines()
    assert message in shown[-1]
    assert "Traceback" not in "".join(shown)


def test_no_mistake_waits_for_torch() -> None:
    code = (
        "import sys; from nhl.__main__ import main; "
        "assert main(['search', 'nowhere.db', 'a.png']) == 2; "
        "assert main(['gallery', 'add', 'nowhere', '--to', 'a.db']) == 2; "
        "sys.exit(' '.join({'torch', 'timm', 'numba'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
