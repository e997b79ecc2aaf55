"""What an operator sees: a line in the log for each request, `/health`, and `/metrics`.

All of it is names, times, sizes and outcomes: never a picture, never a name of a file, and of a visitor's
address only a hash whose key is drawn anew at each start. What a visitor asks for is timed from the
question to the whole answer, its wait in the queue included. Files of the page and thumbnails are counted,
and have a line only where they fail.
"""

import json
import re
import secrets
import sys
import time
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fastapi import FastAPI
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.server.request_log import LOG
from app.service.galleries import MINE, Galleries, NotReadyError

PACKAGES = ("nested-hashing", "gradio", "numpy", "openvino", "torch")
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)
KEPT = 1000  # of questions without an answer
QUIET = {"file", "thumbnail", "health", "metrics", "stream"}
ROOMS = {"": "page", "thumbnail": "thumbnail", "health": "health", "metrics": "metrics"}

disable_created_metrics()  # a second line for each figure, of when it began


@dataclass
class Request:
    """One request on its way; `asks` tells whether its answer comes later, by a stream."""

    what: str
    who: str
    asks: bool = False
    stream: bool = False
    status: int = 0
    explained: bool = False
    bytes_in: int = 0
    bytes_out: int = 0
    head: bytes = b""
    start: float = field(default_factory=time.perf_counter)

    @property
    def outcome(self) -> str:
        """In a word."""
        if self.status in (429, 503):
            return "busy"
        refused = self.explained or 400 <= self.status < 500
        return "refused" if refused else "ok" if 0 < self.status < 400 else "error"


