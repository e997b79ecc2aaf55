"""Comparisons of whole networks, and several draws of the queries."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from drawings import COLOURS, draw, encoded
from in_turn import InTurn

from nhl.__main__ import main
from nhl.data import Pictures, Protocol
from nhl.evaluation import compare as comparing
from nhl.evaluation.cells import measure
from nhl.evaluation.compare import compare
from nhl.evaluation.comparison import Comparison, check_splits
from nhl.evaluation.comparison_report import maps, table
from nhl.evaluation.features import Features, pixels
from nhl.evaluation.unsupervised import UNSUPERVISED, Search
from nhl.training.settings import Settings

SETTINGS = Settings(
    backbone="test_efficientnet.r160_in1k",
    pretrained=False,
    size=32,
    lengths=(8, 16),
    epochs=12,
    batch_size=16,
    head_lr=0.01,
    backbone_lr=0.01,
    mixup_alpha=0.0,
    ema_decay=0.5,
)
TUNED = Comparison(SETTINGS, ("csq",), ("single", "cut", "full"), (0,), hidden=0, tune=True, splits=3)


def protocol() -> Protocol:
    """Shapes in four colours, ninety-six trained on; nothing is in two parts."""

    def part(first: int, count: int) -> Pictures:
        sources = [encoded(draw(colour, first + n)) for colour in COLOURS for n in range(count)]
        return Pictures(sources, np.repeat(np.arange(len(COLOURS)), count))

    return Protocol("shapes", "Shapes", tuple(COLOURS), part(0, 24), part(100, 3), part(200, 9))


@pytest.fixture(scope="module")
def shapes() -> Features:
    return pixels(SETTINGS, protocol())


def test_pixels_are_the_pictures() -> None:
    told: list[tuple[int, int]] = []
    found = pixels(SETTINGS, protocol(), lambda *now: told.append(now))
    assert found.train.shape == (1, 96, 3, 32, 32)
    assert found.train.dtype == torch.uint8
    assert [len(part) for part in (found.plain, found.query, found.database)] == [96, 12, 36]
    assert told == [(96, 144), (108, 144), (144, 144)]
    assert found.description == "Shapes; the whole network learns"


def test_whole_networks_learn(shapes: Features) -> None:
    """Chance is .25; the random network that nothing was taught knows some of the colours."""
    untaught = replace(TUNED, settings=replace(SETTINGS, backbone_lr=0.0, head_lr=0.0, epochs=1))
    before, after = (
        {(r["mode"], r["length"]): r["map"] for r in measure(how, shapes, "csq", ["single", "cut"], 0)}
        for how in (untaught, TUNED)
    )
    assert set(after) == {(mode, length) for mode in ("single", "cut") for length in (8, 16)}
    assert after["single", 16] == after["cut", 16] > 0.9 > before["single", 16] + 0.1


def test_the_same_seed_gives_the_same_network(shapes: Features) -> None:
    short = replace(TUNED, settings=replace(SETTINGS, epochs=2))
    once, again, other = (
        [r["maps"] for r in measure(short, shapes, "csq", ["full"], seed)] for seed in (0, 0, 1)
    )
    assert once == again != other


def test_splits_draw_the_queries_anew(shapes: Features) -> None:
    labels = np.concatenate(shapes.labels[1:])
    query, database = shapes.drawn(0)
    assert query.tolist() == list(range(12))
    drawn = [shapes.drawn(split) for split in (1, 2)]
    for query, database in drawn:
        assert np.bincount(labels[query]).tolist() == [3] * 4
        assert sorted([*query, *database]) == list(range(48))
    assert set(drawn[0][0]) != set(drawn[1][0])
    assert (shapes.drawn(1)[0] == drawn[0][0]).all()
    anew = shapes.redrawn(1)
    both = torch.cat([shapes.query, shapes.database])
    assert torch.equal(anew.query, both[torch.from_numpy(drawn[0][0])])
    assert torch.equal(anew.database, both[torch.from_numpy(drawn[0][1])])
    assert (anew.labels[1] == labels[drawn[0][0]]).all()
    members = replace(shapes, labels=tuple(np.eye(4, dtype=np.int64)[part] for part in shapes.labels))
    assert len(members.drawn(1)[0]) == 12  # of several labels, whichever they are


def test_every_split_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row a split: mAP of codes is that of the parts drawn, computed once more from features in that order."""
    rng = np.random.default_rng(0)
    parts = [torch.from_numpy(rng.normal(size=(n, 16)).astype(np.float32)) for n in (40, 8, 24)]
    labels = tuple(np.arange(n) % 4 for n in (40, 8, 24))
    found = Features(parts[0][None], *parts, labels, "Noise", 4)  # type: ignore[arg-type]
    heads = replace(TUNED, tune=False, modes=("single", "lsh"), settings=replace(SETTINGS, epochs=1))
    monkeypatch.setattr(comparing, "load_protocol", lambda *_: protocol())
    monkeypatch.setattr(comparing, "_learnt", lambda *_: found)
    monkeypatch.setattr(comparing, "ProcessPoolExecutor", InTurn)
    path = tmp_path / "compare.json"
    records = compare(heads, path, tmp_path)
    for split in range(3):
        alone = replace(heads, splits=1)
        for loss, mode in (("csq", "single"), ("none", "lsh")):
            once = measure(alone, found.redrawn(split), loss, [mode], 0)
            mine = [r for r in records if r["mode"] == mode]
            assert [r["maps"][split] for r in mine] == [r["map"] for r in once]
    assert all(r["map"] == pytest.approx(np.mean(r["maps"]), abs=1e-5) for r in records)
    rows = maps(records)["csq"]["single"]
    assert rows.shape == (3, 2)
    assert rows.std(0).max() > 0
    result = json.loads(path.read_text())
    assert result["records"] == records
    assert "over seeds 0 and 3 draws of the queries; the gain" in table(result)


