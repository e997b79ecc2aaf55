"""Binary codes: signs, packed bytes, prefixes, Hamming distance. The only file that knows bit order.

The first bit of a code is the most significant bit of its first byte. Hence the first b/8 bytes of a
packed B-bit code are the packed b-bit code, and codes of every length are stored once.
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

LENGTHS = (8, 16, 32, 64, 128)
"""The default code lengths, in bits."""

_POPCOUNT = np.array([bin(byte).count("1") for byte in range(256)], dtype=np.uint8)


def check_lengths(lengths: Iterable[int]) -> tuple[int, ...]:
    """Code lengths as a tuple, checked.

    Args:
        lengths: bits, strictly ascending, each a positive multiple of 8.

    Raises:
        ValueError: if a length breaks the rule.

    >>> check_lengths([8, 16, 128])
    (8, 16, 128)
    """
    found = tuple(lengths)
    if not found:
        raise ValueError("`lengths` must name at least one code length but is empty")
    for length in found:
        if isinstance(length, bool) or not isinstance(length, int | np.integer) or length < 8 or length % 8:
            raise ValueError(f"`lengths` must be positive multiples of 8 but got {length!r}")
    if list(found) != sorted(set(found)):
        raise ValueError(f"`lengths` must be strictly ascending but got {list(found)}")
    return tuple(int(length) for length in found)


def check_length(length: int, longest: int) -> int:
    """One code length, checked against the longest that the codes hold.

    Raises:
        ValueError: if `length` is no multiple of 8 from 8 to `longest`.

    >>> check_length(24, 128)
    24
    """
    whole = isinstance(length, int | np.integer) and not isinstance(length, bool)
    if not whole or not 8 <= length <= longest or length % 8:
        raise ValueError(f"`length` must be a multiple of 8 from 8 to {longest} but got {length!r}")
    return int(length)


def check_codes(codes: ArrayLike, name: str = "codes") -> NDArray[np.uint8]:
    """Packed codes (N, B/8) as they are, checked.

    Raises:
        ValueError: if they are not a two-dimensional array of uint8 with at least one column, or are bits, one a
            byte, which would be read as codes eight times as long.
    """
    array = np.asarray(codes)
    if array.dtype != np.uint8 or array.ndim != 2 or array.shape[1] == 0:
        raise ValueError(
            f"`{name}` must be packed codes, uint8 of shape (N, B/8), but got {array.dtype} of shape {array.shape}"
        )
    if _one_bit_a_byte(array[:64]):
        raise ValueError(
            f"`{name}` must be packed codes but holds only zeros and ones: pack bits with "
            "`np.packbits(bits, axis=1)`"
        )
    return array


def _one_bit_a_byte(codes: NDArray[np.uint8]) -> bool:
    """Whether the bytes are zeros and ones, many of each, and too many for chance."""
    return bool(
        codes.size >= 64 and codes.shape[1] % 8 == 0 and codes.max() == 1 and 0.2 < codes.mean() < 0.8
    )


def check_ids(ids: ArrayLike, held: Callable[[NDArray[Any]], NDArray[Any]]) -> NDArray[Any]:
    """The ids of codes in an index, ascending and each once, checked.

    Args:
        ids: any number.
        held: some ids to those of them that are in the index.

    Raises:
        ValueError: if they are not whole numbers, or one is not in the index.
    """
    numbers = np.unique(whole_numbers(ids))
    unknown = np.setdiff1d(numbers, held(numbers))
    if unknown.size:
        raise ValueError(f"`ids` must be in the index but got {unknown[0]}")
    return numbers


def whole_numbers(ids: ArrayLike) -> NDArray[np.int64]:
    """Ids (M,), checked; one alone counts as a list of one.

    Raises:
        ValueError: if they are not whole numbers, or have several dimensions.
    """
    numbers = np.atleast_1d(np.asarray(ids))
    if numbers.size and numbers.dtype.kind not in "iu":
        raise ValueError(f"`ids` must be whole numbers but got {numbers.dtype}")
    if numbers.ndim != 1:
        raise ValueError(f"`ids` must have one dimension but got shape {numbers.shape}")
    return numbers.astype(np.int64)


def pack(outputs: ArrayLike) -> NDArray[np.uint8]:
    """Real outputs (N, B) to packed codes (N, B/8); an output of 0 counts as +1.

    Raises:
        ValueError: if `outputs` has not two dimensions, B is no multiple of 8, a value is NaN, or they are bits
            already, which have no sign: booleans, unsigned numbers, or zeros and ones.

    >>> pack([[1.0, -1.0, 0.0, -2.0, -1.0, -1.0, -1.0, 3.0]])
    array([[161]], dtype=uint8)
    """
    array = np.asarray(outputs)
    if array.ndim != 2 or array.shape[1] == 0 or array.shape[1] % 8:
        raise ValueError(f"`outputs` must have shape (N, B), B a multiple of 8, but got {array.shape}")
    if array.dtype.kind not in "ifbu":
        raise ValueError(f"`outputs` must be real numbers but got {array.dtype}")
    if np.isnan(array).any():
        raise ValueError("`outputs` must be numbers but holds NaN")
    if array.dtype.kind in "bu" or _are_bits(array):
        raise ValueError(
            f"`outputs` must be real numbers, whose signs are the bits, but got {array.dtype} of bits: pack them "
            "with `np.packbits(bits, axis=1)`"
        )
    return np.packbits(array >= 0, axis=1)


def _are_bits(outputs: NDArray[Any]) -> bool:
    """Whether outputs are zeros and ones, both of them."""
    if not outputs.size or outputs.min() != 0 or outputs.max() != 1:
        return False
    return bool(((outputs == 0) | (outputs == 1)).all())


def unpack(codes: ArrayLike, length: int | None = None) -> NDArray[np.uint8]:
    """Packed codes (N, B/8) to bits (N, b) of 0 and 1, the first `length` of them (default: all).

    >>> unpack(np.array([[161]], dtype=np.uint8))
    array([[1, 0, 1, 0, 0, 0, 0, 1]], dtype=uint8)
    """
    array = check_codes(codes)
    return np.unpackbits(array if length is None else prefix(array, length), axis=1)


def prefix(codes: ArrayLike, length: int) -> NDArray[np.uint8]:
    """The packed `length`-bit codes (N, b/8) inside packed longer ones (N, B/8): a view."""
    array = check_codes(codes)
    return array[:, : check_length(length, array.shape[1] * 8) // 8]


def hamming(queries: ArrayLike, database: ArrayLike, length: int | None = None) -> NDArray[np.int32]:
    """Hamming distances (Q, N) between packed codes (Q, B/8) and (N, B/8) over the first `length` bits.

    The plain reference: it reads every byte of both. `NestedIndex` answers the same faster.

    Raises:
        ValueError: if the widths differ.

    >>> hamming(np.array([[0, 1]], dtype=np.uint8), np.array([[3, 0]], dtype=np.uint8))
    array([[3]], dtype=int32)
    """
    query, data = check_codes(queries, "queries"), check_codes(database, "database")
    if query.shape[1] != data.shape[1]:
        raise ValueError(
            f"`queries` must be {data.shape[1]} bytes wide as `database` is but got {query.shape[1]}"
        )
    if length is not None:
        query, data = prefix(query, length), prefix(data, length)
    distances = np.zeros((len(query), len(data)), dtype=np.int32)
    for column in range(data.shape[1]):
        distances += _POPCOUNT[query[:, column, None] ^ data[None, :, column]]
    return distances


def tie_order(count: int) -> NDArray[np.int64]:
    """A fixed random order (N,) in which to give images to an index.

    An index breaks ties by place. Where places follow the classes, as in a folder of folders, the first class
    would come first among hundreds of images at one distance, whatever is asked.
    """
    return np.random.default_rng(0).permutation(count)
