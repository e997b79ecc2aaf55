"""`python -m nhl search`: find the nearest pictures."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nhl.commands import Formatter

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("search", help="find the nearest pictures", formatter_class=Formatter)
    parser.add_argument("gallery", type=Path, help="the gallery file")
    parser.add_argument("image", type=Path, help="the picture to look for")
    parser.add_argument("--checkpoint", type=Path, help="folder of the model; by default the gallery's own")
    parser.add_argument("--bits", type=int, default=32, help="code length, a multiple of 8")
    parser.add_argument("--top", type=int, default=10, help="how many results")
    parser.add_argument("--engine", choices=["nested", "clickhouse"], default="nested", help="what searches")
    parser.add_argument("--show", type=Path, metavar="FILE", help="write the results as a picture")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    parser.set_defaults(run=_search)


def _search(options: argparse.Namespace) -> None:
    from nhl.codes import tie_order
    from nhl.gallery import Gallery
    from nhl.gallery.codes import gallery_codes, own_checkpoint
    from nhl.gallery.contact_sheet import contact_sheet
    from nhl.images import load_image
    from nhl.index import NestedIndex
    from nhl.index.clickhouse import ClickHouseIndex
    from nhl.model.encode import Encoder

    gallery = Gallery(options.gallery)
    checkpoint, image = options.checkpoint or own_checkpoint(gallery), load_image(options.image)
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
        contact_sheet(image, zip(thumbnails, captions, strict=True)).save(options.show)
    if options.json:
        print(json.dumps({"length": options.bits, "results": results}, indent=2, ensure_ascii=False))
        return
    for rank, (item, d) in enumerate(found, 1):
        place = item.source if gallery.grows else item.name
        print(f"{rank:>4}  {d:>4}  {place}" + (f"  ({item.label})" if item.label else ""))
