"""Hostile pictures and names in a folder, by the commands: as the library has it, each file named."""

import json
import os
import re
import sys
from contextlib import closing
from pathlib import Path

import pytest
from drawings import draw, encoded
from hostile.cases import BYTE_NAMES
from hostile.pictures import KINDS, PICTURES
from hostile.served import watched

from app.service.own_pictures import read_picture
from nhl.__main__ import main
from nhl.gallery import Gallery
from nhl.gallery.thumbnails import thumbnail

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every hostile picture, in a file of its number."""
    folder = tmp_path_factory.mktemp("photos")
    for number, case in enumerate(PICTURES.values()):
        (folder / f"{number}.jpg").write_bytes(case.make())
    return folder


@pytest.mark.filterwarnings("ignore")
def test_a_folder_of_them_is_as_the_library_reads_each(
    photos: Path, tiny_checkpoint: Path, tmp_path: Path, capsys: Capture
) -> None:
    with watched() as written:
        command = ["gallery", "add", str(photos), "--to", str(tmp_path / "my.db")]
        assert main([*command, "--checkpoint", str(tiny_checkpoint), "--json"]) == 0
    assert written == []
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err
    report = json.loads(shown.out)
    with closing(Gallery(tmp_path / "my.db")) as gallery:
        added = {int(Path(item.source).stem): gallery.thumbnail(item.id) for item in gallery.items()}
    for number, (name, case) in enumerate(PICTURES.items()):
        reason = report["unreadable"].get(str(photos / f"{number}.jpg"), "")
        assert bool(reason) == bool(case.refusal()) == (number not in added), name
        assert not reason or re.search(case.sentence or "^$", reason), name
        assert reason or added[number] == thumbnail(read_picture(case.make())), name
    assert report["added"] == len(added)
    assert main(["gallery", "verify", str(tmp_path / "my.db")]) == 0


@pytest.mark.filterwarnings("ignore")
def test_as_a_query_they_are_the_same(photos: Path, tiny_checkpoint: Path, capsys: Capture) -> None:
    gallery, numbers = str(tiny_checkpoint / "gallery.db"), {name: n for n, name in enumerate(PICTURES)}
    for name in (name for kind in KINDS for name in [*kind][:2]):
        file, case = f"{numbers[name]}.jpg", PICTURES[name]
        command = ["search", gallery, str(photos / file), "--checkpoint", str(tiny_checkpoint), "--top", "3"]
        status, shown = main(command), capsys.readouterr()
        assert status == (2 if case.refusal() else 0), name
        if status:
            assert re.fullmatch(rf"error: .*{re.escape(file)}: [^\n]+\n", shown.err), name
            assert re.search((case.sentence or "").lstrip("^"), shown.err), name
        else:
            assert len(shown.out.splitlines()) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="file names are text elsewhere")
def test_names_in_any_bytes(tiny_checkpoint: Path, tmp_path: Path, capsys: Capture) -> None:
    """Also of a folder, which is a class; each is shown in one line, and can be named again."""
    path, folder = str(tmp_path / "my.db"), tmp_path / "photos"
    for number, name in enumerate(BYTE_NAMES.values()):
        file = Path(os.fsdecode(bytes(folder) + b"/" + name.removesuffix(b".png") + b"/" + name))
        file.parent.mkdir(parents=True)
        file.write_bytes(encoded(draw("red", number)))
    add = ["gallery", "add", str(folder), "--to", path, "--checkpoint", str(tiny_checkpoint)]
    for added in (len(BYTE_NAMES), 0):
        assert main(add) == 0
        assert f"{added} added, 0 changed, {len(BYTE_NAMES) - added} unchanged" in capsys.readouterr().out
    assert main(["gallery", "list", path]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(BYTE_NAMES)
    assert all(line.replace("\t", "").isprintable() for line in lines)
    assert main(["gallery", "verify", path]) == 0
    for file in sorted(folder.rglob("*.png")):
        assert main(["gallery", "remove", path, str(file)]) == 0
