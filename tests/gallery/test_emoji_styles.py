"""The builder of further styles on small archives of the packages' shape."""

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from npm_packages import write_package
from PIL import Image

from nhl.gallery import Gallery, Item, write_gallery
from nhl.gallery.emoji_styles import NAMES, STYLES, build_emoji_styles
from nhl.gallery.npm import archive_name

HALF = '<rect width="8" height="16" fill="red"/>'
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">{HALF}</svg>'


def archive(folder: Path, package: str, files: dict[str, str]) -> None:
    write_package(folder, package, {name: text.encode() for name, text in files.items()})


@pytest.fixture
def emoji(tmp_path: Path) -> Path:
    codes = [("1f600", "train"), ("1f601-fe0f", "train"), ("1f602", "query")]
    items = [
        Item(number, f"emoji {number}", "happy", ("happy", "Smileys"), "Noto", split, f"noto#{code}")
        for number, (code, split) in enumerate(codes)
    ]
    write_gallery(tmp_path / "emoji.db", ((item, b"RIFF") for item in items), {"name": "emoji"})
    return tmp_path / "emoji.db"


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    icons = {"icons": {"grinning": {"body": HALF}, "joy": {"body": HALF}}, "width": 16, "height": 16}
    for style in STYLES:
        if style.names:
            archive(tmp_path, style.package, {"icons.json": json.dumps(icons)})
        else:
            files = {f"assets/{code}.svg": SVG for code in ("1f601", "1f602")} | {"assets/1f600.svg": "<svg"}
            archive(tmp_path, style.package, files)
    archive(tmp_path, NAMES, {"chars.json": json.dumps({"1f600": "grin-ning", "1f602": "joy"})})
    return tmp_path


def test_holds_no_held_out_emoji_and_only_valid_drawings(emoji: Path, packages: Path) -> None:
    done: list[int] = []
    build_emoji_styles(packages / "s.db", emoji, packages, lambda n, total: done.append(n))
    gallery = Gallery(packages / "s.db")
    found = {(item.style, item.name) for item in gallery.items()}
    assert found == {(style.name, "emoji 0" if style.names else "emoji 1") for style in STYLES}
    assert {item.split for item in gallery.items()} == {"train"}
    assert all(style.credit in gallery.meta["credits"] for style in STYLES)
    assert done == [1, 2]
    with Image.open(io.BytesIO(gallery.thumbnail(gallery.items()[0].id))) as image:
        pixels = np.asarray(image)
    assert pixels[40, 10, 0] > 200
    assert pixels[40, 10, 1] < 60
    assert pixels[40, 80].min() > 240


def test_says_what_is_missing(emoji: Path, packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = STYLES[0].package
    (packages / archive_name(first)).unlink()
    with pytest.raises(FileNotFoundError, match=f"run `npm pack {first}`"):
        build_emoji_styles(packages / "s.db", emoji, packages)
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(ModuleNotFoundError, match="pip install resvg-py"):
        build_emoji_styles(packages / "s.db", emoji, packages)
