"""Each loss against its formula in loops over images, pairs and triplets, in double precision."""

from collections.abc import Callable, Collection
from math import cosh, exp, log, sqrt, tanh

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from nhl.losses import LOSSES, CenterLoss, GreedyHashLoss

Vector = NDArray[np.float64]
B, C = 16, 5


def signs(x: Vector) -> Vector:
    return np.where(x >= 0, 1.0, -1.0)


def cosine(u: Vector, v: Vector) -> float:
    return float(u @ v / sqrt(u @ u) / sqrt(v @ v))


def likelihood(theta: float, s: float) -> float:
    return log(1 + exp(theta)) - s * theta


def sigmoid(x: float) -> float:
    return 1 / (1 + exp(-x))


def cauchy_distance(u: Vector, v: Vector) -> float:
    return B / 2 * (1 - min(cosine(u, v), 0.99))


def lcdsh(u: Vector, v: Vector, s: float) -> float:
    theta = max(-50.0, min(50.0, u @ v / 2))
    binary = signs(u) @ signs(v) / 2
    return log(1 + exp(-(2 * s - 1) * theta)) + 3 * (sigmoid(theta) - sigmoid(binary)) ** 2


def dch(u: Vector, v: Vector, s: float) -> float:
    d = cauchy_distance(u, v)
    return s * log(d / 20) + log(1 + 20 / d)


def dsh(u: Vector, v: Vector, s: float) -> float:
    d = ((u - v) ** 2).sum()
    return s * d / 2 + (1 - s) * max(0.0, 2 * B - d) / 2


def dbdh(u: Vector, v: Vector, s: float) -> float:
    return likelihood(u.clip(-1, 1) @ v.clip(-1, 1) / 2, s)


def hashnet(u: Vector, v: Vector, s: float) -> float:
    return likelihood(10 / B * sum(tanh(2 * a) * tanh(2 * b) for a, b in zip(u, v, strict=True)), s)


PAIR_TERMS: dict[str, Callable[[Vector, Vector, float], float]] = {
    "dbdh": dbdh,
    "dhn": lambda u, v, s: likelihood(u @ v / 2, s),
    "dch": dch,
    "dsh": dsh,
    "lcdsh": lcdsh,
    "hashnet": hashnet,
}
IMAGE_TERMS: dict[str, Callable[[Vector], float]] = {
    "dbdh": lambda u: 0.1 * u.clip(-1, 1).mean() ** 2,
    "dhn": lambda u: 0.1 * np.mean([log(cosh(abs(x) - 1)) for x in u]),
    "dch": lambda u: 0.1 * log(1 + cauchy_distance(abs(u), np.ones(B)) / 20),
    "dsh": lambda u: 0.1 * np.mean([abs(abs(x) - 1) for x in u]),
    "lcdsh": lambda _: 0.0,
    "hashnet": lambda _: 0.0,
}


def batch(count: int, seed: int, kind: str) -> tuple[Tensor, Tensor, Vector, list[set[int]]]:
    """Codes and labels as tensors, and the same as arrays and sets."""
    rng = np.random.default_rng(seed)
    codes = 1.3 * rng.normal(size=(count, B))
    if kind == "single":
        labels = rng.integers(C, size=count)
        return torch.tensor(codes).float(), torch.tensor(labels), codes, [{int(y)} for y in labels]
    members = (rng.random((count, C)) < 0.3).astype(int)
    members[np.arange(count), rng.integers(C, size=count)] = 1
    sets = [set(np.flatnonzero(row).tolist()) for row in members]
    return torch.tensor(codes).float(), torch.tensor(members), codes, sets


kinds = pytest.mark.parametrize("kind", ["single", "multi"])


@pytest.mark.parametrize("bank", [False, True], ids=["batch", "bank"])
@kinds
@pytest.mark.parametrize("name", PAIR_TERMS)
def test_pair_losses(name: str, kind: str, bank: bool) -> None:
    codes, labels, us, sets = batch(9, 0, kind)
    other_codes, other_labels, vs, other_sets = batch(14, 1, kind) if bank else (codes, labels, us, sets)
    s = [[float(bool(a & b)) for b in other_sets] for a in sets]
    total, similar = len(us) * len(vs), sum(map(sum, s))
    value = 0.0
    for i, u in enumerate(us):
        for j, v in enumerate(vs):
            weight = total / similar if s[i][j] else total / (total - similar)
            if name == "hashnet" and s[i][j]:
                weight *= len(sets[i] & other_sets[j]) / len(sets[i] | other_sets[j])
            weight = weight if name in ("dch", "hashnet") else 1.0
            value += weight * PAIR_TERMS[name](u, v, s[i][j]) / total
        value += IMAGE_TERMS[name](u) / len(us)
    loss = LOSSES[name](length=B, classes=C)
    loss.begin_epoch(3)  # HashNet at sharpness 2
    got = loss(codes, labels, (other_codes, other_labels)) if bank else loss(codes, labels)
    assert got.item() == pytest.approx(value, rel=1e-5)


