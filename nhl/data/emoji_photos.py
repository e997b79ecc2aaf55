"""Emoji and photographs of the same classes: what the page's model learns from."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nhl.data.pictures import Photographs, Pictures, Protocol
from nhl.data.tiny_imagenet import read_tiny_imagenet
from nhl.gallery import Gallery, Item
from nhl.gallery.photographs import LABELS, Kind, data_folder, photo_kinds
from nhl.model.shipped import GALLERY, shipped

STYLES = "emoji-styles.db"
LEVELS = ("group", "class", "instance", "kind")


def emoji_photos(where: Path | None = None) -> Protocol:
    """The emoji gallery with further styles and the photographs of Tiny ImageNet.

    20 % of the emoji, whole, are held out in every style, and no photograph teaches which of them it shows; the
    emoji trained on, in the styles of the gallery, are the database. Pictures have the levels group (Unicode group),
    class (Unicode subgroup, or the kind of a photograph that has none), instance (the emoji, or the kind of a
    photograph that has none) and kind (of photographs alone).

    Args:
        where: a folder with Tiny ImageNet, as for `tiny_imagenet`, and `emoji-styles.db`, which
            `nhl gallery build emoji-styles` makes; without the latter the styles of the gallery alone are trained on. By
            default the folder that the environment variable NHL_DATA names.

    Raises:
        FileNotFoundError: if Tiny ImageNet is not there.
        ValueError: if pictures are missing, or the table of kinds names a class or emoji that the gallery has not.
    """
    gallery = Gallery(shipped() / GALLERY)
    items = gallery.items()
    kinds, photos, validation = read_tiny_imagenet(where)
    table = {kind.wnid: kind for kind in photo_kinds()}
    numbers = _Numbers(items, [table[wnid] for wnid in kinds])

    def drawings(source: Gallery, chosen: list[Item]) -> Pictures:
        levels = np.array([numbers.of_item(item) for item in chosen], dtype=np.int64)
        return Pictures([source.thumbnail(item.id) for item in chosen], levels[:, 1], levels[:, 2], levels)

    def photographs(pictures: Pictures, taught: bool) -> Pictures:
        levels = numbers.of_kinds(taught)[pictures.labels]
        return Pictures(pictures.sources, pictures.labels, None, levels)

    train = drawings(gallery, [item for item in items if item.split == "train"])
    query = drawings(gallery, [item for item in items if item.split == "query"])
    learnt, further = train, (where or data_folder()) / STYLES
    if further.is_file():
        styles = Gallery(further)
        learnt = _joined(train, drawings(styles, styles.items()))
    description = (
        f"Emoji and photographs, {len(query):,} held-out drawings against {len(train):,} trained on, {len(learnt):,} "
        f"drawings and {len(photos):,} photographs trained on, mAP over all of them, expected over ties"
    )
    names = tuple(table[wnid].name for wnid in kinds)
    beside = Photographs(photographs(photos, True), photographs(validation, False), names)
    return Protocol("emoji-photos", description, numbers.classes, learnt, query, train, LEVELS, beside)


class _Numbers:
    """The numbers of groups, classes, instances and kinds."""

    def __init__(self, items: list[Item], kinds: list[Kind]) -> None:
        self.kinds = kinds
        self.group_of = {item.label: item.labels[-1] for item in items}
        self.code_of = {item.name: _code(item) for item in items}
        self.held_out = {_code(item) for item in items if item.split == "query"}
        for kind in kinds:
            if kind.emoji_class and kind.emoji_class not in self.group_of:
                raise ValueError(f"unknown class {kind.emoji_class!r} of kind {kind.name!r} in {LABELS.name}")
            if kind.emoji and kind.emoji not in self.code_of:
                raise ValueError(f"unknown emoji {kind.emoji!r} of kind {kind.name!r} in {LABELS.name}")
        own = [kind.name for kind in kinds]
        self.groups = sorted(set(self.group_of.values()))
        alone = [kind.name for kind in kinds if not kind.emoji_class]
        self.classes = (*sorted(self.group_of), *(f"photo {name}" for name in alone))
        instances = [*sorted(set(self.code_of.values()) | self.held_out | {_code(i) for i in items}), *own]
        self.instance = {name: number for number, name in enumerate(instances)}

    def of_item(self, item: Item) -> tuple[int, int, int, int]:
        group = self.groups.index(self.group_of[item.label])
        return group, self.classes.index(item.label), self.instance[_code(item)], -1

    def of_kinds(self, taught: bool) -> NDArray[np.int64]:
        """Levels (kinds, 4); for training a kind of a held-out emoji is an instance of its own."""
        rows = []
        for number, kind in enumerate(self.kinds):
            group = self.groups.index(self.group_of[kind.emoji_class]) if kind.emoji_class else -1
            label = self.classes.index(kind.emoji_class or f"photo {kind.name}")
            code = self.code_of.get(kind.emoji)
            hidden = code is None or (taught and code in self.held_out)
            rows.append((group, label, self.instance[kind.name if hidden or code is None else code], number))
        return np.array(rows, dtype=np.int64)


def _code(item: Item) -> str:
    return item.source.partition("#")[2]


def _joined(first: Pictures, second: Pictures) -> Pictures:
    parts = [
        None if a is None or b is None else np.concatenate([a, b])
        for a, b in (
            (first.labels, second.labels),
            (first.groups, second.groups),
            (first.levels, second.levels),
        )
    ]
    assert parts[0] is not None
    return Pictures([*first.sources, *second.sources], parts[0], parts[1], parts[2])
