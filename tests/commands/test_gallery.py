"""A folder of pictures from the command line: add, search, advise, export, verify, remove."""

import json
import sqlite3
import sys
from pathlib import Path

import numpy as np
import pytest
from drawings import COLOURS, draw
from PIL import Image

from nhl.__main__ import main

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
    assert main(["advise", gallery, "--queries", "0"]) == 2
    assert "`--queries` must be at least 1 but got 0" in capsys.readouterr().err


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
    assert run(capsys, "gallery", "verify", copy) == f"{copy} is whole: 12 pictures, 0 out of date\n"
    told = run(capsys, "gallery", "encode", copy)
    assert told == f"{copy} holds the codes of {tiny_checkpoint.resolve()}, 0 of them from thumbnails\n"
    connection = sqlite3.connect(copy)
    with connection:
        connection.execute("DELETE FROM codes WHERE item = 0")
    connection.close()
    assert main(["gallery", "verify", str(copy), "--json"]) == 2
    shown = capsys.readouterr()
    assert json.loads(shown.out)["problems"] == ["picture 0 has no code"]
    assert f"error: {copy} has 1 problems" in shown.err
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
    ],
)
def test_bad_input_is_one_line(
    command: list[str], message: str, tiny_checkpoint: Path, capsys: Capture
) -> None:
    known = ["--checkpoint", str(tiny_checkpoint)] if "add" in command else []
    assert main([*command, *known]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"error: {message}")


def test_an_empty_gallery(photos: Path, tiny_checkpoint: Path, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.jpg").touch()
    path = tmp_path / "my.db"
    run(capsys, "gallery", "add", tmp_path / "bad", "--to", path, "--checkpoint", tiny_checkpoint)
    assert main(["search", str(path), str(photos / "red" / "1.png")]) == 2
    assert "my.db holds no pictures: add some with `python -m nhl gallery add`" in capsys.readouterr().err
