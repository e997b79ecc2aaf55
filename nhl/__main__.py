"""`python -m nhl`: train, evaluate, gallery, search."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = """examples:
  python -m nhl gallery build emoji --to emoji.db
  python -m nhl train --data emoji --to runs/emoji
  python -m nhl evaluate --checkpoint checkpoints/emoji
  python -m nhl search checkpoints/emoji/gallery.db photo.jpg --bits 32 --top 20
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m nhl", description="Nested hash codes.", epilog=EXAMPLES, formatter_class=_Formatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_train(commands)
    _add_evaluate(commands)
    _add_gallery(commands)
    _add_search(commands)
    return parser


class _Formatter(argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter):
    pass


def _add_train(commands: Any) -> None:
    from nhl.settings import Settings

    parser = commands.add_parser(
        "train",
        help="train a model of all code lengths",
        formatter_class=_Formatter,
        epilog="A run that was stopped goes on when the same command is given again.",
    )
    parser.add_argument("--to", type=Path, required=True, help="folder of the checkpoint")
    described = _described_arguments(Settings.__doc__ or "")
    for setting in fields(Settings):
        default = setting.default if setting.default is not MISSING else {}
        flag = "--" + setting.name.replace("_", "-")
        if isinstance(default, tuple):
            parser.add_argument(flag, type=int, nargs="+", default=default, help=described[setting.name])
        elif isinstance(default, dict):
            parser.add_argument(flag, type=json.loads, default={}, help=described[setting.name] + " As JSON.")
        elif isinstance(default, bool):
            action = argparse.BooleanOptionalAction
            parser.add_argument(flag, action=action, default=default, help=described[setting.name])
        else:
            parser.add_argument(flag, type=type(default), default=default, help=described[setting.name])
    parser.set_defaults(run=_train)


def _described_arguments(docstring: str) -> dict[str, str]:
    """The lines `name: text` of a docstring."""
    lines = [line.strip().partition(": ") for line in docstring.splitlines()]
    return {name: text.replace("%", "%%") for name, _, text in lines if text}


def _train(options: argparse.Namespace) -> None:
    from nhl.settings import Settings
    from nhl.train import Progress, train

    settings = Settings(**{setting.name: getattr(options, setting.name) for setting in fields(Settings)})

    def report(now: Progress) -> None:
        score = "" if now.validation is None else f", validation mAP {now.validation:.3f}"
        left = f"{now.seconds_left / 60:.0f} min left"
        tqdm.write(f"epoch {now.epoch} of {now.epochs}: loss {now.loss:.3f}{score}, {left}", file=sys.stderr)

    with _bar("Epoch") as step:
        train(settings, options.to, report=report, step=step)
    print(f"checkpoint written to {options.to}")


def _add_evaluate(commands: Any) -> None:
    parser = commands.add_parser(
        "evaluate", help="score a checkpoint at every length", formatter_class=_Formatter
    )
    parser.add_argument("--checkpoint", type=Path, required=True, help="folder of the model")
    parser.add_argument("--data", default="emoji", help="a data set, NAME or NAME:PATH")
    parser.add_argument("--top", type=int, help="mAP over the first so many results; by default over all")
    parser.add_argument("--save", action="store_true", help="write evaluation.json into the checkpoint")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    parser.set_defaults(run=_evaluate)


def _evaluate(options: argparse.Namespace) -> None:
    from nhl.checkpoint import EVALUATION
    from nhl.data import load_protocol
    from nhl.evaluate import evaluate, table

    with _bar("Encoding") as progress:
        found = evaluate(options.checkpoint, load_protocol(options.data), options.top, progress)
    text = json.dumps(found, indent=2)
    if options.save:
        (options.checkpoint / EVALUATION).write_text(text + "\n", encoding="utf-8")
    print(text if options.json else table(found))


def _add_gallery(commands: Any) -> None:
    parser = commands.add_parser("gallery", help="build and encode galleries", formatter_class=_Formatter)
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    build = actions.add_parser("build", help="build a known gallery", formatter_class=_Formatter)
    build.add_argument("name", choices=["emoji"], help="which")
    build.add_argument("--to", type=Path, required=True, help="the gallery file")
    build.add_argument(
        "--packages", type=Path, help="folder with the npm archives; without it npm fetches them"
    )
    build.add_argument("--seed", type=int, default=0, help="of the split")
    build.set_defaults(run=_gallery_build)
    encode = actions.add_parser(
        "encode", help="store a gallery's codes beside it", formatter_class=_Formatter
    )
    encode.add_argument("gallery", type=Path, help="the gallery file")
    encode.add_argument(
        "--checkpoint", type=Path, default=Path("checkpoints/emoji"), help="folder of the model"
    )
    encode.set_defaults(run=_gallery_encode)


def _gallery_build(options: argparse.Namespace) -> None:
    from nhl.data.emoji import build_emoji_gallery

    with _bar("Building") as progress:
        build_emoji_gallery(options.to, options.packages, options.seed, progress)
    print(f"gallery written to {options.to}")


def _gallery_encode(options: argparse.Namespace) -> None:
    from nhl.encode import Encoder
    from nhl.gallery import Gallery
    from nhl.gallery_codes import codes_path, gallery_codes

    gallery = Gallery(options.gallery)
    codes = gallery_codes(gallery, options.checkpoint, Encoder(options.checkpoint))
    print(f"{len(codes)} codes in {codes_path(gallery)}")


def _add_search(commands: Any) -> None:
    parser = commands.add_parser("search", help="find the nearest pictures", formatter_class=_Formatter)
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


@contextmanager
def _bar(title: str) -> "Iterator[Callable[[int, int], None]]":
    """A progress bar on standard error, moved by calls of (done, total)."""
    with tqdm(desc=title, file=sys.stderr) as bar:

        def move(done: int, total: int) -> None:
            bar.total = total
            bar.n = done
            bar.refresh() if done == total else bar.update(0)

        yield move


if __name__ == "__main__":
    sys.exit(main())
