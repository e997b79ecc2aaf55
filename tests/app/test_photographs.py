"""The photographs among the examples."""

import pytest

from app.photographs import CREDITS, FOLDER, PHOTOGRAPHS, photograph


def test_each_is_there_with_its_licence() -> None:
    table = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert {path.stem for path in FOLDER.glob("*.webp")} == set(PHOTOGRAPHS)
    for name in PHOTOGRAPHS:
        image = photograph(name)
        assert (image.mode, max(image.size)) == ("RGB", 256)
        (row,) = (line for line in table.splitlines() if line.startswith(f"| `{name}.webp`"))
        owner, licence = (cell.strip() for cell in row.split("|")[3:5])
        assert owner in CREDITS
        assert "CC0" in licence or "public domain" in licence


def test_unknown() -> None:
    with pytest.raises(ValueError, match="`photo` must be one of cat, coffee, rocket but got 'dog'"):
        photograph("dog")
