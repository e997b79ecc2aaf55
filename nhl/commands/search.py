"""`python -m nhl search`: find the nearest pictures."""

import argparse
import json
from pathlib import Path
from typing import Any

from nhl.commands import Formatter


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("search", help="find the nearest pictures", formatter_class=Formatter)
    parser.add_argument("gallery", type=Path, help="the gallery file")
    parser.add_argument("image", type=Path, help="the picture to look for")
    parser.add_argument(
        "--checkpoint", type=Path, default=Path("checkpoints/emoji"), help="folder of the model"
    )
    parser.add_argument("--bits", type=int, default=32, help="code length, a multiple of 8")
    parser.add_argument("--top", type=int, default=10, help="how many results")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    parser.set_defaults(run=_search)


def _search(options: argparse.Namespace) -> None:
    from nhl.encode import Encoder
    from nhl.gallery import Gallery
    from nhl.gallery_codes import gallery_codes
    from nhl.index import NestedIndex

    gallery, encoder = Gallery(options.gallery), Encoder(options.checkpoint)
    items = gallery.items()
    index = NestedIndex(gallery_codes(gallery, options.checkpoint, encoder))
    distances, places = index.search(encoder.encode([options.image]), options.bits, options.top)
    results = [
        {"rank": rank, "id": items[n].id, "name": items[n].name, "label": items[n].label, "distance": int(d)}
        for rank, (n, d) in enumerate(zip(places[0], distances[0], strict=True), 1)
    ]
    if options.json:
        print(json.dumps({"length": options.bits, "results": results}, indent=2, ensure_ascii=False))
        return
    for result in results:
        print("{rank:>4}  {distance:>4}  {name}  ({label})".format(**result))
