"""Archives as `npm pack` writes them."""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

from nhl.gallery.npm import archive_name


def write_package(folder: Path, package: str, files: Mapping[str, bytes]) -> Path:
    archive = folder / archive_name(package)
    with tarfile.open(archive, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return archive
