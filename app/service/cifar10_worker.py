"""`python -m app.service.cifar10_worker`: makes a gallery of CIFAR-10's 10,000 test pictures, and their codes.

A request names the `checkpoint`, the gallery file `to` write, and the `folder` of a copy,
`test/<class>/` with JPEG or PNG, or none: then the archive is fetched, and read by torchvision. In a process of
its own, since torchvision brings torch, which is larger than the page. [0]

[0] Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from app import texts
from app.service.gallery_worker import encode, fetch
from app.service.worker import Report, WorkError, answer_requests
from nhl.gallery import Item, write_gallery
from nhl.gallery.files import numbered_pictures
from nhl.images import load_image

LAYOUT = "cifar10/test/CLASS/NUMBER.png"
ADDRESS = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
ARCHIVE_BYTES = 170_498_071
PICTURES = 10_000
ASKING = 100  # of each class, the first: they are the examples


def make(request: Any, report: Report) -> int:
    """Write the gallery and its codes; how many pictures it holds."""
    target = Path(request["to"])
    target.parent.mkdir(parents=True, exist_ok=True)
    pictures = from_folder(Path(request["folder"])) if request["folder"] else fetched(target.parent, report)
    meta = {"name": "cifar10", "title": "CIFAR-10", "credits": texts.CIFAR10_CREDITS}
    write_gallery(target, items(pictures, report), meta)
    return encode(target, request["checkpoint"], report)


def items(pictures: Iterator[tuple[str, Image.Image]], report: Report) -> Iterator[tuple[Item, bytes]]:
    """Classes and pictures as items of a gallery; the first of each class are queries, the others the database."""
    seen: dict[str, int] = {}
    for number, (label, image) in enumerate(pictures):
        if number % 100 == 0:
            report("store", min(number / PICTURES, 1.0))
        seen[label] = seen.get(label, 0) + 1
        split = "query" if seen[label] <= ASKING else "train"
        file = BytesIO()
        image.save(file, "WEBP", lossless=True)
        yield Item(number, f"{label} {seen[label]}", label, (label,), "", split), file.getvalue()


def from_folder(folder: Path) -> Iterator[tuple[str, Image.Image]]:
    """Class and picture of each file of `folder/test/<class>`, in the data set's order."""
    for place in sorted((folder / "test").iterdir()):
        for path in numbered_pictures(place):
            yield place.name, load_image(path)


def fetched(where: Path, report: Report) -> Iterator[tuple[str, Image.Image]]:
    """Class and picture of the test part of the archive, which is not kept.

    Raises:
        WorkError: if it cannot be fetched.
    """
    with tempfile.TemporaryDirectory(dir=where) as folder:
        archive = Path(folder) / ADDRESS.rpartition("/")[2]
        fetch(ADDRESS, archive, ARCHIVE_BYTES, texts.CIFAR10, LAYOUT, report)

        from torchvision.datasets import CIFAR10

        try:
            data = CIFAR10(folder, train=False, download=True)  # checks what is there, and unpacks it
        except (OSError, RuntimeError):
            raise WorkError(texts.NO_NETWORK.format(name=texts.CIFAR10, layout=LAYOUT)) from None
        for pixels, label in zip(data.data, data.targets, strict=True):
            yield data.classes[label], Image.fromarray(pixels)


if __name__ == "__main__":
    answer_requests(make)
    sys.exit()
