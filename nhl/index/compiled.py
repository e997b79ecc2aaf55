"""The compiled kernels, without a wait: loaded in the background, absent until they are ready.

A compiler takes seconds and a page must answer now; until the kernels are ready, and where numba is
not installed, callers use NumPy and give the same answers.
"""

from __future__ import annotations

import threading
from types import ModuleType

import numpy as np

_lock = threading.Lock()
_threads: dict[int, threading.Thread] = {}
_ready: dict[int, ModuleType] = {}


def kernels(itemsize: int = 1, wait: bool = False) -> ModuleType | None:
    """`nhl.index.kernels` once it is compiled for distances of this many bytes, else None.

    Args:
        itemsize: of distances, 1 (uint8) or 2 (uint16).
        wait: wait for the compiler (None then means: numba is not installed).
    """
    if itemsize in _ready:
        return _ready[itemsize]
    with _lock:
        if itemsize not in _threads:
            _threads[itemsize] = threading.Thread(target=_load, args=(itemsize,), daemon=True)
            _threads[itemsize].start()
    if wait:
        _threads[itemsize].join()
    return _ready.get(itemsize)


def _load(itemsize: int) -> None:
    try:
        from nhl.index import kernels
    except ImportError:
        return
    codes, rows = np.zeros((1, 1), np.uint8), np.zeros(2, np.uint32)
    bounds = np.zeros((1, 1), f"u{itemsize}")
    for array in (codes, rows, bounds):
        array.flags.writeable = False
    query, heaps = np.zeros((1, 1), np.uint8), np.zeros((1, 1), np.int64)
    work = np.zeros(kernels.WORK, bounds.dtype)
    kernels.assign(codes, codes, work, work.copy(), np.zeros(1, np.uint8))
    kernels.search_all(codes, rows[:1], query, work, heaps)
    kernels.search_lists(codes, rows[:1], codes, rows, rows, bounds, bounds, rows[:1], query, work, heaps)
    kernels.search_prefixes(rows, rows, np.zeros(1, np.uint16), 0, np.zeros(1, np.uint16), heaps)
    _ready[itemsize] = kernels
