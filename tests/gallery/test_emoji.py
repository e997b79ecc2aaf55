"""The emoji builder on small archives of the packages' shape."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from npm_packages import write_package
from PIL import Image

from nhl.gallery import Gallery
from nhl.gallery.emoji import STYLES, Style, build_emoji_gallery

EMOJI = [
    {
        "name": f"EMOJI {n}",
        "unified": f"1F60{n}-FE0F" if n % 2 else f"1F60{n}",
        "non_qualified": None,
        "short_name": f"emoji_{n}",
        "category": "Component" if n == 9 else "Smileys",
        "subcategory": "happy" if n < 5 else "sad",
        "sort_order": 20 - n,
    }
    for n in range(10)
]


def picture(size: int) -> bytes:
    drawing = Image.new("RGBA", (size, size), (0, 0, 0, 0))
    drawing.paste((255, 0, 0, 255), (0, 0, size // 2, size))
    out = io.BytesIO()
    drawing.save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    for style in STYLES:
        files = {"emoji.json": json.dumps(EMOJI).encode()}
        for entry in EMOJI:
            name = entry["unified"].lower()
            if style.name == "Fluent":
                name = name.replace("-fe0f", "")
                if entry["name"] == "EMOJI 3":
                    continue
            files[f"{style.folder}/{name}{style.suffix}"] = picture(256 if style.name == "Fluent" else 64)
        write_package(tmp_path, style.package, files)
    return tmp_path


def test_builds_every_style_of_every_emoji_but_components(packages: Path) -> None:
    done: list[int] = []
    build_emoji_gallery(packages / "e.db", packages, progress=lambda n, total: done.append(n))
    gallery = Gallery(packages / "e.db")
    items = gallery.items()
    assert len(items) == 9 * 3 - 1
    assert done[-1] == 9
    assert items[0].name == "emoji 8"  # the package's own order
    assert items[0].labels == ("sad", "Smileys")
    assert {item.style for item in items} == {"Noto", "Twemoji", "Fluent"}
    assert "CC BY 4.0" in gallery.meta["credits"]


def test_holds_out_whole_emoji_of_every_class(packages: Path) -> None:
    build_emoji_gallery(packages / "e.db", packages)
    items = Gallery(packages / "e.db").items()
    splits = {}
    for item in items:
        splits.setdefault(item.name, set()).add(item.split)
    assert all(len(split) == 1 for split in splits.values())
    held_out = {item.label: 0 for item in items}
    for _, label in {(item.name, item.label) for item in items if item.split == "query"}:
        held_out[label] += 1
    assert held_out == {"happy": 1, "sad": 1}


def test_is_reproducible_and_seeded(packages: Path) -> None:
    def fingerprint(seed: int) -> str:
        build_emoji_gallery(packages / "e.db", packages, seed)
        return Gallery(packages / "e.db").fingerprint

    assert fingerprint(0) == fingerprint(0)
    assert len({fingerprint(seed) for seed in range(5)}) > 1


def test_flattens_on_white_and_shrinks_to_96(packages: Path) -> None:
    build_emoji_gallery(packages / "e.db", packages)
    gallery = Gallery(packages / "e.db")
    for item in gallery.items()[:3]:
        image = Image.open(io.BytesIO(gallery.thumbnail(item.id)))
        assert image.size == ((96, 96) if item.style == "Fluent" else (64, 64))
        pixels = np.asarray(image.convert("RGB")).astype(int)
        assert abs(pixels[10, -5] - 255).max() < 12
        assert abs(pixels[10, 5] - [255, 0, 0]).max() < 24


def test_a_missing_package_is_named(packages: Path) -> None:
    (packages / "emoji-datasource-twitter-16.0.0.tgz").unlink()
    with pytest.raises(FileNotFoundError, match=f"run `npm pack {STYLES[1].package}` in"):
        build_emoji_gallery(packages / "e.db", packages)


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_another_package_is_named(packages: Path, style: Style) -> None:
    archive = write_package(packages, style.package, {"README.md": b""})
    with pytest.raises(ValueError, match=f"{archive.name} is no whole package"):
        build_emoji_gallery(packages / "e.db", packages)
