"""A gallery's codes on disk, tied to the model that made them and to the gallery whose pictures they are."""

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from nhl.atomic_write import write_bytes
from nhl.codes import check_codes
from nhl.digest import sha256

FORMAT = "1"
REMEDY = "encode the gallery again with `python -m nhl gallery encode`"


class StaleCodesError(ValueError):
    """Stored codes that are missing, damaged, or of another model, gallery or version."""


def save_codes(path: str | Path, codes: ArrayLike, ids: ArrayLike, *, model: str, gallery: str) -> None:
    """Write codes and the items they belong to: the file appears complete or not at all.

    Args:
        path: where to; an existing file is replaced.
        codes: packed codes (N, B/8).
        ids: the gallery's number of each code (N,).
        model: the fingerprint of the checkpoint that made the codes.
        gallery: the fingerprint of the gallery.

    Raises:
        ValueError: if `codes` are not packed codes or `ids` are not N whole numbers.
    """
    packed, numbers = check_codes(codes), np.asarray(ids)
    if numbers.shape != (len(packed),) or numbers.dtype.kind not in "iu":
        raise ValueError(
            f"`ids` must be {len(packed)} whole numbers, one for each code, "
            f"but got {numbers.dtype} of shape {numbers.shape}"
        )
    packed, numbers = np.ascontiguousarray(packed), np.ascontiguousarray(numbers, dtype=np.int64)
    marks = {"format": FORMAT, "model": model, "gallery": gallery, "sum": _sum(packed, numbers)}
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, save({"codes": packed, "ids": numbers}, marks))


def load_codes(path: str | Path, *, model: str, gallery: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """What `save_codes` wrote: codes (N, B/8) and ids (N,).

    Args:
        path: the file.
        model: the fingerprint that the codes must come from.
        gallery: the fingerprint that the ids must belong to.

    Raises:
        StaleCodesError: if the file is missing, damaged, or was made with another model or gallery.
    """
    if not Path(path).is_file():
        raise StaleCodesError(f"there are no codes at {path}: {REMEDY}")
    try:
        with safe_open(path, framework="numpy") as file:
            marks, codes, ids = file.metadata() or {}, file.get_tensor("codes"), file.get_tensor("ids")
    except (SafetensorError, OSError) as error:
        raise StaleCodesError(f"{path} is damaged ({error}): {REMEDY}") from error
    if marks.get("format") != FORMAT:
        raise StaleCodesError(f"{path} is of another version of this program: {REMEDY}")
    if marks.get("sum") != _sum(codes, ids):
        raise StaleCodesError(f"{path} is damaged (its checksum does not match): {REMEDY}")
    for name, expected in (("model", model), ("gallery", gallery)):
        if marks.get(name) != expected:
            raise StaleCodesError(f"{path} was made with another {name}: {REMEDY}")
    return codes, ids


def _sum(codes: NDArray[np.uint8], ids: NDArray[np.int64]) -> str:
    return sha256(repr((codes.shape, ids.shape)), codes, ids)
