"""Baselines without labels, on synthetic features: a slow loop beside the fast way, and what each cannot have."""

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from nhl.evaluation.features import Features
from nhl.evaluation.unsupervised import UNSUPERVISED, check_unsupervised, pq

faiss = pytest.importorskip("faiss")


def synthetic(count: int = 300, width: int = 16) -> Features:
    """Four classes of features, a centre each and noise; the database is what was trained on."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(4, width))

    def part(count: int) -> tuple[torch.Tensor, np.ndarray[Any, Any]]:
        labels = rng.integers(0, 4, count)
        return torch.from_numpy(
            (centres[labels] + 0.6 * rng.normal(size=(count, width))).astype(np.float32)
        ), labels

    (train, learnt), (query, asked) = part(count), part(10)
    return Features(train[None], train, query, train, (learnt, asked, learnt), "Synthetic", 4)


@pytest.mark.parametrize("name", UNSUPERVISED)
def test_each_finds_classes(name: str) -> None:
    found = synthetic()
    values = UNSUPERVISED[name](found, 8, 0)(found)
    assert values.shape == (10,)
    assert 0.5 < values.mean() <= 1  # chance is 0.25


@pytest.mark.parametrize("name", UNSUPERVISED)
def test_what_is_learnt_once_serves_every_database(name: str) -> None:
    found = synthetic()
    search = UNSUPERVISED[name](found, 8, 0)
    first = search(found).tolist()
    fewer = replace(found, database=found.database[:50], labels=(*found.labels[:2], found.labels[2][:50]))
    assert search(fewer).tolist() != first == search(found).tolist()


@pytest.mark.parametrize("name", ["lsh", "itq", "pq"])
def test_a_seed_decides(name: str) -> None:
    found = synthetic()
    first, again, other = (UNSUPERVISED[name](found, 8, seed)(found).tolist() for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_product_quantisation_against_a_loop() -> None:
    """Distances from a query to the decoded images, ranked; images of equal code share their places."""
    found = synthetic()
    index = faiss.IndexPQ(16, 1, 8)
    index.pq.cp.seed = 0
    index.train(found.plain.numpy())
    decoded = index.pq.decode(index.pq.compute_codes(found.database.numpy()))
    values = pq(found, 8, 0)(found)
    for row, query in enumerate(found.query.numpy()):
        distances = ((decoded - query) ** 2).sum(1)
        relevant = found.labels[2] == found.labels[1][row]
        orders = []
        rng = np.random.default_rng(row)
        for _ in range(200):  # random orders within ties
            order = np.lexsort([rng.random(len(distances)), np.round(distances, 4)])
            hits = relevant[order]
            orders.append((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())
        assert values[row] == pytest.approx(np.mean(orders), abs=0.01)


def test_a_length_that_a_baseline_cannot_have() -> None:
    found = synthetic()
    for name in ("pca", "itq"):
        with pytest.raises(ValueError, match=rf"`lengths` must be at most 16 for {name}, .* but got 32"):
            check_unsupervised(name, found, (8, 32))
    with pytest.raises(ValueError, match=r"`lengths` must split 16 features into equal parts, .* but got 24"):
        check_unsupervised("pq", found, (8, 24))
    with pytest.raises(ValueError, match="`data` must have at least 256 training images for pq but has 99"):
        check_unsupervised("pq", synthetic(99), (8,))
    check_unsupervised("lsh", found, (8, 128))
    check_unsupervised("", found, (8, 128))


def test_without_faiss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(ModuleNotFoundError, match="needs the package faiss-cpu"):
        UNSUPERVISED["itq"](synthetic(), 8, 0)
