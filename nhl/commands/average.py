"""`python -m nhl average`: average the weights of several models into one."""

import argparse
from pathlib import Path
from typing import Any

from nhl.commands import check_target, declare, in_words_of_options

EPILOG = """The models must have been trained one from another, or all from the same start; their average is then
often better than any of them.

example:
  python -m nhl train --data emoji --to runs/first
  python -m nhl train --data emoji --to runs/second --start runs/first --seed 1
  python -m nhl average runs/first runs/second --to runs/mean
"""


def add(commands: Any) -> None:
    """Declare the command."""
    parser = declare(commands, "average", "average the weights of several models into one", epilog=EPILOG)
    parser.add_argument("checkpoints", type=Path, nargs="+", metavar="DIR", help="folders of the models")
    parser.add_argument("--to", type=Path, required=True, help="folder of the model to write")
    parser.set_defaults(run=_average)


def _average(options: argparse.Namespace) -> None:
    from nhl.model.average import average_models

    check_target(options.to, folder=True)
    with in_words_of_options({"folders": "DIR"}):
        mean = average_models(options.checkpoints)
    mean.save_pretrained(options.to)
    print(f"checkpoint written to {options.to}")
