"""Names to protocols, and the two forms of the emoji gallery."""

from pathlib import Path

import numpy as np
import pytest
from drawings import draw, encoded

from nhl.data import DATASETS, load_protocol
from nhl.gallery import Gallery, Item, write_gallery


def test_unknown_names_list_the_choices() -> None:
    with pytest.raises(
        ValueError, match="unknown data set 'mnist'; choose from emoji, emoji-multi, emoji-photos, "
    ):
        load_protocol("mnist")
    with pytest.raises(ValueError, match="unknown `unreadable` 'ignore'; choose from refuse, skip, trust"):
        load_protocol("folder:/", unreadable="ignore")
    assert all(function.__doc__ for function in DATASETS.values())


def test_emoji_has_one_label_or_two() -> None:
    one, two = load_protocol("emoji"), load_protocol("emoji-multi")
    assert (len(one.classes), len(two.classes)) == (98, 107)
    for part in ("train", "query"):
        single, several = getattr(one, part), getattr(two, part)
        assert single.sources == several.sources
        assert (several.labels.sum(1) == 2).all()
        named = [one.classes[label] for label in single.labels]
        columns = [two.classes.index(name) for name in named]
        assert several.labels[np.arange(len(several)), columns].all()
    rest, kept = two.train.split(0.1, 0)
    assert not set(rest.groups) & set(kept.groups)
    fine = [two.classes.index(name) for name in one.classes]
    kept_of_one = np.bincount(one.train.split(0.1, 0)[1].labels, minlength=98)
    assert (kept.labels[:, fine].sum(0) == kept_of_one).all()  # a subgroup is rarer than its group


def test_emoji_labels_are_those_of_the_gallery() -> None:
    found = load_protocol("emoji-multi")
    items = Gallery("checkpoints/emoji/gallery.db").items("query")
    for row, item in list(zip(found.query.labels, items, strict=True))[::97]:
        assert {found.classes[i] for i in np.flatnonzero(row)} == set(item.labels)


def test_a_gallery_without_parts(tmp_path: Path) -> None:
    write_gallery(tmp_path / "g.db", [(Item(0, "x", "y"), encoded(draw("red", 0)))], {})
    with pytest.raises(ValueError, match=r"g\.db has no pictures of the split 'train'"):
        load_protocol(f"emoji:{tmp_path / 'g.db'}")