class RequestMetrics:
    """The counts of one server.

    Args:
        galleries: whose state is told.
        names: of the page's events, by their numbers.
    """

    def __init__(self, galleries: Galleries, names: Mapping[int, str]) -> None:
        self._galleries, self._names, self._known = galleries, names, set(names.values())
        self._key = secrets.token_bytes(16)
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "nhl_requests", "Requests, by kind and outcome.", ("what", "outcome"), registry=self._registry
        )
        self._seconds = Histogram(
            "nhl_request_seconds",
            "From question to answer.",
            ("what",),
            registry=self._registry,
            buckets=BUCKETS,
        )
        self._shown = Gauge(
            "nhl_gallery_pictures", "Pictures in the database.", ("gallery",), registry=self._registry
        )
        ProcessCollector(registry=self._registry)
        self._asked: OrderedDict[str, Request] = OrderedDict()

    def add_to(self, app: FastAPI) -> None:
        """Watch a server, and give it `/health` and `/metrics`."""
        app.add_api_route("/health", self.health)
        app.add_api_route("/metrics", self.metrics)
        app.add_middleware(MetricsMiddleware, metrics=self)

    async def health(self) -> JSONResponse:
        """That the server answers, with which versions, and the galleries that are here."""
        encoder = self._galleries.shipped.encoder
        return JSONResponse(
            {
                "status": "ok",
                "versions": _versions(),
                "model": {"backbone": encoder.config.backbone, "runtime": encoder.runtime},
                "galleries": self._pictures(),
            }
        )

    async def metrics(self) -> Response:
        """Counts and times, in the text format of Prometheus."""
        for name, count in self._pictures().items():
            self._shown.labels(name).set(count)
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    def _pictures(self) -> dict[str, int]:
        found = {}
        for name in self._galleries.names:
            with suppress(NotReadyError):
                if name != MINE:
                    found[name] = len(self._galleries.get(name))
        return found

    def begun(self, scope: Scope) -> Request:
        """A request that has come."""
        host = str((scope.get("client") or ("",))[0])
        who = blake2b(host.encode(), key=self._key, digest_size=4).hexdigest()
        first, *rest = scope["path"].strip("/").split("/")
        if first in ROOMS:
            return Request(ROOMS[first], who)
        if first != "gradio_api" or not rest:
            return Request("file", who)
        what, *more = rest
        if what in ("call", "run") and more:
            name = more[1] if more[0] == "v2" and len(more) > 1 else more[0]
            posted = scope["method"] == "POST"
            return Request(self._name(name), who, asks=posted and what == "call", stream=not posted)
        if what == "queue":
            return Request("question", who, asks=more == ["join"], stream=more == ["data"])
        if what in ("heartbeat", "upload_progress"):
            return Request("stream", who, stream=True)
        return Request("upload" if what == "upload" else "file" if what == "file" else "api", who)

    def _name(self, name: str) -> str:
        return name if name in self._known else "unknown"  # or anybody could invent kinds to count

    def passes(self, request: Request, path: str, body: bytes) -> None:
        """Look at a part of an answer: does it give a question its number, or answer one?"""
        request.bytes_out += len(body)
        if request.asks and request.status == 200:
            if request.what == "question" and (number := re.search(rb'"fn_index":\s*(\d+)', request.head)):
                request.what = self._names.get(int(number[1][:9]), "unknown")
            request.head = b""
            if found := re.search(rb'"event_id":\s*"(\w+)"', body):
                self._asked[found[1].decode()] = request
                if len(self._asked) > KEPT:
                    self._asked.popitem(last=False)
        elif request.stream and body.startswith((b"event: complete", b"event: error")):
            failed = body.startswith(b"event: error")
            self._answered(path.rpartition("/")[2], len(body), _reason(_data(body)) if failed else "ok")
        elif request.stream and b'"process_completed"' in body:
            told = _data(body)
            if isinstance(told, dict):
                outcome = "ok" if told.get("success") else _reason(told.get("output"))
                self._answered(str(told.get("event_id")), len(body), outcome)
        elif request.status == 500:  # so Gradio answers a call that waits, even where it says why
            with suppress(ValueError):
                request.explained = _reason(json.loads(body)) == "refused"

    def _answered(self, event: str, size: int, outcome: str) -> None:
        request = self._asked.pop(event, None)
        if request is not None:
            request.bytes_out += size
            self._note(request, outcome)

    def ended(self, request: Request) -> None:
        """A request is over."""
        accepted = request.status == 200 and (request.asks or request.stream)
        if not accepted:  # of those, the answer is noted when it passes
            self._note(request, request.outcome)

    def _note(self, request: Request, outcome: str) -> None:
        seconds, what = time.perf_counter() - request.start, request.what
        self._requests.labels(what, outcome).inc()
        self._seconds.labels(what).observe(seconds)
        if what in QUIET and outcome == "ok":
            return
        line = {
            "what": what,
            "outcome": outcome,
            "status": request.status,
            "seconds": round(seconds, 4),
            "bytes_in": request.bytes_in,
            "bytes_out": request.bytes_out,
            "who": request.who,
        }
        LOG.info("request", line)


class MetricsMiddleware:
    """Tells a `RequestMetrics` of every request; plain ASGI, so that streams pass untouched."""

    def __init__(self, app: ASGIApp, metrics: RequestMetrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = self.metrics.begun(scope)

        async def receive_watched() -> Message:
            message = await receive()
            body = message.get("body", b"")
            request.bytes_in += len(body)
            if request.asks and len(request.head) < 1 << 16:  # the number of the event is in it
                request.head += body
            return message

        async def send_watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                request.status = message["status"]
            else:
                self.metrics.passes(request, scope["path"], message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive_watched, send_watched)
        finally:
            self.metrics.ended(request)


def _data(body: bytes) -> Any:
    """What an event of a stream carries, None where it is nothing that can be read."""
    with suppress(ValueError):
        return json.loads(body.partition(b"data: ")[2])


def _reason(output: Any) -> str:
    """Whether a question was refused with a sentence, or failed without one."""
    return "refused" if (output.get("error") if isinstance(output, dict) else output) else "error"


def _versions() -> dict[str, str]:
    found = {"python": sys.version.split()[0]}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
