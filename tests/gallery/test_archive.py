"""Archives as programs of all systems make them: names and classes."""

import os
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hostile.archives import packed

from nhl.gallery.archive import entries
from nhl.gallery.files import find_pictures
from nhl.gallery.labels import folder_labels


def made(*names: str | bytes) -> zipfile.ZipFile:
    """An archive; a name in bytes stands there as it is, without the mark of UTF-8."""
    return zipfile.ZipFile(BytesIO(packed(*((name, b"content") for name in names))))


def found(*names: str | bytes) -> dict[str, str]:
    """The label of each file."""
    with made(*names) as archive:
        return {str(entry.path): entry.label for entry in entries(archive, 1_000)}


def test_folders_are_classes() -> None:
    assert found("cats/1.jpg", "cats/2.jpg", "dogs/3.jpg", "dogs/", "4.jpg") == {
        "cats/1.jpg": "cats",
        "cats/2.jpg": "cats",
        "dogs/3.jpg": "dogs",
        "4.jpg": "",
    }


def test_the_label_is_the_first_folder_as_in_a_folder() -> None:
    assert found("a/deep/er/x.jpg", "b/y.jpg") == {"a/deep/er/x.jpg": "a", "b/y.jpg": "b"}


@pytest.mark.parametrize("beside", [(), ("__MACOSX/Holiday/._1.jpg",), ("Holiday/",), ("Holiday/.DS_Store",)])
def test_a_zipped_folder_is_no_class(beside: tuple[str, ...]) -> None:
    assert found("Holiday/1.jpg", "Holiday/2.jpg", *beside) == {"Holiday/1.jpg": "", "Holiday/2.jpg": ""}


def test_a_zipped_folder_of_classes_has_its_classes() -> None:
    labels = found("animals/cats/1.jpg", "animals/dogs/2.jpg", "animals/README.txt", "note.txt")
    assert labels == {
        "animals/cats/1.jpg": "cats",
        "animals/dogs/2.jpg": "dogs",
        "animals/README.txt": "",
        "note.txt": "",
    }


def test_what_a_system_keeps_for_itself_is_no_picture() -> None:
    names = ("cats/1.jpg", "cats/@eaDir/1.jpg/THUMB_M.jpg", "#recycle/2.jpg", ".hidden/3.jpg", "Thumbs.db")
    assert found(*names) == {"cats/1.jpg": "cats"}


def test_backslashes_part_folders() -> None:
    assert found("cats\\1.jpg", "dogs\\2.jpg") == {"cats/1.jpg": "cats", "dogs/2.jpg": "dogs"}


@pytest.mark.parametrize(
    ("raw", "name"),
    [("Кошка/★6.jpg".encode(), "Кошка/★6.jpg"), (b"caf\x82/1.jpg", "café/1.jpg")],
)
def test_names_without_the_mark_of_utf_8(raw: bytes, name: str) -> None:
    assert list(found(raw, "é/2.jpg")) == [name, "é/2.jpg"]


@pytest.mark.parametrize("name", ["../1.jpg", "/etc/1.jpg", "a/../../1.jpg"])
def test_names_that_lead_out_are_marked(name: str) -> None:
    with made(name, "2.jpg") as archive:
        assert [entry.is_outside for entry in entries(archive, 10)] == [True, False]


def test_no_more_than_asked_for() -> None:
    with made(*(f"{n}.jpg" for n in range(20))) as archive:
        assert len(entries(archive, 5)) == 5


@pytest.mark.parametrize("name", ["..\\1.jpg", "\\\\server\\1.jpg"])
def test_backslashes_do_not_lead_out(name: str) -> None:
    with made(name) as archive:
        (entry,) = entries(archive, 10)
    assert entry.path.parts == (name,)


LAYOUTS = {
    "flat": ("1.jpg", "2.jpg"),
    "classes": ("cats/1.jpg", "dogs/2.jpg"),
    "nested": ("a/deep/er/x.jpg", "a/deep/y.jpg", "b/z.jpg"),
    "loose ones beside": ("cats/1.jpg", "dogs/2.jpg", "3.jpg"),
    "a system's": ("cats/1.jpg", "dogs/2.jpg", ".git/4.jpg", "cats/@eaDir/5.jpg"),
    "no ASCII": ("Кошка/1.jpg", "é/2.jpg"),
}


@pytest.mark.parametrize("around", ["", "zipped/"], ids=["its content", "the folder"])
@pytest.mark.parametrize("names", LAYOUTS.values(), ids=LAYOUTS)
def test_a_zip_has_the_labels_of_its_folder(tmp_path: Path, names: tuple[str, ...], around: str) -> None:
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"content")
    pictures = find_pictures(tmp_path)
    expected = {
        os.path.relpath(os.fsdecode(file.path), tmp_path): folder_labels(pictures.root, file.path)
        for file in pictures.files
    }
    zipped = found(*(around + name for name in names))
    assert {
        name.removeprefix(around): (label,) if label else () for name, label in zipped.items()
    } == expected


def test_a_hidden_picture_is_a_picture() -> None:
    assert found(".1.jpg", "._1.jpg", ".DS_Store", "...") == {".1.jpg": "", "...": ""}
