"""`python -m nhl compare`: one model of all lengths against one model a length."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from nhl.atomic_write import write_bytes
from nhl.commands import check_target, declare, in_words_of_options, whole_number

if TYPE_CHECKING:
    from nhl.data import Protocol
    from nhl.evaluation.comparison import Comparison

EPILOG = """The result file, JSON, is written after every run; a comparison that was stopped goes on when the
same command is given again, and may be given more losses, modes or seeds. Beside it are written a table
(.md) and, where matplotlib is installed, a picture (.svg).

example:
  python -m nhl compare --data cifar10 --losses csq dch --modes single full --to compare.json
"""
SAME = (
    *("data", "bank", "epochs", "batch_size", "size", "fit", "views", "precision", "weight_decay"),
    "distillation",
)
"""Options that are the settings of the same name."""


def add(commands: Any) -> None:
    """Declare the command."""
    from nhl.evaluation.modes import MODES
    from nhl.training.settings import CHOICES, NONE

    losses = [name for name in CHOICES["loss"] if name != NONE]
    parser = declare(
        commands, "compare", "compare nested models with one model for each length", epilog=EPILOG
    )
    add = parser.add_argument
    add("--to", type=Path, required=True, help="result file")
    add("--data", default="cifar10", help="a data set, NAME or NAME:PATH")
    add(
        "--losses",
        nargs="+",
        choices=losses,
        metavar="LOSS",
        help=f"losses to compare, of {', '.join(losses)}; by default all",
    )
    add(
        "--modes",
        nargs="+",
        choices=list(MODES),
        metavar="MODE",
        default=["single", "equal", "scaled", "adaptive", "distill", "full", "central", "central-full"],
        help=f"modes to compare, of {', '.join(MODES)}",
    )
    add(
        "--bank",
        action="store_true",
        help="also compare pairs with a memory bank, where the loss was published with one",
    )
    add("--seeds", type=whole_number(1), default=3, help="number of seeds, which count from 0")
    add("--lengths", type=int, nargs="+", default=[8, 16, 32, 64, 128], help="code lengths in bits")
    add("--epochs", type=int, default=20, help="passes over the training pictures")
    add("--batch-size", type=int, default=128, help="batch size, M")
    add("--size", type=int, default=128, help="side of the backbone's input in pixels")
    add("--fit", choices=CHOICES["fit"], default="crop", help="how pictures become square, as in `train`")
    add("--views", type=int, default=6, help="random views of each training picture")
    add(
        "--precision",
        choices=CHOICES["precision"],
        default="float32",
        help="precision of the backbone's arithmetic",
    )
    add("--tune", action="store_true", help="train whole networks, on a GPU where there is one, not heads")
    add("--lr", type=float, default=1e-3, help="highest learning rate")
    add(
        "--backbone-lr",
        type=float,
        help="highest learning rate of the backbone, with --tune; by default that of --lr",
    )
    add("--weight-decay", type=float, default=0.01, help="weight decay of AdamW")
    add("--distillation", type=float, default=1.0, help="lambda of the distilled modes")
    add(
        "--hidden",
        type=whole_number(0),
        help="width of the layer before the nested one, 0 for none; by default 512, with --tune 0",
    )
    add("--dropout", type=float, default=0.0, help="share of the hidden layer's outputs left out in training")
    add(
        "--validation-fraction",
        type=float,
        default=0.0,
        help="share of the training pictures to measure on in place of the queries",
    )
    add(
        "--splits",
        type=whole_number(1),
        default=1,
        help="draws of the queries from all pictures that nothing was learnt from, each measured",
    )
    add("--workers", type=whole_number(1), default=1, help="runs at a time, one thread each")
    add("--cache", type=Path, default=Path.home() / ".cache" / "nhl", help="folder where features are kept")
    parser.set_defaults(run=_compare, resumes=True)


def _compare(options: argparse.Namespace) -> None:
    from nhl.data import load_protocol
    from nhl.evaluation.comparison import check_splits
    from nhl.evaluation.comparison_report import picture, table

    own = ("lengths", "losses", "modes", "seeds", "hidden", "dropout", "workers", "cache", "tune", "splits")
    flags = {name: "--" + name.replace("_", "-") for name in (*SAME, *own)}
    flags |= {"head_lr": "--lr", "path": "--to", "held_back": "--validation-fraction"}
    flags["backbone_lr"] = "--lr" if options.backbone_lr is None else "--backbone-lr"
    with in_words_of_options(flags):
        comparison = _asked(options)
        # What is wrong with the data is said before torch is loaded.
        protocol = load_protocol(options.data)
        check_splits(comparison, protocol)
        _run(comparison, options, protocol)
    result = json.loads(options.to.read_text(encoding="utf-8"))
    text = table(result)
    write_bytes(options.to.with_suffix(".md"), text.encode())
    try:
        picture(result, options.to.with_suffix(".svg"))
    except ModuleNotFoundError as error:
        print(error, file=sys.stderr)
    print(text, end="")


def _asked(options: argparse.Namespace) -> "Comparison":
    """What is compared, refused if a rule is broken; it needs no torch."""
    from nhl.evaluation.comparison import Comparison, read_records
    from nhl.training.settings import CHOICES, NONE, Settings

    if options.backbone_lr is not None and not options.tune:
        raise ValueError(
            f"`backbone_lr` counts with `tune` alone but got {options.backbone_lr}: leave one out or give both"
        )
    settings = Settings(
        **{name: getattr(options, name) for name in SAME},
        lengths=tuple(options.lengths),
        head_lr=options.lr,
        backbone_lr=options.lr if options.backbone_lr is None else options.backbone_lr,
        mixup_alpha=0.0,
        ema_decay=0.99,
    )
    losses = options.losses or [name for name in CHOICES["loss"] if name != NONE]
    comparison = Comparison(
        settings,
        tuple(dict.fromkeys(losses)),
        tuple(dict.fromkeys(options.modes)),
        tuple(range(options.seeds)),
        (0 if options.tune else 512) if options.hidden is None else options.hidden,
        options.dropout,
        options.tune,
        options.splits,
        options.validation_fraction,
    )
    check_target(options.to)
    if options.to.suffix in (".md", ".svg"):
        raise ValueError(
            f"`path` must not end in {options.to.suffix}, as what is written beside it but got {options.to}"
        )
    if options.cache.exists() and not options.cache.is_dir():
        raise ValueError(f"`cache` must be a folder but {options.cache} is a file")
    read_records(options.to, comparison)
    return comparison


def _run(comparison: "Comparison", options: argparse.Namespace, protocol: "Protocol") -> None:
    from nhl.evaluation.compare import compare
    from nhl.machine import about

    with tqdm(file=sys.stderr) as bar:

        def progress(what: str, done: int, total: int) -> None:
            if bar.desc != f"{what}: ":
                bar.reset(total)
                bar.set_description(what)
            bar.update(done - bar.n)

        start = about("python -m nhl")
        compare(comparison, options.to, options.cache, options.workers, progress, start, protocol)
