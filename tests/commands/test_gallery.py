"""A folder of pictures from the command line: add, search, advise, export, verify, remove."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from drawings import COLOURS, draw
from PIL import Image

from nhl.__main__ import main
from nhl.gallery import Item, write_gallery

ROOT = Path(__file__).parents[2]
Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for colour in COLOURS:
        (folder / colour).mkdir()
        for n in range(4):
            draw(colour, n).save(folder / colour / f"{n}.png")
    (folder / "empty.jpg").touch()
    return folder


@pytest.fixture(scope="module")
def gallery(photos: Path, tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("gallery") / "my.db")
    assert main(["gallery", "add", str(photos), "--to", path, "--checkpoint", str(tiny_checkpoint)]) == 0
    return path


def run(capsys: Capture, *command: object) -> str:
    capsys.readouterr()
    assert main([str(part) for part in command]) == 0
    return capsys.readouterr().out


def answer(capsys: Capture, *command: object) -> dict:
    return json.loads(run(capsys, *command, "--json"))


def test_add_again_says_what_is_unchanged(gallery: str, photos: Path, capsys: Capture) -> None:
    """Without --checkpoint: the gallery knows its own."""
    assert main(["gallery", "add", str(photos), "--to", gallery]) == 0
    shown = capsys.readouterr()
    assert shown.out == f"{gallery}: 0 added, 0 changed, 16 unchanged, 0 dropped, 1 unreadable\n"
    assert f"{photos}/empty.jpg: The file is empty." in shown.err
    report = answer(capsys, "gallery", "add", photos, "--to", gallery)
    assert report["unreadable"] == {f"{photos}/empty.jpg": "The file is empty."}
    assert report["unchanged"] == 16


def test_search(gallery: str, photos: Path, tmp_path: Path, capsys: Capture) -> None:
    picture, sheet = photos / "red" / "1.png", tmp_path / "sheet.png"
    command = ["search", gallery, picture, "--bits", 32, "--top", 20, "--show", sheet]
    found = answer(capsys, *command)
    assert found["length"] == 32
    assert len(found["results"]) == 16
    best = found["results"][0]
    assert (best["rank"], best["label"], best["distance"]) == (1, "red", 0)
    assert {str(picture)} <= {result["source"] for result in found["results"] if result["distance"] == 0}
    with Image.open(sheet) as image:
        assert image.width > 600
    assert run(capsys, *command).startswith("   1     0  /")


def test_search_by_the_other_engine(
    gallery: str, photos: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["search", gallery, photos / "red" / "1.png", "--bits", 16, "--top", 16]
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "clickhouse_connect", None)
        assert main([*map(str, command), "--engine", "clickhouse"]) == 2
    assert "error: the ClickHouse engine needs packages: pip install" in capsys.readouterr().err
    pytest.importorskip("clickhouse_connect", reason="clickhouse-connect is not installed")
    pytest.importorskip("chdb", reason="chdb, the embedded engine, is not installed")
    assert answer(capsys, *command, "--engine", "clickhouse") == answer(capsys, *command)


def test_advise(gallery: str, capsys: Capture) -> None:
    advice = answer(capsys, "advise", gallery)
    assert advice["measure"] == "mAP by label"
    assert [cost["length"] for cost in advice["costs"]] == [8, 16, 32, 64, 128]
    text = run(capsys, "advise", gallery)
    assert f"{advice['shortest']['95']} bits keep 95 % of the quality" in text


def test_advise_asks_held_out_pictures_where_there_are_any(tiny_checkpoint: Path, capsys: Capture) -> None:
    advice = answer(capsys, "advise", tiny_checkpoint / "gallery.db")
    assert (advice["queries"], advice["pictures"]) == (24, 72)


def test_list_and_export(gallery: str, photos: Path, tmp_path: Path, capsys: Capture) -> None:
    listed = answer(capsys, "gallery", "list", gallery)
    assert listed["labels"] == dict.fromkeys(sorted(COLOURS), 4)
    assert f"0\tblue\t{photos}/blue/0.png\n" in run(capsys, "gallery", "list", gallery)
    run(capsys, "gallery", "export", gallery, "--to", tmp_path / "codes.npz", "--bits", 16)
    with np.load(tmp_path / "codes.npz") as file:
        assert file["codes"].shape == (16, 2)
        assert file["ids"].tolist() == [picture["id"] for picture in listed["pictures"]]


def test_verify_remove_encode(
    gallery: str, photos: Path, tiny_checkpoint: Path, tmp_path: Path, capsys: Capture
) -> None:
    copy = tmp_path / "copy.db"
    copy.write_bytes(Path(gallery).read_bytes())
    assert run(capsys, "gallery", "remove", copy, photos / "red") == f"{copy}: 4 removed\n"
    assert run(capsys, "gallery", "verify", copy) == f"{copy} is intact: 12 pictures, 0 out of date\n"
    told = run(capsys, "gallery", "encode", copy)
    assert told == f"{copy} holds the codes of {tiny_checkpoint.resolve()}, 0 of them from thumbnails\n"
    connection = sqlite3.connect(copy)
    with connection:
        connection.execute("DELETE FROM codes WHERE item = 0")
    connection.close()
    assert main(["gallery", "verify", str(copy), "--json"]) == 2
    shown = capsys.readouterr()
    assert json.loads(shown.out)["problems"] == ["picture 0 has no code"]
    assert f"error: {copy} has 1 problem:" in shown.err
    run(capsys, "gallery", "encode", copy)
    run(capsys, "gallery", "verify", copy)


def test_export_of_the_network(tiny_checkpoint: Path, photos: Path, tmp_path: Path, capsys: Capture) -> None:
    to, pictures = tmp_path / "model.xml", photos / "red"
    command = ["export", "--checkpoint", tiny_checkpoint, "--to", to, "--pictures", pictures]
    check = answer(capsys, *command)
    assert check["pictures"] == 4
    assert check["equal"] >= 0.999


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["gallery", "add", "nowhere", "--to", "my.db"], "there is no folder nowhere"),
        (
            ["gallery", "list", "nowhere.db"],
            "no gallery at nowhere.db: make one with `python -m nhl gallery add`",
        ),
        (["gallery", "remove", "nowhere.db", "x"], "no gallery at nowhere.db"),
        (["gallery", "add", "pyproject.toml", "--to", "my.db"], "pyproject.toml is a file: give the folder"),
        (["gallery", "add", "nhl", "--to", "my.db"], "nhl holds no pictures (JPEG,"),
        (["gallery", "export", "nowhere.db", "--to", "a.txt"], "`--to` must end on .npz, "),
    ],
)
def test_bad_input_is_one_line(
    command: list[str], message: str, tiny_checkpoint: Path, capsys: Capture
) -> None:
    known = ["--checkpoint", str(tiny_checkpoint)] if "add" in command else []
    assert main([*command, *known]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("error: ")
    assert message in last


def test_an_empty_gallery(photos: Path, tiny_checkpoint: Path, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.jpg").touch()
    path = tmp_path / "my.db"
    run(capsys, "gallery", "add", tmp_path / "bad", "--to", path, "--checkpoint", tiny_checkpoint)
    assert main(["search", str(path), str(photos / "red" / "1.png")]) == 2
    assert "my.db holds no pictures: add some with `python -m nhl gallery add`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--bits", "33"], "`--bits` must be a multiple of 8 from 8 to 128 but got 33"),
        (["--bits", "0"], "`--bits` must be a multiple of 8 from 8 to 128 but got 0"),
        (["--bits", "256"], "`--bits` must be a multiple of 8 from 8 to 128 but got 256"),
        (["--top", "0"], "`--top` must be at least 1 but got 0"),
        (["--show", "a.txt"], "`--show` must end on .png, .jpg or another kind of picture but got 'a.txt'"),
        (["--show", "none/a.png"], "`--show` none/a.png: there is no folder none; make it first"),
    ],
)
def test_mistakes_of_search_are_told_in_the_words_of_its_options(
    gallery: str,
    photos: Path,
    options: list[str],
    message: str,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("nhl.model.encode.Encoder", None)  # what takes seconds has not begun
    assert main(["search", gallery, str(photos / "red" / "1.png"), *options]) == 2
    assert capsys.readouterr().err == f"error: {message}\n"


def test_a_query_that_is_not_there_and_one_that_cannot_be_read(
    gallery: str, photos: Path, capsys: Capture
) -> None:
    assert main(["search", gallery, "none.png"]) == 2
    assert capsys.readouterr().err == "error: The file 'none.png' does not exist.\n"
    assert main(["search", gallery, str(photos)]) == 2
    assert "cannot be read (Is a directory)" in capsys.readouterr().err
    assert main(["search", gallery, str(photos / "empty.jpg")]) == 2
    assert f"error: {photos / 'empty.jpg'}: The file is empty." in capsys.readouterr().err


def test_the_bits_of_an_export(gallery: str, tmp_path: Path, capsys: Capture) -> None:
    assert main(["gallery", "export", gallery, "--to", str(tmp_path / "a.npz"), "--bits", "12"]) == 2
    assert "`--bits` must be a multiple of 8 from 8 to 128 but got 12" in capsys.readouterr().err


def test_a_gallery_that_is_a_folder(
    photos: Path, tiny_checkpoint: Path, tmp_path: Path, capsys: Capture
) -> None:
    assert (
        main(["gallery", "add", str(photos), "--to", str(tmp_path), "--checkpoint", str(tiny_checkpoint)])
        == 2
    )
    assert f"{tmp_path} is a folder: give a file in it, as in {tmp_path}/my.db" in capsys.readouterr().err


def test_a_file_to_write_below_a_file(photos: Path, capsys: Capture) -> None:
    picture = photos / "red" / "1.png"
    assert main(["gallery", "export", "emoji", "--to", str(picture / "deep" / "a.npz")]) == 2
    told = f"error: `--to` {picture}/deep/a.npz must lie in a folder but {picture} is a file\n"
    assert capsys.readouterr().err == told


def test_what_add_passes_over_is_told(
    photos: Path, tiny_checkpoint: Path, tmp_path: Path, capsys: Capture
) -> None:
    folder, labels = tmp_path / "mix", tmp_path / "labels.csv"
    folder.mkdir()
    draw("red", 1).save(folder / "1.png")
    (folder / "notes.txt").touch()
    (folder / "raw.DNG").touch()
    labels.write_text("1.PNG,red\n2.png,red\n")
    command = ["gallery", "add", folder, "--to", tmp_path / "my.db", "--labels", labels]
    report = answer(capsys, *command, "--checkpoint", tiny_checkpoint)
    assert report["passed_over"] == [str(folder / "notes.txt")]
    assert report["unmatched"] == ["line 2: '2.png'"]
    assert [*report["unreadable"]] == [str(folder / "raw.DNG")]
    assert main([*map(str, command)]) == 0
    told = capsys.readouterr().err
    assert f"{labels}: 1 of 2 lines name no picture, first line 2: '2.png'" in told
    assert "1 file skipped, not named like a picture: 1 .txt; first 'notes.txt'" in told


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A gallery whose names are in scripts that no code page has together."""
    names = ["猫.png", "Кошка 🐈.png", "two\nlines.png", "é.png"]
    path = tmp_path_factory.mktemp("foreign") / "x.db"
    items = [(Item(n, name, "猫", ("猫",), source=name), b"") for n, name in enumerate(names * 3000)]
    write_gallery(path, items, {})
    return str(path)


def shell(command: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{sys.executable} -m nhl {command}"],
        cwd=ROOT, capture_output=True, check=False, env=os.environ | variables,
    )  # fmt: skip


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8", "cp932"])
def test_output_in_any_encoding(foreign: str, encoding: str) -> None:
    done = shell(f"gallery list {foreign}", PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    lines = done.stdout.decode(encoding).splitlines()
    assert len(lines) == 12_000
    assert lines[2].endswith("two\\nlines.png")
    assert lines[0].split("\t")[2] == ("猫.png" if encoding in ("utf-8", "cp932") else "\\u732b.png")
    listed = shell(f"gallery list {foreign} --json", PYTHONIOENCODING=encoding)
    assert [p["name"] for p in json.loads(listed.stdout.decode(encoding))["pictures"]][:2] == [
        "猫.png",
        "Кошка 🐈.png",
    ]


def test_a_closed_pipe_is_no_error(foreign: str) -> None:
    done = shell(f"gallery list {foreign} | head -1")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"0\t")
