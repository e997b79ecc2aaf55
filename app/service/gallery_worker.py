"""What the workers that make a gallery have in common: an archive is fetched, and the pictures get codes."""

from __future__ import annotations

import urllib.request
from pathlib import Path

from app import texts
from app.service.worker import Report, WorkError
from nhl.gallery import Gallery
from nhl.gallery.codes import gallery_codes

CHUNK, SECONDS = 1 << 20, 30


def fetch(address: str, to: Path, size: int, name: str, layout: str, report: Report) -> None:
    """Fetch an archive whole.

    Args:
        address: of the archive.
        to: the file to write.
        size: about how many bytes it has.
        name: of the gallery, for visitors.
        layout: where its pictures would lie in `NHL_DATA`.
        report: is told the share that is done.

    Raises:
        WorkError: if it cannot be fetched.
    """
    try:
        with urllib.request.urlopen(address, timeout=SECONDS) as answer, to.open("wb") as file:
            while chunk := answer.read(CHUNK):
                file.write(chunk)
                report("fetch", min(file.tell() / size, 1.0))
    except OSError:
        raise WorkError(texts.NO_NETWORK.format(name=name, layout=layout)) from None


def encode(gallery: Path, checkpoint: str, report: Report) -> int:
    """Give the pictures of a gallery their codes; how many there are."""
    return len(
        gallery_codes(
            Gallery(gallery), checkpoint, progress=lambda done, total: report("encode", done / total)
        )
    )
