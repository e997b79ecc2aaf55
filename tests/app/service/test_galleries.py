"""Galleries beside the one that ships: CIFAR-10, and pictures that visitors bring."""

import sys
import threading
import time
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from data.tiny_photos import tiny_photos
from drawings import COLOURS, draw, encoded
from heic import HEIC
from PIL import Image

from app import texts
from app.service import own_pictures, photographs_worker
from app.service.cifar10_worker import fetched, make
from app.service.galleries import CIFAR10, MINE, PHOTOGRAPHS, VISIT_SECONDS, Galleries, NotReadyError
from app.service.own_pictures import OwnPictures, index_pictures
from app.service.search import SearchService
from app.service.worker import Report, WorkError
from nhl.gallery import Gallery, Item, write_gallery
from nhl.gallery.folder import add_folder
from nhl.model.encode import Encoder


@pytest.fixture(scope="module")
def service(tiny_checkpoint: Path) -> SearchService:
    return SearchService.open(tiny_checkpoint)


def nothing(stage: str, done: float) -> None:
    """Reports are not listened to."""


def archive(path: Path, files: dict[str, bytes], **settings: int) -> Path:
    with zipfile.ZipFile(path, "w", **settings) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return path


def photos(folder: Path) -> Path:
    """Twelve pictures in the manner of CIFAR-10, `test/<class>/*`, and a file that is none."""
    for colour in COLOURS:
        (folder / "test" / colour).mkdir(parents=True)
        for n in range(3):
            suffix = "png" if colour == "red" else "jpg"
            draw(colour, n).resize((32, 32)).save(folder / "test" / colour / f"{n}.{suffix}")
        (folder / "test" / colour / "about.txt").write_text("no picture")
    return folder


def test_pictures_become_a_gallery_with_the_codes_of_the_model(
    service: SearchService, tmp_path: Path
) -> None:
    paths = []
    for n, colour in enumerate(COLOURS):
        paths.append(tmp_path / f"{colour}.png")
        paths[-1].write_bytes(encoded(draw(colour, 600 + n)))
    own = index_pictures(paths, service.encoder)
    assert (len(own.service), own.skipped) == (4, 0)
    assert [item.name for item in own.service.items] == [path.name for path in paths]
    assert (own.service.codes == service.encoder.encode(paths)).all()
    assert Image.open(BytesIO(own.service.gallery.thumbnail(0))).format == "WEBP"
    folder = own.service.gallery.path.parent
    own.close()
    own.close()
    assert not folder.exists()


def test_folders_of_an_archive_become_classes(service: SearchService, tmp_path: Path) -> None:
    files = {
        f"mine/{colour}/{n}.png": encoded(draw(colour, n)) for colour in ("red", "blue") for n in range(2)
    }
    own = index_pictures([archive(tmp_path / "a.zip", {"mine/": b"", **files})], service.encoder)
    assert [item.label for item in own.service.items] == ["red", "red", "blue", "blue"]
    assert own.service.search(own.service.query("0"), 128, 3).counts
    own.close()


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "files"])
def test_labels_are_those_of_the_command_line(
    service: SearchService, tiny_checkpoint: Path, tmp_path: Path, zipped: bool
) -> None:
    names = ["1.png"] + (["a/deep/er/x.png", "a/y.png", "b/z.png"] if zipped else ["2.png"])
    files = {name: encoded(draw("red", n)) for n, name in enumerate(names)}
    for name, content in files.items():
        path = tmp_path / "mine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    add_folder(tmp_path / "mine.db", tmp_path / "mine", tiny_checkpoint)
    expected = sorted((item.name, item.label, item.labels) for item in Gallery(tmp_path / "mine.db").items())
    given = archive(tmp_path / "mine.zip", {f"mine/{name}": content for name, content in files.items()})
    own = index_pictures([given] if zipped else [tmp_path / "mine" / name for name in names], service.encoder)
    assert sorted((item.name, item.label, item.labels) for item in own.service.items) == expected
    labels = {name: label for name, label, _ in expected}
    assert labels == (
        {"1.png": "", "x.png": "a", "y.png": "a", "z.png": "b"} if zipped else {"1.png": "", "2.png": ""}
    )
    own.close()


