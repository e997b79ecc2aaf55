"""Result files: each says first when, where and by which command it was made."""

import json
from pathlib import Path
from typing import Any

from nhl.machine import about

RESULTS = Path(__file__).parent / "results"


def write_result(name: str, result: dict[str, Any], path: str | Path | None = None) -> Path:
    """Write `result` under its date, command and machine to results/NAME.json, or to `path`; the path."""
    target = RESULTS / f"{name}.json" if path is None else Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(
        json.dumps({**about("python -m benchmarks"), **result}, indent=1) + "\n", encoding="utf-8"
    )
    return target