def test_what_learns_without_labels_learns_once_and_is_timed(
    shapes: Features, monkeypatch: pytest.MonkeyPatch
) -> None:
    learnt: list[int] = []

    def slow(found: Features, length: int, seed: int) -> Search:
        learnt.append(length)
        time.sleep(0.02)
        return lambda drawn: np.full(len(drawn.query), 0.5)

    monkeypatch.setitem(UNSUPERVISED, "itq", slow)
    records = measure(replace(TUNED, tune=False, modes=("itq",)), shapes, "none", ["itq"], 0)
    assert learnt == [8, 16]  # not once a split
    assert [r["maps"] for r in records] == [[0.5] * 3] * 2
    assert all(0.02 <= r["seconds"] < 1 for r in records)


def test_queries_are_not_drawn_from_what_was_learnt() -> None:
    shown = protocol()
    check_splits(TUNED, shown)
    learnt = replace(shown, database=shown.train)
    check_splits(replace(TUNED, splits=1), learnt)
    check_splits(replace(TUNED, held_back=0.2), learnt)
    with pytest.raises(
        ValueError, match="`splits` must be 1 where the database is trained on, as that of 'shapes'"
    ):
        check_splits(TUNED, learnt)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"held_back": 1.0}, r"`held_back` must be at least 0 and below 1 but got 1\.0"),
        ({"splits": 0}, "`splits` must be at least 1 but got 0"),
        ({"modes": ("full", "itq")}, "`tune` trains whole networks but the mode 'itq' is of frozen features"),
    ],
)
def test_what_cannot_be_compared(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(TUNED, **wrong)


def test_the_command_tunes(tiny_gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "compare.json"
    command = [
        "compare",
        "--data",
        f"emoji:{tiny_gallery}",
        "--to",
        str(out),
        "--size",
        "32",
        "--epochs",
        "1",
    ]
    command += ["--losses", "csq", "--seeds", "1", "--lengths", "8", "16", "--modes"]
    assert main([*command, "single", "--backbone-lr", "0.1"]) == 2
    assert "`--backbone-lr` counts with `--tune` alone but got 0.1" in capsys.readouterr().err
    assert main([*command, "itq", "--tune"]) == 2
    assert "`--tune` trains whole networks but the mode 'itq'" in capsys.readouterr().err
    assert main([*command, "single", "--splits", "2"]) == 2
    assert "`--splits` must be 1 where the database is trained on" in capsys.readouterr().err
    assert main([*command, "equal", "cut", "--tune", "--backbone-lr", "0.001"]) == 0
    assert "| csq | cut |" in capsys.readouterr().out
    result = json.loads(out.read_text())
    assert result["comparison"]["hidden"] == 0
    assert result["comparison"]["settings"]["backbone_lr"] == 0.001
    assert "the whole network learns" in result["protocol"]
    assert len(result["records"]) == 4
