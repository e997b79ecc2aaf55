"""More codes, as spread as real ones: for timing, and for galleries that only show timing."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nhl.codes import check_codes, hamming

NEIGHBOURS = 16  # with fewer the drawn codes lie too near each other, see `python -m benchmarks search`
PARENTS = 4  # neighbours that one drawn code has bits of; two random bits choose among them
MOST_TAKEN = 0.75  # of the bits that differ, at most this share is taken: less lies too near, more too far
TOGETHER = 2048  # rows of a class among which neighbours are looked for
_AT_ONCE = 1 << 16


def enlarge(codes: ArrayLike, labels: ArrayLike, count: int, seed: int = 0) -> NDArray[np.uint8]:
    """Draw codes as a trained model might give them: each amid real ones that are near each other.

    A real code is drawn, and four of its 16 nearest of the same class; each bit comes from one of these,
    chosen for the bit, with a chance of up to 3/4, the same for the whole code. So bits depend on each other
    as in real codes, and nearest codes are about as far apart (`python -m benchmarks search` says how far):
    one neighbour alone gives codes too near each other, each bit of a class by itself codes too far apart.
    A bit that is constant in a class stays constant.

    Args:
        codes: packed codes (N, B/8) of a trained model.
        labels: the class of each (N,), numbers or names.
        count: how many to draw.
        seed: the same seed gives the same codes.

    Returns:
        Packed codes (count, B/8), in random order of class.

    Raises:
        ValueError: if there is no code, `labels` are not N, or `count` is negative.

    >>> enlarge(np.array([[15], [15]], dtype=np.uint8), ["cat", "cat"], 3).ravel()
    array([15, 15, 15], dtype=uint8)
    """
    packed, names = check_codes(codes), np.asarray(labels)
    if not len(packed):
        raise ValueError("`codes` must hold at least one code but is empty")
    if names.shape != (len(packed),):
        raise ValueError(f"`labels` must be {len(packed)}, one for each code, but got shape {names.shape}")
    if count < 0:
        raise ValueError(f"`count` must be 0 or more but got {count}")
    random = np.random.default_rng(seed)
    near = _neighbours(packed, names)
    drawn = np.empty((count, packed.shape[1]), np.uint8)
    for start in range(0, count, _AT_ONCE):
        some = drawn[start : start + _AT_ONCE]
        first = random.integers(0, len(packed), len(some))
        others = packed[near[first[:, None], random.integers(0, NEIGHBOURS, (len(some), PARENTS))]]
        one, two = random.integers(0, 256, (2, *some.shape), np.uint8)
        mixed = _choose(
            one, _choose(two, others[:, 0], others[:, 1]), _choose(two, others[:, 2], others[:, 3])
        )
        chance = random.random((len(some), 1), np.float32) * np.float32(MOST_TAKEN)
        taken = np.packbits(random.random((len(some), 8 * packed.shape[1]), np.float32) < chance, axis=1)
        some[:] = _choose(taken, mixed, packed[first])
    return drawn


def _choose(mask: NDArray[np.uint8], where: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Bit by bit that of `where` where the mask has a 1, else the other's."""
    return other ^ ((where ^ other) & mask)


def _neighbours(packed: NDArray[np.uint8], names: NDArray[np.generic]) -> NDArray[np.intp]:
    """The nearest others of the same class (N, NEIGHBOURS), over and over where there are fewer."""
    random = np.random.default_rng(0)
    near = np.empty((len(packed), NEIGHBOURS), np.intp)
    for name in np.unique(names):
        whole = random.permutation(np.flatnonzero(names == name))
        for rows in np.array_split(whole, -(-len(whole) // TOGETHER)):
            distances = hamming(packed[rows], packed[rows], 8 * packed.shape[1]).astype(np.int32)
            np.fill_diagonal(distances, np.iinfo(np.int32).max)
            columns = np.arange(NEIGHBOURS) % max(len(rows) - 1, 1)
            near[rows] = rows[np.argsort(distances, axis=1, kind="stable")[:, columns]]
    return near
