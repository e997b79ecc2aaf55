"""Codes laid in strips of 64, and the bits that all codes of a strip share.

A vector unit compares 64 codes at once when byte j of all of them lies together; so a strip is W runs of
64 bytes. Bytes 0 to 3 of every strip come first, then 4 to 7 of every strip, and so on: a search of a
prefix reads its own bytes in few long pieces, and nothing else.
"""

import numpy as np
from numpy.typing import NDArray

STRIP = 64
TOGETHER = 4  # bytes of a code that lie in one piece, in all lengths that people use

Bytes = NDArray[np.uint8]


def lay(codes: Bytes) -> Bytes:
    """Codes (N, W) as strips (ceil(N / 64) * 64 * W,); the last code fills up the last strip.

    >>> lay(np.array([[1, 2], [3, 4]], dtype=np.uint8)).reshape(2, 64)[:, :3]
    array([[1, 3, 3],
           [2, 4, 4]], dtype=uint8)
    """
    return _in_groups(_filled(codes), TOGETHER)


def groups(strips: Bytes, width: int) -> list[Bytes]:
    """Views of strips: for every four bytes of a code an array (strips, 4, 64), the last of fewer bytes.

    >>> [group.shape for group in groups(lay(np.zeros((100, 6), np.uint8)), 6)]
    [(2, 4, 64), (2, 2, 64)]
    """
    count = len(strips) // (STRIP * width)
    starts = range(0, width, TOGETHER)
    pieces = (strips[count * STRIP * j : count * STRIP * min(j + TOGETHER, width)] for j in starts)
    return [piece.reshape(count, -1, STRIP) for piece in pieces]


def unlay(strips: Bytes, width: int) -> Bytes:
    """All codes, and what fills up the last strip, in the order of their rows.

    >>> unlay(lay(np.array([[1, 2], [3, 4]], dtype=np.uint8)), 2)[:3]
    array([[1, 2],
           [3, 4],
           [3, 4]], dtype=uint8)
    """
    codes = np.empty((len(strips) // (STRIP * width), STRIP, width), np.uint8)
    for j, group in enumerate(groups(strips, width)):
        codes[:, :, TOGETHER * j : TOGETHER * (j + 1)] = group.transpose(0, 2, 1)
    return codes.reshape(-1, width)


def codes_in(strips: Bytes, width: int, rows: NDArray[np.intp]) -> Bytes:
    """The codes (M, W) of rows (M,).

    >>> codes_in(lay(np.array([[1, 2], [3, 4]], dtype=np.uint8)), 2, np.array([1, 0]))
    array([[3, 4],
           [1, 2]], dtype=uint8)
    """
    strip, place = rows // STRIP, rows % STRIP
    return np.concatenate([group[strip, :, place] for group in groups(strips, width)], axis=1)


def gray_rank(codes: Bytes) -> NDArray[np.uint64]:
    """Where the first 64 bits of each code (N, W) come in the Gray code: neighbours differ in few bits.

    >>> gray_rank(np.array([[0], [1], [3], [2]], dtype=np.uint8)) >> np.uint64(56)
    array([0, 1, 2, 3], dtype=uint64)
    """
    first = np.zeros((len(codes), 8), np.uint8)
    first[:, : codes.shape[1]] = codes[:, :8]
    rank = first.view(">u8")[:, 0].astype(np.uint64)
    for shift in (1, 2, 4, 8, 16, 32):
        rank ^= rank >> np.uint64(shift)
    return rank


def common(lowest: Bytes, highest: Bytes) -> tuple[Bytes, Bytes]:
    """Of every 64 rows (N, W), the bits set in all, and those set in any: (ceil(N / 64), W) each.

    Args:
        lowest, highest: the rows; or, where these are strips already, the bits set in all and in any.
    """
    return tuple(
        found.reduce(_filled(rows).reshape(-1, STRIP, rows.shape[1]), axis=1)
        for found, rows in ((np.bitwise_and, lowest), (np.bitwise_or, highest))
    )


def lay_common(lowest: Bytes, highest: Bytes) -> Bytes:
    """What `common` gives, in strips: each byte of the bits set in all, then which bits are the same in all."""
    both = np.stack([lowest, ~(lowest ^ highest)], axis=2).reshape(len(lowest), -1)
    return _in_groups(_filled(both), 2 * TOGETHER)


def _filled(rows: Bytes) -> Bytes:
    """Rows with the last repeated up to a multiple of 64."""
    more = -len(rows) % STRIP
    return np.concatenate([rows, np.repeat(rows[-1:], more, axis=0)]) if more else rows


def _in_groups(rows: Bytes, together: int) -> Bytes:
    strips = rows.reshape(-1, STRIP, rows.shape[1])
    starts = range(0, rows.shape[1], together)
    pieces = (strips[:, :, j : j + together].transpose(0, 2, 1) for j in starts)
    return np.concatenate([piece.ravel() for piece in pieces])
