"""Further drawing styles of the emoji, for training alone: a network that has seen many styles knows a new one better."""

import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from nhl.gallery.emoji import MAX_SIDE
from nhl.gallery.npm import packed, read_package
from nhl.gallery.store import Gallery, Item, write_gallery
from nhl.gallery.thumbnails import thumbnail

NAMES = "@iconify-json/fluent-emoji-flat@1.2.6"
"""The package whose table leads from the code points of an emoji to the name that icon sets give it."""


@dataclass(frozen=True)
class VectorStyle:
    """A drawing style as SVG: one file for each emoji, or one JSON file of all."""

    name: str
    package: str
    credit: str
    names: bool = False
    """Whether its drawings go by name, in one JSON file, and not by code points, in files of their own."""


STYLES = (
    VectorStyle("Fluent flat", "@lobehub/fluent-emoji-flat@1.1.0", "Fluent Emoji, Microsoft, MIT License"),
    VectorStyle(
        "Fluent modern", "@lobehub/fluent-emoji-modern@1.0.0", "Fluent Emoji, Microsoft, MIT License"
    ),
    VectorStyle(
        "Fluent contrast",
        "@iconify-json/fluent-emoji-high-contrast@1.2.6",
        "Fluent Emoji, Microsoft, MIT License",
        True,
    ),
    VectorStyle("Noto 1", "@iconify-json/noto-v1@1.2.5", "Noto Emoji, Google, Apache License 2.0", True),
    VectorStyle("EmojiOne 2", "@iconify-json/emojione@1.2.3", "EmojiOne 2.3, CC BY 4.0", True),
    VectorStyle(
        "Firefox OS", "@iconify-json/fxemoji@1.2.2", "Firefox OS Emoji, Mozilla, Apache License 2.0", True
    ),
    VectorStyle("Streamline", "@iconify-json/streamline-emojis@1.2.4", "Streamline Emojis, CC BY 4.0", True),
)


def build_emoji_styles(
    path: str | Path,
    emoji: str | Path,
    packages: str | Path | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Write a gallery of the emoji in further styles, all of the split "train".

    It holds the emoji that the emoji gallery trains on and no other: those held out stay unseen in every style.

    Args:
        path: the gallery file to write.
        emoji: the emoji gallery, which says what each emoji is and which are trained on.
        packages: a folder with the archives of `npm pack`; without it they are fetched by npm.
        progress: called with the number of emoji done and of all.

    Raises:
        FileNotFoundError: if an archive is missing, or npm is needed and not installed.
        OSError: if npm cannot fetch them.
        ValueError: if an archive is not whole.
        ModuleNotFoundError: if the package that draws SVG is not installed.
    """
    draw = svg_renderer()
    with packed((NAMES, *(style.package for style in STYLES)), packages) as folder:
        drawings = [_drawings(folder, style) for style in STYLES]
    known: dict[str, Item] = {}
    for item in Gallery(emoji).items():
        if item.split == "train":
            known.setdefault(item.source.partition("#")[2], item)

    def pictures() -> Iterator[tuple[Item, bytes]]:
        number = 0
        for done, (code, item) in enumerate(known.items(), 1):
            for style, found in zip(STYLES, drawings, strict=True):
                svg = found.get(plain_code(code))
                picture = draw(svg) if svg else None
                if picture is not None:
                    source = f"{style.package}#{code}"
                    yield (
                        Item(number, item.name, item.label, item.labels, style.name, "train", source),
                        picture,
                    )
                    number += 1
            progress(done, len(known))

    credits = "; ".join(f"{style.name}: {style.credit}" for style in STYLES)
    write_gallery(path, pictures(), {"name": "emoji-styles", "title": "Emoji styles", "credits": credits})


def _drawings(packages: Path, style: VectorStyle) -> dict[str, str]:
    """SVG by code points."""
    if not style.names:
        files = read_package(packages, style.package, r".*\.svg")
        return {plain_code(Path(name).stem): svg.decode() for name, svg in files.items()}
    icons = _json(packages, style.package, "icons.json")
    bodies = {name.replace("-", ""): icon["body"] for name, icon in icons["icons"].items()}
    return {
        plain_code(code): _svg(icons, bodies[plain])
        for code, name in _json(packages, NAMES, "chars.json").items()
        if (plain := name.replace("-", "")) in bodies  # sets differ in hyphens
    }


def _json(packages: Path, package: str, name: str) -> dict[str, Any]:
    table: dict[str, Any] = json.loads(read_package(packages, package, name)[name])
    return table


def _svg(icons: dict[str, int], body: str) -> str:
    side = f'viewBox="0 0 {icons.get("width", 16)} {icons.get("height", 16)}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {side}>{body}</svg>'


def plain_code(code: str) -> str:
    """Code points without variation selectors, in which packages differ."""
    return re.sub(r"-fe0f", "", code.lower())


def svg_renderer() -> Callable[[str], bytes | None]:
    """What makes an SVG text a small WebP on white; None of one that is no valid SVG.

    Raises:
        ModuleNotFoundError: if the package that draws SVG is not installed.
    """
    try:
        from resvg_py import svg_to_bytes
    except ImportError as error:
        raise ModuleNotFoundError(
            "drawing the styles needs resvg-py, which is not installed: pip install resvg-py"
        ) from error

    def draw(svg: str) -> bytes | None:
        try:
            png = svg_to_bytes(svg_string=svg, width=192, skip_system_fonts=True)
        except ValueError:  # a few drawings of these packages are no valid SVG
            return None
        with Image.open(io.BytesIO(bytes(png))) as drawing:
            return thumbnail(drawing.convert("RGBA"), MAX_SIDE, best=True)

    return draw
