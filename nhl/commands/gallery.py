"""`python -m nhl gallery`: make galleries of pictures and keep them up to date."""

import argparse
import dataclasses
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from nhl.commands import bar, check_bits, check_target, declare, gallery_file, model_folder
from nhl.commands.output import one_line, print_json

_EXAMPLES = """examples:
  python -m nhl gallery add photos --to my.db --checkpoint emoji
  python -m nhl gallery list my.db
  python -m nhl gallery export my.db --to codes.npz
"""


def add(commands: Any) -> None:
    """Declare the command."""
    parser = declare(commands, "gallery", "make galleries and keep them up to date", epilog=_EXAMPLES)
    actions = parser.add_subparsers(required=True, metavar="ACTION")

    def action(name: str, run: Any, text: str, *, file: bool = True, checkpoint: bool = False) -> Any:
        found = declare(actions, name, text)
        found.set_defaults(run=run)
        if file:
            found.add_argument("gallery", type=gallery_file, help="the gallery file")
        if checkpoint:
            found.add_argument(
                "--checkpoint", type=model_folder, help="folder of the model; by default the gallery's own"
            )
        return found

    build = action("build", _build, "build a published gallery", file=False)
    build.add_argument("name", choices=["emoji", "emoji-styles"], help="name of the gallery")
    build.add_argument("--to", type=Path, required=True, help="the gallery file")
    build.add_argument(
        "--packages", type=Path, help="folder with the npm archives; without it npm fetches them"
    )
    build.add_argument("--seed", type=int, help="seed of the random split of `emoji`; by default 0")

    more = action("add", _add, "bring a gallery up to date with a folder", file=False, checkpoint=True)
    more.add_argument("folder", type=Path, help="folder of pictures, labelled by its sub-folders")
    more.add_argument("--to", type=Path, required=True, help="the gallery file, made where there is none")
    more.add_argument(
        "--labels",
        type=Path,
        help="CSV file of labels to use instead of those of the folders: file,label,further labels",
    )
    more.set_defaults(resumes=True)
    _json(more)

    action("encode", _encode, "encode a gallery with a model", checkpoint=True)
    listed = action("list", _list, "list the pictures: id, label, file")
    _json(listed)
    less = action("remove", _remove, "take pictures out of a gallery; their files stay")
    less.add_argument("paths", type=Path, nargs="+", help="pictures or folders of pictures")
    _json(action("verify", _verify, "check that a gallery is intact"))
    export = action("export", _export, "write the codes for other programs", checkpoint=True)
    export.add_argument(
        "--to", type=Path, required=True, help="a file ending in .npz, .safetensors, .parquet or .faiss"
    )
    export.add_argument("--bits", type=int, help="code length; by default the whole code")


def _json(parser: Any) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _build(options: argparse.Namespace) -> None:
    from nhl.gallery.emoji import build_emoji_gallery
    from nhl.gallery.emoji_styles import build_emoji_styles
    from nhl.model.shipped import GALLERY, shipped

    if options.name == "emoji-styles" and options.seed is not None:
        raise ValueError(
            "`--seed` must be left out for emoji-styles, which takes its split from the emoji gallery"
        )
    check_target(options.to)
    with bar("Building") as progress:
        if options.name == "emoji":
            build_emoji_gallery(options.to, options.packages, options.seed or 0, progress)
        else:
            build_emoji_styles(options.to, shipped() / GALLERY, options.packages, progress)
    print(f"gallery written to {options.to}")


def _add(options: argparse.Namespace) -> None:
    from nhl.gallery import Gallery
    from nhl.gallery.codes import own_checkpoint
    from nhl.gallery.folder import add_folder
    from nhl.model.shipped import shipped

    checkpoint = options.checkpoint
    if checkpoint is None:
        checkpoint = own_checkpoint(Gallery(options.to)) if options.to.is_file() else shipped()
    with bar("Reading", unit=" pictures") as progress:
        report = add_folder(options.to, options.folder, checkpoint, options.labels, progress)
    if options.json:
        print_json(dataclasses.asdict(report))
        return
    for path, reason in report.unreadable.items():
        print(one_line(f"{path}: {reason}"), file=sys.stderr)
    for sentence in report.told:
        print(one_line(sentence), file=sys.stderr)
    print(f"{options.to}: {report}")


def _encode(options: argparse.Namespace) -> None:
    from nhl.gallery import Gallery
    from nhl.gallery.codes import codes_path, gallery_codes, own_checkpoint
    from nhl.gallery.folder import encode_again

    gallery = Gallery(options.gallery)
    checkpoint = options.checkpoint or own_checkpoint(gallery)
    if gallery.grows:
        gallery.close()
        with bar("Encoding", unit=" pictures") as progress:
            small = encode_again(options.gallery, checkpoint, progress)
        print(f"{options.gallery} holds the codes of {checkpoint}, {small} of them from thumbnails")
    else:
        print(f"{len(gallery_codes(gallery, checkpoint))} codes in {codes_path(gallery)}")


def _list(options: argparse.Namespace) -> None:
    from nhl.gallery import Gallery

    gallery = Gallery(options.gallery)
    items = gallery.items()
    if options.json:
        fields = ("id", "name", "label", "labels", "source")
        pictures = [{name: getattr(item, name) for name in fields} for item in items]
        counts = dict(Counter(item.label for item in items).most_common())
        answer = {"checkpoint": gallery.meta.get("checkpoint"), "labels": counts, "pictures": pictures}
        print_json(answer)
        return
    for item in items:
        print(one_line(item.id, item.label, item.source or item.name))


def _remove(options: argparse.Namespace) -> None:
    from nhl.gallery.folder import remove

    print(f"{options.gallery}: {remove(options.gallery, options.paths)} removed")


def _verify(options: argparse.Namespace) -> None:
    from nhl.gallery import GalleryError
    from nhl.gallery.check import verify

    verdict = verify(options.gallery)
    if options.json:
        print_json(dataclasses.asdict(verdict))
    else:
        for line in verdict.problems:
            print(one_line(line))
        for path in verdict.outdated:
            print(one_line(f"{path}: gone or changed since it was added"))
    if verdict.problems:
        raise GalleryError(
            f"{options.gallery} has {len(verdict.problems)} problem{'s' * (len(verdict.problems) != 1)}: "
            "build it again, or follow the advice above"
        )
    if not options.json:
        print(
            f"{options.gallery} is intact: {verdict.pictures} pictures, {len(verdict.outdated)} out of date"
        )


def _export(options: argparse.Namespace) -> None:
    from nhl.gallery import Gallery
    from nhl.gallery.codes import gallery_codes, own_checkpoint
    from nhl.gallery.export import FORMATS, export_codes

    if options.to.suffix not in FORMATS:
        raise ValueError(f"`--to` must end on {', '.join(FORMATS)} but got {options.to.name!r}")
    check_target(options.to)
    gallery = Gallery(options.gallery)
    checkpoint = options.checkpoint or own_checkpoint(gallery)
    if options.bits is not None:
        check_bits(options.bits, checkpoint)
    codes = gallery_codes(gallery, checkpoint)
    export_codes(gallery.items(), codes, options.to, options.bits)
    print(f"{len(codes)} codes in {options.to}")