def test_what_is_no_picture_is_left_out_and_counted(
    service: SearchService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_pictures, "MOST_PICTURE_BYTES", 100_000)
    files = {
        "good.png": encoded(draw("red", 1)),
        "words.txt": b"only words",
        "inner.zip": b"PK\x03\x04",
        "../../escape.png": encoded(draw("red", 2)),
        "/root.png": encoded(draw("red", 3)),
        "bomb.png": bytes(5_000_000),  # 5 MB in 5 KB
        "__MACOSX/._good.png": b"what macOS adds",
        "folder/.DS_Store": b"and this",
    }
    path = archive(tmp_path / "a.zip", files, compression=zipfile.ZIP_DEFLATED)
    own = index_pictures([path], service.encoder)
    assert [item.name for item in own.service.items] == ["good.png"]
    assert own.skipped == 5
    assert not list(tmp_path.parent.glob("escape.png"))
    own.close()


def test_a_bomb_is_read_no_farther_than_its_limit(
    service: SearchService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_pictures, "MOST_BYTES", 20_000)
    good = encoded(draw("red", 1))
    files = {"a.png": good, **{f"{n}.png": bytes(9_000) for n in range(50)}, "z.png": good * 30}
    own = index_pictures([archive(tmp_path / "a.zip", files)], service.encoder)
    assert (len(own.service), own.skipped) == (1, 51)
    own.close()


def test_more_than_the_most_are_counted(
    service: SearchService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_pictures, "MOST_PICTURES", 3)
    monkeypatch.setattr(own_pictures, "MOST_ENTRIES", 5)
    files = {f"{n}.png": encoded(draw("red", n)) for n in range(8)}
    own = index_pictures([archive(tmp_path / "a.zip", files)], service.encoder)
    assert (len(own.service), own.skipped) == (3, 5)
    own.close()


@pytest.mark.parametrize("damage", ["cut", "locked"])
def test_a_damaged_archive_is_left_out(service: SearchService, tmp_path: Path, damage: str) -> None:
    path = archive(tmp_path / "a.zip", {"a.png": encoded(draw("red", 1))})
    content = bytearray(path.read_bytes())
    if damage == "cut":
        content = content[:200]
    else:  # says that it is encrypted, both before the file and in the table of contents
        content[6] |= 1
        content[content.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="no picture that can be read among these files"):
        index_pictures([path], service.encoder)


def test_ones_own_pictures_are_ones_own(service: SearchService, tmp_path: Path) -> None:
    galleries = Galleries(service, None)
    path = tmp_path / "a.png"
    path.write_bytes(encoded(draw("red", 1)))
    with pytest.raises(NotReadyError, match="are gone"):
        galleries.get(MINE, "me")
    mine = galleries.own("me", [path], nothing)
    assert galleries.get(MINE, "me") is mine.service
    for stranger in ("you", "", None):
        with pytest.raises(NotReadyError, match="are gone"):
            galleries.get(MINE, stranger)
    assert mine.service.private
    assert len(mine.service.key) == 32
    assert galleries.by_key(mine.service.key) is mine.service
    again = galleries.own("me", [path], nothing)  # in place of the first
    with pytest.raises(KeyError):
        galleries.by_key(mine.service.key)
    galleries.leave("me")
    galleries.leave("me")
    assert not again.service.gallery.path.exists()
    galleries.close()


