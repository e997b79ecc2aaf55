"""What the page gives away and what it lets in: no code from files, no files, no strangers' pictures, limits, headers."""

import ast
import asyncio
import os
import re
import runpy
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from drawings import draw, encoded
from gradio.route_utils import delete_files_created_by_app
from gradio.utils import get_upload_folder
from hostile.served import API, call, client, given, post, search, upload
from loops import finish
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app import texts
from app.__main__ import parser
from app.page.layout import build_page
from app.server import limits
from app.server.app import security_headers
from app.server.limits import Body, RateLimiter, RefusalError, RequestLimits, sweep, visitor
from app.service.galleries import Galleries
from app.service.search import SearchService
from app.service.speed import SpeedBench

ROOT = Path(__file__).parents[2]
SOURCES = [
    path for room in ("nhl", "app", "benchmarks", "examples") for path in sorted((ROOT / room).rglob("*.py"))
]
FORBIDDEN_MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
FORBIDDEN_NAMES = {"eval", "exec", "compile", "__import__"}


@pytest.fixture(scope="module")
def page(tiny_checkpoint: Path) -> httpx.Client:
    return client(tiny_checkpoint)


# The sources


def unsafe(source: str) -> list[str]:
    """Calls and imports that could run code out of a file."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            found += [name for name in names if name.split(".")[0] in FORBIDDEN_MODULES]
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            settings = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            loads = name == "torch.load" and settings.get("weights_only") != "True"
            if name in FORBIDDEN_NAMES or loads or settings.get("allow_pickle") == "True":
                found.append(name)
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_source_runs_code_from_files(path: Path) -> None:
    assert unsafe(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "import a, dill",
        "eval(x)",
        "exec(x)",
        "torch.load(x)",
        "torch.load(x, weights_only=False)",
        "np.load(x, allow_pickle=True)",
    ],
)
def test_the_check_finds(source: str) -> None:
    assert unsafe(source)
    assert not unsafe("torch.load(x, weights_only=True), model.eval(), re.compile(x), np.load(x)")


# What is given away

FILES = [
    "/etc/passwd",
    f"{ROOT}/app/server/app.py",
    f"{ROOT}/.git/config",
    f"{ROOT}/README.md",
    "CHECKPOINT",
    "GALLERY",
]
WAYS = [
    f"{API}/file=",
    f"{API}/file/",
    "/file=",
    "/file",
    f"{API}/stream/",
    f"{API}/proxy=file://",
    "/static/",
    "/assets/",
]
WAYS += ["/svelte/", "/thumbnail/", f"{API}/custom_component/", f"{API}/"]
UPWARDS = ["/static/../../routes.py", "/static/..%2f..%2froutes.py", "/assets/%2e%2e/%2e%2e/%2e%2e/routes.py"]
UPWARDS += [
    "/svelte/..%2f..%2f..%2froutes.py",
    "/assets/..%5c..%5croutes.py",
    "/assets/....//....//routes.py",
]
UPWARDS += ["/thumbnail/../gallery.db", "/thumbnail/%2e%2e%2fgallery.db/1.webp", "/%2e%2e/%2e%2e/etc/passwd"]
UPWARDS += ["/thumbnail/..%2f..%2f..%2fetc%2fpasswd/1.webp", "//etc/passwd", "/.git/config", "/.git/HEAD"]
UPWARDS += [
    "/gallery.db",
    "/model.safetensors",
    "/config.json",
    "/checkpoints/emoji/gallery.db",
    "/app/server/app.py",
]
UPWARDS += ["/.env", "/requirements.txt", "/gradio_api%2ffile=/etc/passwd", "/gradio_api//file=/etc/passwd"]
CLOSED = [
    "/deep_link?session_hash=a",
    "/dev/reload",
    "/user",
    "/token",
    "/login_check",
    "/runs",
    "/vibe-code",
]
CLOSED += [
    "/file=http://127.0.0.1:1/a",
    "/proxy=http://127.0.0.1:1/a",
    "/profiling/summary",
    "/component_server",
]


def test_no_file_is_given_away(page: httpx.Client, tiny_checkpoint: Path) -> None:
    here = {
        "CHECKPOINT": str(tiny_checkpoint / "model.safetensors"),
        "GALLERY": str(tiny_checkpoint / "gallery.db"),
    }
    mine = upload(page, encoded(draw("red", 3)))
    probes = [way + here.get(file, file) for way in WAYS for file in [*FILES, mine]]
    probes += [f"{API}/file=" + "../" * 12 + "etc/passwd", f"{API}/file=" + "%2e%2e/" * 12 + "etc/passwd"]
    for probe in [*probes, *UPWARDS]:
        answer = page.get(probe)
        assert answer.status_code in (403, 404, 405, 422), probe
        assert len(answer.content) < 300, probe
    assert Path(mine).is_file()


@pytest.mark.parametrize("path", CLOSED)
def test_what_the_page_does_not_need_is_closed(page: httpx.Client, path: str) -> None:
    answer = page.get(API + path)
    assert (answer.status_code, answer.json()) == (404, {"detail": texts.NO_SUCH_ADDRESS})
    assert page.post("/login", data={"username": "a", "password": "b"}).text == texts.NO_SUCH_ADDRESS


def test_an_unknown_address_is_a_page_for_people_and_a_line_for_programs(page: httpx.Client) -> None:
    shown = page.get("/nope/at/all", headers={"Accept": "text/html,*/*"})
    assert (shown.status_code, shown.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert texts.NO_SUCH_ADDRESS in shown.text
    assert '<a href="/">' in shown.text
    assert page.get("/nope").json() == {"detail": "Not Found"}


@pytest.mark.parametrize(
    "path", ["http://example.com/a.png", "https://127.0.0.1:1/a.png", "file:///etc/passwd"]
)
def test_no_address_is_fetched(page: httpx.Client, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[str] = []
    monkeypatch.setattr("gradio.processing_utils.async_ssrf_protected_download", fetched.append)
    picture = {"path": path, "url": path, "meta": {"_type": "gradio.FileData"}}
    for name, count in (("search", 3), ("resize", 5)):
        event, content = call(page, name, [[picture]] * count)
        assert (event, content["error"]) == ("error", texts.UNREADABLE_UPLOAD)
    assert fetched == []


# Whose is what


def test_ones_own_gallery_is_invisible_to_others(page: httpx.Client) -> None:
    said = given(page, "owner", [upload(page, encoded(draw("blue", 7)))])
    address = re.search(r"thumbnail/([0-9a-f]{32})/0\.webp", said)
    assert address
    assert page.get(f"/{address[0]}").headers["cache-control"] == "private, no-store"
    for session in ("stranger", "Owner", "owner ", None):
        for name, data in (("resize", ["0", 32, 12, "how", "mine"]), ("look", ["0", 32, 12, "mine"])):
            _event, content = call(page, name, data, **({"session_hash": session} if session else {}))
            assert address[1] not in str(content)
        assert page.get(f"/thumbnail/{'0' * 32}/0.webp").status_code == 404
    assert address[1] not in page.get("/config").text


def test_uploads_are_gone_after_ten_minutes(tiny_checkpoint: Path, page: httpx.Client) -> None:
    bench = SpeedBench()
    blocks = build_page(Galleries(SearchService.open(tiny_checkpoint), None), bench)
    bench.close()
    assert blocks.delete_cache == (300, 300)
    path = Path(upload(page, encoded(draw("red", 4))))
    blocks.upload_file_set.add(str(path))
    delete_files_created_by_app(blocks, age=300)
    assert path.exists()
    delete_files_created_by_app(blocks, age=0)
    assert not path.exists()


def test_broken_uploads_are_swept_away() -> None:
    folder = Path(get_upload_folder())
    folder.mkdir(parents=True, exist_ok=True)
    old, new, other = folder / "tmpbroken-off", folder / "tmparriving", folder / "another"
    for path in (old, new, other):
        path.write_bytes(b"part")
    for path in (old, other):
        os.utime(path, (time.time() - 1000,) * 2)
    sweep()
    assert [path.exists() for path in (old, new, other)] == [False, True, True]
    new.unlink()
    other.unlink()


# Limits


def test_requests_of_one_address_are_limited(page: httpx.Client) -> None:
    far = {"X-Forwarded-For": "203.0.113.9"}
    answers = [page.post(f"{API}/call/none", json={"data": []}, headers=far) for _ in range(7)]
    assert [answer.status_code for answer in answers] == [422] * 5 + [429] * 2
    assert answers[-1].json() == {"detail": texts.TOO_MANY_REQUESTS}
    assert answers[-1].headers["retry-after"] == "60"
    assert page.get("/", headers=far).text == texts.TOO_MANY_REQUESTS
    assert page.get("/theme.css", headers=far).status_code == 200
    assert page.get("/", headers={"X-Forwarded-For": "203.0.113.10"}).status_code == 200
    spoofed = [page.get("/config", headers={"X-Forwarded-For": "127.0.0.1"}) for _ in range(6)]
    assert spoofed[-1].status_code == 429
    assert all(search(page, encoded(draw("red", 1)))[0] == "complete" for _ in range(6))


def test_the_minute_slides() -> None:
    rate_limiter = RateLimiter(60)
    assert sum(rate_limiter.admits("a", 59.0) for _ in range(100)) == 60
    assert rate_limiter.admits("b", 59.0)
    assert not rate_limiter.admits("a", 60.0)
    assert (
        sum(rate_limiter.admits("a", 90.0) for _ in range(100)) == 30
    )  # half of the last minute still counts
    assert sum(rate_limiter.admits("a", 300.0) for _ in range(100)) == 60
    assert all(RateLimiter(0).admits("a", 1.0) for _ in range(1000))


def test_the_turnstile_forgets() -> None:
    rate_limiter = RateLimiter(1)
    for number in range(10_000):
        rate_limiter.admits(str(number), 0.0)
    assert rate_limiter.admits("new", 300.0)
    assert len(rate_limiter._counts) == 1


@pytest.mark.parametrize(
    ("host", "forwarded", "known_as"),
    [
        ("127.0.0.1", False, None),
        ("::1", False, None),
        ("127.0.0.1", True, "127.0.0.1"),
        ("203.0.113.9", False, "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", False, "2001:db8:1:2::/64"),
        ("testclient", False, "testclient"),
    ],
)
def test_visitors_are_told_apart(host: str, forwarded: bool, known_as: str | None) -> None:
    headers = [(b"x-forwarded-for", b"x")] if forwarded else []
    assert visitor({"client": (host, 1), "headers": headers}) == known_as


def test_a_space_believes_its_own_proxies_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a visitor writes into X-Forwarded-For himself stands before what the proxies add."""
    monkeypatch.setattr(os, "environ", {})
    runpy.run_path(str(ROOT / "space_app.py"), run_name="space")
    seen: list[str] = []

    async def behind(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["client"][0])

    proxied = ProxyHeadersMiddleware(behind, os.environ["FORWARDED_ALLOW_IPS"])
    for peer, header in (
        ("10.16.4.1", b"203.0.113.9"),
        ("10.16.4.1", b"198.51.100.7, 203.0.113.9, 10.1.2.3"),
        ("203.0.113.9", b"198.51.100.7"),
    ):
        scope = {"type": "http", "client": (peer, 1), "headers": [(b"x-forwarded-for", header)]}
        finish(proxied(scope, None, None))
    assert seen == ["203.0.113.9"] * 3


