"""Malformed input: the corpus of tests/hostile, by the library, the commands, in zips, and on a running page."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.startup import ROOT


def malformed() -> dict[str, Any]:
    """What the tests of the corpus say."""
    return run_tests([sys.executable, "-m", "pytest", "tests/hostile"], ROOT, os.environ)


def run_tests(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """The exit status of a command that runs tests, its last line, and a line for each test that failed."""
    done = subprocess.run(command, cwd=folder, env=dict(environment), capture_output=True, text=True)
    lines = done.stdout.splitlines() or done.stderr.splitlines() or [""]
    wrong = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    return {"status": done.returncode, "said": lines[-1].strip("= "), "wrong": wrong}
