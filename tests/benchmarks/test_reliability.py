"""The long runs of docs/RELIABILITY.md, with few kills; and the page that is made of their result."""

import json
import os
import random
import shutil
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from benchmarks.reliability import work
from benchmarks.reliability.crowd import refusal
from benchmarks.reliability.disk import fill
from benchmarks.reliability.kills import GalleryJob, IndexJob, TrainingJob, kill_often, pictures
from benchmarks.reliability.malformed import run_tests
from benchmarks.reliability.report import failures, failures_of_strangers, markdown
from benchmarks.startup import ROOT
from benchmarks.strangers import readme_commands, serving
from nhl.gallery import reading

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
KILLED = {"kills": 2, "damaged": 0, "lost": 0, "runs": 1, "unequal": 0, "files_left": 0, "problems": []}
FULL = {
    "disk": "256 kB, a file system",
    "failed": True,
    "said": "error: my.db cannot be written",
    "one_sentence": True,
    "lost": False,
    "whole_with_room": True,
}
RESULT: dict[str, Any] = {
    "command": "python -m benchmarks reliability",
    "date": "2026-01-02T03:04:05",
    "machine": {"cores": 2, "processor": "Some avx2", "python": "3.11"},
    "kills": {"gallery": KILLED},
    "disk": {"gallery": FULL},
    "two_pages": {"outcomes": {"answered": 5}, "added": 180, "shown_after": 240},
    "crowd": {
        "clients": 32,
        "seconds": 120,
        "outcomes": {"answered": 900, "busy": 3},
        "median_s": 4.0,
        "p95_s": 6.0,
        "megabytes": [400.0, 410.0],
        "growth": 0.025,
        "files_after": 2,
        "files_later": 0,
        "cleaned_after_s": 300,
        "answer_before_s": 0.1,
        "answer_after_s": 0.2,
    },
    "malformed": {"status": 0, "said": "430 passed in 90 s", "wrong": []},
}
RIGHT = {"page": 200, "health": 200, "results": 12}
PYTHON: dict[str, Any] = {
    "python": "3.10.1",
    "page_ready_s": 100.2,
    "answers": RIGHT,
    "tests": {"status": 0, "said": "9 passed in 5 s", "wrong": []},
    "left_in_code": [],
}
STRANGERS: dict[str, Any] = {
    "command": "python -m benchmarks strangers",
    "date": "2026-01-02T03:04:05",
    "pythons": [PYTHON],
    "space": {"starts": [{"page_ready_s": seconds, "answers": RIGHT} for seconds in (20.5, 8.1)]},
}


def page(tmp_path: Path, result: dict[str, Any], strangers: dict[str, Any]) -> str:
    """The page that two results make."""
    for name, content in (("r.json", result), ("s.json", strangers)):
        (tmp_path / name).write_text(json.dumps(content))
    return markdown(tmp_path / "r.json", tmp_path / "s.json")


def test_kills_of_a_growing_gallery_and_a_full_disk(tiny_checkpoint: Path, tmp_path: Path) -> None:
    job = GalleryJob(pictures(tmp_path / "pictures"), tiny_checkpoint)
    found = kill_often(job, 1, tmp_path / "room", random.Random(1))
    assert (found["kills"], found["damaged"], found["lost"], found["unequal"]) == (1, 0, 0, 0)
    assert found["runs"] >= 1
    (tmp_path / "full").mkdir()
    full = fill(job, tmp_path / "full", tmp_path / "room" / "unbroken")
    assert full["failed"]
    assert full["one_sentence"]
    assert full["whole_with_room"]
    assert not full["lost"]
    assert "my.db cannot be written" in full["said"]


def test_the_index_job_notices_other_codes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "CODES", 300)
    monkeypatch.setattr(work, "STEP", 100)
    work.index(str(tmp_path / "a"))
    job = IndexJob()
    with monkeypatch.context() as patch:
        patch.setattr("benchmarks.reliability.kills.all_codes", work.all_codes)
        assert job.safe(tmp_path / "a") == 300
    assert job.safe(tmp_path / "none") == 0
    from nhl.index import NestedIndex

    NestedIndex(work.all_codes()[::-1]).save(tmp_path / "a" / "index")
    with pytest.raises(ValueError, match="index holds other codes"):
        job.safe(tmp_path / "a")


def test_the_gallery_job_notices_damage(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "CHUNK", reading.CHUNK)  # which the job changes: afterwards it is put back
    job = GalleryJob(pictures(tmp_path / "pictures") / "red", tiny_checkpoint)
    shutil.copytree(tmp_path / "pictures" / "red", tmp_path / "photos" / "red")
    work.gallery(str(tmp_path), str(tmp_path / "photos"), str(tiny_checkpoint))
    assert job.safe(tmp_path) == 60
    path = tmp_path / "my.db"
    content = bytearray(path.read_bytes())
    content[-3000:] = bytes(3000)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"my\.db is damaged"):
        job.safe(tmp_path)


def test_a_refusal_is_busy_or_a_failure() -> None:
    assert refusal(503, "Queue is full. Max size is 64.") == "busy"
    assert refusal(500, "null") == "failed: 500 null"


