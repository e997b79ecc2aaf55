"""The codes that searches are timed on: real ones enlarged, uniform ones, and collapsed ones.

Of the enlarged ones `agreement` says how far they are as spread as real codes.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nhl.centers import hash_centers
from nhl.codes import LENGTHS, hamming, pack
from nhl.gallery import Gallery
from nhl.gallery.stored_codes import load_codes
from nhl.index.synthetic import enlarge
from nhl.model.checkpoint import fingerprint

Codes = NDArray[np.uint8]
CLASSES = 98
FLIPPED = 0.02
FACTORS = (2, 8)  # by how much a part of the gallery is enlarged to be compared with all of it
ASKED = 300  # codes whose distances to all others are compared


def gallery_codes(checkpoint: Path) -> tuple[Codes, NDArray[np.str_]]:
    """The codes (N, B/8) of a checkpoint's gallery, and their labels (N,)."""
    gallery = Gallery(checkpoint / "gallery.db")
    codes, ids = load_codes(
        checkpoint / "codes.safetensors", model=fingerprint(checkpoint), gallery=gallery.fingerprint
    )
    label_of = {item.id: item.label for item in gallery.items()}
    return codes, np.array([label_of[number] for number in ids.tolist()])


def real_codes(count: int, checkpoint: Path) -> Codes:
    """`count` codes as spread as those of a checkpoint's gallery."""
    return enlarge(*gallery_codes(checkpoint), count)


def uniform_codes(count: int, _: Path) -> Codes:
    """`count` codes of random bits: the hardest case, which no bound can prune."""
    return np.random.default_rng(0).integers(0, 256, (count, LENGTHS[-1] // 8), dtype=np.uint8)


def collapsed_codes(count: int, _: Path) -> Codes:
    """`count` codes that sit on the centres of 98 classes, but for each bit in 50: the easiest case."""
    random, centres = np.random.default_rng(0), pack(hash_centers(CLASSES, LENGTHS[-1]))
    codes = centres[random.integers(0, CLASSES, count)]
    for start in range(0, count, 1 << 16):
        some = codes[start : start + (1 << 16)]
        some ^= np.packbits(random.random((len(some), LENGTHS[-1]), np.float32) < FLIPPED, axis=1)
    return codes


CODES: dict[str, Callable[[int, Path], Codes]] = {
    "real": real_codes,
    "uniform": uniform_codes,
    "collapsed": collapsed_codes,
}


def agreement(codes: Codes, labels: NDArray[Any]) -> list[dict[str, Any]]:
    """How far a part of the real codes, enlarged to as many as all, is as spread as all: a record a length and part.

    `overlap` is the share that the two histograms of distances have in common; `nearest` and `tenth` are the
    mean distance to the nearest and the tenth nearest code, among the real codes and among the drawn ones.
    """
    order, records = np.random.default_rng(0).permutation(len(codes)), []
    for factor in FACTORS:
        part = order[: -(-len(codes) // factor)]
        drawn = enlarge(codes[part], labels[part], len(codes))
        for length in LENGTHS:
            (real, *real_near), (other, *other_near) = _spread(codes, length), _spread(drawn, length)
            overlap = round(float(np.minimum(real, other).sum()), 4)
            near = [[round(a, 2), round(b, 2)] for a, b in zip(real_near, other_near, strict=True)]
            records.append(
                {"times": factor, "length": length, "overlap": overlap, "nearest": near[0], "tenth": near[1]}
            )
    return records


def _spread(codes: Codes, length: int) -> tuple[NDArray[np.float64], float, float]:
    """The histogram of the distances to others, and the mean distance to the nearest and the tenth nearest."""
    asked = np.random.default_rng(1).choice(len(codes), min(ASKED, len(codes)), replace=False)
    others = np.sort(hamming(codes[asked], codes, length), axis=1)[:, 1:]
    shares = np.bincount(others.ravel(), minlength=length + 1) / others.size
    return shares, float(others[:, 0].mean()), float(others[:, min(9, others.shape[1] - 1)].mean())
