"""Scores by hand, and the files made of them."""

import csv
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from nhl.data import Pictures, Protocol, load_protocol
from nhl.evaluation.evaluate import evaluate, score, table
from nhl.evaluation.tables import check_targets, plot, write_curves, write_scores
from nhl.metrics import Histograms, histograms

DATABASE = np.array([[0, 0], [1, 0], [1, 255], [7, 0]], np.uint8)
LABELS = [0, 1, 1, 0]


@pytest.fixture
def found() -> dict[int, Histograms]:
    """Distances 0 1 1 3 and 0 1 9 3 from one query; the second and third image are relevant."""
    return histograms(np.zeros((1, 2), np.uint8), DATABASE, [1], LABELS, [8, 16])


def evaluation(found: dict[int, Histograms]) -> dict[str, object]:
    return {"protocol": "One query, four images", **score(found, at=[1, 2], curves=True)}


def test_scores_by_hand(found: dict[int, Histograms]) -> None:
    scores = score(found)
    assert scores == {
        "lengths": {
            "8": {"map": round((1 / 2 + 2 / 3) / 2, 4), "p@10": 0.2, "recall@100": 1.0, "p@radius2": 0.6667},
            "16": {"map": round((1 / 2 + 2 / 4) / 2, 4), "p@10": 0.2, "recall@100": 1.0, "p@radius2": 0.5},
        },
        "mean_map": round((0.5833 + 0.5) / 2, 4),
    }


def test_top_and_further_numbers(found: dict[int, Histograms]) -> None:
    scores = score(found, top=2, at=[2, 1])["lengths"]["16"]
    assert scores["map"] == round(1 / 2 / 2, 4)
    names = ["map", "p@1", "p@2", "p@10", "recall@1", "recall@2", "recall@100", "hit@1", "hit@2", "p@radius2"]
    assert list(scores) == names
    assert (scores["p@2"], scores["recall@2"], scores["hit@1"], scores["hit@2"]) == (0.5, 0.5, 0, 1)


def test_curves_by_hand(found: dict[int, Histograms]) -> None:
    curve = score(found, curves=True)["curves"]["8"]
    assert curve["precision"] == [0, 0.6667, 0.6667, *[0.5] * 6]
    assert curve["recall"] == [0, *[1] * 8]


def test_no_query() -> None:
    with pytest.raises(ValueError, match="there are 0 queries"):
        score(histograms(DATABASE[:0], DATABASE, [], LABELS, [8]))


def test_an_empty_protocol(tiny_gallery: Path) -> None:
    protocol = load_protocol(f"emoji:{tiny_gallery}")
    nothing = protocol.query.subset(np.zeros(0, np.int64))
    with pytest.raises(
        ValueError, match=r"`protocol` must hold queries and a database but has 0 and 72 pictures"
    ):
        evaluate("nowhere", replace(protocol, query=nothing))


def test_table_has_a_row_a_figure(found: dict[int, Histograms]) -> None:
    lengths = evaluation(found)["lengths"]
    assert isinstance(lengths, dict)
    lengths["16"]["tied_at_12"], lengths["8"]["tied_at_12"] = 1.0, 21.5
    lines = table({**evaluation(found), "lengths": lengths}).splitlines()
    assert lines[0] == "One query, four images"
    assert [line.split() for line in lines[1:4]] == [
        ["bits", "8", "16"],
        ["map", "0.583", "0.500"],
        ["p@1", "0.000", "0.000"],
    ]
    assert len({len(line) for line in lines[1:-1]}) == 1
    assert lines[-2:] == ["tied_at_12   21.5    1.0", "mean mAP 0.542"]


def test_queries_without_a_relevant_image_are_said(found: dict[int, Histograms]) -> None:
    told = table({**evaluation(found), "without_relevant": 1200}).splitlines()[0]
    assert (
        told == "One query, four images; 1,200 queries have no relevant image in the database and count as 0"
    )
    told = table({**evaluation(found), "without_relevant": 1}).splitlines()[0]
    assert told == "One query, four images; 1 query has no relevant image in the database and counts as 0"


def test_csv_files(found: dict[int, Histograms], tmp_path: Path) -> None:
    write_scores(evaluation(found), tmp_path / "scores.csv")
    rows = list(csv.DictReader((tmp_path / "scores.csv").open(newline="")))
    assert [(row["bits"], float(row["map"])) for row in rows] == [("8", 0.5833), ("16", 0.5)]
    assert float(rows[1]["hit@2"]) == 1

    write_curves(evaluation(found), tmp_path / "curves.csv")
    rows = list(csv.DictReader((tmp_path / "curves.csv").open(newline="")))
    assert [row["bits"] for row in rows] == ["8"] * 9 + ["16"] * 17
    assert list(rows[10].values()) == ["16", "1", "0.5", "0.5"]


def test_picture(found: dict[int, Histograms], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    plot(evaluation(found), tmp_path / "curves.PNG")
    with Image.open(tmp_path / "curves.PNG") as image:
        assert image.size == (1500, 600)
        assert len(image.convert("RGB").getcolors(1 << 20) or []) > 100
    plot(evaluation(found), tmp_path / "curves.svg")
    assert "</svg>" in (tmp_path / "curves.svg").read_text()


def test_files_that_could_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        ValueError, match=r"`csv` must lie in a folder that exists and can be written but got .*a\.csv"
    ):
        check_targets(tmp_path / "none" / "a.csv", None, None)
    with pytest.raises(ValueError, match=r"`plot` must end in \.png or \.svg but got a\.pdf"):
        check_targets(None, None, Path("a.pdf"))
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(
        ModuleNotFoundError, match="`plot` needs matplotlib, which is not installed: pip install"
    ):
        check_targets(None, None, tmp_path / "a.png")
    check_targets(tmp_path / "a.csv", Path("a.csv"), None)


def test_the_same_instance_again(tiny_gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three queries, of which two show one instance; the codes say which picture is nearest to which."""

    class Known:
        def __init__(self, checkpoint: Path) -> None:
            self.config = SimpleNamespace(lengths=(8, 16))

        def encode(self, sources: Sequence[bytes], progress: object) -> NDArray[np.uint8]:
            return np.array([list(source) for source in sources], np.uint8)

    monkeypatch.setattr("nhl.evaluation.evaluate.Encoder", Known)
    monkeypatch.setattr("nhl.evaluation.evaluate.fingerprint", lambda checkpoint: "known")
    near = [bytes([0, 255])] * 11  # nearer at 8 bits than what is sought, farther at 16
    query = Pictures(
        [bytes([0, 0]), bytes([1, 1]), bytes([254, 9])], np.array([0, 0, 1]), np.array([5, 5, 6])
    )
    database = Pictures(near, np.zeros(11, np.int64), np.arange(100, 111))
    found = evaluate(tmp_path, Protocol("instances", "Three queries", ("a", "b"), database, query, database))
    # 8 bits: 11 others lie nearer to the first query than its twin does; the second one's twin lies at
    # distance 1 with them, so the ten nearest are drawn from 12.
    assert found["lengths"]["8"]["same@10"] == round((0 + 10 / 12) / 2, 4)
    assert found["lengths"]["16"]["same@10"] == 1
    assert found["without_relevant"] == 1  # the third query's class is not in the database
    alone = replace(query, labels=np.zeros(3, np.int64), groups=np.array([5, 6, 7]))
    without = evaluate(
        tmp_path, Protocol("instances", "Three queries", ("a", "b"), database, alone, database)
    )
    assert "same@10" not in without["lengths"]["8"]
    assert "without_relevant" not in without
