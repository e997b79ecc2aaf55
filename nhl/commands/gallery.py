"""`python -m nhl gallery`: build and encode galleries."""

import argparse
from pathlib import Path
from typing import Any

from nhl.commands import Formatter, bar


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("gallery", help="build and encode galleries", formatter_class=Formatter)
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    build = actions.add_parser("build", help="build a known gallery", formatter_class=Formatter)
    build.add_argument("name", choices=["emoji"], help="which")
    build.add_argument("--to", type=Path, required=True, help="the gallery file")
    build.add_argument(
        "--packages", type=Path, help="folder with the npm archives; without it npm fetches them"
    )
    build.add_argument("--seed", type=int, default=0, help="of the split")
    build.set_defaults(run=_gallery_build)
    encode = actions.add_parser("encode", help="store a gallery's codes beside it", formatter_class=Formatter)
    encode.add_argument("gallery", type=Path, help="the gallery file")
    encode.add_argument(
        "--checkpoint", type=Path, default=Path("checkpoints/emoji"), help="folder of the model"
    )
    encode.set_defaults(run=_gallery_encode)


def _gallery_build(options: argparse.Namespace) -> None:
    from nhl.data.emoji import build_emoji_gallery

    with bar("Building") as progress:
        build_emoji_gallery(options.to, options.packages, options.seed, progress)
    print(f"gallery written to {options.to}")


def _gallery_encode(options: argparse.Namespace) -> None:
    from nhl.encode import Encoder
    from nhl.gallery import Gallery
    from nhl.gallery_codes import codes_path, gallery_codes

    gallery = Gallery(options.gallery)
    codes = gallery_codes(gallery, options.checkpoint, Encoder(options.checkpoint))
    print(f"{len(codes)} codes in {codes_path(gallery)}")
