"""The emoji gallery: every emoji in three drawing styles, split by emoji, from three npm packages."""

import io
import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from nhl.gallery.npm import packed, read_package
from nhl.gallery.store import Item, write_gallery
from nhl.gallery.thumbnails import thumbnail

MAX_SIDE = 96
HELD_OUT = 0.2
TABLE = "emoji.json"
"""What each emoji is called and belongs to; in the package of the first style."""


@dataclass(frozen=True)
class Style:
    """One drawing style: the package that holds it, where in it, and whose work it is."""

    name: str
    package: str
    folder: str
    suffix: str
    credit: str

    def pictures(self, packages: Path) -> dict[str, bytes]:
        """Its pictures, by lower-case code points."""
        files = read_package(packages, self.package, rf"{self.folder}/.*\{self.suffix}")
        return {Path(name).stem: picture for name, picture in files.items()}


STYLES = (
    Style(
        "Noto",
        "emoji-datasource-google@16.0.0",
        "img/google/64",
        ".png",
        "Noto Emoji, Google, Apache License 2.0",
    ),
    Style(
        "Twemoji",
        "emoji-datasource-twitter@16.0.0",
        "img/twitter/64",
        ".png",
        "Twemoji, Twitter and contributors, CC BY 4.0",
    ),
    Style(
        "Fluent",
        "@lobehub/fluent-emoji-3d@1.1.0",
        "assets",
        ".webp",
        "Fluent Emoji, Microsoft, MIT License",
    ),
)


def build_emoji_gallery(
    path: str | Path,
    packages: str | Path | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Write the emoji gallery.

    The class of a picture is its Unicode subgroup. 20 % of the emoji of each subgroup, whole (in every
    style), form the split "query", the others "train".

    Args:
        path: the gallery file to write.
        packages: a folder with the three archives of `npm pack`; without it they are fetched by npm.
        seed: of the split.
        progress: called with the number of emoji done and of all.

    Raises:
        FileNotFoundError: if an archive is missing, or npm is needed and not installed.
        OSError: if npm cannot fetch them.
        ValueError: if an archive is not whole.
    """
    with packed([style.package for style in STYLES], packages) as folder:
        files = [style.pictures(folder) for style in STYLES]
        table = json.loads(read_package(folder, STYLES[0].package, TABLE)[TABLE])
    emoji = sorted((e for e in table if e["category"] != "Component"), key=lambda e: int(e["sort_order"]))
    held_out = _held_out(emoji, seed)

    def pictures() -> Iterator[tuple[Item, bytes]]:
        number = 0
        for done, entry in enumerate(emoji, 1):
            for style, pictures_of_style in zip(STYLES, files, strict=True):
                picture = _find(entry, pictures_of_style)
                if picture is None:
                    continue
                with Image.open(io.BytesIO(picture)) as drawing:
                    small = thumbnail(drawing.convert("RGBA"), MAX_SIDE, best=True)
                yield _item(number, entry, style, entry["unified"] in held_out), small
                number += 1
            progress(done, len(emoji))

    credits = "; ".join(style.credit for style in STYLES)
    write_gallery(
        path, pictures(), {"name": "emoji", "title": "Emoji", "credits": credits, "seed": str(seed)}
    )


def _item(number: int, entry: dict[str, str], style: Style, held_out: bool) -> Item:
    name = entry["name"] or entry["short_name"].replace("_", " ")
    return Item(
        id=number,
        name=name.lower() if name.isupper() else name,
        label=entry["subcategory"],
        labels=(entry["subcategory"], entry["category"]),
        style=style.name,
        split="query" if held_out else "train",
        source=f"{style.package}#{entry['unified'].lower()}",
    )


def _held_out(emoji: list[dict[str, str]], seed: int) -> set[str]:
    by_class: dict[str, list[str]] = defaultdict(list)
    for entry in emoji:
        by_class[entry["subcategory"]].append(entry["unified"])
    chosen = random.Random(seed)
    return {
        unified
        for label in sorted(by_class)
        for unified in chosen.sample(sorted(by_class[label]), round(HELD_OUT * len(by_class[label])))
    }


def _find(entry: dict[str, str], pictures: dict[str, bytes]) -> bytes | None:
    """The picture of an emoji: packages differ in whether names keep the variation selector fe0f."""
    names = [entry["unified"], entry.get("non_qualified") or "", entry["unified"].replace("-FE0F", "")]
    return next((pictures[name.lower()] for name in names if name.lower() in pictures), None)
