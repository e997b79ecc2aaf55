"""What the page teaches, against slow obvious counts."""

import doctest
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from drawings import draw

from app.service import analysis
from app.service.analysis import Fate, compare, funnel, good_enough, ladder, query_quality
from app.service.grades import Grade, grade
from app.service.search import SearchService
from nhl.codes import hamming


@pytest.fixture(scope="module")
def service(tiny_checkpoint: Path) -> SearchService:
    return SearchService.open(tiny_checkpoint)


def test_examples_in_the_docstrings() -> None:
    assert doctest.testmod(analysis).failed == 0


def test_what_two_lengths_share_is_kept_and_the_rest_lost_or_gained(service: SearchService) -> None:
    query = service.query("20")
    before, after = compare(service, query, 8, 128, 12)
    old, new = (
        {result.item.id for result in service.search(query, length, 12).results} for length in (8, 128)
    )
    assert {r.item.id for r, fate in before.results if fate == Fate.KEPT} == old & new
    assert {r.item.id for r, fate in before.results if fate == Fate.LOST} == old - new
    assert {r.item.id for r, fate in after.results if fate == Fate.GAINED} == new - old
    assert after.count(Fate.KEPT) == before.count(Fate.KEPT) == len(old & new)
    assert after.counts(service.grades) == service.search(query, 128, 12).counts
    unknown = compare(service, service.picture(draw("red", 500)), 8, 16, 6)[0]
    assert unknown.counts(service.grades) == {}


def test_a_ladder_compares_each_length_with_the_next_shorter(service: SearchService) -> None:
    query = service.query("42")
    rungs = ladder(service, query, 6)
    assert [rung.length for rung in rungs] == [8, 16, 32, 64, 128]
    assert rungs[0].count(Fate.KEPT) == 6
    for shorter, longer in pairwise(rungs):
        found = {r.item.id for r, _ in shorter.results}
        assert [fate == Fate.KEPT for _, fate in longer.results] == [
            r.item.id in found for r, _ in longer.results
        ]


def test_the_quality_of_one_query_is_its_average_precision_over_random_ties(service: SearchService) -> None:
    query, length = service.query("20"), 8
    found = query_quality(service, query)
    assert list(found) == [8, 16, 32, 64, 128]
    same = np.array([item.label == query.label for item in service.searched])
    distances = hamming(query.code[None], service.searched_codes, length)[0]
    chance, values = np.random.default_rng(0), []
    for _ in range(400):  # orders of equal pictures
        order = np.lexsort((chance.random(len(same)), distances))
        hits = same[order]
        values.append((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())
    assert found[length] == pytest.approx(np.mean(values), abs=0.02)


def test_a_searched_picture_does_not_count_as_found_by_itself(service: SearchService) -> None:
    item = service.searched[0]
    others = [other for other in service.searched if other.label == item.label and other != item]
    code, codes = service.code(item), np.stack([service.code(other) for other in others])
    assert len(codes) == 23
    assert query_quality(service, service.query(str(item.id)))[128] <= 1
    assert hamming(code[None], code[None])[0, 0] == 0


def test_the_graded_quality_of_one_query_is_its_ndcg(
    service: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By hand, at a length where no two of the nearest tie: 2^grade - 1, discounted by the place."""
    fresh = SearchService(service.encoder, service.gallery, service.codes)
    fresh.grades = tuple(sorted(Grade, reverse=True))
    monkeypatch.setattr(SearchService, "measure", "ndcg_at_10")
    query = fresh.query("20")
    found = query_quality(fresh, query)
    distances = hamming(query.code[None], fresh.codes, 128)[0]
    grades = [grade(query.item, item) or 0 for item in fresh.items]
    everything = [
        (d, g) for d, g, item in zip(distances, grades, fresh.items, strict=True) if item != query.item
    ]
    orders = [sorted(everything, key=lambda pair: (pair[0], sign * pair[1])) for sign in (-1, 1)]
    gains = [sum((2**g - 1) / np.log2(i + 2) for i, (_, g) in enumerate(order[:10])) for order in orders]
    best = sorted((g for _, g in everything), reverse=True)[:10]
    ideal = sum((2**g - 1) / np.log2(i + 2) for i, g in enumerate(best))
    assert (
        gains[1] / ideal - 1e-9 <= found[128] <= gains[0] / ideal + 1e-9
    )  # between the worst and best of ties


def test_a_query_of_unknown_class_has_no_quality(service: SearchService) -> None:
    assert query_quality(service, service.picture(draw("red", 500))) == {}


def test_the_shortest_length_that_is_good_enough() -> None:
    assert good_enough({8: 0.949, 16: 0.951, 32: 1.0, 64: 0.2}) == 16
    assert good_enough({8: 0.0}) == 8
    assert good_enough({8: 0.6, 16: 1.0}, share=0.5) == 8
    with pytest.raises(ValueError, match="`quality` must have a value for at least one length but is empty"):
        good_enough({})


@pytest.mark.parametrize("token", ["20", "0"])  # an example, and one of the searched
def test_the_funnel_loses_no_final_result_and_only_shrinks(service: SearchService, token: str) -> None:
    query, k = service.query(token), 6
    found = funnel(service, query, k)
    final = {result.item.id for result in service.search(query, 128, k).results}
    assert {result.item.id for result in found.final} == final
    left = [item for item in service.searched if item != query.item]
    for number, length in enumerate(found.lengths):
        far = {item: int(hamming(query.code[None], service.code(item)[None], length)[0, 0]) for item in left}
        radius = max(far[item] for item in left if item.id in final)
        left = [item for item in left if far[item] <= radius]
        assert found.radius[length] == radius
        assert found.left[length] == len(left)
        assert (found.level > number).sum() == len(left)
        nearest = [far[service.searched[n]] for n in found.nearest[length]]
        assert nearest == sorted(nearest)
    own = [n for n, item in enumerate(service.searched) if item == query.item]
    assert (found.level == -1).nonzero()[0].tolist() == own
