"""Labels at several levels: from folders in folders, and the rule that a finer label has one coarser label."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nhl.data.pictures import Pictures, Protocol


def folder_levels(protocol: Protocol, roots: Sequence[Path]) -> Protocol:
    """A protocol whose pictures also have the labels of the folders that they lie in, where these are nested.

    `a/b/c.jpg` has the label `a` at the first level and `a/b` at the second; a picture in a folder less deep than
    others has none at the finer levels.

    Args:
        protocol: of files.
        roots: the folder of the training pictures, of the queries and of the database.
    """
    parts = (protocol.train, protocol.query, protocol.database)
    folders = [
        [Path(str(source)).relative_to(root).parent.parts for source in part.sources]
        for part, root in zip(parts, roots, strict=True)
    ]
    depth = max(len(folder) for part in folders for folder in part)
    if depth < 2:
        return protocol
    numbers = []
    for level in range(1, depth + 1):
        found = {folder[:level] for part in folders for folder in part if len(folder) >= level}
        numbers.append({folder: number for number, folder in enumerate(sorted(found))})

    def labelled(part: Pictures, of_part: list[tuple[str, ...]]) -> Pictures:
        rows = [[known.get(folder[: k + 1], -1) for k, known in enumerate(numbers)] for folder in of_part]
        return replace(part, levels=np.array(rows, dtype=np.int64))

    train, query, database = map(labelled, parts, folders)
    names = tuple(f"folder {level}" for level in range(1, depth + 1))
    return replace(protocol, train=train, query=query, database=database, levels=names)


def check_hierarchy(levels: NDArray[np.int64], names: Sequence[str]) -> None:
    """Refuse labels of which a finer one lies in two coarser ones.

    Args:
        levels: (N, V) labels from coarse to fine, -1 where there is none.
        names: of the V levels.

    Raises:
        ValueError: if there is such a label.
    """
    for fine in range(1, len(names)):
        both = levels[(levels[:, fine - 1] >= 0) & (levels[:, fine] >= 0)][:, fine - 1 : fine + 1]
        pairs = np.unique(both, axis=0)
        labels, counts = np.unique(pairs[:, 1], return_counts=True)
        if (counts > 1).any():
            label = labels[counts > 1][0]
            coarse = pairs[pairs[:, 1] == label][:, 0].tolist()
            raise ValueError(
                f"`levels` must be a hierarchy, but {names[fine]} {label} lies in {names[fine - 1]} "
                f"{' and '.join(map(str, coarse[:2]))}: give each its own"
            )
