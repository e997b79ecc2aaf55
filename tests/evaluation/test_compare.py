"""A small comparison from pictures to table and picture: honest, resumable, seeded."""

import json
import sys
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from drawings import draw, encoded
from in_turn import InTurn

from nhl.__main__ import main
from nhl.centers import hadamard_centers
from nhl.data import Pictures, Protocol
from nhl.evaluation import cells
from nhl.evaluation import compare as comparing
from nhl.evaluation import features as features_of
from nhl.evaluation.cells import measure, trained_as
from nhl.evaluation.compare import compare
from nhl.evaluation.comparison import Comparison, read_records
from nhl.evaluation.comparison_report import MAIN_MODES, gains, losing, maps, picture, table
from nhl.evaluation.features import Features
from nhl.evaluation.modes import MODES
from nhl.training.settings import Settings

SETTINGS = Settings(
    lengths=(8, 16), epochs=3, batch_size=16, mixup_alpha=0.0, distillation=1.0, warmup=0.0, ema_decay=0.5
)


@pytest.fixture(scope="module")
def found() -> Features:
    """Synthetic features of four classes: a centre each, and noise."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(4, 12))

    def part(count: int, views: int) -> tuple[torch.Tensor, np.ndarray[Any, Any]]:
        labels = rng.integers(0, 4, count)
        noise = rng.normal(size=(views, count, 12))
        return torch.from_numpy((centres[labels] + 0.7 * noise).astype(np.float32)), labels

    (train, learnt), (query, asked), (database, held) = part(64, 2), part(20, 1), part(80, 1)
    return Features(train, train[0], query[0], database[0], (learnt, asked, held), "Synthetic", 4)


COMPARISON = Comparison(SETTINGS, ("csq", "dch"), ("single", "full"), (0, 1), hidden=8, dropout=0.1)


@pytest.mark.parametrize("mode", [name for name, mode in MODES.items() if not mode.unsupervised])
def test_every_mode_learns(found: Features, mode: str) -> None:
    longer = replace(COMPARISON, settings=replace(SETTINGS, epochs=20, head_lr=0.01, backbone_lr=0.01))
    records = measure(longer, found, "none" if MODES[mode].without_loss else "csq", [mode], 0)
    assert [record["length"] for record in records] == [8, 16]
    assert all(record["map"] > 0.5 for record in records)  # chance is 0.25
    if not mode.startswith("single"):  # nested, or cut short
        assert len({record["seconds"] for record in records}) == 1  # one run


def test_heads_share_no_bit(found: Features) -> None:
    """Each length has codes of its own, so the shorter is no prefix of the longer; nested ones are."""
    codes = {}
    for mode in ("heads", "equal"):
        run = cells._train(COMPARISON, found, replace(SETTINGS, loss="csq"), MODES[mode])
        codes[mode] = [run.codes(found.query, output) for output in range(2)]
        assert [part.shape for part in codes[mode]] == [(20, 1), (20, 2)]
    assert (codes["equal"][1][:, :1] == codes["equal"][0]).all()
    assert (codes["heads"][1][:, :1] != codes["heads"][0]).any()


def test_hadamard_centres_are_those_trained_with(found: Features) -> None:
    def centres(mode: str) -> list[torch.Tensor]:
        run = cells._train(COMPARISON, found, replace(SETTINGS, loss="csq", epochs=1), MODES[mode])
        return [loss.centers for loss in run.objective.losses]

    short, long = centres("equal")
    assert (long[:, :8] == short).all()
    short, long = centres("hadamard")
    assert (long[:, :8] != short).any()
    assert long.numpy().tolist() == hadamard_centers(4, 16, 0).tolist()


def test_what_is_trained_once_for_several_modes() -> None:
    assert trained_as("csq", "single-scaled") == "single"  # that loss has no scale
    assert trained_as("dch", "single-scaled") == "single-scaled"
    assert trained_as("csq", "hadamard") == "hadamard"
    assert trained_as("hashnet", "hadamard") == "equal"  # and that one no centres
    assert trained_as("none", "matryoshka") == "matryoshka"
    assert trained_as("csq", "cut") == "single"  # whose longest run is cut short


def test_a_mode_without_a_loss_runs_once_a_seed() -> None:
    cells = list(replace(COMPARISON, modes=("single", "itq", "matryoshka")).cells())
    assert cells[:4] == [
        ("csq", "single", 0),
        ("dch", "single", 0),
        ("none", "itq", 0),
        ("none", "matryoshka", 0),
    ]
    assert len(cells) == 8


def test_seeds_decide(found: Features) -> None:
    scores = [[r["map"] for r in measure(COMPARISON, found, "csq", ["full"], seed)] for seed in (0, 0, 1)]
    assert scores[0] == scores[1]
    assert scores[0] != scores[2]


def test_the_queries_decide_nothing(found: Features) -> None:
    """Settings are chosen on training pictures alone: the held-back ones take the place of all others."""
    kept = found.held_back(0.5, seed=0)
    assert kept.train.shape == (2, 32, 12)
    assert len(kept.query) == len(kept.database) == 16
    rows = torch.cat([kept.plain, kept.query, kept.database])
    assert {tuple(row) for row in rows.tolist()} == {tuple(row) for row in found.plain.tolist()}
    learnt = {tuple(row) for row in kept.plain.tolist()}
    assert not learnt & {tuple(row) for row in torch.cat([kept.query, kept.database]).tolist()}


def test_a_stopped_comparison_goes_on(
    found: Features, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "_learnt", lambda *_: found)
    monkeypatch.setattr(comparing, "ProcessPoolExecutor", InTurn)
    path = tmp_path / "compare.json"
    first = compare(replace(COMPARISON, losses=("csq",)), path, tmp_path)
    asked: list[Any] = []
    monkeypatch.setattr(
        comparing, "_cell", lambda *cell: asked.append(cell) or measure(COMPARISON, found, *cell)
    )
    records = compare(COMPARISON, path, tmp_path)
    assert {cell[0] for cell in asked} == {"dch"}
    assert [r for r in records if r["loss"] == "csq"] == first
    assert json.loads(path.read_text())["records"] == records
    asked.clear()
    wider = replace(COMPARISON, modes=("single", "single-scaled", "full"))
    records = compare(wider, path, tmp_path)
    assert {cell[:2] for cell in asked} == {("csq", ("single-scaled",)), ("dch", ("single-scaled",))}
    same, scaled = (
        [r["map"] for r in records if r["loss"] == "csq" and r["mode"] == m] for m in wider.modes[:2]
    )
    assert same == scaled  # that loss has no scale
    older = json.loads(path.read_text())
    del older["comparison"]["settings"]["instances"]  # from before there was such a setting
    path.write_text(json.dumps(older))
    assert compare(wider, path, tmp_path) == records
    with pytest.raises(ValueError, match="holds a comparison with other settings"):
        compare(replace(COMPARISON, hidden=4), path, tmp_path)


def test_unknown_names_list_the_choices() -> None:
    with pytest.raises(ValueError, match="unknown losses 'cqs'; choose from csq, dpn"):
        Comparison(SETTINGS, ("cqs",), ("full",))
    with pytest.raises(ValueError, match="unknown modes 'all'; choose from single, single-scaled"):
        Comparison(SETTINGS, ("csq",), ("all",))


def test_a_comparison_needs_views_that_are_kept() -> None:
    with pytest.raises(ValueError, match="`views` must be at least 1 but got 0"):
        Comparison(replace(SETTINGS, views=0), ("csq",), ("full",))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"seeds": ()}, "`seeds` must be at least one but there is none"),
        ({"losses": ()}, "`losses` must name at least one but is empty"),
        ({"modes": ()}, "`modes` must name at least one but is empty"),
        ({"hidden": -1}, "`hidden` must be a whole number of at least 0 but got -1"),
        ({"dropout": 1.0}, r"`dropout` must be at least 0 and below 1 but got 1\.0"),
    ],
)
def test_a_comparison_of_nothing(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(COMPARISON, **wrong)


@pytest.mark.parametrize("text", ["{", "[]", "3", '{"comparison": {}}', '{"comparison": {"settings": {}}}'])
def test_a_file_that_is_no_result(text: str, tmp_path: Path) -> None:
    path = tmp_path / "compare.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"`path` .*compare\.json is damaged or no result of a comparison"):
        read_records(path, COMPARISON)
    with pytest.raises(ValueError, match=r"`path` must be a file but .* is a folder"):
        read_records(tmp_path, COMPARISON)


def test_what_ends_a_cell_names_it(found: Features, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[Exception] = []

    class Failing(InTurn):
        def submit(self, function: Any, *arguments: Any) -> Any:
            future: Future[Any] = Future()
            future.set_exception(raised[-1])
            return future

        def shutdown(self, wait: bool, cancel_futures: bool) -> None:
            assert cancel_futures

    monkeypatch.setattr(comparing, "_learnt", lambda *_: found)
    monkeypatch.setattr(comparing, "ProcessPoolExecutor", Failing)
    one = replace(COMPARISON, losses=("csq",), modes=("full",), seeds=(1,))
    raised.append(FloatingPointError("the loss is not finite"))
    with pytest.raises(FloatingPointError, match="csq in the mode full, seed 1: the loss is not finite"):
        compare(one, tmp_path / "compare.json", tmp_path)
    raised.append(BrokenProcessPool())
    with pytest.raises(
        MemoryError,
        match=r"at csq in the mode full: if memory ran out, give the same .* fewer `workers`.*`if __name__ == ",
    ):
        compare(one, tmp_path / "compare.json", tmp_path)


def test_a_command_may_ask_for_less_than_its_file_holds(
    found: Features,
    tiny_gallery: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(comparing, "_learnt", lambda *_: found)
    monkeypatch.setattr(comparing, "ProcessPoolExecutor", InTurn)
    to = tmp_path / "compare.json"
    command = [
        "compare",
        "--data",
        f"emoji:{tiny_gallery}",
        "--to",
        str(to),
        "--epochs",
        "1",
        "--losses",
        "csq",
    ]
    command += ["--seeds", "1", "--lengths", "8", "16", "--modes"]
    assert main([*command, "single", "full", "single"]) == 0
    both = capsys.readouterr().out
    assert both.count("| csq | single |") == both.count("| csq | full |") == 1
    records = json.loads(to.read_text())["records"]
    assert len(records) == 4
    assert main([*command, "full"]) == 0
    fewer = capsys.readouterr().out
    assert "| csq | full |" in fewer
    assert "single" not in fewer
    assert json.loads(to.read_text())["records"] == records  # nothing is lost
    assert main([*command, "single", "full"]) == 0
    assert capsys.readouterr().out == both


def record(mode: str, length: int, seed: int, value: float) -> dict[str, Any]:
    return {"loss": "csq", "mode": mode, "length": length, "seed": seed, "map": value}


RECORDS = [
    *[record("single", 8, 0, 0.4), record("single", 16, 0, 0.5)],
    *[record("single", 8, 1, 0.6), record("single", 16, 1, 0.5)],
    *[record("full", 8, 0, 0.6), record("full", 16, 0, 0.6)],
    *[record("full", 8, 1, 0.6), record("full", 16, 1, 0.6)],
]
RESULT = {
    "comparison": {
        "losses": ["csq", "dch", "mdsh"],
        "modes": ["single", "full"],
        "seeds": [0, 1],
        "settings": {"bank": True},
    },
    "protocol": "Pencil",
    "records": RECORDS,
}


def test_figures_by_hand() -> None:
    assert maps(RECORDS)["csq"]["single"].tolist() == [[0.4, 0.5], [0.6, 0.5]]
    assert gains(RECORDS)["csq"]["full"].tolist() == pytest.approx([0.2, 0.2])  # .6 for .5
    assert losing(RECORDS, "full") == 0
    worse = [*RECORDS[:4], *[{**r, "map": 0.45} for r in RECORDS[4:]]]
    assert losing(worse, "full") == 1  # at 8 bits .05 is within the spread, .14
    text = table(RESULT)
    assert "| csq | single | 50.0 ± 14.1 | 50.0 ± 0.0 | 50.0 |  |" in text
    assert "| csq | full | 60.0 ± 0.0 | 60.0 ± 0.0 | 60.0 | +20.0 % |" in text
    assert "| full | 1 | 60.0 | 60.0 | 60.0 |" in text
    worst = "csq, 8 bits: +20.0 %"
    assert f"| full | +20.0 % | +20.0 % | +20.0 % | +20.0 % |  | 1 of 1 | 0 of 2 | {worst} |" in text
    assert "| single |  |  |  |  |  |" in text
    assert "| csq alone in place of the loss | +0.0 % | +0.0 % | +0.0 % | +0.0 % |  | 0 of 1 |" in text
    assert "no relevant image" not in text
    assert "one model a length; 3 queries have no relevant image in the database and count as 0." in table(
        {**RESULT, "without_relevant": 3}
    )


def test_gains_over_several_losses() -> None:
    """Median, interval and the worst pair, by hand: DCH loses a tenth at 16 bits, and CSQ alone is a fifth worse."""
    dch = [
        {**r, "loss": "dch", "map": v} for r, v in zip(RECORDS, [0.6, 0.5] * 2 + [0.6, 0.45] * 2, strict=True)
    ]
    text = table({**RESULT, "records": [*RECORDS, *dch]})
    found = next(line for line in text.splitlines() if line.startswith("| full | +"))
    assert found.startswith("| full | +10.0 % | +5.0 % | +7.5 % | +7.5 % | -5.0 to +20.0 % | 1 of 2 |")
    assert found.endswith("| dch, 16 bits: -10.0 % |")
    assert "| csq alone in place of the loss | -8.3 % | +0.0 % | -4.2 % |" in text
    assert "| single | 2 | 55.0 | 50.0 | 52.5 |" in text  # .5 and .6; .5 and .5


def test_a_loss_that_ran_without_its_bank_is_named_so(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    for bank in (True, False):
        result = {**RESULT, "comparison": {**RESULT["comparison"], "settings": {"bank": bank}}}
        renamed = {**result, "records": [{**r, "loss": "mdsh"} for r in RECORDS]}
        name = "mdsh" if bank else "mdsh, without bank"
        assert f"| {name} | full | 60.0" in table(renamed)
        assert f"| {name}, 8 bits: +20.0 % |" in table(renamed)  # as the worst pair
        picture(renamed, tmp_path / "named.svg")
        assert f"<!-- {name} -->" in (tmp_path / "named.svg").read_text()  # what the drawn title says
        assert "without bank" not in table(result)  # CSQ has none


def test_queries_without_a_relevant_image_are_counted(
    found: Features, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learnt, asked, held = found.labels
    monkeypatch.setattr(comparing, "ProcessPoolExecutor", InTurn)
    for database, count in [(held, 0), (np.where(held == 0, 1, held), int((asked == 0).sum()))]:
        changed = replace(found, labels=(learnt, asked, database))
        monkeypatch.setattr(comparing, "_learnt", lambda *_, changed=changed: changed)
        path = tmp_path / f"{count}.json"
        compare(replace(COMPARISON, losses=("csq",), modes=("single",), seeds=(0,)), path, tmp_path)
        assert json.loads(path.read_text())["without_relevant"] == count
    assert count > 0


def test_a_file_may_hold_more_than_is_asked_for(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    fewer = {**RESULT, "comparison": {**RESULT["comparison"], "modes": ["single"]}}
    assert "full" not in table(fewer)
    one = {**RESULT, "comparison": {**RESULT["comparison"], "seeds": [0]}}
    assert "| csq | single | 40.0 ± 0.0 | 50.0 ± 0.0 | 45.0 |  |" in table(one)
    picture(fewer, tmp_path / "fewer.svg")


def test_a_code_cut_short_is_that_of_the_longest_length(found: Features) -> None:
    cut, single = (
        {r["length"]: r["map"] for r in measure(COMPARISON, found, "csq", [mode], 0)}
        for mode in ("cut", "single")
    )
    assert cut[16] == single[16]
    assert cut[8] != single[8]
    both = measure(COMPARISON, found, "csq", ["single", "cut"], 0)  # of one training
    assert {r["length"]: r["map"] for r in both if r["mode"] == "cut"} == cut
    assert {r["length"]: r["map"] for r in both if r["mode"] == "single"} == single


def test_features_belong_to_their_pictures_and_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two folders of equal names and counts, and two networks: nobody's features are another's."""
    computed: list[str] = []
    whole = features_of._compute

    def compute(backbone: Any, settings: Settings, protocol: Any, progress: Any) -> Any:
        computed.append(protocol.train.digest())
        return whole(backbone, settings, protocol, progress)

    monkeypatch.setattr(features_of, "_compute", compute)
    small = replace(SETTINGS, backbone="test_efficientnet.r160_in1k", pretrained=False, size=32, views=1)

    def of(colour: str, settings: Settings = small) -> None:
        pictures = Pictures([encoded(draw(colour, n), "PNG") for n in range(4)], np.array([0, 0, 1, 1]))
        same = Protocol("p", "the same words", ("a", "b"), pictures, pictures, pictures)
        features_of.features(settings, same, tmp_path)

    for colour in ("red", "blue", "red", "blue"):
        of(colour)
    assert len(computed) == 2
    of("red", replace(small, seed=1))  # other first weights
    assert len(computed) == 3