@pytest.mark.parametrize(
    ("part", "change", "sentence"),
    [
        ("kills", {"gallery": {**KILLED, "lost": 1}}, "kills of gallery: 1 lost"),
        ("disk", {"gallery": {**FULL, "one_sentence": False}}, "full disk for gallery: not one_sentence"),
        ("disk", {"gallery": {**FULL, "lost": True}}, "something reported was lost"),
        ("two_pages", {**RESULT["two_pages"], "outcomes": {}}, "two_pages: nobody was answered"),
        ("crowd", {**RESULT["crowd"], "growth": 0.2}, "crowd: memory went from"),
        ("crowd", {**RESULT["crowd"], "files_later": 4}, "crowd: 4 files were left"),
        ("crowd", {**RESULT["crowd"], "answer_after_s": 9.0}, "crowd: the first answer after it took 9.0 s"),
        (
            "crowd",
            {**RESULT["crowd"], "outcomes": {"answered": 1, "failed: 500": 2}},
            "crowd: 2 times failed",
        ),
        (
            "malformed",
            {"status": 1, "said": "1 failed", "wrong": ["FAILED a"]},
            "malformed input: 1 failed; ['FAILED a']",
        ),
    ],
)
def test_what_does_not_hold_is_on_the_page(
    part: str, change: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    assert failures(RESULT) == []
    text = page(tmp_path, RESULT, STRANGERS)
    assert text.count("Every check passed.") == 2
    assert "| `python -m nhl gallery add` | 2 | 0 | 0 | 1 | 0 | 0 |" in text
    assert "400.0 MB, 410.0 MB (+2.5%)" in text
    assert "one sentence.\n\n430 passed in 90 s\n" in text
    assert "| 3.10.1 | 100 s | 9 passed in 5 s |" in text
    assert "20.5 s the first time and 8.1 s the second" in text
    wrong = {**deepcopy(RESULT), part: change}
    assert any(sentence in line for line in failures(wrong))
    assert sentence in page(tmp_path, wrong, STRANGERS)
    older = {name: found for name, found in RESULT.items() if name != "malformed"}
    assert failures(older) == []
    assert "Malformed" not in page(tmp_path, older, STRANGERS)
    assert "stranger" not in markdown(tmp_path / "r.json", tmp_path / "none.json")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"answers": {**RIGHT, "results": 3}}, "Python 3.10.1: the page answered"),
        ({"tests": {"status": 1, "said": "1 failed", "wrong": ["FAILED a"]}}, "Python 3.10.1: 1 failed"),
        ({"left_in_code": ["?? nohup.out"]}, "?? nohup.out"),
    ],
)
def test_what_does_not_hold_elsewhere_is_on_the_page(
    change: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    assert failures_of_strangers(STRANGERS) == []
    assert sentence in page(tmp_path, RESULT, {**STRANGERS, "pythons": [{**PYTHON, **change}]})
    broken = {"starts": [*STRANGERS["space"]["starts"], {"page_ready_s": 1, "answers": {"page": 500}}]}
    assert failures_of_strangers({**STRANGERS, "space": broken}) == ["Space: the page answered {'page': 500}"]
    lent = failures_of_strangers({**STRANGERS, "zerogpu": broken})
    assert lent == ["ZeroGPU Space: the page answered {'page': 500}"]


@pytest.mark.parametrize(
    ("test", "status", "said", "wrong"),
    [
        ("assert True", 0, "1 passed in ", []),
        ("assert False", 1, "1 failed in ", ["FAILED test_a.py::test_a"]),
    ],
)
def test_what_tests_say(tmp_path: Path, test: str, status: int, said: str, wrong: list[str]) -> None:
    (tmp_path / "test_a.py").write_text(f"def test_a():\n    {test}\n")
    found = run_tests([sys.executable, "-m", "pytest", "-ra", "."], tmp_path, os.environ)
    assert (found["status"], [line.split(" - ")[0] for line in found["wrong"]]) == (status, wrong)
    assert found["said"].startswith(said)


def test_the_readme_gives_a_stranger_two_commands() -> None:
    opened, tested = readme_commands((ROOT / "README.md").read_text())
    assert (opened.split(" && ")[1], tested.split(" && ")[1]) == ("python -m app", "python -m pytest")
    with pytest.raises(ValueError, match=r"README\.md must hold one command for the page"):
        readme_commands("```\npip install x\n```")


def test_a_page_that_does_not_come_is_told_with_what_was_said(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError, match="no page: no such model"),
        serving(["sh", "-c", "echo no such model"], tmp_path, {}, limit=60),
    ):
        pass


def test_a_training_killed_after_its_end_is_whole(tmp_path: Path) -> None:
    """The same command refuses a finished folder, so the next run begins another."""
    job = TrainingJob(tmp_path)
    assert not job.is_over(tmp_path)
    (tmp_path / "model.safetensors").touch()
    (tmp_path / "state.pt").touch()
    assert not job.is_over(tmp_path)  # its checkpoint is written before the state goes
    (tmp_path / "state.pt").unlink()
    assert job.is_over(tmp_path)
