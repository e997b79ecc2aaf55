"""`python -m nhl export`: write a trained network as ONNX or OpenVINO."""

import argparse
import dataclasses
import json
import os
from pathlib import Path
from typing import Any

from nhl.commands import check_target, declare, in_words_of_options, model_folder


def add(commands: Any) -> None:
    """Declare the command."""
    parser = declare(
        commands,
        "export",
        "write a network as ONNX or OpenVINO",
        epilog="The file takes `pixels` (M, S, S, 3), uint8, RGB, and gives `outputs` (M, B), whose signs are bits.",
    )
    parser.add_argument("--checkpoint", type=model_folder, required=True, help="folder of the model")
    parser.add_argument("--to", type=Path, required=True, help="a file ending in .onnx or .xml")
    parser.add_argument(
        "--pictures", type=Path, metavar="DIR", help="pictures for the check; by default random ones"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_export)


def _export(options: argparse.Namespace) -> None:
    from nhl.gallery.files import find_pictures
    from nhl.model.export import export_model

    check_target(options.to)
    pictures = None
    if options.pictures is not None:
        pictures = [os.fsdecode(file.path) for file in find_pictures(options.pictures).files[:256]]
    with in_words_of_options({"to": "--to", "pictures": "--pictures"}):
        check = export_model(options.checkpoint, options.to, pictures)
    print(json.dumps(dataclasses.asdict(check)) if options.json else f"{options.to}: {check}")