def test_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = pytest.importorskip("matplotlib").rcParams
    monkeypatch.setitem(rules, "svg.fonttype", "none")  # words stay words
    path = tmp_path / "compare.svg"
    picture(RESULT, path)
    assert "<svg" in path.read_text()
    many = [record(mode, length, 0, 0.5) for mode in MODES for length in (8, 16)]
    picture({**RESULT, "comparison": {**RESULT["comparison"], "modes": list(MODES)}, "records": many}, path)
    assert ">scaled<" in path.read_text()
    assert ">pcgrad<" not in path.read_text()  # of many modes the main ones
    others = [mode for mode in MODES if mode not in MAIN_MODES]
    picture({**RESULT, "comparison": {**RESULT["comparison"], "modes": others}, "records": many}, path)
    assert ">pcgrad<" in path.read_text()  # where there are none, the first

    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ModuleNotFoundError, match="a picture needs the package matplotlib"):
        picture(RESULT, tmp_path / "again.svg")


def test_the_command(tiny_gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From pictures to the table, with a worker process; what is learnt is tested above."""
    out = tmp_path / "compare.json"
    small = [
        "--losses",
        "csq",
        "--modes",
        "single",
        "full",
        "--seeds",
        "1",
        "--epochs",
        "1",
        "--lengths",
        "8",
        "16",
    ]
    place = ["--data", f"emoji:{tiny_gallery}", "--to", str(out), "--cache", str(tmp_path), "--size", "32"]
    assert main(["compare", *place, *small, "--views", "1", "--hidden", "8"]) == 0
    assert "| csq | full |" in capsys.readouterr().out
    result = json.loads(out.read_text())
    assert len(result["records"]) == 4
    assert list(result)[:3] == ["date", "command", "machine"]
    assert out.with_suffix(".md").is_file()
