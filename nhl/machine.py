"""How many processors there are, whether a GPU is lent, and what a result says about itself: when, where, with what, by which command."""

import os
import platform
import shlex
import sys
from contextlib import suppress
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any

PACKAGES = ("numpy", "faiss-cpu", "numba", "torch", "openvino", "gradio")


@cache
def processors() -> int:
    """How many processors this process may use: a container may be given fewer than the machine has."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):  # no such file, or "max"
        quota, period = map(int, Path("/sys/fs/cgroup/cpu.max").read_text().split())
        count = min(count, -(-quota // period))
    return count


def lends_gpu() -> bool:
    """Whether a GPU is there only inside functions that ask for one, as on Hugging Face's ZeroGPU."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in {"1", "t", "true"}


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
    from importlib.metadata import PackageNotFoundError, version  # slow: a search needs only `processors`

    try:
        return version(package)
    except PackageNotFoundError:
        return None
