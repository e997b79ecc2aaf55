"""What an operator sees: a line in the log for each request, `/health`, and `/metrics`.

All of it is names, times, sizes and outcomes: never a picture, never a name of a file, and of a visitor's
address only a hash whose key is drawn anew at each start. What a visitor asks for is timed from its arrival to
the end of the handler that answers it, its wait in the queue included. Files of the page and thumbnails are
counted, and have a line only where they fail.
"""

import secrets
import sys
import time
from collections.abc import Iterable, Mapping
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
QUIET = {"file", "thumbnail", "health", "metrics", "stream"}
ROOMS = {"": "page", "thumbnail": "thumbnail", "health": "health", "metrics": "metrics"}

disable_created_metrics()  # a second line for each figure, of when it began


@dataclass
class Request:
    """One request on its way.

    Args:
        what: it is for.
        who: sent it.
        asks: whether a handler answers it later, by a stream.
        waits: whether a handler answers it at once.
        stream: whether answers come by it.
    """

    what: str
    who: str
    asks: bool = False
    waits: bool = False
    stream: bool = False
    status: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    start: float = field(default_factory=time.perf_counter)

    @property
    def outcome(self) -> str:
        """In a word."""
        if self.status in (429, 503):
            return "busy"
        return "refused" if 400 <= self.status < 500 else "ok" if 0 < self.status < 400 else "error"


class RequestMetrics:
    """The counts of one server.

    Args:
        galleries: whose state is told.
        names: of the page's handlers.
    """

    def __init__(self, galleries: Galleries, names: Iterable[str]) -> None:
        self._galleries, self._known = galleries, set(names)
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
        who = self._who(host)
        first, *rest = scope["path"].strip("/").split("/")
        if first in ROOMS:
            return Request(ROOMS[first], who)
        if first != "gradio_api" or not rest:
            return Request("file", who)
        what, *more = rest
        if what in ("call", "run") and more:
            name = more[1] if more[0] == "v2" and len(more) > 1 else more[0]
            posted = scope["method"] == "POST"
            waits = posted and what == "run"
            return Request(self._name(name), who, posted and not waits, waits, not posted)
        if what == "queue":
            return Request("question", who, asks=more == ["join"], stream=more == ["data"])
        if what in ("heartbeat", "upload_progress"):
            return Request("stream", who, stream=True)
        return Request("upload" if what == "upload" else "file" if what == "file" else "api", who)

    def _name(self, name: str) -> str:
        return name if name in self._known else "unknown"  # or anybody could invent kinds to count

    def handled(self, name: str, seconds: float, outcome: str, host: str) -> None:
        """A question has been answered, `seconds` after it came."""
        self._note(self._name(name), seconds, outcome, {"who": self._who(host)})

    def ended(self, request: Request) -> None:
        """A request is over; one that a handler has answered is noted by that."""
        accepted = request.status == 200 and (request.asks or request.stream)
        if accepted or (request.waits and request.status in (200, 500)):
            return
        sizes = {"status": request.status, "bytes_in": request.bytes_in, "bytes_out": request.bytes_out}
        seconds = time.perf_counter() - request.start
        self._note(request.what, seconds, request.outcome, {**sizes, "who": request.who})

    def _note(self, what: str, seconds: float, outcome: str, more: Mapping[str, Any]) -> None:
        self._requests.labels(what, outcome).inc()
        self._seconds.labels(what).observe(seconds)
        if what not in QUIET or outcome != "ok":
            LOG.info("request", {"what": what, "outcome": outcome, "seconds": round(seconds, 4), **more})

    def _who(self, host: str) -> str:
        return blake2b(host.encode(), key=self._key, digest_size=4).hexdigest()


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
            request.bytes_in += len(message.get("body", b""))
            return message

        async def send_watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                request.status = message["status"]
            else:
                request.bytes_out += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive_watched, send_watched)
        finally:
            self.metrics.ended(request)


def _versions() -> dict[str, str]:
    found = {"python": sys.version.split()[0]}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
