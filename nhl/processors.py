"""How many processors there are to use."""

import os
from contextlib import suppress
from functools import cache
from pathlib import Path


@cache
def processors() -> int:
    """How many processors this process may use: a container may be given fewer than the machine has."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):  # no such file, or "max"
        quota, period = map(int, Path("/sys/fs/cgroup/cpu.max").read_text().split())
        count = min(count, -(-quota // period))
    return count
