"""Times at any size: the worker builds what it is asked for, and the page shares what was measured."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.service.search import SearchService
from app.service.speed import MOST_WAITING, Job, SpeedBench, sizes
from app.service.speed_worker import Bench, build
from app.service.worker import ROOT, Worker, WorkError


@pytest.fixture(scope="module")
def service(tiny_checkpoint: Path) -> SearchService:
    return SearchService.open(tiny_checkpoint)


@pytest.fixture(scope="module")
def source(service: SearchService, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("codes") / "codes.npz"
    codes = service.searched_codes
    np.savez(path, codes=codes, labels=np.zeros(len(codes), int), queries=service.example_codes)
    return str(path)


def ended(job: Job, seconds: float = 120.0) -> Job:
    until = time.monotonic() + seconds
    while job.ended is None and time.monotonic() < until:
        time.sleep(0.05)
    return job


class Fake(Worker):
    """Answers at once, or when it is let; notes what it was asked."""

    def __init__(self) -> None:
        super().__init__("none", "It stopped.")
        self.asked: list[Any] = []
        self.let = threading.Event()
        self.let.set()
        self.error = ""

    def ask(self, request: Any, report: Any = None) -> Any:
        self.asked.append(request)
        report("draw", 0.5)
        self.let.wait(30)
        if self.error:
            raise WorkError(self.error)
        return {"index_bytes": 7, "times": {"8": {"scan": 1.0}}}


def test_sizes_begin_with_the_gallerys_own(service: SearchService) -> None:
    assert sizes(service) == (96, 10_000, 100_000, 1_000_000, 10_000_000)


def test_a_large_gallery_holds_the_real_codes_first(source: str, service: SearchService) -> None:
    heard: list[tuple[str, float]] = []
    large = build(source, 5_000, lambda stage, done: heard.append((stage, done)))
    assert len(large.index) == 5_000
    assert (large.codes[:96] == service.searched_codes).all()
    assert [stage for stage, _ in heard] == ["draw", "arrange"]
    distances, ids = large.index.search(service.searched_codes[:1], 128, 1)
    assert (distances[0, 0], ids[0, 0]) == (0, 0)


def test_the_worker_measures_every_method_at_every_length(source: str) -> None:
    bench = Bench()
    request = {"source": source, "count": 2_000, "lengths": [8, 128]}
    answer = bench(request, lambda stage, done: None)
    assert list(answer["times"]) == [8, 128]
    for times in answer["times"].values():
        assert set(times) == {"scan", "index", "faiss"}
        assert all(us > 0 for us in times.values())
    assert answer["index_bytes"] > 2_000 * 16
    large = bench._large
    bench(request, lambda stage, done: None)
    assert bench._large is large  # kept for the next request


def test_fewer_pictures_than_are_looked_for_will_do(service: SearchService, tmp_path: Path) -> None:
    np.savez(
        tmp_path / "few.npz",
        codes=service.searched_codes[:3],
        labels=np.zeros(3, int),
        queries=service.searched_codes[:3],
    )
    request = {"source": str(tmp_path / "few.npz"), "count": 3, "lengths": [8]}
    answer = Bench()(request, lambda stage, done: None)
    assert all(us > 0 for us in answer["times"][8].values())


def test_a_gallery_that_is_gone_is_said() -> None:
    with pytest.raises(WorkError, match=r"The gallery is gone\."):
        Bench()({"source": "nowhere.npz", "count": 5, "lengths": [8]}, lambda stage, done: None)


def test_too_little_memory_is_said(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("app.service.speed_worker.NestedIndex", full)
    with pytest.raises(WorkError, match="has not enough memory"):
        Bench()({"source": source, "count": 100, "lengths": [8]}, lambda stage, done: None)


def test_a_process_measures_and_ends(service: SearchService) -> None:
    bench = SpeedBench()
    job = ended(bench.ask(service, 10_000))
    assert job.error == ""
    assert job.timing is not None
    assert (job.timing.count, job.timing.own, list(job.timing.times)) == (10_000, 96, [8, 16, 32, 64, 128])
    assert bench.worker.running
    bench.close()
    assert not bench.worker.running


def test_what_was_measured_is_shared_until_it_is_asked_anew(service: SearchService) -> None:
    worker = Fake()
    bench = SpeedBench(worker)
    first = ended(bench.ask(service, 96))
    assert bench.ask(service, 96) is first
    assert bench.ask(service, 96, again=True) is not first
    ended(bench.ask(service, 96))
    assert len(worker.asked) == 2
    bench.close()


def test_visitors_share_what_is_under_way_and_there_is_an_end_to_waiting(service: SearchService) -> None:
    worker = Fake()
    worker.let.clear()
    bench = SpeedBench(worker)
    job = bench.ask(service, 96)
    assert bench.ask(service, 96, again=True) is job
    with bench._lock:
        bench._jobs.update({("other", n): Job() for n in range(MOST_WAITING)})
    with pytest.raises(ValueError, match="Others are measuring"):
        bench.ask(service, 10_000)
    worker.let.set()
    assert ended(job).timing is not None
    bench.close()


def test_a_failure_is_kept_until_it_is_tried_again(service: SearchService) -> None:
    worker = Fake()
    worker.error = "No luck."
    bench = SpeedBench(worker)
    job = ended(bench.ask(service, 96))
    assert (job.error, job.timing) == ("No luck.", None)
    worker.error = ""
    assert bench.ask(service, 96) is job
    assert len(worker.asked) == 1
    assert ended(bench.ask(service, 96, again=True)).timing is not None
    bench.close()


def test_refuses_other_sizes(service: SearchService) -> None:
    bench = SpeedBench(Fake())
    with pytest.raises(ValueError, match=r"`count` must be one of 96, 10000, .* but got '97'"):
        bench.ask(service, 97)
    bench.close()


ECHO = """
import sys
sys.path.insert(0, {root!r})
from app.service.worker import WorkError, answer_requests
def work(request, report):
    print("noise")
    report("draw", 0.5)
    if request == "stop": sys.exit(3)
    if request == "fail": raise WorkError("It failed.")
    return request
answer_requests(work)
"""


@pytest.fixture
def echo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Worker:
    """A worker that repeats what it is asked."""
    (tmp_path / "echo_worker.py").write_text(ECHO.format(root=str(ROOT)))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return Worker("echo_worker", "It stopped.", linger=0.2)


def test_a_worker_reports_answers_and_goes(echo: Worker) -> None:
    heard: list[tuple[str, float]] = []
    assert echo.ask({"a": [1]}, lambda stage, done: heard.append((stage, done))) == {"a": [1]}
    assert heard == [("draw", 0.5)]
    until = time.monotonic() + 20
    while echo.running and time.monotonic() < until:
        time.sleep(0.05)
    assert not echo.running


def test_a_worker_that_fails_or_stops_says_so_and_works_again(echo: Worker) -> None:
    with pytest.raises(WorkError, match=r"It failed\."):
        echo.ask("fail")
    with pytest.raises(WorkError, match=r"It stopped\."):
        echo.ask("stop")
    assert echo.ask(5) == 5
    echo.close()


def test_a_worker_ends_with_its_input() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app.service.speed_worker"], cwd=ROOT, input="", capture_output=True, text=True, timeout=120
    )  # fmt: skip
    assert done.returncode == 0
    assert [json.loads(line) for line in done.stdout.splitlines()] == []
