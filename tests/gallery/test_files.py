"""Walking folders that people really have."""

import ntpath
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from nhl.gallery import files
from nhl.gallery.files import find_pictures, is_inside, shown
from nhl.gallery.labels import folder_labels


def make(root: Path, *names: str | bytes) -> None:
    for name in names:
        path = root / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"content")


def names(root: Path) -> list[bytes]:
    return [os.path.relpath(file.path, os.fsencode(root)) for file in find_pictures(root).files]


def test_finds_pictures_in_sub_folders_in_order(tmp_path: Path) -> None:
    make(tmp_path, "b/2.JPG", "a.jpeg", "b/1.png", "b/notes.txt", "b/c/3.webp", ".hidden/4.jpg", "._5.jpg")
    assert names(tmp_path) == [b"a.jpeg", b"b/1.png", b"b/2.JPG", b"b/c/3.webp"]
    file = find_pictures(tmp_path).files[0]
    assert (file.size, file.modified) == (7, (tmp_path / "a.jpeg").stat().st_mtime_ns)


def test_names_in_any_script_and_in_none(tmp_path: Path) -> None:
    bad = b"caf\xe9/\xff.jpg"
    make(tmp_path, "Кошка/кот.jpg", "猫/一.png", "é'\"; DROP TABLE items;/😀.gif", bad)
    found = names(tmp_path)
    assert len(found) == 4
    assert bad in found
    labels = [folder_labels(os.fsencode(tmp_path), os.fsencode(tmp_path) + b"/" + n) for n in found]
    assert ("猫",) in labels
    assert ("caf\\xe9",) in labels
    assert shown(bad) == "caf\\xe9/\\xff.jpg"


def test_links_are_followed_once_and_loops_end(tmp_path: Path) -> None:
    make(tmp_path, "real/1.jpg", "other/2.jpg")
    (tmp_path / "a-loop").symlink_to(tmp_path)
    (tmp_path / "a-link").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "up").symlink_to(tmp_path)
    (tmp_path / "z.jpg").symlink_to(tmp_path / "real" / "1.jpg")
    assert names(tmp_path) == [b"z.jpg", b"other/2.jpg", b"real/1.jpg"]


def test_links_out_of_the_folder_are_listed_and_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "photos"
    make(tmp_path, "photos/1.jpg", "photos-2/2.jpg", "3.jpg")
    for name, target in [("up", ".."), ("beside", "../photos-2"), ("one.jpg", "../3.jpg"), ("etc", "/etc")]:
        (root / name).symlink_to(target)
    found = find_pictures(root)
    assert [shown(file.path) for file in found.files] == [str(root / "1.jpg")]
    assert {Path(shown(path)).name: why for path, why in found.unreadable.items()} == {
        name: f"it is a link out of the folder: add {target} itself"
        for name, target in [
            ("up", tmp_path),
            ("beside", tmp_path / "photos-2"),
            ("one.jpg", tmp_path / "3.jpg"),
            ("etc", "/etc"),
        ]
    }


def test_what_cannot_be_looked_at_is_listed(tmp_path: Path) -> None:
    make(tmp_path, "1.jpg")
    (tmp_path / "gone.jpg").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.png")
    found = find_pictures(tmp_path)
    assert [shown(file.path) for file in found.files] == [str(tmp_path / "1.jpg")]
    reasons = {Path(shown(path)).name: why for path, why in found.unreadable.items()}
    assert reasons == {"gone.jpg": "No such file or directory", "pipe.png": "it is no regular file"}


def test_a_closed_folder_is_listed_and_hides_its_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "1.jpg", "closed/2.jpg")
    scan = os.scandir

    def refuse(path: bytes) -> object:
        if os.fsencode(path).endswith(b"closed"):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = find_pictures(tmp_path)
    closed = os.fsencode(tmp_path / "closed")
    assert found.unreadable == {closed: "Permission denied"}
    assert found.hides(closed + b"/2.jpg")
    assert not found.hides(os.fsencode(tmp_path / "1.jpg"))
    assert not found.hides(closed + b"-too/2.jpg")


def test_no_folder_and_no_pictures(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*/none"):
        find_pictures(tmp_path / "none")
    make(tmp_path, "notes.txt")
    with pytest.raises(ValueError, match=r"holds no pictures \(JPEG, PNG"):
        find_pictures(tmp_path)


def test_folders_of_network_drives_and_systems_are_not_looked_at(tmp_path: Path) -> None:
    for folder in (
        "@eaDir",
        "#recycle",
        "$RECYCLE.BIN",
        "lost+found",
        "__MACOSX",
        ".trash",
        "cats/@eaDir/1.jpg",
    ):
        make(tmp_path, f"{folder}/2.jpg")
    make(tmp_path, "cats/1.jpg", "cats/Thumbs.db", "@home/3.jpg")
    found = find_pictures(tmp_path)
    assert [os.path.relpath(file.path, os.fsencode(tmp_path)) for file in found.files] == [
        b"@home/3.jpg",
        b"cats/1.jpg",
    ]
    assert found.passed_over == []
    assert found.unreadable == {}


def test_what_is_passed_over_is_told(tmp_path: Path) -> None:
    make(
        tmp_path,
        "1.JPG",
        "2.MPO",
        "3.dib",
        "4.apng",
        "5.HEIC",
        "a.DNG",
        "b.jxl",
        "c.jp2",
        "d.svg",
        "notes.txt",
        "e",
    )
    found = find_pictures(tmp_path)
    assert len(found.files) == 5
    assert [Path(shown(path)).name for path in found.passed_over] == ["e", "notes.txt"]
    assert {Path(shown(path)).name: why[:20] for path, why in found.unreadable.items()} == {
        "a.DNG": "A camera raw file ca",
        "b.jxl": "A JPEG XL file canno",
        "c.jp2": "A JPEG 2000 file can",
        "d.svg": "An SVG file cannot b",
    }


def test_a_folder_without_pictures_says_what_it_has(tmp_path: Path) -> None:
    make(tmp_path, "a.dng", "b.txt")
    with pytest.raises(ValueError, match=r"holds no pictures .*a\.dng: A camera raw file .*1 file skipped"):
        find_pictures(tmp_path)


def test_a_picture_is_no_folder(tmp_path: Path) -> None:
    make(tmp_path, "photo.jpg")
    with pytest.raises(ValueError, match=r"photo\.jpg is a file: give the folder that it lies in"):
        find_pictures(tmp_path / "photo.jpg")


def test_a_folder_that_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: bytes) -> object:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(OSError, match=r"cannot be read \(Permission denied\)"):
        find_pictures(tmp_path)


@pytest.mark.parametrize(
    ("path", "folder", "inside"),
    [
        (rb"C:\Photos\cats\1.jpg", rb"c:\photos", True),
        (rb"C:\Photos\cats\1.jpg", rb"C:/Photos/cats", True),
        (rb"C:\Photos-2\1.jpg", rb"C:\Photos", False),
        (rb"C:\1.jpg", b"C:\\", True),
        (rb"\\server\share\a\1.jpg", rb"\\server\share\a", True),
        (rb"\\server\share\a\1.jpg", rb"\\server\other", False),
    ],
)
def test_folders_of_windows(
    path: bytes, folder: bytes, inside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "os", SimpleNamespace(path=ntpath))
    assert is_inside(path, folder) == inside
    assert files.Found(b"", unreadable={path: "closed"}).hides(path + rb"\2.jpg")
    assert not files.Found(b"", unreadable={path: "closed"}).hides(folder)
