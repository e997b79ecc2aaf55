"""`python -m nhl train`: train a model of all code lengths."""

import argparse
import json
import sys
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from tqdm import tqdm

from nhl.commands import Formatter, bar


def add(commands: Any) -> None:
    """Declare the command."""
    from nhl.settings import Settings

    parser = commands.add_parser(
        "train",
        help="train a model of all code lengths",
        formatter_class=Formatter,
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

    with bar("Epoch") as step:
        train(settings, options.to, report=report, step=step)
    print(f"checkpoint written to {options.to}")
