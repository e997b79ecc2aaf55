"""The figures in README, docs and the card are those of the result files."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from nhl.codes import LENGTHS
from nhl.evaluation.comparison_report import table

ROOT = Path(__file__).parents[1]
README, RESULTS, CARD = "README.md", "docs/RESULTS.md", "checkpoints/emoji/README.md"
MEASURES = {
    "nDCG@10": "ndcg_at_10",
    "same emoji: share of its other drawings in the first ten": "instance_recall_at_10",
    "same class: P@10": "precision_at_10",
    "mAP by class, held-out emoji as the database": "map_held_out",
    "mAP by class, trained emoji as the database": "map_train",
    "photograph: P@10 by class": "photo_precision_at_10",
    "photograph: its very emoji is in the first ten": "photo_instance_hit_rate",
    "photographs among photographs: mAP of 200 kinds": "photo_map",
    "distinct codes": "distinct_codes",
    "pictures tied at the twelfth place, median": "tied_at_12",
}
COMPARISONS = {
    "compare_cifar10": 10,
    "compare_cifar10_tuned": 16,
    "compare_tiny_imagenet": 20,
}  # and the least rows quoted
KINDS = {
    "one nested code": "nested",
    "a model for each length": "single",
    "a long code cut short": "cut",
}


def read(path: str) -> Any:
    return json.loads((ROOT / path).read_text(encoding="utf-8"))


def rows(page: str) -> dict[str, list[str]]:
    """The cells of each row of a page's tables, by the first."""
    lines = re.findall(r"^\| (.+) \|$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    return {cells[0]: cells[1:] for cells in (line.split(" | ") for line in lines)}


def short(value: float) -> str:
    """As the tables print it: three digits of a share, whole numbers of what is counted."""
    return f"{value:.3f}".removeprefix("0") if value <= 1 else f"{value:.0f}"


@pytest.mark.parametrize(("page", "least"), [(README, 6), (RESULTS, 10), (CARD, 10)])
def test_the_quality_of_the_model(page: str, least: int) -> None:
    scores = read("checkpoints/emoji/evaluation.json")["lengths"]
    found = {name: cells for name, cells in rows(page).items() if name in MEASURES}
    assert len(found) >= least
    for name, cells in found.items():
        assert cells == [short(scores[str(length)][MEASURES[name]]) for length in LENGTHS], name


@pytest.mark.parametrize("page", [README, RESULTS])
def test_what_nesting_is_worth(page: str) -> None:
    result, found = read("benchmarks/results/nesting.json"), rows(page)
    stored = {"nested": LENGTHS[-1], "single": sum(LENGTHS), "cut": LENGTHS[-1]}
    for name, kind in KINDS.items():
        quality = [short(value) for value in result["quality"][kind]]
        seconds = f"{result['seconds'][kind]:.0f} s"
        assert found[name] == [*quality, seconds, str(stored[kind] // 8)], name


def test_a_style_never_trained_on() -> None:
    result = read("benchmarks/results/unseen_style.json")
    text = (ROOT / CARD).read_text(encoding="utf-8")
    for part in ("all", "held_out"):
        assert " ".join(map(short, result[part]["precision_at_10"])) in text, part


def test_the_measure_of_the_example() -> None:
    scores = read("checkpoints/emoji/evaluation.json")["lengths"]
    quoted = " ".join(short(scores[str(length)]["map_train"]) for length in LENGTHS)
    assert quoted in (ROOT / "docs/EXAMPLES.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "least"), COMPARISONS.items())
def test_comparisons(name: str, least: int) -> None:
    """Each table is that of its records, and every row that is quoted stands in one of them."""
    table_file = (ROOT / "benchmarks" / "results" / f"{name}.md").read_text(encoding="utf-8")
    assert table(read(f"benchmarks/results/{name}.json")) == table_file
    section = (ROOT / RESULTS).read_text(encoding="utf-8").split(f"{name}.json")[1].split("\n## ")[0]
    quoted = re.findall(r"^\| .*\|$", section, re.MULTILINE)
    assert len(quoted) >= least
    assert [row for row in quoted if row not in table_file.splitlines()] == []


def test_the_gains_in_the_readme() -> None:
    text = " ".join((ROOT / README).read_text(encoding="utf-8").split())
    cells = rows("benchmarks/results/compare_cifar10.md")
    for mode in ("equal", "cut"):
        mean, _, interval = cells[mode][5:8]
        assert re.search(rf"{re.escape(mean)}, (95 % interval )?{re.escape(interval)}\)", text), mode
