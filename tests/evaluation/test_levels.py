"""Scores of levels: whole evaluations of known codes, against one query after the other."""

from dataclasses import replace
from math import log2
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from nhl.codes import hamming
from nhl.data import Pictures, Protocol, load_protocol
from nhl.data.pictures import Photographs
from nhl.evaluation.evaluate import evaluate
from nhl.metrics import mean_average_precision

LENGTHS = (8, 16)
CLASS_OF = np.array([0, 0, 0, 1, 1, 2])  # of six instances, the last two of one drawing or none
GROUP_OF = np.array([0, 0, 1])
KINDS = 3  # of photographs: of instance 0; of class 2 alone; of no class of the drawings


def pictures(rng: np.random.Generator, instances: list[int]) -> Pictures:
    """Drawings whose bytes are their codes."""
    classes = CLASS_OF[instances]
    levels = np.stack([GROUP_OF[classes], classes, instances, np.full(len(instances), -1)], 1)
    return Pictures(codes(rng, len(instances)), classes, np.array(instances), levels)


def codes(rng: np.random.Generator, count: int) -> list[bytes]:
    return [bytes(row) for row in rng.choice(np.array([0, 1, 3, 7, 15], np.uint8), (count, 2))]


@pytest.fixture
def protocol(monkeypatch: pytest.MonkeyPatch) -> Protocol:
    monkeypatch.setattr("nhl.evaluation.evaluate.Encoder", Known)
    monkeypatch.setattr("nhl.evaluation.evaluate.fingerprint", lambda checkpoint: "known")
    rng = np.random.default_rng(7)
    query = pictures(rng, [0, 0, 0, 3, 3, 5])
    database = pictures(rng, [1, 1, 1, 2, 2, 2, 4, 4, 4, 5, 5, 1, 2, 4])
    kinds = np.repeat(np.arange(KINDS), 12)
    of_kind = np.array([[0, 0, 0, 0], [1, 2, 90, 1], [-1, 9, 91, 2]])
    photos = Pictures(codes(rng, len(kinds)), kinds, None, of_kind[kinds])
    beside = Photographs(photos, photos, ("of an instance", "of a class", "of neither"))
    levels = ("group", "class", "instance", "kind")
    return Protocol("known", "Known", ("a", "b", "c"), database, query, database, levels, beside)


class Known:
    def __init__(self, checkpoint: Path) -> None:
        self.config = SimpleNamespace(lengths=LENGTHS)

    def encode(self, sources: list[bytes], progress: object) -> NDArray[np.uint8]:
        return coded(sources)


def coded(sources: object) -> NDArray[np.uint8]:
    return np.array([list(source) for source in sources], np.uint8)  # type: ignore[attr-defined]


def chances(distances: NDArray[np.int32], place: int) -> list[float]:
    """How likely each picture is at a place, from 1."""
    nearer = [(distances < d).sum() for d in distances]
    alike = [(distances == d).sum() for d in distances]
    return [float(n < place <= n + t) / t for n, t in zip(nearer, alike, strict=True)]


def mean_and_macro(values: list[float], classes: list[int]) -> tuple[float, float]:
    of_class = [np.mean([v for v, c in zip(values, classes, strict=True) if c == k]) for k in set(classes)]
    return float(np.mean(values)), float(np.mean(of_class))


def check(figures: dict[str, float], name: str, values: list[float], classes: list[int]) -> None:
    mean, macro = mean_and_macro(values, classes)
    assert figures[name] == pytest.approx(mean, abs=6e-5), name
    assert figures[f"macro_{name}"] == pytest.approx(macro, abs=6e-5), name
    assert 0 < mean < 1, "a case that could not tell"


