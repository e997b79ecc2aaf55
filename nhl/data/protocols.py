"""A name such as `emoji` to a protocol."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from nhl.data.pictures import Pictures, Protocol
from nhl.gallery import Gallery

EMOJI_GALLERY = Path("checkpoints/emoji/gallery.db")


def emoji(where: Path | None = None) -> Protocol:
    """The emoji gallery: 20 % of the emoji, whole, ask; the others are learnt from and searched."""
    return gallery_protocol(where or EMOJI_GALLERY)


def gallery_protocol(path: str | Path) -> Protocol:
    """A gallery with the splits "train" and "query": the first is learnt from and searched."""
    gallery = Gallery(path)
    items = gallery.items()
    classes = tuple(sorted({item.label for item in items}))
    number = {label: i for i, label in enumerate(classes)}
    # Pictures of one thing in several styles share what stands behind the "#" of their source.
    thing_of = {item.id: item.source.partition("#")[2] or f"item {item.id}" for item in items}
    things = {thing: i for i, thing in enumerate(sorted(set(thing_of.values())))}

    def part(split: str) -> Pictures:
        chosen = [item for item in items if item.split == split]
        return Pictures(
            [gallery.thumbnail(item.id) for item in chosen],
            np.array([number[item.label] for item in chosen], dtype=np.int64),
            np.array([things[thing_of[item.id]] for item in chosen], dtype=np.int64),
        )

    train, query = part("train"), part("query")
    description = (
        f"{gallery.meta.get('title', path)}: {len(query)} held-out pictures against the "
        f"{len(train)} trained on, mAP over all of them, expected over ties"
    )
    return Protocol(gallery.meta.get("name", "gallery"), description, classes, train, query, train)


DATASETS: dict[str, Callable[[Path | None], Protocol]] = {"emoji": emoji}


def load_protocol(name: str) -> Protocol:
    """The protocol of a data set, `NAME` or `NAME:PATH`.

    Raises:
        ValueError: if there is no data set of that name.
    """
    base, _, where = name.partition(":")
    if base not in DATASETS:
        raise ValueError(f"unknown data set {base!r}; choose from {', '.join(DATASETS)}")
    return DATASETS[base](Path(where) if where else None)
