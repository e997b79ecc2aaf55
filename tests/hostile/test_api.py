"""Wrong JSON to every endpoint, public or private: one sentence each time, and the next request works."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from drawings import draw, encoded
from hostile.served import API, SENTENCE, call, client, post, search, watched
from hostile.wrong_json import BODIES, JUNK

from app import texts
from app.server import patches

PRIVATE = 15  # at least
TRACES = ("Traceback", ".py", "site-packages", "root:")


@pytest.fixture(scope="module")
def page(tiny_checkpoint: Path) -> httpx.Client:
    return client(tiny_checkpoint)


@pytest.fixture(scope="module")
def endpoints(page: httpx.Client) -> dict[str, int]:
    """Every endpoint and how many values it takes, public or not."""
    found = {d["api_name"]: len(d["inputs"]) for d in page.get("/config").json()["dependencies"]}
    public = page.get(f"{API}/info").json()["named_endpoints"]
    assert set(public) == {"/search"}
    assert len(found) > PRIVATE
    return {name: count for name, count in found.items() if isinstance(name, str) and name}


def works(page: httpx.Client) -> bool:
    return search(page, encoded(draw("red", 1)))[0] == "complete"


def sentence(answer: Any) -> str:
    """The sentence of an answer; there must be one, and nothing of the program's inside."""
    said = answer.get("detail") or answer.get("error") if isinstance(answer, dict) else answer
    assert isinstance(said, str), answer
    assert re.match(SENTENCE, said), said
    assert not any(trace in said for trace in TRACES)
    return said


@pytest.mark.parametrize("kind", JUNK)
def test_any_value_gets_an_answer_or_a_sentence(
    page: httpx.Client, endpoints: dict[str, int], kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    junk = JUNK[kind]

    def ask(name: str) -> None:
        event, content = call(
            page, name, [junk] * endpoints[name], event_data=junk, session_hash="junk" + name
        )
        if event in ("error", "refused"):
            sentence(content)
        else:
            assert event == "complete", name

    with watched() as written, ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, endpoints))
    assert written == []
    assert "Traceback" not in capfd.readouterr().err
    assert works(page)


def test_the_wrong_number_of_values_is_said(page: httpx.Client, endpoints: dict[str, int]) -> None:
    for name, count in endpoints.items():
        event, content = call(page, name, [0] * (count + 1))
        assert (event, sentence(content)) == ("error", texts.WRONG_COUNT.format(count=count, found=count + 1))


@pytest.mark.parametrize("kind", BODIES)
def test_any_body_gets_a_sentence(
    page: httpx.Client, endpoints: dict[str, int], kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    paths = ["/queue/join", "/cancel", "/reset", "/call/search", "/call/look", "/call/none", "/run/search"]
    paths += ["/run/none", "/api/give", "/call/v2/search", "/call/v2/look", "/upload", "/component_server"]
    for path in [*paths, "/process_recording", "/stream/a", "/vibe-edit"]:
        answer = post(page, path, BODIES[kind])
        if answer.status_code != 200:
            sentence(answer.json() if answer.text.startswith("{") else answer.text)
        assert answer.status_code < 500 or "error" in answer.json()
    assert "Traceback" not in capfd.readouterr().err
    assert works(page)


def test_ten_megabytes_are_refused_everywhere(page: httpx.Client, endpoints: dict[str, int]) -> None:
    long = b'{"data": ["' + b"x" * 10_000_000 + b'"]}'
    for path in [*(f"/call/{name}" for name in endpoints), "/queue/join", "/run/search", "/cancel"]:
        answer = post(page, path, long)
        assert (answer.status_code, sentence(answer.json())) == (
            413,
            texts.REQUEST_TOO_LARGE.format(megabytes=1),
        )
    assert works(page)


def test_one_request_cannot_stop_the_queue(page: httpx.Client) -> None:
    for session in ("", "x" * 65):
        answer = post(page, "/call/look", {"data": ["0", 32, 12, "tiny"], "session_hash": session})
        assert answer.status_code == 400
        assert sentence(answer.json()) == texts.WRONG_SESSION.format(most=64)
    assert works(page)


def test_answers_that_nobody_fetches_do_not_pile_up(
    page: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patches, "MOST_UNREAD", 3)
    request = {"data": ["0", 32, 12, "tiny"], "session_hash": "deaf"}
    answers = [post(page, "/call/look", request) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 400]
    assert sentence(answers[3].json()) == texts.UNREAD


def test_streams_of_nobody_end_with_a_word(page: httpx.Client, capfd: pytest.CaptureFixture[str]) -> None:
    for path in ("/queue/data?session_hash=nobody", "/call/search/nothing", "/call/v2/search/nothing"):
        assert "404: Not Found" in page.get(API + path).text
    assert page.get(f"{API}/upload_progress?upload_id=nothing").status_code == 404
    assert "Traceback" not in capfd.readouterr().err


def test_a_fault_of_our_own_is_told_in_a_sentence_and_logged(
    page: httpx.Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError(f"secret of {threading.current_thread().name}")

    monkeypatch.setattr("app.page.views.examples", broken)
    event, content = call(page, "shuffle", ["tiny"])
    assert (event, content["error"]) == ("error", texts.WENT_WRONG)
    assert "secret of" in caplog.text