@kinds
def test_dtsh(kind: str) -> None:
    codes, labels, us, sets = batch(9, 2, kind)
    terms = []
    for a in range(9):
        for p in range(9):
            for n in range(9):
                if sets[a] & sets[p] and not sets[a] & sets[n]:
                    argument = us[a] @ us[p] - us[a] @ us[n] - 5
                    terms.append(log(1 + exp(-max(-100.0, min(50.0, argument)))))
    value = np.mean(terms) + ((us - signs(us)) ** 2).mean()
    assert LOSSES["dtsh"](length=B, classes=C)(codes, labels).item() == pytest.approx(value, rel=1e-5)


def probabilities(loss: CenterLoss, u: Vector, margin: float = 0.0, own: Collection[int] = ()) -> Vector:
    """softmax(sqrt(b) (cos(u, h_c) - margin [c in own]))"""
    centers = loss.centers.double().numpy()
    powers = np.array([exp(sqrt(B) * (cosine(u, h) - margin * (c in own))) for c, h in enumerate(centers)])
    return powers / powers.sum()


def target(loss: CenterLoss, own: set[int]) -> Vector:
    votes = loss.centers[sorted(own)].double().numpy().sum(0)
    return signs(np.where(votes == 0, loss.tie_break.numpy(), votes))


def csq(loss: CenterLoss, u: Vector, own: set[int]) -> float:
    value = 0.0
    for x, t in zip(u, target(loss, own), strict=True):
        p = (tanh(x) + 1) / 2
        value += -log(p if t > 0 else 1 - p) + 1e-4 * (abs(tanh(x)) - 1) ** 2
    return value / B


def dpn(loss: CenterLoss, u: Vector, own: set[int]) -> float:
    return sum(max(0.0, 1 - x * t) for x, t in zip(u, target(loss, own), strict=True)) / B


def orthohash(loss: CenterLoss, u: Vector, own: set[int]) -> float:
    p = probabilities(loss, u, 0.2, own)
    return -sum(log(p[c]) for c in own) / len(own)


def shcir(loss: CenterLoss, u: Vector, own: set[int]) -> float:
    p = probabilities(loss, u)
    towards = np.mean([log(p[c]) for c in own])
    away = np.mean([log(1 - p[c]) for c in range(C) if c not in own])
    return -(towards + away) + 1e-4 * ((abs(u) - 1) ** 2).mean()


def mdsh(loss: CenterLoss, u: Vector, own: set[int]) -> float:
    p = probabilities(loss, u)
    entropy = -np.mean([log(p[c] if c in own else 1 - p[c]) for c in range(C)])
    return entropy + 1e-4 * ((abs(u) - 1) ** 2).mean()


CENTER_TERMS = {"csq": csq, "dpn": dpn, "orthohash": orthohash, "shcir": shcir, "mdsh": mdsh}


@kinds
@pytest.mark.parametrize("name", CENTER_TERMS)
def test_center_losses(name: str, kind: str) -> None:
    codes, labels, us, sets = batch(9, 3, kind)
    loss = LOSSES[name](length=B, classes=C)
    assert isinstance(loss, CenterLoss)
    value = np.mean([CENTER_TERMS[name](loss, u, own) for u, own in zip(us, sets, strict=True)])
    assert loss(codes, labels).item() == pytest.approx(value, rel=1e-5)


@kinds
def test_mdsh_pairs(kind: str) -> None:
    codes, labels, us, sets = batch(9, 4, kind)
    loss = LOSSES["mdsh"](length=B, classes=C)
    centers = loss(codes, labels).item()
    loss.begin_epoch(9)
    pairs = [
        likelihood(u @ v / 2, bool(a & b))
        for u, a in zip(us, sets, strict=True)
        for v, b in zip(us, sets, strict=True)
    ]
    assert loss(codes, labels).item() == pytest.approx(centers + np.mean(pairs), rel=1e-5)


@kinds
def test_greedyhash(kind: str) -> None:
    codes, labels, us, sets = batch(9, 5, kind)
    loss = GreedyHashLoss(B, C)
    (weight,) = (p.detach().double().numpy() for p in loss.parameters())  # the classifier has no bias
    value = 0.0
    for u, own in zip(us, sets, strict=True):
        powers = [exp(row @ signs(u)) for row in weight]
        value += -sum(log(powers[c] / sum(powers)) for c in own) / len(own) / 9
        value += 0.1 * np.mean([abs(abs(x) - 1) ** 3 for x in u]) / 9
    assert loss(codes, labels).item() == pytest.approx(value, rel=1e-5)