def test_there_is_an_end_to_visitors_with_pictures(
    service: SearchService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.service.galleries.MOST_VISITORS", 1)
    galleries = Galleries(service, None)
    path = tmp_path / "a.png"
    path.write_bytes(encoded(draw("red", 1)))
    galleries.own("first", [path], nothing)
    with pytest.raises(ValueError, match="Too many visitors"):
        galleries.own("second", [path], nothing)
    monkeypatch.setattr("app.service.galleries.VISIT_SECONDS", -1.0)
    assert galleries.own("second", [path], nothing).service
    galleries.close()


def test_pictures_expire_by_the_clock_and_not_while_they_are_looked_at(
    service: SearchService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    galleries = Galleries(service, None)
    path = tmp_path / "a.png"
    path.write_bytes(encoded(draw("red", 1)))
    for visitor in ("idle", "busy"):
        galleries.own(visitor, [path], nothing)
    galleries.expire()
    assert galleries.has_own("idle")
    later = time.monotonic() + VISIT_SECONDS
    monkeypatch.setattr("app.service.galleries.time.monotonic", lambda: later)
    galleries.get(MINE, "busy")
    monkeypatch.setattr("app.service.galleries.time.monotonic", lambda: later + 60)
    galleries.expire()
    assert (galleries.has_own("idle"), galleries.has_own("busy")) == (False, True)
    galleries.close()


@pytest.mark.parametrize("at", ["reading", "stored"])
def test_who_leaves_while_pictures_are_read_leaves_none(
    service: SearchService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    galleries = Galleries(service, None)
    paths = [tmp_path / f"{seed}.png" for seed in range(3)]
    for seed, path in enumerate(paths):
        path.write_bytes(encoded(draw("red", seed)))
    made: list[OwnPictures] = []
    told = 0

    def leaving(paths: list[Path], encoder: Encoder, report: Report) -> OwnPictures:
        made.append(index_pictures(paths, encoder, report))
        galleries.leave("me")
        return made[-1]

    def report(stage: str, done: float) -> None:
        nonlocal told
        told += 1
        if at == "reading":
            galleries.leave("me")

    if at == "stored":
        monkeypatch.setattr("app.service.galleries.index_pictures", leaving)
    with pytest.raises(ValueError, match="are gone"):
        galleries.own("me", paths, report)
    assert not galleries.has_own("me")
    assert told == (1 if at == "reading" else 3)
    assert not any(own.service.gallery.path.exists() for own in made)
    monkeypatch.undo()
    assert galleries.own("me", paths, nothing).service
    galleries.close()


def test_quality_of_own_pictures_is_measured_where_folders_are_classes(
    service: SearchService, tmp_path: Path
) -> None:
    galleries = Galleries(service, None)
    files = {f"{c}/{n}.png": encoded(draw(c, n)) for c in ("red", "blue") for n in range(3)}
    mine = galleries.own("me", [archive(tmp_path / "a.zip", files)], nothing).service
    assert list(mine.quality) == list(mine.lengths)
    assert mine.measure == "map"
    assert all(0 < value <= 1 for value in mine.quality.values())
    plain = tmp_path / "a.png"
    plain.write_bytes(encoded(draw("red", 1)))
    assert galleries.own("me", [plain], nothing).service.quality == {}
    galleries.close()


def test_cifar10_is_offered_only_where_its_model_is(
    service: SearchService, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    assert Galleries(service, tmp_path / "nowhere").names == ("tiny", MINE)
    galleries = Galleries(service, tiny_checkpoint)
    assert galleries.names == ("tiny", CIFAR10, MINE)
    with pytest.raises(NotReadyError, match="have not been fetched yet"):
        galleries.get(CIFAR10)
    with pytest.raises(ValueError, match="`gallery` must be one of tiny, cifar10, mine but got 'other'"):
        galleries.get("other")


def test_cifar10_comes_from_a_folder(
    service: SearchService, tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos(tmp_path / CIFAR10)
    monkeypatch.setenv("NHL_DATA", str(tmp_path))
    evaluated = {length: {"map": length / 200} for length in service.lengths}
    monkeypatch.setattr("app.service.galleries.read_scores", lambda folder: evaluated)
    galleries = Galleries(service, tiny_checkpoint, tmp_path / "kept")
    preparation = galleries.prepare(CIFAR10)
    until = time.monotonic() + 120
    while not preparation.ended and time.monotonic() < until:
        time.sleep(0.05)
    assert preparation.error == ""
    found = galleries.get(CIFAR10)
    assert galleries.prepare(CIFAR10) is preparation
    assert len(found.items) == 12
    assert {item.label for item in found.items} == set(COLOURS)
    assert found.quality == {length: length / 200 for length in service.lengths}  # of its model, as evaluated
    pictures = [found.gallery.thumbnail(item.id) for item in found.items]
    assert (found.codes == service.encoder.encode(pictures)).all()
    assert galleries.by_key(found.key) is found
    galleries.close()


def test_a_kept_gallery_that_was_damaged_is_made_anew(
    service: SearchService, tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos(tmp_path / CIFAR10)
    monkeypatch.setenv("NHL_DATA", str(tmp_path))
    kept = tmp_path / "kept" / CIFAR10 / "gallery.db"
    kept.parent.mkdir(parents=True)
    write_gallery(kept, [(Item(0, "old", "red", ("red",)), b"old")], {})
    content = bytearray(kept.read_bytes())
    content[content.index(b"old")] ^= 1
    kept.write_bytes(content)
    galleries = Galleries(service, tiny_checkpoint, tmp_path / "kept")
    preparation = galleries.prepare(CIFAR10)
    until = time.monotonic() + 120
    while not preparation.ended and time.monotonic() < until:
        time.sleep(0.05)
    assert preparation.error == ""
    assert len(Gallery(kept)) == 12
    galleries.close()


def test_the_first_of_each_class_ask(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.service.cifar10_worker.ASKING", 1)
    target = tmp_path / "kept" / "gallery.db"
    request = {"checkpoint": str(tiny_checkpoint), "folder": str(photos(tmp_path / "a")), "to": str(target)}
    heard: list[float] = []
    assert make(request, lambda stage, done: heard.append(done)) == 12
    assert heard[-1] == 1
    opened = SearchService.open(tiny_checkpoint, target)
    assert (len(opened), len(opened.examples(100))) == (12, 4)


def test_no_network_is_said_before_torchvision_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr("urllib.request.urlopen", offline)
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    with pytest.raises(WorkError, match="its server cannot be reached"):
        next(fetched(tmp_path, nothing))
    assert list(tmp_path.iterdir()) == []


def test_what_was_fetched_is_read_by_torchvision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torchvision.datasets

    given = b"archive" * (1 << 18)

    class Fetched:
        data = np.zeros((2, 32, 32, 3), np.uint8)
        targets = (1, 0)
        classes = ("cat", "dog")

        def __init__(self, root: str, **_: object) -> None:
            assert Path(root).parent == tmp_path
            assert (Path(root) / "cifar-10-python.tar.gz").read_bytes() == given

    heard: list[tuple[str, float]] = []
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: BytesIO(given))
    monkeypatch.setattr(torchvision.datasets, "CIFAR10", Fetched)
    found = list(fetched(tmp_path, lambda *told: heard.append(told)))
    assert [label for label, _ in found] == ["dog", "cat"]
    assert found[0][1].size == (32, 32)
    assert [stage for stage, _ in heard] == ["fetch"] * 2
    assert 0 < heard[0][1] < heard[1][1] < 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("broken", [OSError("disk"), RuntimeError("File not found or corrupted.")])
def test_an_archive_that_is_damaged_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: Exception
) -> None:
    import torchvision.datasets

    def damaged(*_: object, **__: object) -> None:
        raise broken

    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: BytesIO(b"cut"))
    monkeypatch.setattr(torchvision.datasets, "CIFAR10", damaged)
    with pytest.raises(WorkError, match="CIFAR-10 could not be fetched"):
        next(fetched(tmp_path, nothing))


def test_a_failed_preparation_is_said_and_begins_again(
    service: SearchService, tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    galleries = Galleries(service, tiny_checkpoint, tmp_path / "kept")

    asked = threading.Event()

    def fail(*_: object) -> None:
        asked.wait(20)
        raise WorkError(texts.NO_NETWORK)

    monkeypatch.setattr(galleries.fetched[CIFAR10].worker, "ask", fail)
    first = galleries.prepare(CIFAR10)
    asked.set()
    until = time.monotonic() + 20
    while not first.ended and time.monotonic() < until:
        time.sleep(0.02)
    assert galleries.prepare(CIFAR10) is first
    assert first.error == texts.NO_NETWORK
    assert galleries.prepare(CIFAR10) is not first
    galleries.close()


def test_no_folder_to_keep_them_in_is_said(
    service: SearchService, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    galleries = Galleries(service, tiny_checkpoint, tmp_path / "file")
    with pytest.raises(WorkError, match="There is no folder on this machine"):
        galleries.fetched[CIFAR10].folder()


def test_heic_and_a_large_photo_are_read_among_own_pictures(service: SearchService, tmp_path: Path) -> None:
    photo = encoded(draw("blue", 1).resize((8064, 6048)), "JPEG", quality=50)
    files = {"cats/1.HEIC": HEIC, "dogs/2.jpg": photo}
    own = index_pictures([archive(tmp_path / "a.zip", files)], service.encoder)
    assert [item.label for item in own.service.items] == ["cats", "dogs"]
    assert own.skipped == 0
    own.close()


def test_a_full_disk_is_not_told_as_pictures_that_cannot_be_read(
    service: SearchService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(path: Path, pictures: object, meta: object) -> None:
        path.write_bytes(b"half")
        folders.append(path.parent)
        raise OSError(28, "No space left on device")

    folders: list[Path] = []
    monkeypatch.setattr(own_pictures, "write_gallery", write)
    picture = tmp_path / "1.png"
    picture.write_bytes(encoded(draw("red", 1)))
    with pytest.raises(ValueError, match=r"^The server has no room for more pictures at the moment"):
        index_pictures([picture], service.encoder)
    assert not folders[0].exists()


def test_photographs_are_offered_where_the_model_knows_them(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = SearchService.open(tiny_checkpoint)
    assert PHOTOGRAPHS not in Galleries(shipped, None).names
    shipped.scores = {length: {"map": 0.9, "photo_map": length / 1000} for length in shipped.lengths}
    folder = tiny_photos(tmp_path)
    monkeypatch.setenv("NHL_DATA", str(folder.parent))
    galleries = Galleries(shipped, None, tmp_path / "kept")
    assert galleries.names == ("tiny", PHOTOGRAPHS, MINE)
    with pytest.raises(NotReadyError):
        galleries.get(PHOTOGRAPHS)
    made: list[dict[str, str]] = []

    def ask(request: dict[str, str], report: Report) -> int:
        made.append(request)
        pictures = [encoded(draw("red", n)) for n in range(3)]
        items = (Item(n, f"dog {n}", "dog", ("dog",), "", "query") for n in range(3))
        write_gallery(request["to"], zip(items, pictures, strict=True), {"name": "photographs"})
        return 3

    monkeypatch.setattr(galleries.fetched[PHOTOGRAPHS].worker, "ask", ask)
    preparation = galleries.prepare(PHOTOGRAPHS)
    until = time.monotonic() + 60
    while not preparation.ended and time.monotonic() < until:
        time.sleep(0.05)
    assert preparation.error == ""
    assert made[0]["folder"] == str(folder)
    assert galleries.get(PHOTOGRAPHS).quality[128] == 0.128
    assert galleries.prepare(PHOTOGRAPHS) is preparation  # one for all visitors
    with pytest.raises(ValueError, match="`gallery` must be one of photographs but got 'moon'"):
        galleries.prepare("moon")
    galleries.close()


def test_photographs_that_cannot_be_fetched_say_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr("urllib.request.urlopen", offline)
    target = tmp_path / "photographs" / "gallery.db"
    with pytest.raises(WorkError, match="let NHL_DATA name the folder that holds tiny-imagenet-200"):
        photographs_worker.make({"to": str(target), "folder": None, "checkpoint": ""}, nothing)
    assert list(target.parent.iterdir()) == []


def test_photographs_are_fetched_with_progress_and_a_wrong_archive_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: BytesIO(b"zip" * (1 << 20)))
    heard: list[tuple[str, float]] = []
    request = {"to": str(tmp_path / "gallery.db"), "folder": None, "checkpoint": ""}
    with pytest.raises(WorkError, match="tiny-imagenet-200"):
        photographs_worker.make(request, lambda stage, done: heard.append((stage, done)))
    assert [stage for stage, _ in heard] == ["fetch"] * 3
    assert 0 < heard[0][1] < heard[-1][1] <= 1
    assert list(tmp_path.iterdir()) == []
