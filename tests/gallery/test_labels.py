"""Labels from a CSV file, matched with the files that people mean."""

import unicodedata
from pathlib import Path

import pytest

from nhl.gallery.labels import read_labels

ROOT = b"/pictures"


def read(tmp_path: Path, content: bytes | str, *pictures: str | bytes) -> dict[bytes, tuple[str, ...]]:
    """The labels by path below the root."""
    file = tmp_path / "labels.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    paths = [ROOT + b"/" + (name.encode() if isinstance(name, str) else name) for name in pictures]
    return {path[len(ROOT) + 1 :]: labels for path, labels in read_labels(file, ROOT, paths).of.items()}


def test_labels_from_a_file(tmp_path: Path) -> None:
    lines = '\ufefffile,label\n1.jpg,cat\n"a/x, y.png",dog,animal,\n\n/pictures/abs.jpg,n\n"two\u2028words.jpg",w\n'
    found = read(
        tmp_path,
        lines.encode() + b"\xff.jpg,\xe9t\xe9\n",
        *("1.jpg", "a/x, y.png", b"\xff.jpg", "abs.jpg", "two\u2028words.jpg"),
    )
    assert found == {
        b"1.jpg": ("cat",),
        b"a/x, y.png": ("dog", "animal"),
        b"\xff.jpg": ("\\xe9t\\xe9",),
        b"abs.jpg": ("n",),
        "two\u2028words.jpg".encode(): ("w",),
    }


@pytest.mark.parametrize("heading", ["file,label", "Filename,Class", "path,x", "image,y"])
def test_a_heading_is_no_picture(tmp_path: Path, heading: str) -> None:
    assert read(tmp_path, f"{heading}\n1.jpg,cat\n", "1.jpg") == {b"1.jpg": ("cat",)}


@pytest.mark.parametrize(
    ("written", "is_"),
    [
        ("b.jpg", "B.JPG"),
        (r"sub\c.jpg", "sub/c.jpg"),
        ("./a.jpg", "a.jpg"),
        ("pictures/a.jpg", "a.jpg"),  # as seen from above the folder
        (unicodedata.normalize("NFC", "crème.jpg"), unicodedata.normalize("NFD", "crème.jpg")),
        (unicodedata.normalize("NFD", "Ångström.jpg"), unicodedata.normalize("NFC", "ångström.jpg")),
    ],
)
def test_spellings_that_mean_the_same_file(tmp_path: Path, written: str, is_: str) -> None:
    assert read(tmp_path, f"{written},x\n", is_) == {is_.encode(): ("x",)}


def test_the_exact_name_comes_first_and_none_is_guessed_of_two(tmp_path: Path) -> None:
    assert read(tmp_path, "a.jpg,low\nA.jpg,high\n", "a.jpg", "A.jpg") == {
        b"a.jpg": ("low",),
        b"A.jpg": ("high",),
    }
    with pytest.raises(ValueError, match="names no picture"):
        read(tmp_path, "a.JPG,which\n", "a.jpg", "A.jpg")


def test_lines_that_name_no_picture_are_counted(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("file,label\na.jpg,x\nb.jpg,x\nc.jpg,x\n\nd.jpg,x\n")
    labels = read_labels(tmp_path / "labels.csv", ROOT, [ROOT + b"/a.jpg"])
    assert str(labels) == "3 of 4 lines name no picture, first line 3: 'b.jpg'"
    assert len(labels.unmatched) == 3


@pytest.mark.parametrize("line", ["1.jpg", "1.jpg,", ",cat", "1.jpg;cat", "1.jpg\tcat"])
def test_a_line_without_label(tmp_path: Path, line: str) -> None:
    remedy = "write both, and a comma between them"
    with pytest.raises(ValueError, match=rf"labels\.csv, line 2: must be `file,label` but got .*: {remedy}"):
        read(tmp_path, f"file,label\n{line}\n")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"1.jpg,a\n2.jpg," + b"x" * 200_000 + b"\n", r"line 2: cannot be read as CSV \(field larger than"),
        ("1.jpg,a\n".encode("utf-16"), "is in UTF-16: save it as UTF-8"),
        ("\ufeff1.jpg,a\n".encode("utf-16-be"), "is in UTF-16: save it as UTF-8"),
        (b"1.jpg,a\n2.jpg,b\0\n", "line 2: holds a zero byte"),
        (b"", r"labels\.csv names no picture of /pictures"),
    ],
)
def test_what_is_no_csv_file(tmp_path: Path, content: bytes, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read(tmp_path, content, "1.jpg", "2.jpg")


def test_a_file_that_is_not_there_or_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"the file of labels .*none\.csv does not exist"):
        read_labels(tmp_path / "none.csv", ROOT, [])
    with pytest.raises(OSError, match=r"the file of labels .* cannot be read \(Is a directory\)"):
        read_labels(tmp_path, ROOT, [])
