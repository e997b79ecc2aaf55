"""`python -m nhl search`: find the nearest pictures."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nhl.commands import check_bits, declare, gallery_file, model_folder
from nhl.commands.output import one_line, print_json

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from PIL.Image import Image

    from nhl.gallery import Gallery, Item


def add(commands: Any) -> None:
    """Declare the command."""
    parser = declare(commands, "search", "find the nearest pictures")
    parser.add_argument("gallery", type=gallery_file, help="the gallery file, or emoji for the shipped one")
    parser.add_argument("image", type=Path, help="the query picture")
    parser.add_argument(
        "--checkpoint", type=model_folder, help="folder of the model; by default the gallery's own"
    )
    parser.add_argument("--bits", type=int, default=32, help="code length, a multiple of 8")
    parser.add_argument("--top", type=int, default=10, help="number of results")
    parser.add_argument("--engine", choices=["nested", "clickhouse"], default="nested", help="search engine")
    parser.add_argument("--show", type=Path, metavar="FILE", help="write the results as a picture")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_search)


def _search(options: argparse.Namespace) -> None:
    from nhl.codes import tie_order
    from nhl.gallery import Gallery
    from nhl.gallery.codes import gallery_codes, own_checkpoint
    from nhl.index import NestedIndex
    from nhl.index.clickhouse import ClickHouseIndex
    from nhl.model.encode import Encoder

    _check(options)
    gallery = Gallery(options.gallery)
    checkpoint = options.checkpoint or own_checkpoint(gallery)
    check_bits(options.bits, checkpoint)
    image = _query(options.image)
    if not len(gallery):
        raise ValueError(f"{options.gallery} holds no pictures: add some with `python -m nhl gallery add`")
    order, items = tie_order(len(gallery)), gallery.items()
    items = [items[n] for n in order]
    encoder = Encoder(checkpoint)
    engines: dict[str, Callable[[ArrayLike], NestedIndex | ClickHouseIndex]] = {
        "nested": NestedIndex,
        "clickhouse": ClickHouseIndex.holding,
    }
    index = engines[options.engine](gallery_codes(gallery, checkpoint, encoder)[order])
    distances, places = index.search(encoder.encode([image]), options.bits, min(options.top, len(items)))
    found = [(items[n], int(d)) for n, d in zip(places[0], distances[0], strict=True)]
    if options.show is not None:
        _show(options.show, image, gallery, found)
    if options.json:
        fields = ("id", "name", "label", "source")
        results = [
            {"rank": rank, **{name: getattr(item, name) for name in fields}, "distance": d}
            for rank, (item, d) in enumerate(found, 1)
        ]
        print_json({"length": options.bits, "results": results})
        return
    for rank, (item, d) in enumerate(found, 1):
        place = item.source if gallery.grows else item.name
        print(one_line(f"{rank:>4}  {d:>4}  {place}" + (f"  ({item.label})" if item.label else "")))


def _check(options: argparse.Namespace) -> None:
    """Refuse what can be seen to be wrong before anything is opened."""
    from PIL import Image

    if options.top < 1:
        raise ValueError(f"`--top` must be at least 1 but got {options.top}")
    if (file := options.show) is None:
        return
    if Image.registered_extensions().get(file.suffix.lower()) not in Image.SAVE:
        raise ValueError(f"`--show` must end on .png, .jpg or another kind of picture but got {file.name!r}")
    if not file.parent.is_dir():
        raise FileNotFoundError(f"`--show` {file}: there is no folder {file.parent}; make it first")


def _query(path: Path) -> "Image":
    from nhl.images import ImageError, load_image

    try:
        return load_image(path)
    except ImageError as error:
        raise ImageError(str(error) if path.name in str(error) else f"{path}: {error}") from error


def _show(file: Path, image: "Image", gallery: "Gallery", found: "list[tuple[Item, int]]") -> None:
    """Write the query and what was found as one picture."""
    from nhl.atomic_write import atomic_write
    from nhl.gallery.contact_sheet import contact_sheet

    captions = [f"{d}  {item.label or item.name}" for item, d in found]
    thumbnails = [gallery.thumbnail(item.id) for item, _ in found]
    with atomic_write(file) as partial:
        contact_sheet(image, zip(thumbnails, captions, strict=True)).save(partial)
