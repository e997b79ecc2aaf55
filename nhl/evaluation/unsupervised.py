"""Codes that no labels have made, by faiss: the classical baselines, each at one length."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nhl.codes import pack
from nhl.evaluation.features import Features
from nhl.metrics import Histograms, histograms
from nhl.metrics.histograms import relevance

Precisions = NDArray[np.float64]
Search = Callable[[Features], Precisions]
FEWEST = 256
"""Training images that product quantisation needs: as many as a sub-quantiser has centroids."""


def lsh(found: Features, length: int, seed: int) -> Search:
    """Signs of random projections (Charikar, STOC 2002)."""
    projection = _faiss().RandomRotationMatrix(found.plain.shape[-1], length)
    projection.init(seed)
    return partial(_of_signs, projection)


def pca_sign(found: Features, length: int, seed: int) -> Search:
    """Signs of the first principal components, which `seed` does not change."""
    projection = _faiss().PCAMatrix(found.plain.shape[-1], length)
    projection.train(found.plain.numpy())
    return partial(_of_signs, projection)


def itq(found: Features, length: int, seed: int) -> Search:
    """Signs of principal components after iterative quantisation (Gong and Lazebnik, CVPR 2011)."""
    projection = _faiss().ITQTransform(found.plain.shape[-1], length, True)
    projection.itq.seed = seed
    projection.train(found.plain.numpy())
    return partial(_of_signs, projection)


def pq(found: Features, length: int, seed: int) -> Search:
    """Product quantisation, a byte for each part of the features; queries stay real vectors (Jegou et al., PAMI 2011)."""
    index = _faiss().IndexPQ(found.plain.shape[-1], length // 8, 8)
    index.pq.cp.seed = seed
    index.pq.cp.min_points_per_centroid = 1  # below 39 faiss warns; the protocol says how many there are
    index.train(found.plain.numpy())
    return partial(_of_distances, index)


UNSUPERVISED: dict[str, Callable[[Features, int, int], Search]] = {
    "lsh": lsh,
    "pca": pca_sign,
    "itq": itq,
    "pq": pq,
}
"""Each by the name of its mode: what it learns from features, a length in bits and a seed; then queries and a database to
average precisions (Q,)."""


def check_unsupervised(name: str, found: Features, lengths: tuple[int, ...]) -> None:
    """Refuse a length that a baseline cannot have with these features.

    Raises:
        ValueError: if there are too few features or training images for it.
    """
    count, width = found.plain.shape
    most = min(width, count)
    if name in ("pca", "itq") and lengths[-1] > most:
        raise ValueError(
            f"`lengths` must be at most {most} for {name}, with {count} images of {width} features, "
            f"but got {lengths[-1]}"
        )
    if name == "pq" and count < FEWEST:
        raise ValueError(f"`data` must have at least {FEWEST} training images for pq but has {count}")
    if name == "pq" and (uneven := [length for length in lengths if width % (length // 8)]):
        raise ValueError(
            f"`lengths` must split {width} features into equal parts, a byte each, for pq but got {uneven[0]}"
        )


def _of_signs(projection: Any, found: Features) -> Precisions:
    query, database = (pack(projection.apply(part.numpy())) for part in (found.query, found.database))
    length = int(projection.d_out)
    return histograms(query, database, *found.labels[1:], lengths=[length])[length].average_precision()


def _of_distances(index: Any, found: Features) -> Precisions:
    index.reset()
    index.add(found.database.numpy())
    relevant = relevance(*found.labels[1:])
    values = np.empty(len(found.query))
    for row, query in enumerate(found.query.numpy()):
        distances, order = index.search(query[None], len(found.database))
        place = np.unique(distances[0], return_inverse=True)[1]  # as a distance in bits would be
        hits = relevant(slice(row, row + 1))[0, order[0]]
        counts = (np.bincount(place), np.bincount(place[hits], minlength=int(place.max()) + 1))
        values[row] = Histograms(*(count[None] for count in counts)).average_precision()[0]
    return values


def _faiss() -> Any:
    try:
        import faiss
    except ImportError as error:
        raise ModuleNotFoundError("this mode needs the package faiss-cpu: pip install faiss-cpu") from error
    faiss.omp_set_num_threads(1)  # as the runs beside it, one thread each
    return faiss
