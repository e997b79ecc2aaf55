"""`python -m nhl evaluate`: score a checkpoint at every length."""

import argparse
import json
from pathlib import Path
from typing import Any

from nhl.commands import (
    add_unreadable,
    bar,
    declare,
    in_words_of_options,
    model_folder,
    protocol,
    whole_number,
)

FIGURES = """\
figures, at each length, expected over random order within ties:
  map                      mean average precision by class, queries against the database
  p@K, recall@K, hit@K     of the first K: the share that is relevant, the share of all relevant pictures,
                           the probability of at least one
  p@radius2                precision within Hamming distance 2
  macro_...                the mean over classes in place of that over queries
  same@10                  probability that another picture of the query's instance is among the first ten
where pictures have labels at several levels, such as group, class and instance:
  ndcg_at_10               graded nDCG, gain 1 for the coarsest level, 3 for the next, 7, ...
  precision_at_10          by class
  instance_recall_at_10    share of the other pictures of the query's instance
                           (these three: queries against all other pictures)
  map_held_out, map_train  mAP by class, queries against the other queries, and against the database
  distinct_codes           share of all codes that differ
  tied_at_12               median number of pictures at the distance of the twelfth
where photographs stand beside drawings:
  photo_precision_at_10    drawings of the photograph's class
  photo_instance_hit_rate  probability that a drawing of the same instance is among the first ten
  photo_map                mAP of the kinds of photographs, ten of each kind against the others
"""


def add(commands: Any) -> None:
    """Declare the command."""
    parser = declare(commands, "evaluate", "score a checkpoint at every length", epilog=FIGURES)
    parser.add_argument("--checkpoint", type=model_folder, required=True, help="folder of the model")
    parser.add_argument("--data", default="emoji", help="a data set, NAME or NAME:PATH")
    parser.add_argument(
        "--top", type=_top, default="all", help='number of results that mAP is taken over, or "all"'
    )
    parser.add_argument(
        "--at",
        type=whole_number(1),
        nargs="+",
        default=[],
        metavar="K",
        help="further numbers of results to give precision, recall and hit rate at",
    )
    add_unreadable(parser)
    parser.add_argument("--save", action="store_true", help="write evaluation.json into the checkpoint")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--csv", type=Path, metavar="FILE", help="write the table, a row for each length, as CSV"
    )
    parser.add_argument(
        "--curve", type=Path, metavar="FILE", help="write precision and recall at each radius, as CSV"
    )
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="draw both curves and mAP, as PNG or SVG; needs matplotlib"
    )
    parser.set_defaults(run=_evaluate)


def _top(text: str) -> int | None:
    return None if text == "all" else whole_number(1)(text)


def _evaluate(options: argparse.Namespace) -> None:
    from nhl.evaluation.evaluate import evaluate, table
    from nhl.evaluation.tables import check_targets, plot, write_curves, write_scores
    from nhl.model.checkpoint import read_config, write_evaluation

    with in_words_of_options({name: f"--{name}" for name in ("csv", "curve", "plot")}):
        check_targets(options.csv, options.curve, options.plot)
    read_config(options.checkpoint)  # before all pictures are looked at
    data = protocol(options)
    curves = bool(options.curve or options.plot)
    with bar("Encoding") as progress:
        found = evaluate(options.checkpoint, data, options.top, progress, options.at, curves)
    text = json.dumps(found, indent=2)
    if options.save:
        write_evaluation(options.checkpoint, found)
    for write, path in ((write_scores, options.csv), (write_curves, options.curve), (plot, options.plot)):
        if path is not None:
            write(found, path)
    print(text if options.json else table(found))
