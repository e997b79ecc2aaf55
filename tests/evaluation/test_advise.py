"""Advice on lengths, against slow loops."""

import numpy as np
import pytest

from nhl.codes import prefix, unpack
from nhl.evaluation.advise import advise
from nhl.metrics import mean_average_precision

RNG = np.random.default_rng(0)
LENGTHS = (8, 16, 32)


def clustered(count: int, flips: float) -> tuple[np.ndarray, list[str]]:
    """Codes of four classes: a centre each, with bits flipped at random."""
    centres = RNG.integers(0, 2, (4, 32))
    numbers = RNG.integers(0, 4, count)
    bits = centres[numbers] ^ (RNG.random((count, 32)) < flips)
    return np.packbits(bits.astype(np.uint8), axis=1), [f"class {n}" for n in numbers]


CODES, LABELS = clustered(80, 0.3)


def test_with_labels_quality_is_mean_average_precision_leaving_one_out() -> None:
    advice = advise(CODES, LENGTHS, LABELS)
    assert (advice.measure, advice.queries, advice.pictures) == ("mAP by label", 80, 80)
    for cost in advice.costs:
        each = []
        for n in range(80):
            rest = np.delete(np.arange(80), n)
            mine, others = np.array(LABELS)[[n]], np.array(LABELS)[rest]
            numbers = {label: i for i, label in enumerate(sorted(set(LABELS)))}
            a, b = ([numbers[label] for label in part] for part in (mine, others))
            each.append(mean_average_precision(CODES[[n]], CODES[rest], a, b, cost.length))
        assert cost.quality == pytest.approx(np.mean(each))
        assert cost.bytes == 80 * cost.length // 8
        assert cost.share == pytest.approx(cost.quality / advice.costs[-1].quality)
        assert cost.search_us > 0


def agreement_by_loops(codes: np.ndarray, length: int, k: int) -> float:
    """How many of the k nearest are within the full code's distance to its k-th, over random order of ties."""
    bits, total = unpack(codes).astype(int), 0.0
    for n in range(len(codes)):
        full = [int((bits[n] != other).sum()) for m, other in enumerate(bits) if m != n]
        short = [int((bits[n, :length] != other[:length]).sum()) for m, other in enumerate(bits) if m != n]
        good = [distance <= sorted(full)[k - 1] for distance in full]
        edge = sorted(short)[k - 1]
        inside = [g for g, d in zip(good, short, strict=True) if d < edge]
        tied = [g for g, d in zip(good, short, strict=True) if d == edge]
        total += (sum(inside) + (k - len(inside)) * sum(tied) / len(tied)) / k
    return total / len(codes)


@pytest.mark.parametrize("labels", [[], [""] * 80, ["one"] * 80])
def test_without_labels_quality_is_agreement_with_the_full_code(labels: list[str]) -> None:
    advice = advise(CODES, LENGTHS, labels)
    assert advice.measure == "agreement with the 10 nearest by the full code"
    for cost in advice.costs:
        assert cost.quality == pytest.approx(agreement_by_loops(CODES, cost.length, 10))
    assert advice.costs[-1].quality == 1


def test_the_shortest_length_that_keeps_the_quality() -> None:
    codes, labels = clustered(60, 0.0)
    assert advise(codes, LENGTHS, labels).shortest == {95: 8, 99: 8}
    noise = RNG.integers(0, 256, (60, 1), dtype=np.uint8)  # the first 8 bits say nothing
    late = advise(np.concatenate([noise, codes[:, :3]], axis=1), LENGTHS, labels)
    assert late.shortest[99] == next(c.length for c in late.costs if c.share >= 0.99) > 8


def test_pictures_without_or_alone_with_a_label_are_no_queries() -> None:
    labels = ["a", "a", "b", "b", "alone", *[""] * 75]
    assert advise(CODES, LENGTHS, labels).queries == 4


def test_held_out_queries() -> None:
    queries, database = np.arange(20), np.arange(20, 80)
    advice = advise(CODES, LENGTHS, LABELS, queries, database)
    assert (advice.queries, advice.pictures) == (20, 60)
    numbers = np.unique(LABELS, return_inverse=True)[1]
    for cost in advice.costs:
        expected = mean_average_precision(CODES[:20], CODES[20:], numbers[:20], numbers[20:], cost.length)
        assert cost.quality == pytest.approx(expected)
    without = advise(CODES, LENGTHS, (), queries, database)
    assert without.costs[-1].quality == 1


def test_a_sample_of_queries_is_seeded() -> None:
    one, again, other = (advise(CODES, LENGTHS, LABELS, most_queries=9, seed=seed) for seed in (1, 1, 2))
    assert one.queries == 9
    assert [c.quality for c in one.costs] == [c.quality for c in again.costs]
    assert [c.quality for c in one.costs] != [c.quality for c in other.costs]


def test_two_pictures() -> None:
    advice = advise(prefix(CODES[:2], 16), (8, 16))
    assert [cost.quality for cost in advice.costs] == [1, 1]


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="`queries` must name at least one picture but is empty"):
        advise(CODES, LENGTHS, queries=np.arange(0))
    with pytest.raises(ValueError, match="at least two pictures in the database but there are 1"):
        advise(CODES[:1], LENGTHS)
    with pytest.raises(ValueError, match="`labels` must be 80, one for each code, but got 3"):
        advise(CODES, LENGTHS, ["a"] * 3)
    with pytest.raises(ValueError, match="`queries` must be in `database` all or none but some are and some"):
        advise(CODES, LENGTHS, (), np.arange(20), np.arange(10, 80))
