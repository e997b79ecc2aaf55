"""`python -m nhl evaluate` as a user types it."""

import csv
import json
import re
import sys
from pathlib import Path

import pytest

from nhl.__main__ import main
from nhl.evaluation import levels


def test_every_answer_at_once(
    tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    scores, curves, picture = (tmp_path / name for name in ("scores.csv", "curves.csv", "curves.svg"))
    command = ["evaluate", "--checkpoint", str(tiny_checkpoint)]
    command += ["--data", f"emoji:{tiny_checkpoint / 'gallery.db'}", "--top", "10", "--at", "1", "5"]
    files = ["--csv", str(scores), "--curve", str(curves), "--plot", str(picture)]
    assert main([*command, *files, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert list(answer) == ["model", "protocol", "lengths", "mean_map", "curves"]
    assert answer["protocol"].endswith("; here mAP over the first 10")
    assert set(answer["lengths"]["8"]) >= {
        "map",
        "p@1",
        "p@10",
        "recall@5",
        "recall@100",
        "hit@5",
        "p@radius2",
    }
    assert [len(curve["recall"]) for curve in answer["curves"].values()] == [9, 17, 33, 65, 129]
    with scores.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["bits"]: float(row["map"]) for row in rows} == {
        length: figures["map"] for length, figures in answer["lengths"].items()
    }
    assert len(curves.read_text().splitlines()) == 1 + 9 + 17 + 33 + 65 + 129
    assert "</svg>" in picture.read_text()

    assert main([*command, "--top", "all", "--unreadable", "skip"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[1].split() == ["bits", "8", "16", "32", "64", "128"]
    assert [line.split()[0] for line in shown[2:5]] == ["map", "p@1", "p@5"]
    assert "here mAP" not in shown[0]
    assert shown[-1].startswith("mean mAP ")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            ["--csv", "nowhere/a.csv"],
            "`--csv` must lie in a folder that exists and can be written but got nowhere/a.csv",
        ),
        (["--plot", "a.gif"], "`--plot` must end in .png or .svg but got a.gif"),
        (["--curve", "nhl"], "`--curve` must be a file but nhl is a folder"),
        (["--plot", "a.png"], "`plot` needs matplotlib, which is not installed: pip install matplotlib"),
    ],
)
def test_bad_files_are_refused_first(
    more: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["evaluate", "--checkpoint", "nowhere", *more]) == 2
    assert capsys.readouterr().err == f"error: {message}\n"


@pytest.mark.parametrize("flag", ["--top", "--at"])
@pytest.mark.parametrize("value", ["0", "-3", "1.5", "some"])
def test_ranks_are_whole_numbers(flag: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["evaluate", "--checkpoint", "nowhere", f"{flag}={value}"])
    assert f"must be a whole number from 1 but got '{value}'" in capsys.readouterr().err


def test_help_explains_every_figure(tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["evaluate", "--checkpoint", str(tiny_checkpoint), "--json"]
    assert main([*command, "--data", f"emoji:{tiny_checkpoint / 'gallery.db'}"]) == 0
    figures = {*json.loads(capsys.readouterr().out)["lengths"]["8"], *_further_figures()}
    with pytest.raises(SystemExit, match="0"):
        main(["evaluate", "--help"])
    words = set(capsys.readouterr().out.replace(",", " ").split())
    told = {re.sub(r"\d+$", "K", name) if name[-3:] in ("@10", "100") else name for name in figures}
    assert told - {"same@K"} <= words | {f"macro_{word}" for word in words}
    assert "same@10" in words


def _further_figures() -> set[str]:
    """The names in the code that scores levels and photographs."""
    source = Path(levels.__file__).read_text()
    return set(re.findall(r'"((?:\w+_at_1[02]|map_\w+|photo_\w+|distinct_codes))"', source))
