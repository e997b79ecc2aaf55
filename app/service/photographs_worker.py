"""`python -m app.service.photographs_worker`: makes a gallery of the photographs of Tiny ImageNet, and their codes.

A request names the `checkpoint`, the gallery file `to` write, and the `folder` in which Tiny ImageNet lies, or none: then
its makers' archive is fetched.
"""

from __future__ import annotations

import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

from app import texts
from app.service.worker import Report, WorkError, answer_requests
from nhl.gallery import Gallery
from nhl.gallery.codes import gallery_codes
from nhl.gallery.photographs import ADDRESS, ARCHIVE_BYTES, NAME, build_photographs

CHUNK, SECONDS = 1 << 20, 30


def make(request: Any, report: Report) -> int:
    """Write the gallery and its codes; how many pictures it holds."""
    target = Path(request["to"])
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as work:
        folder = Path(request["folder"]) if request["folder"] else fetched(Path(work), report)
        try:
            build_photographs(target, folder, lambda done, total: report("store", done / total))
        except ValueError as error:
            raise WorkError(str(error)) from error
    codes = gallery_codes(
        Gallery(target),
        request["checkpoint"],
        progress=lambda done, total: report("encode", done / total),
    )
    return len(codes)


def fetched(where: Path, report: Report) -> Path:
    """The folder with its makers' archive, fetched whole.

    Raises:
        WorkError: if it cannot be fetched.
    """
    try:
        with (
            urllib.request.urlopen(ADDRESS, timeout=SECONDS) as answer,
            (where / f"{NAME}.zip").open("wb") as file,
        ):
            while chunk := answer.read(CHUNK):
                file.write(chunk)
                report("fetch", min(file.tell() / ARCHIVE_BYTES, 1.0))
    except OSError:
        raise WorkError(texts.NO_NETWORK.format(name=texts.PHOTOGRAPHS, layout=NAME)) from None
    return where


if __name__ == "__main__":
    answer_requests(make)
    sys.exit()
