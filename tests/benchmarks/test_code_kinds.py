"""The codes that searches are timed on are as near or far as their names say."""

from pathlib import Path

import numpy as np

from benchmarks import code_kinds
from benchmarks.code_kinds import CODES, agreement
from nhl.codes import hamming, pack


def test_collapsed_codes_lie_near_others_and_uniform_ones_do_not():
    tenth = {
        kind: np.sort(hamming(codes[:50], codes), axis=1)[:, 10].mean()
        for kind in ("collapsed", "uniform")
        for codes in [CODES[kind](3000, Path("unused"))]
    }
    assert tenth["collapsed"] < 6
    assert tenth["uniform"] > 40


def test_agreement_tells_what_is_spread_alike_from_what_is_not(monkeypatch):
    random = np.random.default_rng(0)
    labels = random.integers(0, 5, 1000)
    centres, inside = random.standard_normal((5, 128)), random.standard_normal((8, 128))
    codes = pack(centres[labels] + random.standard_normal((1000, 8)) @ inside / 3)
    alike = agreement(codes, labels)
    assert [record["length"] for record in alike] == [8, 16, 32, 64, 128] * 2
    assert [record["times"] for record in alike] == [2] * 5 + [8] * 5
    assert all(record["overlap"] > 0.9 for record in alike[:5])
    real, drawn = alike[4]["tenth"]
    assert abs(real - drawn) < 0.2 * real
    monkeypatch.setattr(
        code_kinds, "enlarge", lambda codes, _, count: random.integers(0, 256, (count, 16), dtype=np.uint8)
    )
    other = agreement(codes, labels)[-1]
    assert other["overlap"] < 0.8
    assert other["tenth"][1] > 1.5 * other["tenth"][0]
