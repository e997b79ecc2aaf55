"""Splits of labelled pictures, and pictures that cannot be read when they are needed."""

from pathlib import Path

import numpy as np
import pytest
from drawings import draw, encoded

from nhl.data import Pictures, Protocol
from nhl.images import ImageError


def pictures(labels: list[int] | list[list[int]], groups: list[int] | None = None) -> Pictures:
    """Pictures whose bytes are their number."""
    sources = [str(i).encode() for i in range(len(labels))]
    return Pictures(sources, np.array(labels), None if groups is None else np.array(groups))


def numbers(part: Pictures) -> list[int]:
    return [int(bytes(source)) for source in part.sources if isinstance(source, bytes)]


def test_split_takes_the_share_of_each_class() -> None:
    rest, taken = pictures([0] * 40 + [1] * 10).split(0.2, seed=3)
    assert np.bincount(taken.labels).tolist() == [8, 2]
    assert sorted(numbers(rest) + numbers(taken)) == list(range(50))


def test_split_follows_its_seed() -> None:
    all_of_them = pictures([0] * 40)
    chosen = [numbers(all_of_them.split(0.2, seed)[1]) for seed in (3, 3, 4)]
    assert chosen[0] == chosen[1] != chosen[2]


def test_split_within_bounds() -> None:
    _, taken = pictures([0] * 2 + [1] * 20 + [2] * 1000).split(0.2, 0, least=1, most=100)
    assert np.bincount(taken.labels).tolist() == [1, 4, 100]


def test_split_of_several_labels_serves_the_rarest() -> None:
    """Label 0 is on all, 1 on half, 2 on ten: by the first label, the ten would fall where they may."""
    labels = [[1, int(i % 2), int(i < 10)] for i in range(100)]
    for seed in range(20):
        rest, taken = pictures(labels).split(0.2, seed)
        assert taken.labels.sum(0).tolist()[2] == 2
        assert rest.labels.sum(0).tolist()[2] == 8


def test_split_keeps_groups_of_several_labels_whole() -> None:
    groups = [i // 3 for i in range(60)]
    labels = [[int(i % 3 == 0), int(i % 5 == 0), 1] for i in range(60)]
    rest, taken = pictures(labels, groups).split(0.25, 0)
    assert rest.groups is not None
    assert taken.groups is not None
    assert not set(rest.groups) & set(taken.groups)
    assert len(taken) == 15


def test_split_of_too_little() -> None:
    with pytest.raises(ValueError, match=r"`share` 0\.1 of each class rounds to no picture"):
        pictures([0, 0, 1, 1]).split(0.1, 0)
    with pytest.raises(ValueError, match="rounds to no picture"):
        pictures([]).split(0.5, 0)


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "cut.png").write_bytes(encoded(draw("red", 0))[:99])
    both = Pictures([tmp_path / "cut.png", b""], np.array([0, 0]))
    with pytest.raises(ImageError, match=r"cut\.png: The image is damaged"):
        both.image(0)
    with pytest.raises(ImageError, match=r"sources\[1\]: The file is empty"):
        both.image(1)


def test_description() -> None:
    part = pictures([0] * 1234)
    described = Protocol.described("x", "X (folder)", ("a",), part, pictures([0, 0]), part)
    assert described.description == (
        "X (folder), 2 queries against 1,234 images, 1,234 trained on, "
        "mAP over all of them, expected over ties"
    )
