"""What a result says about itself: when, where, with what, and by which command."""

import importlib.metadata
import platform
import shlex
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from nhl.processors import processors

PACKAGES = ("numpy", "faiss-cpu", "numba", "torch", "openvino", "gradio")


def about(program: str) -> dict[str, Any]:
    """Date, command and machine; `program` is what stands before the arguments of this process."""
    arguments = " ".join(map(shlex.quote, sys.argv[1:]))
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": f"{program} {arguments}".strip(),
        "machine": machine(),
    }


def machine() -> dict[str, Any]:
    """Processor, cores that this process may use, system, Python, and versions of installed packages."""
    return {
        "processor": _processor(),
        "cores": processors(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: version for name in PACKAGES if (version := _version(name))},
    }


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
