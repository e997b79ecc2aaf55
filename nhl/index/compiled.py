"""The compiled kernels, without a wait: loaded in the background, absent until they are ready.

A compiler takes seconds and a page must answer now; until the kernels are ready, and where numba is
not installed, callers use NumPy and give the same answers.
"""

from __future__ import annotations

import threading
from types import ModuleType

import numpy as np

from nhl.index.strips import STRIP

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
    codes, rows = np.zeros(STRIP, np.uint8), np.zeros(2, np.uint32)
    bits, one = np.zeros(2 * STRIP, np.uint8), rows[:1]
    for array in (codes, rows, bits, one):
        array.flags.writeable = False
    query, heaps = np.zeros((1, 1), np.uint8), np.zeros((1, 1), np.int64)
    work = np.zeros(4 * STRIP, f"u{itemsize}")
    kernels.search_all(codes, one, one, query, work, heaps)
    kernels.measure(codes, query[0], work[:STRIP])
    kernels.search_strips(codes, one, bits, one, bits, one, query, work, heaps)
    kernels.search_within(codes, one, bits, one, bits, query[0], 0, work, heaps[0])
    kernels.search_prefixes(rows, rows, np.zeros(1, np.uint16), 0, np.zeros(1, np.uint16), heaps)
    _ready[itemsize] = kernels
