"""`python -m nhl page`: open the page, which is part of the repository and not of an installed package."""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

from nhl.commands import declare

ROOT = Path(__file__).parents[2]


def add(commands: Any) -> None:
    """Declare the command."""
    text = "open the page; `python -m app` does so with options"
    declare(commands, "page", text).set_defaults(run=_page)


def _page(_: argparse.Namespace) -> None:
    if not (ROOT / "app" / "__main__.py").is_file():
        raise FileNotFoundError(
            "the page is not part of the installed package: get the repository, and in its folder give "
            "`pip install -r requirements.txt && python -m app`"
        )
    sys.exit(subprocess.call([sys.executable, "-m", "app"], cwd=ROOT))
