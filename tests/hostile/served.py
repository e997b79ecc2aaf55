"""One page for all tests of hostile input, what it answers, and what is written while it does."""

import json
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import matplotlib.pyplot  # noqa: F401 - Gradio imports it with its first answer, and it then makes its own folders
from gradio.utils import get_upload_folder
from serving import serve

from app.server.app import create_app
from app.service.search import SearchService

API = "/gradio_api"
SENTENCE = r"^[^\n]{5,300}$"


@cache
def client(checkpoint: Path) -> httpx.Client:
    """Speaks to a page over a model, which is there until the tests end."""
    app = create_app(SearchService.open(checkpoint), per_minute=5)  # which is not for this machine
    address, _ = serve(app, "critical")
    return httpx.Client(base_url=address, timeout=120)


def post(page: httpx.Client, path: str, content: Any) -> httpx.Response:
    """The answer to a POST of JSON, or of bytes that claim to be."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return page.post(API + path, content=body, headers={"Content-Type": "application/json"})


def upload(page: httpx.Client, content: bytes, name: str | bytes = "picture.png") -> str:
    """Where a file lies on the server."""
    if isinstance(name, bytes):  # which httpx would not send
        name = name.replace(b"\r", b"%0D").replace(b"\n", b"%0A")  # as browsers do
        head = b'--b\r\nContent-Disposition: form-data; name="files"; filename="' + name + b'"\r\n\r\n'
        form = {"Content-Type": "multipart/form-data; boundary=b"}
        answer = page.post(f"{API}/upload", content=head + content + b"\r\n--b--\r\n", headers=form)
    else:
        answer = page.post(f"{API}/upload", files={"files": (name, content)})
    assert answer.status_code == 200, answer.text
    return str(answer.json()[0])


def call(page: httpx.Client, name: str, data: Any, **more: Any) -> tuple[str, Any]:
    """The last event of a call, and what it carries; the name is "refused" where it was not let in."""
    start = post(page, f"/call/{name}", {"data": data, **more})
    if start.status_code != 200:
        assert start.status_code < 500
        return "refused", start.json()
    lines = page.get(f"{API}/call/{name}/{start.json()['event_id']}").text.strip().splitlines()
    return lines[-2].removeprefix("event: "), json.loads(lines[-1].removeprefix("data: "))


def search(page: httpx.Client, content: bytes, name: str | bytes = "picture.png") -> tuple[str, Any]:
    """What comes of a picture that is uploaded and looked for."""
    picture = {"path": upload(page, content, name), "meta": {"_type": "gradio.FileData"}}
    return call(page, "search", [picture, 32, 3])


_writes: list[str] = []
_watching = threading.Event()


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watching.is_set():
        return
    if event == "open" and isinstance(arguments[0], str | bytes):
        path, mode, flags = arguments
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) if isinstance(flags, int) else mode != "r"
        if writes:
            _writes.append(os.fsdecode(path))
    elif event == "os.remove" and arguments[1] != -1:
        return  # relative to an open folder, which was looked at when it was opened
    elif event in ("os.mkdir", "os.rename", "os.symlink", "os.link", "os.remove", "os.truncate"):
        _writes.extend(os.fsdecode(a) for a in arguments[:2] if isinstance(a, str | bytes))


@cache
def _hook() -> None:
    sys.addaudithook(_note)  # once: there is no way to take it off


def given(page: httpx.Client, session: str, paths: list[str]) -> str:
    """All that the page says while files become a visitor's gallery."""
    number = next(d["id"] for d in page.get("/config").json()["dependencies"] if d["api_name"] == "give")
    request = {"data": [32, 12, "how"], "event_data": {"paths": paths}, "session_hash": session}
    assert post(page, "/queue/join", {**request, "fn_index": number}).status_code == 200
    return page.get(f"{API}/queue/data", params={"session_hash": session}).text


@contextmanager
def watched() -> Iterator[list[str]]:
    """Paths outside the folders of temporary files that Python writes to, makes or removes during the block."""
    _hook()
    outside: list[str] = []
    _writes.clear()
    _watching.set()
    try:
        yield outside
    finally:
        _watching.clear()
        inside = [
            Path(os.path.realpath(f)) for f in (tempfile.gettempdir(), get_upload_folder(), "/dev", "/proc")
        ]
        written = {path: Path(os.path.realpath(path)) for path in _writes}
        outside += [path for path, real in written.items() if not any(map(real.is_relative_to, inside))]
