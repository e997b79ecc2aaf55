"""The codes of a gallery by one model: the stored ones where they are still valid, else new ones."""

import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from nhl.gallery.store import Gallery, GalleryError
from nhl.gallery.stored_codes import StaleCodesError, load_codes, save_codes
from nhl.model.checkpoint import CONFIG, CheckpointError, fingerprint
from nhl.model.encode import Encoder, Progress
from nhl.model.shipped import shipped


class OtherModelError(GalleryError):
    """A growing gallery whose codes another model made."""

    def __init__(self, gallery: str | Path, checkpoint: str | Path) -> None:
        remedy = f"`python -m nhl gallery encode {gallery} --checkpoint {checkpoint}` encodes it again"
        super().__init__(f"the codes of {gallery} are of another model than {checkpoint}: {remedy}")


def gallery_codes(
    gallery: Gallery,
    checkpoint: str | Path,
    encoder: Encoder | None = None,
    progress: Progress | None = None,
) -> NDArray[np.uint8]:
    """The codes (N, B/8) of all items, in the order of `gallery.items()`.

    A growing gallery holds them itself. Those of one that was written whole are stored beside it, where
    its folder can be written.

    Args:
        gallery: N pictures.
        checkpoint: the folder of the model.
        encoder: of that checkpoint; made where it is needed and not given.
        progress: called as `progress(done, total)` while codes are made; by default a bar shows it.

    Raises:
        OtherModelError: if a growing gallery holds codes of another model.
        GalleryError: if a growing gallery was changed while it was read.
    """
    model = fingerprint(checkpoint)
    if gallery.grows:
        return _own_codes(gallery, checkpoint, model)
    ids = [item.id for item in gallery.items()]
    marks = {"model": model, "gallery": gallery.fingerprint}
    path = codes_path(gallery)
    try:
        codes, found = load_codes(path, **marks)
        if found.tolist() == ids:
            return codes
    except StaleCodesError as error:
        if path.is_file():
            warnings.warn(f"{error}; this is done now", stacklevel=2)
    encoder = encoder or Encoder(checkpoint)
    title = f"Encoding {gallery.path.name}"
    with tqdm(total=len(ids), desc=title, unit=" pictures", disable=progress is not None) as bar:
        codes = encoder.encode(
            [gallery.thumbnail(item_id) for item_id in ids],
            progress=progress or (lambda done, _: (bar.update(done - bar.n), None)[1]),
        )
    with suppress(OSError):
        save_codes(path, codes, ids, **marks)
    return codes


def _own_codes(gallery: Gallery, checkpoint: str | Path, model: str) -> NDArray[np.uint8]:
    if gallery.meta.get("model", model) != model:
        raise OtherModelError(gallery.path, checkpoint)
    _, codes = gallery.codes(model)
    if len(codes) != len(gallery):
        raise GalleryError(
            f"{gallery.path} was changed while it was read, or is damaged: open it again, "
            f"or look with `python -m nhl gallery verify {gallery.path}`"
        )
    return codes


def codes_path(gallery: Gallery) -> Path:
    """Where the codes of a gallery that was written whole are stored: beside it."""
    name = (
        "codes.safetensors" if gallery.path.name == "gallery.db" else f"{gallery.path.stem}.codes.safetensors"
    )
    return gallery.path.with_name(name)


def own_checkpoint(gallery: Gallery) -> Path:
    """The checkpoint that a gallery belongs to: the one that it was made with, or whose folder it lies in."""
    if "checkpoint" in gallery.meta:
        noted = Path(gallery.meta["checkpoint"])
        if not noted.exists():  # the shipped one, perhaps, whose place changes when it is installed again
            with suppress(CheckpointError):
                if fingerprint(shipped()) == gallery.meta.get("model"):
                    return shipped()
        return noted
    beside = gallery.path.parent
    return beside if (beside / CONFIG).is_file() else shipped()
