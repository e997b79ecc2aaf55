"""More codes with the statistics of real ones: for timing, and for galleries that only show timing."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nhl.codes import check_codes, unpack

_AT_ONCE = 1 << 16


def enlarge(codes: ArrayLike, labels: ArrayLike, count: int, seed: int = 0) -> NDArray[np.uint8]:
    """Draw codes as a trained model might give them, class by class and bit by bit.

    A class is drawn as often as it occurs, then each bit by itself with the share of ones that the class
    has there. So classes lie as near and as wide as the real ones; that bits of one class depend on each
    other is lost. A bit that is constant in a class stays constant.

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
    _, classes, sizes = np.unique(names, return_inverse=True, return_counts=True)
    ones = np.zeros((len(sizes), packed.shape[1] * 8), np.float32)
    np.add.at(ones, classes, unpack(packed))
    share = ones / sizes[:, None].astype(np.float32)  # (C, B)
    drawn = np.empty((count, packed.shape[1]), np.uint8)
    for start in range(0, count, _AT_ONCE):
        some = drawn[start : start + _AT_ONCE]
        of = random.choice(len(sizes), len(some), p=sizes / sizes.sum())
        some[:] = np.packbits(random.random((len(some), share.shape[1]), np.float32) < share[of], axis=1)
    return drawn
