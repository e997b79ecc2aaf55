"""`python -m nhl train`: train a model of all code lengths."""

import argparse
import json
import re
import sys
from collections.abc import Callable
from dataclasses import MISSING, fields
from importlib.util import find_spec
from inspect import cleandoc
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from nhl.commands import add_unreadable, bar, check_target, declare, in_words_of_options, protocol

if TYPE_CHECKING:
    from nhl.training.train import Progress

DEVICES = ("cpu", "cuda", "mps", "xpu", "hpu", "mtia", "xla")


def add(commands: Any) -> None:
    """Declare the command."""
    from nhl.training.settings import CHOICES, Settings

    parser = declare(
        commands,
        "train",
        "train a model of all code lengths",
        epilog="A run that was stopped goes on when the same command is given again.",
    )
    parser.add_argument("--to", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument(
        "--device", type=_device, help="torch device, such as cuda:1; by default a GPU where there is one"
    )
    parser.add_argument("--tensorboard", action="store_true", help="log for TensorBoard, in the same folder")
    add_unreadable(parser)
    described = _described_arguments(Settings.__doc__ or "")
    for setting in fields(Settings):
        default = setting.default if setting.default is not MISSING else {}
        flag = _flag(setting.name)
        if isinstance(default, tuple):
            parser.add_argument(flag, type=int, nargs="+", default=default, help=described[setting.name])
        elif isinstance(default, dict):
            parser.add_argument(
                flag, type=_object, default={}, help=described[setting.name] + " (JSON)", metavar="JSON"
            )
        elif setting.name in CHOICES:
            parser.add_argument(
                flag,
                choices=CHOICES[setting.name],
                default=default,
                help=described[setting.name],
                metavar=setting.name.upper(),
            )
        elif isinstance(default, bool):
            action = argparse.BooleanOptionalAction
            parser.add_argument(flag, action=action, default=default, help=described[setting.name])
        else:
            parser.add_argument(flag, type=type(default), default=default, help=described[setting.name])
    parser.set_defaults(run=_train, resumes=True)


def _flag(setting: str) -> str:
    return "--" + setting.replace("_", "-")


def _device(text: str) -> str:
    if not re.fullmatch(rf"({'|'.join(DEVICES)})(:\d+)?", text):
        raise argparse.ArgumentTypeError(f"must be as torch says it, such as cpu or cuda:1, but got {text!r}")
    return text


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError(f'must be JSON, such as {{"scale": 8}}, but got {text!r}')
    return found


def _described_arguments(docstring: str) -> dict[str, str]:
    """The entries `name: text` of a docstring, with the lines indented below each."""
    found: dict[str, str] = {}
    for line in cleandoc(docstring).splitlines():
        if entry := re.fullmatch(r"    (\w+): (.*)", line):
            name, found[entry[1]] = entry.groups()
        elif found and line.startswith(" " * 8):
            found[name] += " " + line.strip()
    return {name: text.removesuffix(".").replace("%", "%%") for name, text in found.items()}


def _train(options: argparse.Namespace) -> None:
    from nhl.training.checks import check_data, check_folder, check_network
    from nhl.training.settings import Settings

    names = [setting.name for setting in fields(Settings)]
    flags = {name: _flag(name) for name in (*names, "device")} | {
        "folder": "--to",
        "stages": "--frozen-stages",
    }
    with in_words_of_options(flags):
        settings = Settings(**{name: getattr(options, name) for name in names})
        check_network(settings)
        check_target(options.to, folder=True)
        check_folder(settings, options.to)
        if options.tensorboard and find_spec("tensorboard") is None:
            raise ModuleNotFoundError(
                "`--tensorboard` needs the package tensorboard: pip install tensorboard"
            )
        data = protocol(options)
        check_data(settings, data)

    from nhl.training.train import Progress, train  # takes seconds, and mistakes are answered before

    reports: list[Callable[[Progress], None]] = [_tell]
    if options.tensorboard:
        from nhl.training.tensorboard import TensorBoard

        reports.append(TensorBoard(options.to, settings.lengths))

    def report(now: Progress) -> None:
        for one in reports:
            one(now)

    with in_words_of_options(flags), bar("Epoch") as step, bar("Preparing") as prepare:
        train(settings, options.to, data, report, step, options.device, prepare)
    print(f"checkpoint written to {options.to}")


def _tell(now: "Progress") -> None:
    score = "" if now.validation is None else f", validation mAP {now.validation:.3f}"
    left = f"{now.seconds_left / 60:.0f} min left"
    tqdm.write(f"epoch {now.epoch} of {now.epochs}: loss {now.loss:.3f}{score}, {left}", file=sys.stderr)
