"""`python -m nhl compare`: one model of all lengths against one model a length."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tqdm import tqdm

from nhl.atomic_write import write_bytes
from nhl.commands import Formatter
from nhl.evaluation.modes import MODES

EPILOG = """The result file, JSON, is written after every run; a comparison that was stopped goes on when the
same command is given again, and may be given more losses, modes or seeds. Beside it are written a table
(.md) and, where matplotlib is installed, a picture (.svg).

example:
  python -m nhl compare --data cifar10 --losses csq dch --modes single full --to compare.json
"""


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "compare", help="nested models against one model a length", formatter_class=Formatter, epilog=EPILOG
    )
    add = parser.add_argument
    add("--to", type=Path, required=True, help="result file")
    add("--data", default="cifar10", help="a data set, NAME or NAME:PATH")
    add("--losses", nargs="+", help="by default all")
    add(
        "--modes",
        nargs="+",
        default=["single", "equal", "scaled", "adaptive", "distill", "full", "central", "central-full"],
        help="what is compared: " + ", ".join(MODES),
    )
    add("--bank", action="store_true", help="compare pairs with a memory bank too, where the loss had one")
    add("--seeds", type=int, default=3, help="how many, from 0")
    add("--lengths", type=int, nargs="+", default=[8, 16, 32, 64, 128], help="code lengths in bits")
    add("--epochs", type=int, default=20, help="passes over the training pictures")
    add("--batch-size", type=int, default=128, help="M")
    add("--size", type=int, default=128, help="side of the backbone's input in pixels")
    add("--fit", default="crop", help="how pictures become square, as in `train`")
    add("--views", type=int, default=6, help="random views of each training picture")
    add("--precision", default="float32", help="of the backbone's arithmetic, float32 or bfloat16")
    add("--lr", type=float, default=1e-3, help="highest learning rate")
    add("--weight-decay", type=float, default=0.01, help="of AdamW")
    add("--distillation", type=float, default=1.0, help="lambda of the distilled modes")
    add("--hidden", type=int, default=512, help="width of the layer before the nested one; 0 leaves it out")
    add("--dropout", type=float, default=0.0, help="share of the hidden layer's outputs left out in training")
    add(
        "--validation-fraction",
        type=float,
        default=0.0,
        help="share of the training pictures to measure on instead",
    )
    add("--workers", type=int, default=1, help="runs at a time, one thread each")
    add("--cache", type=Path, default=Path.home() / ".cache" / "nhl", help="folder of the features")
    parser.set_defaults(run=_compare, resumes=True)


def _compare(options: argparse.Namespace) -> None:
    from nhl.evaluation.compare import Comparison, compare
    from nhl.evaluation.comparison_report import picture, table
    from nhl.losses import LOSSES
    from nhl.machine import about
    from nhl.training.settings import Settings

    same = (
        "data",
        "bank",
        "epochs",
        "batch_size",
        "size",
        "fit",
        "views",
        "precision",
        "weight_decay",
        "distillation",
        "validation_fraction",
    )
    settings = Settings(
        **{name: getattr(options, name) for name in same},
        lengths=tuple(options.lengths),
        head_lr=options.lr,
        backbone_lr=options.lr,
        mixup_alpha=0.0,
        ema_decay=0.99,
    )
    comparison = Comparison(
        settings,
        tuple(options.losses or LOSSES),
        tuple(options.modes),
        tuple(range(options.seeds)),
        options.hidden,
        options.dropout,
    )
    with tqdm(file=sys.stderr) as bar:

        def progress(what: str, done: int, total: int) -> None:
            if bar.desc != f"{what}: ":
                bar.reset(total)
                bar.set_description(what)
            bar.update(done - bar.n)

        made = about("python -m nhl")
        compare(comparison, options.to, options.cache, options.workers, progress, made)
    result = json.loads(options.to.read_text(encoding="utf-8"))
    text = table(result)
    write_bytes(options.to.with_suffix(".md"), text.encode())
    try:
        picture(result, options.to.with_suffix(".svg"))
    except ModuleNotFoundError as error:
        print(error, file=sys.stderr)
    print(text, end="")
