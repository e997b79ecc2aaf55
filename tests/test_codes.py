"""Packing against loops over bits, and every refusal."""

import numpy as np
import pytest

from nhl.codes import check_codes, check_length, check_lengths, hamming, pack, prefix, unpack


def codes(count: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, width), dtype=np.uint8)


def test_pack_puts_the_first_bit_highest() -> None:
    outputs = np.random.default_rng(0).normal(size=(20, 24))
    outputs[0, :3] = 0, -0.0, -1e-30
    for row, packed in zip(outputs, pack(outputs), strict=True):
        for byte in range(3):
            value = 0
            for bit in range(8):
                value = 2 * value + (row[8 * byte + bit] >= 0)
            assert packed[byte] == value


def test_unpack_inverts_pack_at_every_length() -> None:
    packed = codes(10, 16)
    bits = unpack(packed)
    assert (pack(bits.astype(float) - 0.5) == packed).all()
    for length in range(8, 129, 8):
        assert (unpack(packed, length) == bits[:, :length]).all()


def test_prefix_of_a_long_code_is_the_short_code() -> None:
    outputs = np.random.default_rng(1).normal(size=(9, 128))
    for length in range(8, 129, 8):
        assert (prefix(pack(outputs), length) == pack(outputs[:, :length])).all()
    assert np.shares_memory(prefix(packed := codes(2, 4), 16), packed)


@pytest.mark.parametrize("length", [8, 24, 128, None])
def test_hamming_counts_differing_bits(length: int | None) -> None:
    a, b = codes(7, 16), codes(11, 16, seed=1)
    slow = [
        [sum(x != y for x, y in zip(p, q, strict=True)) for q in unpack(b, length)] for p in unpack(a, length)
    ]
    assert hamming(a, b, length).tolist() == slow


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([], "must name at least one"),
        ([12], "multiples of 8 but got 12"),
        ([0, 8], "multiples of 8 but got 0"),
        ([True], "multiples of 8 but got True"),
        ([8.0], r"multiples of 8 but got 8\.0"),
        ([16, 8], r"strictly ascending but got \[16, 8\]"),
        ([8, 8], r"strictly ascending but got \[8, 8\]"),
    ],
)
def test_bad_lengths(lengths: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_lengths(lengths)


@pytest.mark.parametrize("length", [0, 7, 136, -8, "8", 8.0, True, None])
def test_bad_length(length: object) -> None:
    with pytest.raises(ValueError, match="multiple of 8 from 8 to 128 but got"):
        check_length(length, 128)


@pytest.mark.parametrize("bad", [codes(2, 2).astype(np.int8), codes(2, 2)[0], codes(2, 2)[:, :0], [[1, 2]]])
def test_bad_codes(bad: object) -> None:
    with pytest.raises(ValueError, match="`codes` must be packed codes, uint8 of shape"):
        check_codes(bad)


@pytest.mark.parametrize("shape", [(3,), (3, 0), (3, 12)])
def test_bad_outputs(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="`outputs` must have shape"):
        pack(np.zeros(shape))


def test_nan_is_no_output() -> None:
    with pytest.raises(ValueError, match="holds NaN"):
        pack(np.full((1, 8), np.nan))


def test_queries_of_another_width() -> None:
    with pytest.raises(ValueError, match="`queries` must be 2 bytes wide"):
        hamming(codes(1, 1), codes(1, 2))


BITS = np.random.default_rng(2).integers(0, 2, (5, 16))


@pytest.mark.parametrize("form", [bool, np.uint8, np.int64, np.float32, np.float16])
def test_bits_have_no_signs(form: type) -> None:
    """By their signs zeros and ones would all be ones."""
    with pytest.raises(
        ValueError, match=r"whose signs are the bits, .* of bits: pack them with `np\.packbits"
    ):
        pack(BITS.astype(form))
    signs = BITS.astype(float) * 2 - 1
    assert (pack(signs) == np.packbits(BITS, axis=1)).all()
    assert (pack(signs.astype(np.int8)) == np.packbits(BITS, axis=1)).all()


def test_outputs_that_are_alike_are_no_bits() -> None:
    assert pack(np.zeros((1, 8))).tolist() == pack(np.ones((1, 8))).tolist() == [[255]]


def test_outputs_are_real_numbers() -> None:
    with pytest.raises(ValueError, match="`outputs` must be real numbers but got <U1"):
        pack([["a"] * 8])
    with pytest.raises(ValueError, match="`outputs` must be real numbers but got complex128"):
        pack([[1j] * 8])


def test_bits_are_no_packed_codes() -> None:
    bits = unpack(codes(5, 16))
    with pytest.raises(
        ValueError, match=r"`codes` must be packed codes but holds only zeros and ones: pack bits"
    ):
        check_codes(bits)
    with pytest.raises(ValueError, match="`database` must be packed codes but holds only zeros and ones"):
        hamming(codes(1, 128), bits, 8)
    for packed in (codes(5, 16), np.zeros((90, 8), np.uint8), np.eye(9, 16, dtype=np.uint8), bits[:, :1]):
        assert check_codes(packed) is packed
