"""A name such as `emoji` to a protocol."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from nhl.data.cifar10 import cifar10, cifar10_1, cifar10_2, cifar10_unseen
from nhl.data.emoji_photos import emoji_photos
from nhl.data.image_folder import image_folder
from nhl.data.image_list import image_list
from nhl.data.pictures import Pictures, Protocol
from nhl.data.tiny_imagenet import tiny_imagenet
from nhl.data.unreadable import UNREADABLE, Progress
from nhl.gallery import Gallery, Item
from nhl.model.shipped import GALLERY, shipped

LEVELS = ("group", "class", "instance")  # of a gallery, from coarse to fine


def emoji(where: Path | None = None) -> Protocol:
    """The emoji gallery: 20 % of the emoji, whole, are queries; the others are the database, learnt from."""
    return gallery_protocol(where or shipped() / GALLERY)


def emoji_multi(where: Path | None = None) -> Protocol:
    """The emoji gallery with two labels a picture, subgroup and group; the split is that of `emoji`.

    Two pictures are relevant to each other when they share a label, so all of one group are: figures are
    not comparable with those of `emoji`.
    """
    return gallery_protocol(where or shipped() / GALLERY, multi=True)


def gallery_protocol(path: str | Path, multi: bool = False) -> Protocol:
    """A gallery with the splits "train" and "query": the first is learnt from, and is the database.

    Where every picture has a group beside its class, the last of its labels, and no class lies in two groups,
    pictures have the levels group, class and instance.

    Args:
        path: the gallery file.
        multi: take all labels of each picture, (N, C) zeros and ones, and not its class alone, (N,).

    Raises:
        ValueError: if one of the splits is empty.
    """
    gallery = Gallery(path)
    items = gallery.items()
    classes = tuple(sorted({label for item in items for label in _labels(item, multi)}))
    number = {label: i for i, label in enumerate(classes)}
    # Pictures of one instance in several styles share what stands behind the "#" of their source.
    code_of = {item.id: item.source.partition("#")[2] or f"item {item.id}" for item in items}
    numbers = {code: i for i, code in enumerate(sorted(set(code_of.values())))}
    group_of = {} if multi else _groups(items)
    groups = sorted(set(group_of.values()))

    def part(split: str) -> Pictures:
        chosen = [item for item in items if item.split == split]
        if not chosen:
            raise ValueError(
                f"{path} has no pictures of the split {split!r}: build it with `train` and `query`"
            )
        members = np.zeros((len(chosen), len(classes)), dtype=np.int64)
        for row, item in zip(members, chosen, strict=True):
            row[[number[label] for label in _labels(item, multi)]] = 1
        alike = np.array([numbers[code_of[item.id]] for item in chosen], dtype=np.int64)
        labels, levels = members if multi else members.argmax(1), None
        if group_of:
            levels = np.stack([[groups.index(group_of[item.label]) for item in chosen], labels, alike], 1)
        return Pictures([gallery.thumbnail(item.id) for item in chosen], labels, alike, levels)

    train, query = part("train"), part("query")
    levels = LEVELS if group_of else ()
    name, title = gallery.meta.get("name", "gallery"), gallery.meta.get("title", path)
    description = (
        f"{title}{', all labels' if multi else ''}: {len(query)} held-out pictures against the "
        f"{len(train)} trained on, mAP over all of them, expected over ties"
    )
    return Protocol(name + ("-multi" if multi else ""), description, classes, train, query, train, levels)


def _groups(items: Sequence[Item]) -> dict[str, str]:
    """The group of each class; none unless each picture has one and each class lies in one alone."""
    pairs = {(item.label, item.labels[-1] if len(item.labels) > 1 else "") for item in items}
    found = dict(pairs)
    return found if len(found) == len(pairs) and all(found.values()) else {}


def _labels(item: Item, multi: bool) -> tuple[str, ...]:
    return (item.label, *item.labels) if multi else (item.label,)


DATASETS: dict[str, Callable[[Path | None], Protocol]] = {
    "emoji": emoji,
    "emoji-multi": emoji_multi,
    "emoji-photos": emoji_photos,
    "tiny-imagenet": tiny_imagenet,
    "cifar10": cifar10,
    "cifar10-1": cifar10_1,
    "cifar10-2": cifar10_2,
    "cifar10-unseen": cifar10_unseen,
    "folder": image_folder,
    "list": image_list,
}
YOUR_OWN = {"folder", "list"}  # nobody knows whether these pictures can be read


def load_protocol(name: str, unreadable: str | None = None, progress: Progress | None = None) -> Protocol:
    """The protocol of a data set, `NAME` or `NAME:PATH`.

    Args:
        name: `emoji` or `emoji-multi` (PATH: a gallery file), `cifar10`, `cifar10-1`, `cifar10-2` or
            `cifar10-unseen` (PATH: a folder; needed only without network), `folder:DIR` or `list:DIR`. The
            functions in `DATASETS` tell the parts of each.
        unreadable: what is done about pictures that cannot be read: "refuse" (an error before anything
            starts), "skip" (they are left out, and counted in a warning and in the description), or
            "trust" (none is looked at; the work that comes to one stops and names it). By default
            "refuse" for your own pictures, `folder` and `list`, and "trust" for the known sets.
        progress: called with the number of pictures looked at and of all.

    Raises:
        ValueError: if there is no data set of that name or no such `unreadable`, or as the data set says.
        ImageError: if pictures cannot be read.
        FileNotFoundError: if pictures are missing.
    """
    base, _, where = name.partition(":")
    if base not in DATASETS:
        raise ValueError(f"unknown data set {base!r}; choose from {', '.join(DATASETS)}")
    choice = unreadable or ("refuse" if base in YOUR_OWN else "trust")
    if choice not in UNREADABLE:
        raise ValueError(f"unknown `unreadable` {choice!r}; choose from {', '.join(UNREADABLE)}")
    return UNREADABLE[choice](DATASETS[base](Path(where).expanduser() if where else None), progress)
