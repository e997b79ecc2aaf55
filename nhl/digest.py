"""SHA-256 of contents: the one hash by which files, pictures, codes and models are told apart."""

import hashlib
from collections.abc import Iterable
from typing import Any

from numpy.typing import NDArray


def sha256(*parts: bytes | str | NDArray[Any]) -> str:
    """The SHA-256 of the parts, one after the other, in hexadecimal.

    >>> sha256(b"nested", "codes") == sha256(b"nestedcodes")
    True
    """
    return sha256_of(parts)


def sha256_of(parts: Iterable[bytes | str | NDArray[Any]]) -> str:
    """The same of parts that are made one at a time."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part)
    return digest.hexdigest()
