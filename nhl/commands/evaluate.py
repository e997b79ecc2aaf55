"""`python -m nhl evaluate`: score a checkpoint at every length."""

import argparse
import json
from pathlib import Path
from typing import Any

from nhl.commands import Formatter, bar


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "evaluate", help="score a checkpoint at every length", formatter_class=Formatter
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

    with bar("Encoding") as progress:
        found = evaluate(options.checkpoint, load_protocol(options.data), options.top, progress)
    text = json.dumps(found, indent=2)
    if options.save:
        (options.checkpoint / EVALUATION).write_text(text + "\n", encoding="utf-8")
    print(text if options.json else table(found))
