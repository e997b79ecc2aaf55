"""The service behind the page, on a tiny real model."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from drawings import draw, encoded
from PIL import Image

from app.service.answers import Answer, Query
from app.service.grades import Grade, grade, grades_of, likely_class
from app.service.search import MAX_K, SearchService, read_scores
from nhl.codes import hamming
from nhl.gallery import Item, write_gallery
from nhl.gallery.codes import gallery_codes


@pytest.fixture(scope="module")
def service(tiny_checkpoint: Path) -> SearchService:
    return SearchService.open(tiny_checkpoint)


def test_searches_everything_and_offers_what_was_held_out(service: SearchService) -> None:
    assert len(service) == 96
    assert service.lengths == (8, 16, 32, 64, 128)
    examples = service.examples(100)
    assert len(examples) == 24
    assert {item.split for item in examples} == {"query"}


def test_answers_are_exact(service: SearchService) -> None:
    query = service.query("20")
    answer = service.search(query, 32, 12)
    others = {item.id: n for n, item in enumerate(service.items) if item.id != 20}
    distances = dict(
        zip(others, hamming(query.code[None], service.codes[[*others.values()]], 32)[0], strict=True)
    )
    assert [result.distance for result in answer.results] == sorted(distances.values())[:12]
    assert all(result.distance == distances[result.item.id] for result in answer.results)
    assert len({result.item.id for result in answer.results}) == 12
    assert [result.rank for result in answer.results] == list(range(1, 13))
    assert answer.search_us > 0


def test_no_class_comes_first_among_ties(service: SearchService) -> None:
    """All pictures at one distance, class after class in the gallery: the nearest are of every class."""
    tied = SearchService(service.encoder, service.gallery, np.zeros_like(service.codes))
    answer = tied.search(tied.query("20"), 32, 12)
    assert len({result.item.label for result in answer.results}) == 4
    again = SearchService(service.encoder, service.gallery, np.zeros_like(service.codes))
    assert again.results(again.query("20"), 32, 12) == answer.results


def of_its_class(answer: Answer) -> int:
    return answer.counts[Grade.CLASS]


def test_finds_the_class_of_pictures_never_seen(service: SearchService) -> None:
    right = [of_its_class(service.search(service.query(str(i.id)), 128, 12)) for i in service.examples(24)]
    assert np.mean(right) > 9


def test_marks_right_results_where_the_class_is_known(service: SearchService) -> None:
    answer = service.search(service.query("20"), 16, 96)
    assert of_its_class(answer) == 23
    assert all((result.grade == Grade.CLASS) == (result.item.label == "red") for result in answer.results)
    own = service.search(service.picture(draw("red", 500)), 16, 12)
    assert own.counts == {}
    assert {result.grade for result in own.results} == {None}


def test_the_usual_time_is_a_median_over_many_examples_taken_once(
    service: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = SearchService(service.encoder, service.gallery, service.codes)
    asked: list[bytes] = []
    search = fresh.index.search

    def counted(queries: np.ndarray, length: int, k: int) -> object:
        asked.append(queries.tobytes())
        return search(queries, length, k)

    monkeypatch.setattr(fresh.index, "search", counted)
    found = fresh.usual_us(32)
    assert found > 0
    assert len(set(asked)) == len({code.tobytes() for code in fresh.example_codes})
    assert fresh.usual_us(32) == found
    assert len(asked) == len(fresh.example_codes)


def test_leaves_the_query_itself_out(service: SearchService) -> None:
    answer = service.search(service.query("0"), 8, MAX_K)
    assert len(answer.results) == 95
    assert 0 not in {result.item.id for result in answer.results}


def test_grades_a_result_by_what_it_shares_with_the_query() -> None:
    labels = ("animal-mammal", "Animals & Nature")
    cat = Item(0, "cat", labels[0], labels, "Noto")
    same, other = Item(1, "cat", labels[0], labels, "Fluent"), Item(2, "dog", labels[0], labels, "Noto")
    bird = Item(3, "cat", "animal-bird", ("animal-bird", labels[1]), "Noto")
    flag = Item(4, "flag", "flag", ("flag", "Flags"), "Noto")
    found = [grade(cat, item) for item in (same, other, bird, flag)]
    assert found == [Grade.INSTANCE, Grade.CLASS, Grade.GROUP, Grade.OTHER]
    assert {grade(None, item) for item in (same, flag)} == {None}
    assert grade(Item(5, "cat", ""), same) is None  # its class is unknown
    assert grade(cat, Item(5, "cat", "")) is None
    file, twin = (Item(n, "a.jpg", "x", ("x",)) for n in (6, 7))
    assert grade(file, twin) is Grade.CLASS  # files of one name are no drawings of one thing
    assert grades_of([cat]) == (Grade.INSTANCE, Grade.CLASS, Grade.GROUP, Grade.OTHER)
    assert grades_of([file]) == (Grade.CLASS, Grade.OTHER)


def test_the_likely_class_is_the_most_frequent_of_equal_ones_the_first() -> None:
    found = [Item(n, "", label) for n, label in enumerate(("", "b", "a", "c", "a", "b"))]
    assert likely_class(found) == ("b", 2)


def test_far_is_farther_than_nearly_all_examples(
    service: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert service.usual_distance is None  # 24 examples are too few
    assert not service.is_far(service.picture(draw("red", 500)))
    monkeypatch.setattr("app.service.search.FEWEST_EXAMPLES", 20)
    fresh = SearchService(service.encoder, service.gallery, service.codes)
    nearest = [fresh.results(fresh.query(str(item.id)), 128, 1)[0].distance for item in fresh.examples(24)]
    assert fresh.usual_distance == sorted(nearest)[21]  # 22 of 24 are no farther
    opposite = Query(np.bitwise_not(fresh.codes[0]))
    assert fresh.is_far(opposite)
    assert not fresh.is_far(fresh.query("0"))


def test_a_token_stands_for_a_query(service: SearchService) -> None:
    assert service.query("20").token == "20"
    own = service.picture(draw("blue", 501))
    again = service.query(own.token)
    assert own.token.startswith("x")
    assert again.bits == own.bits
    assert len(own.bits) == 128
    assert again.item is None


@pytest.mark.parametrize(
    "token", ["", "-1", "96", "x", "x00", "xzz" * 11, "x" + "0" * 34, "9" * 5000, "²", "None"]
)
def test_refuses_unknown_tokens(service: SearchService, token: str) -> None:
    with pytest.raises(ValueError, match="`q` must be the id of a picture, or x and 32 hexadecimal digits"):
        service.query(token)


@pytest.mark.parametrize("length", [0, 9, 256, "32", 32.0, None, True, [32], {"a": 1}])
def test_refuses_other_lengths(service: SearchService, length: object) -> None:
    with pytest.raises(ValueError, match="`length` must be one of 8, 16, 32, 64, 128 but got"):
        service.search(service.query("0"), length, 12)


@pytest.mark.parametrize("k", [0, -1, MAX_K + 1, 1.5, "12", None, True, [1], float("nan"), float("inf")])
def test_refuses_other_numbers_of_results(service: SearchService, k: object) -> None:
    with pytest.raises(ValueError, match=f"`k` must be a whole number from 1 to {MAX_K} but got"):
        service.search(service.query("0"), 32, k)


def test_examples_come_by_name_then_by_class(service: SearchService) -> None:
    names = ["<b>blue</b> & 20", "no such name", "<b>red</b> & 18"]
    first = service.examples(6, names, seed=1)
    assert {item.name for item in first[:2]} == {names[0], names[2]}
    assert len({item.label for item in first}) == 4
    assert len(set(first)) == 6
    assert service.examples(6, seed=3) == service.examples(6, seed=3)


def test_named_examples_that_gain_most_by_length_come_first(service: SearchService) -> None:
    def gain(item: Item) -> int:
        query = service.query(str(item.id))
        short, long = (of_its_class(service.search(query, length, 12)) for length in (8, 32))
        return long - short

    names = [item.name for item in service.items]
    gains = [gain(item) for item in service.examples(24, names, seed=0)]
    assert gains == sorted(gains, reverse=True)


def test_the_most_telling_of_each_class_come_first(
    service: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SearchService, "_telling", lambda self, item: (False, item.id))
    best = {item.label: item for item in sorted(service.examples(100), key=lambda item: item.id)}
    assert service.examples(4, seed=0) == sorted(best.values(), key=lambda item: -item.id)


def test_stores_codes_and_makes_stale_ones_again(tiny_checkpoint: Path, service: SearchService) -> None:
    path = tiny_checkpoint / "codes.safetensors"
    made = path.stat().st_mtime_ns
    assert (SearchService.open(tiny_checkpoint).codes == service.codes).all()
    assert path.stat().st_mtime_ns == made
    path.write_bytes(b"damaged")
    with pytest.warns(UserWarning, match=r"codes\.safetensors is damaged .* this is done now"):
        codes = gallery_codes(service.gallery, tiny_checkpoint, service.encoder)
    assert (codes == service.codes).all()
    assert path.stat().st_size > 1000


def test_serves_a_gallery_without_splits_or_labels(tiny_checkpoint: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.db"
    pictures = [(Item(n, f"{n}.png", ""), encoded(draw("green", n), "WEBP")) for n in (3, 5, 9)]
    write_gallery(path, pictures, {})
    service = SearchService.open(tiny_checkpoint, path)
    assert (len(service), len(service.examples(10)), service.quality) == (3, 3, {})
    answer = service.search(service.query("5"), 8, 12)
    assert {result.item.id for result in answer.results} == {3, 9}
    assert answer.counts == {}
    assert (tmp_path / "mine.codes.safetensors").is_file()


def test_a_gallery_with_grades_is_measured_where_no_evaluation_says_how_good_it_is(
    service: SearchService, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    path = tmp_path / "styles.db"
    pictures = [
        (
            replace(item, style="Noto", split="query" if item.id % 4 == 0 else ""),
            service.gallery.thumbnail(item.id),
        )
        for item in service.items
    ]
    write_gallery(path, pictures, {})
    graded = SearchService.open(tiny_checkpoint, path)
    assert graded.measure == "ndcg_at_10"
    assert list(graded.quality) == list(graded.lengths)
    assert 0.5 < graded.quality[128] <= 1


def test_refuses_an_empty_gallery(tiny_checkpoint: Path, tmp_path: Path) -> None:
    write_gallery(tmp_path / "none.db", [], {})
    with pytest.raises(ValueError, match=r"none\.db holds no pictures"):
        SearchService.open(tiny_checkpoint, tmp_path / "none.db")


def test_reads_quality_where_there_is_any(tiny_checkpoint: Path, tmp_path: Path) -> None:
    assert list(read_scores(tiny_checkpoint)) == [8, 16, 32, 64, 128]
    assert read_scores(tmp_path) == {}
    (tmp_path / "evaluation.json").write_text('{"lengths": [1]}')
    assert read_scores(tmp_path) == {}


def test_a_picture_of_the_gallery_finds_itself(service: SearchService) -> None:
    image = Image.open(BytesIO(service.gallery.thumbnail(0)))
    nearest = service.search(service.picture(image), 128, 1).results[0]
    assert nearest.distance == 0
