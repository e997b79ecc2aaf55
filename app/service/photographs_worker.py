"""`python -m app.service.photographs_worker`: makes a gallery of the photographs of Tiny ImageNet, and their codes.

A request names the `checkpoint`, the gallery file `to` write, and the `folder` in which Tiny ImageNet lies, or none: then
its makers' archive is fetched.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from app import texts
from app.service.gallery_worker import encode, fetch
from app.service.worker import Report, WorkError, answer_requests
from nhl.gallery.photographs import ADDRESS, ARCHIVE_BYTES, NAME, build_photographs


def make(request: Any, report: Report) -> int:
    """Write the gallery and its codes; how many pictures it holds."""
    target, folder = Path(request["to"]), request["folder"]
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as work:
        if not folder:
            fetch(ADDRESS, Path(work) / f"{NAME}.zip", ARCHIVE_BYTES, texts.PHOTOGRAPHS, NAME, report)
        try:
            build_photographs(target, Path(folder or work), lambda done, total: report("store", done / total))
        except ValueError as error:
            raise WorkError(str(error)) from error
    return encode(target, request["checkpoint"], report)


if __name__ == "__main__":
    answer_requests(make)
    sys.exit()
