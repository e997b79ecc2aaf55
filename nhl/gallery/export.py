"""A gallery's codes in files that other programs read: NumPy, safetensors, Parquet, FAISS."""

import importlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nhl.atomic_write import atomic_write
from nhl.codes import prefix
from nhl.gallery.store import Item

Codes = NDArray[np.uint8]


def export_codes(items: list[Item], codes: Codes, to: str | Path, length: int | None = None) -> None:
    """Write the codes of a gallery, with the ids of their items, in the format that the name ends on.

    Args:
        items: N items.
        codes: (N, B/8), packed.
        to: a file ending in `.npz` (ids, codes, labels, sources), `.safetensors` (ids, codes, class
            numbers; class names in its metadata), `.parquet` (a row an item) or `.faiss` (an
            `IndexBinaryIDMap2` that `faiss.read_index_binary` opens).
        length: bits to write of each code; all by default.

    Raises:
        ValueError: if the ending is another, or `length` does not fit the codes.
        ModuleNotFoundError: if the package that writes the format is missing.
    """
    to = Path(to)
    if to.suffix not in FORMATS:
        raise ValueError(f"`to` must end on {', '.join(FORMATS)} but got {to.name!r}")
    kept = np.ascontiguousarray(prefix(codes, length or codes.shape[1] * 8))
    to.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(to) as partial:
        FORMATS[to.suffix](items, kept, partial)


def _ids(items: list[Item]) -> NDArray[np.int64]:
    return np.array([item.id for item in items], dtype=np.int64)


def _numpy(items: list[Item], codes: Codes, to: Path) -> None:
    labels, sources = np.array([item.label for item in items]), np.array([item.source for item in items])
    np.savez(to, ids=_ids(items), codes=codes, labels=labels, sources=sources)


def _safetensors(items: list[Item], codes: Codes, to: Path) -> None:
    from safetensors.numpy import save

    classes = sorted({item.label for item in items})
    number = {label: i for i, label in enumerate(classes)}
    labels = np.array([number[item.label] for item in items], dtype=np.int64)
    tensors = {"ids": _ids(items), "codes": codes, "labels": labels}
    to.write_bytes(save(tensors, {"classes": json.dumps(classes, ensure_ascii=False)}))


def _parquet(items: list[Item], codes: Codes, to: Path) -> None:
    try:
        pyarrow, parquet = map(importlib.import_module, ("pyarrow", "pyarrow.parquet"))
    except ImportError as error:
        raise ModuleNotFoundError("a Parquet file needs pyarrow: `pip install pyarrow`") from error
    columns = {
        "id": pyarrow.array(_ids(items)),
        "name": pyarrow.array([item.name for item in items]),
        "label": pyarrow.array([item.label for item in items]),
        "labels": pyarrow.array([list(item.labels) for item in items], pyarrow.list_(pyarrow.string())),
        "source": pyarrow.array([item.source for item in items]),
        "code": pyarrow.array([code.tobytes() for code in codes], pyarrow.binary(codes.shape[1])),
    }
    parquet.write_table(pyarrow.table(columns), to)


def _faiss(items: list[Item], codes: Codes, to: Path) -> None:
    try:
        import faiss
    except ImportError as error:
        raise ModuleNotFoundError("a FAISS index needs faiss: `pip install faiss-cpu`") from error
    index = faiss.IndexBinaryIDMap2(faiss.IndexBinaryFlat(codes.shape[1] * 8))
    index.add_with_ids(codes, _ids(items))
    faiss.write_index_binary(index, str(to))


FORMATS: dict[str, Callable[[list[Item], Codes, Path], None]] = {
    ".npz": _numpy,
    ".safetensors": _safetensors,
    ".parquet": _parquet,
    ".faiss": _faiss,
}
