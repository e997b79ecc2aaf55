"""The codes of a gallery under a model: the stored ones where they are still true, else new ones."""

from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from nhl.checkpoint import fingerprint
from nhl.encode import Encoder
from nhl.gallery import Gallery
from nhl.stored_codes import StaleCodesError, load_codes, save_codes


def gallery_codes(gallery: Gallery, checkpoint: str | Path, encoder: Encoder) -> NDArray[np.uint8]:
    """The codes (N, B/8) of all items, in the order of `gallery.items()`.

    New codes are stored beside the gallery where its folder can be written; a progress bar shows while
    they are made.

    Args:
        gallery: N pictures.
        checkpoint: the folder of the model.
        encoder: of that checkpoint.
    """
    ids = [item.id for item in gallery.items()]
    marks = {"model": fingerprint(checkpoint), "gallery": gallery.fingerprint}
    path = codes_path(gallery)
    with suppress(StaleCodesError):
        codes, found = load_codes(path, **marks)
        if found.tolist() == ids:
            return codes
    with tqdm(total=len(ids), desc=f"Encoding {gallery.path.name}", unit=" pictures") as bar:
        codes = encoder.encode(
            [gallery.thumbnail(item_id) for item_id in ids],
            progress=lambda done, _: (bar.update(done - bar.n), None)[1],
        )
    with suppress(OSError):
        save_codes(path, codes, ids, **marks)
    return codes


def codes_path(gallery: Gallery) -> Path:
    """Where the codes of a gallery are stored: beside it."""
    name = (
        "codes.safetensors" if gallery.path.name == "gallery.db" else f"{gallery.path.stem}.codes.safetensors"
    )
    return gallery.path.with_name(name)
