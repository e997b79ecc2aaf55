"""What every result file says about itself: when, where, with what, and by which command."""

import importlib.metadata
import json
import platform
import shlex
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from nhl.processors import processors

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("numpy", "faiss-cpu", "numba", "torch", "openvino", "gradio")


def machine() -> dict[str, Any]:
    """Processor, cores that this process may use, system, Python, and versions of installed packages."""
    return {
        "processor": _processor(),
        "cores": processors(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: version for name in PACKAGES if (version := _version(name))},
    }


def write_result(name: str, result: dict[str, Any], path: str | Path | None = None) -> Path:
    """Write `result` under its date, command and machine to results/NAME.json, or to `path`; the path."""
    arguments = " ".join(map(shlex.quote, sys.argv[1:]))
    record = {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": f"python -m benchmarks {arguments}".strip(),
        "machine": machine(),
        **result,
    }
    target = RESULTS / f"{name}.json" if path is None else Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return target


def _processor() -> str:
    """The model's name, and the widest vectors it has: popcounts depend on them."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    entries = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    flags = entries.get("flags", "").split()
    widest = next((flag for flag in ("avx512_bitalg", "avx512f", "avx2") if flag in flags), "")
    return f"{entries.get('model name', platform.machine())} {widest}".strip()


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
