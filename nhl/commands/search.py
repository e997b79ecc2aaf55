"""`python -m nhl search`: find the nearest pictures."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nhl.commands import Formatter, check_bits
from nhl.commands.output import one_line, print_json

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("search", help="find the nearest pictures", formatter_class=Formatter)
    parser.add_argument("gallery", type=Path, help="the gallery file")
    parser.add_argument("image", type=Path, help="the query picture")
    parser.add_argument("--checkpoint", type=Path, help="folder of the model; by default the gallery's own")
    parser.add_argument("--bits", type=int, default=32, help="code length, a multiple of 8")
    parser.add_argument("--top", type=int, default=10, help="how many results")
    parser.add_argument(
        "--engine", choices=["nested", "clickhouse"], default="nested", help="the search engine"
    )
    parser.add_argument("--show", type=Path, metavar="FILE", help="write the results as a picture")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_search)


def _search(options: argparse.Namespace) -> None:
    from PIL import Image

    from nhl.atomic_write import atomic_write
    from nhl.codes import tie_order
    from nhl.gallery import Gallery
    from nhl.gallery.codes import gallery_codes, own_checkpoint
    from nhl.gallery.contact_sheet import contact_sheet
    from nhl.images import ImageError, load_image
    from nhl.index import NestedIndex
    from nhl.index.clickhouse import ClickHouseIndex
    from nhl.model.encode import Encoder

    if options.top < 1:
        raise ValueError(f"`--top` must be at least 1 but got {options.top}")
    if options.show is not None:
        _check_show(
            options.show,
            {ending for ending, kind in Image.registered_extensions().items() if kind in Image.SAVE},
        )
    gallery = Gallery(options.gallery)
    checkpoint = options.checkpoint or own_checkpoint(gallery)
    check_bits(options.bits, checkpoint)
    try:
        image = load_image(options.image)
    except ImageError as error:
        named = options.image.name in str(error)
        raise ImageError(str(error) if named else f"{options.image}: {error}") from error
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
    results = [
        {
            "rank": rank,
            "id": item.id,
            "name": item.name,
            "label": item.label,
            "source": item.source,
            "distance": d,
        }
        for rank, (item, d) in enumerate(found, 1)
    ]
    if options.show is not None:
        captions = [f"{d}  {item.label or item.name}" for item, d in found]
        thumbnails = [gallery.thumbnail(item.id) for item, _ in found]
        with atomic_write(options.show) as partial:
            contact_sheet(image, zip(thumbnails, captions, strict=True)).save(partial)
    if options.json:
        print_json({"length": options.bits, "results": results})
        return
    for rank, (item, d) in enumerate(found, 1):
        place = item.source if gallery.grows else item.name
        print(one_line(f"{rank:>4}  {d:>4}  {place}" + (f"  ({item.label})" if item.label else "")))


def _check_show(file: Path, endings: set[str]) -> None:
    if file.suffix.lower() not in endings:
        raise ValueError(f"`--show` must end on .png, .jpg or another kind of picture but got {file.name!r}")
    if not file.parent.is_dir():
        raise FileNotFoundError(f"`--show` {file}: there is no folder {file.parent}; make it first")
