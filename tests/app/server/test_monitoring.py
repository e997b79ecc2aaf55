"""Lines, health and metrics of a running server: what is said, and what never is."""

import json
import logging
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from drawings import draw, encoded
from loops import finish
from prometheus_client.parser import text_string_to_metric_families
from serving import serve
from starlette.responses import PlainTextResponse

from app.server.app import create_app
from app.server.monitoring import MetricsMiddleware, RequestMetrics
from app.server.request_log import LOG, JsonLines, log_requests
from app.server.waiting import told_to_wait
from app.service.galleries import Galleries
from app.service.search import SearchService

PICTURE = encoded(draw("red", 500))


@pytest.fixture(scope="module")
def address(tiny_checkpoint: Path) -> Iterator[str]:
    found, stop = serve(create_app(SearchService.open(tiny_checkpoint)))
    yield found
    stop()


Lines = Callable[[int], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """The lines since the test began, once there are so many: each is written after its answer was sent."""
    said: list[str] = []

    class Heard(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(self.format(record))

    handler = Heard()
    handler.setFormatter(JsonLines())
    LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)

    def read(count: int) -> list[dict[str, Any]]:
        latest = time.monotonic() + 10
        while len(said) < count and time.monotonic() < latest:
            time.sleep(0.02)
        return [json.loads(line) for line in said]

    yield read
    LOG.removeHandler(handler)


def upload(address: str) -> dict[str, Any]:
    """Send the picture, and wait until that is noted, which may be after the answer."""
    count = 'nhl_requests_total{outcome="ok",what="upload"'
    before = metric(address, count)
    answer = httpx.post(f"{address}/gradio_api/upload", files={"files": ("my secret.png", PICTURE)})
    latest = time.monotonic() + 10
    while metric(address, count) == before and time.monotonic() < latest:
        time.sleep(0.02)
    return {"path": answer.json()[0], "meta": {"_type": "gradio.FileData"}}


def call(address: str, name: str, data: list[Any]) -> str:
    event = httpx.post(f"{address}/gradio_api/call/{name}", json={"data": data}).json()["event_id"]
    return httpx.get(f"{address}/gradio_api/call/{name}/{event}", timeout=30).text


def join(address: str, number: int, data: list[Any], session: str) -> None:
    """Ask as the page does, and read the answer."""
    question = {"data": data, "fn_index": number, "session_hash": session, "event_data": None}
    assert httpx.post(f"{address}/gradio_api/queue/join", json=question).status_code == 200
    stream = f"{address}/gradio_api/queue/data?session_hash={session}"
    with httpx.stream("GET", stream, timeout=30) as answer:
        assert any('"process_completed"' in line for line in answer.iter_lines())


def number_of(address: str, name: str) -> int:
    config = httpx.get(f"{address}/config").json()
    return next(event["id"] for event in config["dependencies"] if event["api_name"] == name)


def metric(address: str, start: str) -> float:
    text = httpx.get(f"{address}/metrics").text
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(start))


def test_a_search_is_one_line_with_its_time_and_sizes(address: str, lines: Lines) -> None:
    assert "event: complete" in call(address, "search", [upload(address), 16, 5])
    sent, asked = lines(2)
    assert (sent["what"], asked["what"]) == ("upload", "search")
    assert sent["bytes_in"] > len(PICTURE)
    assert asked["outcome"] == "ok"
    assert 0 < asked["seconds"] < 30
    assert set(asked) == {"time", "what", "outcome", "seconds", "who"}
    assert set(sent) == {*asked, "status", "bytes_in", "bytes_out"}
    assert sent["who"] == asked["who"]
    said = json.dumps([sent, asked])
    assert "127.0.0.1" not in said
    assert "secret" not in said
    assert re.fullmatch("[0-9a-f]{8}", asked["who"])


def test_questions_of_the_page_have_the_names_of_its_events(address: str, lines: Lines) -> None:
    before = metric(address, 'nhl_requests_total{outcome="ok",what="resize"}')
    data = ["x" + "5a" * 16, 16, 12, "compare", "tiny"]
    join(address, number_of(address, "resize"), data, "session1")
    assert [(line["what"], line["outcome"]) for line in lines(1) if line["what"] != "api"] == [
        ("resize", "ok")
    ]
    assert metric(address, 'nhl_requests_total{outcome="ok",what="resize"}') == before + 1


def test_what_goes_wrong_has_its_own_word(address: str, lines: Lines) -> None:
    assert "event: error" in call(address, "search", [upload(address), 7, 5])
    httpx.get(f"{address}/thumbnail/nothing/1.webp")
    httpx.post(f"{address}/gradio_api/call/invented", json={"data": []})
    httpx.get(f"{address}/gradio_api/file=/etc/passwd")
    found = [(line["what"], line["outcome"]) for line in lines(5)]  # in any order
    assert {("upload", "ok"), ("search", "refused"), ("thumbnail", "refused")} <= set(found)
    assert {outcome for what, outcome in found if what != "upload"} <= {"refused", "error"}


