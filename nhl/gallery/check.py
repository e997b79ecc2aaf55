"""Check that a gallery is intact: every picture, file and code."""

import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from nhl.gallery.files import shown
from nhl.gallery.store import CODE, WORDS, Gallery, GalleryError, checksum, read_only
from nhl.images import ImageError, load_image


@dataclass
class Verdict:
    """What `verify` found.

    Args:
        pictures: how many the gallery holds.
        problems: what is wrong with the gallery, a sentence each.
        outdated: files that are gone or have changed since they were added; adding their folder again
            brings the gallery up to date.
    """

    pictures: int = 0
    problems: list[str] = field(default_factory=list)
    outdated: list[str] = field(default_factory=list)


# What must not be found in a growing gallery, and how to say it.
_RULES = {
    "SELECT id FROM items WHERE id NOT IN (SELECT item FROM files)": "has no file",
    "SELECT item FROM files WHERE item NOT IN (SELECT id FROM items)": "has a file but no picture",
    "SELECT item FROM codes WHERE item NOT IN (SELECT id FROM items)": "has a code but no picture",
    "SELECT id FROM items WHERE id NOT IN "
    "(SELECT item FROM codes JOIN meta ON meta.key = 'model' AND meta.value = model)": "has no code",
    "SELECT item FROM codes WHERE (model, length(code)) NOT IN "
    "(SELECT model, max(length(code)) FROM codes GROUP BY model)": "has a short code",
}
# The same for what has a checksum: all but galleries that were last written to by older versions.
_SUMS = {
    f"SELECT item FROM codes WHERE sum IS NOT {CODE}": "has a damaged code; `gallery encode` makes it again",
    f"SELECT id FROM items JOIN files ON item = id WHERE words IS NOT {WORDS}": "has a damaged name or label",
    "SELECT id FROM items JOIN files ON item = id WHERE thumbnail_sum IS NOT checksum(thumbnail)": "has "
    "another thumbnail than was stored",
}


def verify(path: str | Path) -> Verdict:
    """Check all of a gallery: the database, every thumbnail, and that files and codes match the pictures.

    Raises:
        GalleryError: if the file is no gallery, or so damaged that it cannot be opened.
    """
    verdict = Verdict()
    with (
        closing(Gallery(path, check=False)) as gallery,
        closing(sqlite3.connect(read_only(Path(path)), uri=True)) as connection,
    ):
        connection.create_function("checksum", -1, checksum, deterministic=True)
        try:
            _check(gallery, connection, verdict)
        except (sqlite3.DatabaseError, GalleryError) as error:
            verdict.problems.append(f"the database is damaged: {error}")
    return verdict


def _check(gallery: Gallery, connection: sqlite3.Connection, verdict: Verdict) -> None:
    for (line,) in connection.execute("PRAGMA integrity_check"):
        if line != "ok":
            verdict.problems.append(f"the database is damaged: {line}")
    for item in gallery.items():
        verdict.pictures += 1
        if item.labels and item.labels[0] != item.label:
            verdict.problems.append(f"picture {item.id} has the label {item.label!r} but not first of all")
        try:
            load_image(gallery.thumbnail(item.id))
        except ImageError as error:
            verdict.problems.append(f"picture {item.id} has a damaged thumbnail: {error}")
    if not gallery.is_whole():
        verdict.problems.append("it does not hold what was written: its checksum does not match")
    if gallery.grows:
        for query, words in (_RULES | (_SUMS if gallery.sealed else {})).items():
            verdict.problems += [f"picture {item} {words}" for (item,) in connection.execute(query)]
        for path, size, modified in connection.execute("SELECT path, size, modified FROM files"):
            with suppress(OSError):
                status = os.stat(path)  # noqa: PTH116 (pathlib has no bytes)
                if (status.st_size, status.st_mtime_ns) == (size, modified):
                    continue
            verdict.outdated.append(shown(path))
