"""More codes, as spread as real ones: for timing, and for galleries that only show timing."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nhl.codes import check_codes, hamming

NEIGHBOURS = 16  # with fewer the drawn codes lie too near each other, see `python -m benchmarks search`
TOGETHER = 2048  # rows of a class among which neighbours are looked for
_AT_ONCE = 1 << 16


def enlarge(codes: ArrayLike, labels: ArrayLike, count: int, seed: int = 0) -> NDArray[np.uint8]:
    """Draw codes as a trained model might give them: each between two real ones that are near each other.

    A real code is drawn, and one of its 16 nearest of the same class; where the two differ, each bit comes
    from the second with a chance of up to a half, the same for the whole code. So bits depend on each other
    as in real codes, and nearest codes are as far apart: drawing each bit by itself gives codes that are
    too far from each other. A bit that is constant in a class stays constant.

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
        second = near[first, random.integers(0, NEIGHBOURS, len(some))]
        chance = random.random((len(some), 1), np.float32) / 2
        taken = np.packbits(random.random((len(some), 8 * packed.shape[1]), np.float32) < chance, axis=1)
        some[:] = packed[first] ^ ((packed[first] ^ packed[second]) & taken)
    return drawn


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