def test_a_call_that_waits_is_refused_with_a_word_too(address: str, lines: Lines) -> None:
    answer = httpx.post(f"{address}/gradio_api/run/search", json={"data": [upload(address), 7, 5]})
    assert answer.status_code == 500
    found = [(line["what"], line["outcome"]) for line in lines(2) if line["what"] != "upload"]
    assert found == [("search", "refused")]


def test_a_handler_that_fails_is_an_error(
    address: str, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **named: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(SearchService, "search", broken)
    assert "event: error" in call(address, "search", [upload(address), 16, 5])
    assert [(line["what"], line["outcome"]) for line in lines(3) if "what" in line][1:] == [
        ("search", "error")
    ]


def test_files_and_probes_are_counted_without_a_line(address: str, lines: Lines) -> None:
    before = metric(address, 'nhl_requests_total{outcome="ok",what="health"')
    page = httpx.get(address).text
    asset = re.search(r'"\.?/(assets/[^"]+\.js)"', page)
    assert asset
    httpx.get(f"{address}/{asset[1]}")
    httpx.get(f"{address}/health")
    assert [line["what"] for line in lines(1)] == ["page"]
    assert metric(address, 'nhl_requests_total{outcome="ok",what="health"') == before + 1


def test_health(address: str) -> None:
    answer = httpx.get(f"{address}/health")
    assert answer.status_code == 200
    told = answer.json()
    assert told["status"] == "ok"
    assert told["galleries"] == {"tiny": 96}
    assert told["versions"]["gradio"]
    assert told["model"]["backbone"] == "test_resnet.r160_in1k"


def test_metrics_are_what_prometheus_reads(address: str) -> None:
    call(address, "search", [upload(address), 16, 5])
    answer = httpx.get(f"{address}/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert {"nhl_requests", "nhl_request_seconds", "nhl_gallery_pictures"} <= set(families)
    searches = metric(address, 'nhl_request_seconds_count{what="search"}')
    outcomes = ("ok", "refused", "error")
    assert searches == sum(
        metric(address, f'nhl_requests_total{{outcome="{outcome}",what="search"}}') for outcome in outcomes
    )
    assert metric(address, 'nhl_request_seconds_bucket{le="30.0",what="search"}') == searches > 0
    assert metric(address, 'nhl_gallery_pictures{gallery="tiny"}') == 96
    if sys.platform == "linux":
        assert metric(address, "process_resident_memory_bytes") > 1e7


class NoGalleries(Galleries):
    def __init__(self) -> None:
        pass


async def drive(app: Any, path: str) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"x" * 10}

    async def send(message: dict[str, Any]) -> None:
        pass

    scope = {"type": "http", "path": path, "method": "GET", "client": None, "headers": []}
    await app(scope, receive, send)


@pytest.mark.parametrize(
    ("status", "outcome"), [(429, "busy"), (503, "busy"), (413, "refused"), (500, "error")]
)
def test_outcomes_by_status(status: int, outcome: str, lines: Lines) -> None:
    app = MetricsMiddleware(PlainTextResponse("no", status), RequestMetrics(NoGalleries(), ()))
    finish(drive(app, "/thumbnail/a/1.webp"))
    assert [(line["outcome"], line["bytes_out"]) for line in lines(1)] == [(outcome, 2)]


def test_a_failing_server_is_an_error(lines: Lines) -> None:
    async def fails(*_: Any) -> None:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        finish(drive(MetricsMiddleware(fails, RequestMetrics(NoGalleries(), ())), "/"))
    assert [(line["what"], line["outcome"], line["status"]) for line in lines(1)] == [("page", "error", 0)]


def test_while_it_is_loaded_it_says_so() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with told_to_wait(listener):
            socket.create_connection(listener.getsockname()).close()  # who hangs up at once disturbs nobody
            health, page = httpx.get(f"{address}/health"), httpx.get(address)
        assert (health.status_code, health.json()) == (503, {"status": "loading"})
        assert (page.status_code, page.headers["retry-after"]) == (503, "2")
        assert "being loaded" in page.text
        server = uvicorn.Server(uvicorn.Config(PlainTextResponse("here"), log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        assert httpx.get(address).text == "here"  # one who came in between is answered by the page
        server.should_exit = True
        thread.join(10)


def test_lines_go_to_standard_error_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    handlers = LOG.handlers
    try:
        log_requests()
        log_requests()  # a second server of the process does not write each twice
        LOG.info("request", {"what": "search"})
        LOG.info("it is %s", "well")
        first, second = map(json.loads, capsys.readouterr().err.splitlines())
    finally:
        LOG.handlers, LOG.propagate = handlers, True
    assert first["what"] == "search"
    assert first["time"].endswith("+00:00")
    assert second["message"] == "it is well"