def test_the_limit_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parser().parse_args([]).requests_per_minute == limits.REQUESTS_PER_MINUTE
    monkeypatch.setenv("REQUESTS_PER_MINUTE", "7")
    assert parser().parse_args([]).requests_per_minute == 7
    assert parser().parse_args(["--requests-per-minute", "0"]).requests_per_minute == 0
    assert "REQUESTS_PER_MINUTE" in parser().format_help()


def test_sizes_are_limited(page: httpx.Client) -> None:
    answer = page.post(f"{API}/upload", files={"files": ("a", bytes(53_000_000))})
    assert (answer.status_code, answer.text) == (413, texts.UPLOAD_TOO_LARGE.format(megabytes=50))
    answer = page.post(f"{API}/upload", content=iter([b"a"]))
    assert (answer.status_code, answer.text) == (411, texts.SIZE_NOT_STATED)
    event, content = search(page, encoded(draw("red", 1)) + bytes(10_000_000))
    assert (event, content["error"]) == ("error", texts.TOO_LARGE.format(megabytes=10))
    assert post(page, "/call/search", b" " * 1_000_001).status_code == 413


def test_a_full_disk_is_said(page: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    full: Any = lambda _: SimpleNamespace(free=limits.ROOM_TO_LEAVE)  # noqa: E731
    monkeypatch.setattr(limits.shutil, "disk_usage", full)
    answer = page.post(f"{API}/upload", files={"files": ("a.png", b"a")})
    assert (answer.status_code, answer.text) == (503, texts.NO_ROOM_FOR_UPLOADS)


@pytest.mark.parametrize("path", ["/call/search", "/upload"])
def test_what_arrives_too_slowly_is_refused(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(limits, "MOST_JSON_SECONDS", 0.01)
    monkeypatch.setattr(limits, "MOST_UPLOAD_SECONDS", 0.01)
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()

    async def never() -> Any:
        await asyncio.sleep(60)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": API + path, "headers": [(b"content-length", b"9")]}
    finish(RequestLimits(app, 100, 0)(scope, never, send))
    assert sent[0]["status"] == 408
    assert texts.TOO_SLOW in sent[1]["body"].decode()


def test_a_body_in_pieces_is_read_whole_or_refused() -> None:
    def pieces() -> Iterator[Any]:
        yield {"type": "http.request", "body": b"ab", "more_body": True}
        yield {"type": "http.request", "body": b"cd"}

    async def read(most: int) -> bytes:
        left = pieces()

        async def receive() -> Any:
            return next(left)

        return await Body(receive).read(most)

    assert finish(read(4)) == b"abcd"
    with pytest.raises(RefusalError, match="The request is too large"):
        finish(read(3))


# Headers


def test_a_site_of_ones_own_may_frame_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAME_ANCESTORS", "https://lectures.example.edu http://127.0.0.1:*")
    policy = security_headers()["Content-Security-Policy"]
    assert policy.endswith("https://*.hf.space https://lectures.example.edu http://127.0.0.1:*")


@pytest.mark.parametrize(
    "wrong", ["*", "example.edu", "https://a.edu; script-src *", "https://a/b", "'none'"]
)
def test_what_is_no_site_frames_nothing(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAME_ANCESTORS", wrong)
    with pytest.raises(ValueError, match=r"`FRAME_ANCESTORS` must hold addresses such as https://lectures"):
        security_headers()


@pytest.mark.parametrize(
    "path", ["/", "/config", f"{API}/info", "/nowhere", f"{API}/file=/etc/passwd", "/theme.css"]
)
def test_every_answer_has_the_headers_of_a_public_page(page: httpx.Client, path: str) -> None:
    headers = page.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "x-frame-options" not in headers  # it knows no list: a Space could not show the page
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert policy["object-src"] == "'none'"
    assert policy["frame-ancestors"] == "'self' https://huggingface.co https://*.hf.space"
    allowed = {
        source for name, sources in policy.items() if name != "frame-ancestors" for source in sources.split()
    }
    assert not {source for source in allowed if "." in source or "*" in source}
    assert "set-cookie" not in headers
