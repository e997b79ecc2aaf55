"""One hash for everything."""

import hashlib

import numpy as np

from nhl.digest import sha256, sha256_of


def test_it_is_the_sha_256_of_all_parts_in_a_row() -> None:
    codes = np.arange(6, dtype=np.uint8).reshape(2, 3)
    expected = hashlib.sha256(b"ab\xc3\xa9" + codes.tobytes()).hexdigest()
    assert sha256(b"ab", "é", codes) == sha256_of(iter([b"ab", "é", codes])) == expected
    assert sha256() == hashlib.sha256().hexdigest()