@pytest.mark.parametrize("length", LENGTHS)
def test_drawings_one_query_after_the_other(protocol: Protocol, tmp_path: Path, length: int) -> None:
    figures = evaluate(tmp_path, protocol)["lengths"][str(length)]
    query, database = protocol.query, protocol.database
    assert query.levels is not None
    assert database.levels is not None
    levels = np.concatenate([query.levels, database.levels])
    everything = coded([*query.sources, *database.sources])
    ndcg, precision, recall, held_out, train, tied = [], [], [], [], [], []
    classes = query.labels.tolist()
    for q in range(len(query)):
        others = np.delete(np.arange(len(levels)), q)
        distances = hamming(everything[q : q + 1], everything[others], length)[0]
        shared = levels[q] == levels[others]
        grades = np.where(shared[:, 2], 3, np.where(shared[:, 1], 2, shared[:, 0] * 1))
        gains = 2.0**grades - 1
        expected = [np.dot(chances(distances, place), gains) for place in range(1, 11)]
        ideal = sorted(gains, reverse=True)[:10]
        ndcg.append(
            sum(g / log2(i + 2) for i, g in enumerate(expected))
            / sum(g / log2(i + 2) for i, g in enumerate(ideal))
        )
        first = sum(np.array(chances(distances, place)) for place in range(1, 11))
        precision.append(float(first @ (grades >= 2)) / 10)
        recall.append(float(first @ (grades == 3)) / (grades == 3).sum())
        tied.append((distances == sorted(distances)[11]).sum())
        rest = np.delete(np.arange(len(query)), q)
        mine = coded([query.sources[q]]), coded([query.sources[i] for i in rest])
        ap = mean_average_precision(*mine, [classes[q]], query.labels[rest], length)
        held_out.append(ap)
        theirs = coded(database.sources)
        train.append(mean_average_precision(mine[0], theirs, [classes[q]], database.labels, length))
    check(figures, "ndcg_at_10", ndcg, classes)
    check(figures, "precision_at_10", precision, classes)
    check(figures, "instance_recall_at_10", recall, classes)
    check(figures, "map_held_out", held_out, classes)
    check(figures, "map_train", train, classes)
    check(figures, "map", train, classes)
    assert figures["tied_at_12"] == np.median(tied)
    assert figures["distinct_codes"] == round(len({tuple(c[: length // 8]) for c in everything}) / 20, 4)


@pytest.mark.parametrize("length", LENGTHS)
def test_photographs_one_after_the_other(protocol: Protocol, tmp_path: Path, length: int) -> None:
    figures = evaluate(tmp_path, protocol)["lengths"][str(length)]
    assert protocol.photographs is not None
    photos = protocol.photographs.query
    drawings = coded([*protocol.query.sources, *protocol.database.sources])
    labels = np.concatenate([protocol.query.labels, protocol.database.labels])
    instances = np.concatenate([part.groups for part in (protocol.query, protocol.database)])  # type: ignore[misc]
    distances = hamming(coded(photos.sources), drawings, length)
    precision = [
        sum(np.dot(chances(row, place), labels == label) for place in range(1, 11)) / 10
        for row, label in zip(distances[:24], [0] * 12 + [2] * 12, strict=True)
    ]
    check(figures, "photo_precision_at_10", precision, [0] * 12 + [2] * 12)
    rng, hits = np.random.default_rng(0), []
    for row in distances[:12]:
        order = np.argsort(row + rng.random((4000, len(row))), axis=1)[:, :10]
        hits.append((instances[order] == 0).any(1).mean())
    assert figures["photo_instance_hit_rate"] == pytest.approx(np.mean(hits), abs=0.01)
    first = np.arange(len(photos)) % 12 < 10
    packed, kinds = coded(photos.sources), photos.labels
    expected = mean_average_precision(packed[first], packed[~first], kinds[first], kinds[~first], length)
    assert figures["photo_map"] == pytest.approx(expected, abs=6e-5)


def test_a_level_that_no_picture_has_is_left_out(protocol: Protocol, tmp_path: Path) -> None:
    """The group and the class alone: other gains, and nothing said of instances."""

    def without(part: Pictures) -> Pictures:
        assert part.levels is not None
        return replace(part, levels=np.where(np.arange(4) == 2, -1, part.levels))

    query, database = without(protocol.query), without(protocol.database)
    coarser = replace(protocol, query=query, database=database, photographs=None)
    figures = evaluate(tmp_path, coarser)["lengths"]["16"]
    assert "instance_recall_at_10" not in figures
    assert 0 < figures["ndcg_at_10"] < 1
    assert figures["ndcg_at_10"] != evaluate(tmp_path, protocol)["lengths"]["16"]["ndcg_at_10"]


def test_levels_of_any_names(protocol: Protocol, tmp_path: Path) -> None:
    """As of folders in folders: all but the recall of instances, which no level is called."""
    named = replace(protocol, levels=("folder 1", "folder 2", "folder 3", "folder 4"), photographs=None)
    found = evaluate(tmp_path, named)["lengths"]["8"]
    expected = evaluate(tmp_path, replace(protocol, photographs=None))["lengths"]["8"]
    assert expected.pop("instance_recall_at_10") > 0
    assert expected.pop("macro_instance_recall_at_10") > 0
    assert found == expected


def test_queries_without_another_picture_of_theirs_do_not_count(protocol: Protocol, tmp_path: Path) -> None:
    """The last query's instance has two more drawings in the database; without them it has none."""
    database = protocol.database.subset(np.flatnonzero(protocol.database.groups != 5))
    found = evaluate(tmp_path, replace(protocol, database=database))["lengths"]["16"]
    query = protocol.query
    assert query.levels is not None
    recalls = []
    everything = coded([*query.sources, *database.sources])
    for q in range(5):
        others = np.delete(np.arange(len(everything)), q)
        distances = hamming(everything[q : q + 1], everything[others], 16)[0]
        same = np.concatenate([query.levels[:, 2], database.levels[:, 2]])[others] == query.levels[q, 2]  # type: ignore[index]
        first = sum(np.array(chances(distances, place)) for place in range(1, 11))
        recalls.append(float(first @ same) / same.sum())
    assert found["instance_recall_at_10"] == pytest.approx(np.mean(recalls), abs=6e-5)


def test_several_labels_have_no_class_mean(protocol: Protocol, tmp_path: Path) -> None:
    def several(part: Pictures) -> Pictures:
        return Pictures(part.sources, np.eye(3, dtype=np.int64)[part.labels])

    query, database = several(protocol.query), several(protocol.database)
    figures = evaluate(tmp_path, replace(protocol, query=query, database=database, photographs=None))
    assert "map" in figures["lengths"]["8"]
    assert not any(name.startswith(("macro_", "ndcg")) for name in figures["lengths"]["8"])


def test_the_emoji_gallery_has_levels() -> None:
    """Without any photograph: of the Unicode groups, subgroups and emoji in its labels."""
    found = load_protocol("emoji")
    assert found.levels == ("group", "class", "instance")
    for part in (found.query, found.database):
        assert part.levels is not None
        assert (part.levels[:, 1] == part.labels).all()
        assert (part.levels[:, 2] == part.groups).all()
        assert len(np.unique(part.levels[:, 0])) == 9
    assert load_protocol("emoji-multi").query.levels is None
