"""Hash centres that nest: one sign matrix whose every prefix of whole bytes keeps the classes apart."""

from functools import lru_cache
from threading import Lock

import numpy as np
from numpy.typing import NDArray

_BYTES = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)  # (256, 8)
_BYTE_DISTANCES = (_BYTES[:, None] != _BYTES[None]).sum(2, dtype=np.int16)  # (256, 256)
_EVEN = np.flatnonzero(_BYTES.sum(1) % 2 == 0)
_HAMMING = np.array([a ^ b ^ c ^ d for a in (0, 255) for b in (0, 15) for c in (0, 51) for d in (0, 85)])
_STEEPNESS = 1.5
MOST_BITS = np.iinfo(np.int16).max
_BYTE_CROWDING = np.exp(-_STEEPNESS * _BYTE_DISTANCES)


@lru_cache(maxsize=32)
def hash_centers(classes: int, length: int, seed: int = 0) -> NDArray[np.int8]:
    """Prefix-consistent hash centres: `hash_centers(C, b)` is `hash_centers(C, B)[:, :b]`.

    Centres drawn for each length by themselves contradict each other, since a nested code of length b
    is a prefix of the longer one. Here a byte is added at a time: descent over the classes in turn,
    each taking the byte that leaves it farthest from the others over all bits so far.

    Args:
        classes: C.
        length: b, a multiple of 8.
        seed: of the order of the classes and of ties.

    Returns:
        (C, b), -1 and +1; read-only, since it is shared.

    Raises:
        ValueError: if `classes` is below 1, or `length` is no positive multiple of 8 or above 32,767.

    >>> centers = hash_centers(10, 16)
    >>> centers.shape, int((centers[:, None] != centers[None]).sum(2)[~np.eye(10, dtype=bool)].min())
    ((10, 16), 8)
    """
    if classes < 1:
        raise ValueError(f"`classes` must be at least 1 but got {classes}")
    if length < 8 or length % 8 or length > MOST_BITS:
        raise ValueError(f"`length` must be a positive multiple of 8 up to {MOST_BITS} but got {length}")
    centers = np.concatenate(_grown(classes, seed).up_to(length // 8), axis=1).astype(np.int8) * 2 - 1
    centers.flags.writeable = False
    return centers


def hadamard_centers(classes: int, length: int, seed: int = 0) -> NDArray[np.int8]:
    """Hash centres of one length as CSQ has them: rows of a Hadamard matrix and their opposites, which do not nest. [0]

    Where there are more classes than those 2 b rows, or b is no power of 2, bits are drawn at random.

    [0] Yuan et al., Central Similarity Quantization for Efficient Image and Video Retrieval, CVPR 2020,
        arXiv 1908.00347

    Args:
        classes: C.
        length: b, a multiple of 8.
        seed: of which rows serve which class, or of the bits.

    Returns:
        (C, b), -1 and +1.

    >>> centers = hadamard_centers(10, 16)
    >>> int((centers[:, None] != centers[None]).sum(2)[~np.eye(10, dtype=bool)].min())
    8
    """
    rng = np.random.default_rng((seed, length))
    if classes > 2 * length or length & (length - 1):
        return rng.choice(np.array([-1, 1], dtype=np.int8), (classes, length))
    rows = np.ones((1, 1), dtype=np.int8)
    while len(rows) < length:  # Sylvester's construction
        rows = np.block([[rows, rows], [rows, -rows]])
    rows = np.concatenate([rows[rng.permutation(length)], -rows[rng.permutation(length)]])
    return rows[:classes]


class _Centers:
    """Centres that grow by a byte: a longer length goes on from a shorter one."""

    def __init__(self, classes: int, seed: int) -> None:
        self.distances, self.seed = np.zeros((classes, classes), dtype=np.int16), seed
        self.columns: list[NDArray[np.uint8]] = []
        self.turn = Lock()

    def up_to(self, count: int) -> list[NDArray[np.uint8]]:
        """The first `count` bytes as bits, (C, 8) each."""
        with self.turn:
            while len(self.columns) < count:
                choice = _best_bytes(self.distances, np.random.default_rng((self.seed, len(self.columns))))
                self.distances += _BYTE_DISTANCES[np.ix_(choice, choice)]
                self.columns.append(_BYTES[choice])
            return self.columns[:count]


_grown = lru_cache(maxsize=8)(_Centers)


def _best_bytes(distances: NDArray[np.int16], rng: np.random.Generator, sweeps: int = 12) -> NDArray[np.intp]:
    """A byte for each class (C,), given the distances (C, C) over the bits before it."""
    count = len(distances)
    # Two bytes of the extended Hamming code differ in four bits or more, two of even weight in two.
    start = (_HAMMING,) if count <= len(_HAMMING) else (_EVEN, np.arange(256))
    choice = np.resize(np.concatenate([rng.permutation(part) for part in start]), count)
    for _ in range(sweeps if count <= 256 else 3):
        before = choice.copy()
        for c in rng.permutation(count):
            # Crowding of each byte: a sum of exp(-distance) over the other classes, the nearest scaled to 1.
            apart = distances[c].astype(float)
            apart[c] = np.inf  # a class does not crowd itself
            weights = np.exp(-_STEEPNESS * (apart - apart.min(initial=MOST_BITS)))
            crowding = _BYTE_CROWDING @ np.bincount(choice, weights, 256)  # (256,)
            best = int(crowding.argmin())
            if crowding[best] < crowding[choice[c]]:
                choice[c] = best
        if (choice == before).all():
            break
    return choice
